"""The requirements of the standard as typed data: the single source of ids, limits and rulings.

``requirements/<chapter>.yaml`` holds one record a requirement, ``rulings.yaml`` the readings of
the standard's open phrases. Everything else takes its identity, its limits and its decision
rules from here, so that a changed limit is a changed line of data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from standard.located_yaml import Fault, FaultyFileError, Record, read_record

FOLDER = Path(__file__).parent

Obligation = Literal["shall", "shall-not", "should", "may"]
Rule = Literal["guarded", "tolerance", "nominal", "one-sided", "ip-code"]
Bound = Literal["at_least", "at_most", "less_than", "within", "equals", "one_of"]

OBLIGATIONS = ("shall", "shall-not", "should", "may")
SUBJECTS = ("camera", "platform", "link", "site", "provider", "user")
METHODS = ("test", "analysis", "inspection", "demonstration")
SCENARIOS = ("automatic", "checklist", "none-yet")
EXPECTATIONS = ("photo", "document", "reading")
STAGES = ("camera", "site", "wire", "evidence")
RULES = ("guarded", "tolerance", "nominal", "one-sided", "ip-code")
BOUNDS = ("at_least", "at_most", "less_than", "within", "equals", "one_of")
VERDICTS = ("pass", "fail", "advisory", "inconclusive", "pending", "not-applicable")
#: How a visit may be called: ``stream:day``, ``clock`` (see docs/recordings.md).
_VISIT = r"[a-z-]+(:[a-z0-9-]+)?"
_SLUG = r"[a-z0-9][a-z0-9-]*"
_REASON = rf"{_SLUG}\.{_SLUG}"


@dataclass(frozen=True)
class Limit:
    """One bound on one quantity, and the rule by which a measurement is compared with it.

    Attributes:
        quantity: the measurement's quantity, e.g. ``frame-rate``.
        bound: ``at_least``, ``at_most``, ``less_than``, ``within`` (absolute value less than),
            ``equals``, ``one_of``.
        value: the limit in ``unit``; a text or truth for a nominal property; the accepted texts
            for ``one_of``.
        unit: UCUM-like text, ``""`` for nominal properties, ``"1"`` for a share.
        rule: ``guarded`` (the limit must lie outside the uncertainty), ``tolerance`` (a nominal
            value with a declared tolerance), ``nominal`` (compared as it is), ``one-sided``
            (the one-sided 95 % bounds of a share), ``ip-code`` (digit by digit, IEC 60529).
        tolerance: in ``unit``; 0 for all rules but ``tolerance``.
        inconclusive: nominal values that prove neither side.
        pending: reason codes of a spoilt measurement that mean "a paper is missing".
    """

    quantity: str
    bound: Bound
    value: float | str | bool | tuple[str, ...]
    unit: str
    rule: Rule
    tolerance: float = 0.0
    inconclusive: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistItem:
    """One thing that a person attests, with what the evidence must be.

    ``limit`` bounds the value of a ``reading``.
    """

    item: str
    zh: str
    en: str
    expects: Literal["photo", "document", "reading"]
    limit: Limit | None = None


@dataclass(frozen=True)
class Defect:
    """A seeded fault that a compliant harness must catch, alone.

    Attributes:
        name: as the simulators call it.
        stage: where it is switched on: ``camera``, ``site``, ``wire`` or ``evidence``; ``None``
            while the requirement has no scenario yet.
        verdict: what the requirement must come out as.
        reason: the reason code that it must come out with; red for another reason is no catch.
    """

    name: str
    stage: str | None = None
    verdict: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Reading:
    """One way to read an open phrase, by the name a site file chooses it with."""

    name: str
    zh: str
    en: str


@dataclass(frozen=True)
class Ruling:
    """How an open phrase of the standard is read here, why, and what else a site may choose.

    ``since`` is the day from which the reading applies (YYYY-MM-DD).
    """

    id: str
    question: Reading
    reading: Reading
    why: Reading
    since: str
    alternatives: tuple[Reading, ...] = ()

    @property
    def default(self) -> str:
        """The name of the reading that governs unless the site chooses another."""
        return self.reading.name

    @property
    def choices(self) -> tuple[str, ...]:
        """The names of all readings that a site may choose, the default first."""
        return (self.reading.name, *(reading.name for reading in self.alternatives))


@dataclass(frozen=True)
class Requirement:
    """One line of the standard that gets one verdict.

    Attributes:
        id: the clause, e.g. ``4.3.1-c2``; also its tag, file and report name.
        chapter: the file's chapter, e.g. ``4.3.1``.
        obligation: ``shall``, ``shall-not``, ``should``, ``may``.
        subject: what is judged, one of ``SUBJECTS``.
        method: all of ``test``, ``analysis``, ``inspection``, ``demonstration`` that a pass needs.
        zh, en: what is required, in the project's own words.
        check: how the verdict is reached.
        version: of the check; raised when the same recording could get another verdict.
        scenario: ``automatic``, ``checklist`` (a person attests) or ``none-yet``.
        visits: kinds of recordings that the check needs.
        limits: by quantity.
        rulings: ids of the readings that the check applies.
        checklist: what a person attests.
        defects: what must be caught.
        variants: unusual but compliant behaviours that must not be taken for a fault.
    """

    id: str
    chapter: str
    obligation: Obligation
    subject: str
    method: tuple[str, ...]
    zh: str
    en: str
    check: str
    version: int
    scenario: Literal["automatic", "checklist", "none-yet"]
    visits: tuple[str, ...]
    limits: Mapping[str, Limit]
    rulings: tuple[str, ...]
    checklist: tuple[ChecklistItem, ...]
    defects: tuple[Defect, ...]
    variants: tuple[str, ...]

    def title(self, lang: str) -> str:
        """The requirement in ``lang``."""
        return self.zh if lang == "zh" else self.en

    @property
    def binding(self) -> bool:
        """Whether not meeting it is a fail rather than an advice."""
        return self.obligation in ("shall", "shall-not")

    @property
    def marker(self) -> str:
        """The tag of its scenarios."""
        return self.id


@dataclass(frozen=True)
class Chapter:
    """One chapter with its heading."""

    id: str
    zh: str
    en: str


class Catalogue:
    """All requirements in the order of the standard, and all rulings."""

    def __init__(
        self,
        chapters: tuple[Chapter, ...],
        requirements: tuple[Requirement, ...],
        rulings: tuple[Ruling, ...],
    ) -> None:
        self.chapters = chapters
        self.rulings: Mapping[str, Ruling] = {ruling.id: ruling for ruling in rulings}
        self._requirements = {requirement.id: requirement for requirement in requirements}

    def __getitem__(self, requirement: str) -> Requirement:
        return self._requirements[requirement]

    def __contains__(self, requirement: object) -> bool:
        return requirement in self._requirements

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self._requirements.values())

    def __len__(self) -> int:
        return len(self._requirements)

    def markers(self) -> tuple[str, ...]:
        """The tag of every requirement; a scenario with any other tag must not be collected."""
        return tuple(requirement.marker for requirement in self)


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation.

    Raises:
        FaultyFileError: with every mistake in the data, by file and line.
    """
    return load(FOLDER)


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
    )
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
    elif rule in ("nominal", "ip-code"):
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
    )
    row.finish()
    return made
