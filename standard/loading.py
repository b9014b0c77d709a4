"""Reads the catalogue's YAML into its types and names every mistake by file and line."""

from __future__ import annotations

import re
from pathlib import Path

from standard.located_yaml import Fault, FaultyFileError, Record, read_record
from standard.model import (
    BOUNDS,
    EXPECTATIONS,
    METHODS,
    OBLIGATIONS,
    RULES,
    SCENARIOS,
    SCOPES,
    STAGES,
    SUBJECTS,
    VERDICTS,
    Catalogue,
    Chapter,
    ChecklistItem,
    Defect,
    Limit,
    Reading,
    Requirement,
    Ruling,
)

#: How a visit may be called: ``stream:day``, ``clock`` (see docs/recordings.md).
_VISIT = r"[a-z0-9-]+(:[a-z0-9-]+)?"
_SLUG = r"[a-z0-9][a-z0-9-]*"
_REASON = rf"{_SLUG}\.{_SLUG}"


def load(folder: Path) -> Catalogue:
    """Read ``folder/requirements/*.yaml`` and ``folder/rulings.yaml``.

    Raises:
        FaultyFileError: with every mistake in the data, by file and line.
    """
    faults: list[Fault] = []
    rulings = _load_rulings(folder / "rulings.yaml", faults)
    known = None if faults else {ruling.id for ruling in rulings}
    chapters: list[Chapter] = []
    requirements: list[Requirement] = []
    seen: set[str] = set()
    for path in sorted((folder / "requirements").glob("*.yaml"), key=_chapter_order):
        try:
            record, found = read_record(path)
        except FaultyFileError as error:
            faults.extend(error.faults)
            continue
        chapter = Chapter(record.text("chapter"), record.text("zh"), record.text("en"))
        chapters.append(chapter)
        for row in record.records("requirements"):
            requirement = _requirement(row, chapter.id, known)
            if requirement.id in seen:
                row.fault("id", "duplicate-id", found=requirement.id)
            seen.add(requirement.id)
            requirements.append(requirement)
        record.finish()
        faults.extend(found.faults)
    if faults:
        raise FaultyFileError(faults)
    return Catalogue(tuple(chapters), tuple(requirements), tuple(rulings))


def _chapter_order(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.name.split("-")[0].split(".") if part.isdigit())


def _requirement(row: Record, chapter: str, rulings: set[str] | None) -> Requirement:
    requirement = Requirement(
        id=row.text("id", pattern=rf"{chapter.replace('.', '[.]')}-[0-9a-z]+"),
        chapter=chapter,
        obligation=row.text("obligation", one_of=OBLIGATIONS),  # type: ignore[arg-type]
        subject=row.text("subject", one_of=SUBJECTS),
        method=_each_of(row, "method", METHODS),
        zh=row.text("zh"),
        en=row.text("en"),
        check=row.text("check"),
        version=row.integer("version"),
        scenario=row.text("scenario", one_of=SCENARIOS),  # type: ignore[arg-type]
        visits=_each_like(row, "visits", _VISIT),
        limits={name: limit(name, inner) for name, inner in row.table("limits").items()},
        rulings=row.texts("rulings"),
        checklist=tuple(_checklist_item(inner) for inner in row.records("checklist")),
        defects=tuple(_defect(inner) for inner in row.records("defects")),
        variants=_each_like(row, "variants", _SLUG),
        undecided=_each_like(row, "undecided", _SLUG),
    )
    for name in requirement.undecided:
        if name not in requirement.variants:
            row.fault("undecided", "not-one-of", found=name, expected="variants")
    for ruling in requirement.rulings:
        if rulings is not None and ruling not in rulings:
            row.fault("rulings", "unknown-ruling", found=ruling)
    if not requirement.method:
        row.fault("method", "empty")
    if requirement.scenario == "checklist" and not requirement.checklist:
        row.fault("checklist", "missing-field")
    row.finish()
    return requirement


def limit(quantity: str, row: Record) -> Limit:
    """Read one limit record; mistakes are noted in the record's own fault list."""
    given = [name for name in BOUNDS if row.has(name)]
    rule = row.text("rule", one_of=RULES)
    bound = given[0] if len(given) == 1 else "equals"
    value: float | str | bool | tuple[str, ...] | None
    if bound == "one_of":
        value = row.texts("one_of")
    elif rule in ("nominal", "ip-code", "ip-code-lenient"):
        value = row.plain(bound)
    else:
        value = row.optional_number(bound)
    if len(given) != 1 or value is None:
        row.fault("rule", "wrong-limit", expected=", ".join(BOUNDS))
    numeric = isinstance(value, float) and not isinstance(value, bool)
    made = Limit(
        quantity=quantity,
        bound=bound,  # type: ignore[arg-type]
        value=0.0 if value is None else value,
        unit=row.text("unit", "" if not numeric else None),
        rule=rule,  # type: ignore[arg-type]
        tolerance=row.number("tolerance") if rule == "tolerance" else 0.0,
        inconclusive=row.texts("inconclusive"),
        pending=_each_like(row, "pending", _REASON),
    )
    row.finish()
    return made


def _checklist_item(row: Record) -> ChecklistItem:
    item = row.text("item", pattern=_SLUG)
    inner = row.record("limit")
    bound = None
    if inner is not None:
        bound = _reading_limit(item, inner)
    made = ChecklistItem(
        item=item,
        zh=row.text("zh"),
        en=row.text("en"),
        expects=row.text("expects", one_of=EXPECTATIONS),  # type: ignore[arg-type]
        limit=bound,
        inspectors=row.integer("inspectors", 0),
        scope=row.text("scope", "site", one_of=SCOPES),  # type: ignore[arg-type]
    )
    row.finish()
    return made


def _reading_limit(item: str, row: Record) -> Limit:
    """A person's reading carries no interval, so it is compared as it was written down."""
    given = [name for name in ("at_least", "at_most") if row.has(name)]
    if len(given) != 1:
        row.fault("unit", "wrong-limit", expected="at_least, at_most")
    bound = given[0] if given else "at_most"
    made = Limit(
        quantity=item,
        bound=bound,  # type: ignore[arg-type]
        value=row.optional_number(bound) or 0.0,
        unit=row.text("unit"),
        rule="nominal",
    )
    row.finish()
    return made


def _defect(row: Record) -> Defect:
    made = Defect(name=row.text("name", pattern=_SLUG))
    if row.has("stage"):
        made = Defect(
            name=made.name,
            stage=row.text("stage", one_of=STAGES),
            verdict=row.text("verdict", one_of=VERDICTS),
            reason=row.text("reason", pattern=_REASON),
        )
    row.finish()
    return made


def _each_of(row: Record, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    found = row.texts(name)
    for value in found:
        if value not in known:
            row.fault(name, "not-one-of", found=value, expected=", ".join(known))
    return found


def _each_like(row: Record, name: str, pattern: str) -> tuple[str, ...]:
    found = row.texts(name)
    for value in found:
        if not re.fullmatch(pattern, value):
            row.fault(name, "wrong-form", found=value, expected=pattern)
    return found


def _load_rulings(path: Path, faults: list[Fault]) -> list[Ruling]:
    try:
        record, found = read_record(path)
    except FaultyFileError as error:
        faults.extend(error.faults)
        return []
    rulings: list[Ruling] = []
    for row in record.records("rulings"):
        made = Ruling(
            id=row.text("id", pattern=r"R-\d{3}"),
            question=_reading(row, "question"),
            reading=_reading(row, "reading", named=True),
            why=_reading(row, "why"),
            since=str(row.date("since") or row.text("since")),
            alternatives=tuple(_worded(inner, named=True) for inner in row.records("alternatives")),
        )
        if any(made.id == earlier.id for earlier in rulings):
            row.fault("id", "duplicate-id", found=made.id)
        row.finish()
        rulings.append(made)
    record.finish()
    faults.extend(found.faults)
    return rulings


def _reading(row: Record, name: str, *, named: bool = False) -> Reading:
    inner = row.record(name)
    if inner is None:
        row.fault(name, "missing-field")
        return Reading("", "", "")
    return _worded(inner, named=named)


def _worded(row: Record, *, named: bool) -> Reading:
    made = Reading(
        name=row.text("name", pattern=_SLUG) if named else "",
        zh=row.text("zh"),
        en=row.text("en"),
        limits=tuple(
            (requirement, limit(quantity, inner))
            for requirement, rows in row.table("limits").items()
            for quantity, inner in rows.entries().items()
        )
        if named
        else (),
    )
    row.finish()
    return made
