"""What a person attests: evidence records beside photos and documents.

A record says which item of a requirement's checklist it is about, of whom (points, models of
devices, the site), who looked, when, what was found, and which file shows it. How records are
judged: ``assessment.checklists``.
"""

from __future__ import annotations

import datetime
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from assessment.recording import Part
from standard.catalogue import Catalogue, ChecklistItem
from standard.located_yaml import Fault, FaultList, FaultyFileError, Record, read_record

SITE = "site"
#: The subject of a record that speaks for every subject of the requirement.
EVERY_SUBJECT = "all"
CONFORMS = "conforms"
DOES_NOT_CONFORM = "does-not-conform"

#: Largest photo or document that a record may name: a run keeps a copy of it.
MAXIMUM_FILE_BYTES = 256 * 1024 * 1024
#: What a contract may say of its quality of service in numbers, and in which unit.
CONTRACT_TERMS = {
    "online-rate": "%",
    "frame-rate": "fps",
    "picture-long-side": "px",
    "picture-short-side": "px",
}
#: What is copied from a certificate: the code that it attests, whose mark it has, its number.
PRINTED = ("code", "laboratory_mark", "number")
_MAXIMUM_RECORD_FILES = 10_000
_WORST, _BEST = 1, 5


@dataclass(frozen=True)
class Attestation:
    """One evidence record.

    Attributes:
        requirement, item: what it is about.
        subjects: ids of points, ``site``, or ``all``; empty where ``model`` says of whom.
        who: name of the person who looked.
        when: day on which they looked.
        result: ``conforms``, ``does-not-conform``, or ``None`` when there is a reading instead.
        reading: value that was read, in the unit of the item's limit; of ``scores`` their mean.
        scores: what each inspector gave, by name, from 1 (bad) to 5 (excellent).
        file: the photo or document as it lies there now; ``None`` when none is named or it is
            not there.
        file_name: as the record names it, ``""`` if it names none.
        sha256: of the file when the record was written, ``""`` if not stated.
        valid_until: last day on which it counts, if it ends.
        note: in the person's own words.
        page: of the document on which it stands, "" if not stated.
        model: models that it speaks of, as a paper lists them, "" if it names none.
        firmware: firmware family of those models, "" if it names none.
        where: the place at which they looked, in words or degrees, "" if not stated.
        printed: what stands on a certificate, by the names of ``PRINTED``.
        terms: numbers of a contract's clause on quality, by the names of ``CONTRACT_TERMS``.
    """

    requirement: str
    item: str
    subjects: tuple[str, ...]
    who: str
    when: datetime.date
    result: str | None = None
    reading: float | None = None
    scores: tuple[tuple[str, float], ...] = ()
    file: Part | None = None
    file_name: str = ""
    sha256: str = ""
    valid_until: datetime.date | None = None
    note: str = ""
    page: str = ""
    model: str = ""
    firmware: str = ""
    where: str = ""
    printed: tuple[tuple[str, str], ...] = ()
    terms: tuple[tuple[str, float], ...] = ()


def load_evidence(
    folder: Path, catalogue: Catalogue, today: datetime.date
) -> tuple[Attestation, ...]:
    """Read every ``*.yaml`` below ``folder``, each ``records: [...]``, and find their files.

    Files are named relative to the YAML file and must lie inside ``folder``.

    Raises:
        FaultyFileError: with every mistake of every file by line.
    """
    faults: list[Fault] = []
    records: list[Attestation] = []
    if not folder.is_dir():
        raise FaultyFileError([Fault(str(folder), 0, "unreadable", {"detail": "no such folder"})])
    for number, path in enumerate(sorted(folder.rglob("*.yaml"))):
        if number >= _MAXIMUM_RECORD_FILES:
            faults.append(Fault(str(folder), 0, "too-large", {"limit": _MAXIMUM_RECORD_FILES}))
            break
        name = path.relative_to(folder).as_posix()
        try:
            record, found = read_record(path, FaultList(name))
        except FaultyFileError as error:
            faults.extend(error.faults)
            continue
        for row in record.records("records"):
            records.append(_attestation(row, folder, path.parent, catalogue, today))
        record.finish()
        faults.extend(found.faults)
    if faults:
        raise FaultyFileError(faults)
    return tuple(records)


def _attestation(
    row: Record, root: Path, beside: Path, catalogue: Catalogue, today: datetime.date
) -> Attestation:
    identifier = row.text("requirement")
    item = _item(row, identifier, catalogue)
    when = row.date("when")
    if not row.has("when"):
        row.fault("when", "missing-field")
    elif when is not None and when > today:
        row.fault("when", "in-the-future", found=when.isoformat())
    scores = _scores(row, item)
    reading = _mean(scores) if scores else _reading(row, item)
    result = None
    if reading is None or row.has("result"):
        result = row.text("result", one_of=(CONFORMS, DOES_NOT_CONFORM))
    file_name = row.text("file", "")
    if not file_name and item is not None and item.expects != "reading":
        row.fault("file", "missing-field")
    made = Attestation(
        requirement=identifier,
        item=item.item if item else "",
        subjects=_subjects(row),
        who=row.text("who"),
        when=when or today,
        result=result,
        reading=reading,
        scores=scores,
        file=_file(row, root, beside, file_name),
        file_name=file_name,
        sha256=row.text("sha256", "").lower(),
        valid_until=row.date("valid_until"),
        note=row.text("note", ""),
        page=row.text("page", ""),
        model=row.text("model", ""),
        firmware=row.text("firmware", ""),
        where=row.text("where", ""),
        printed=_printed(row),
        terms=_terms(row),
    )
    row.finish()
    return made


def _subjects(row: Record) -> tuple[str, ...]:
    """Of whom a record speaks: ``subject``, or ``subjects``, or the models that it names."""
    ways = [name for name in ("subject", "subjects", "model") if row.has(name)]
    if len(ways) > 1:
        row.fault(ways[1], "one-way-only", other=ways[0])
    if row.has("firmware") and not row.has("model"):
        row.fault("model", "missing-field")
    several = row.texts("subjects")
    single = row.text("subject", "" if several or row.has("model") else SITE)
    return several or ((single,) if single else ())


def _printed(row: Record) -> tuple[tuple[str, str], ...]:
    inner = row.record("printed")
    if inner is None:
        return ()
    found = tuple((name, inner.text(name, "")) for name in PRINTED)
    inner.finish()
    return tuple((name, words) for name, words in found if words)


def _terms(row: Record) -> tuple[tuple[str, float], ...]:
    found = []
    for name, inner in row.table("terms").items():
        if name not in CONTRACT_TERMS:
            row.fault("terms", "not-one-of", found=name, expected=", ".join(CONTRACT_TERMS))
        value, unit = inner.number("value"), inner.text("unit")
        if name in CONTRACT_TERMS and unit != CONTRACT_TERMS[name]:
            inner.fault("unit", "not-one-of", found=unit, expected=CONTRACT_TERMS[name])
        inner.finish()
        found.append((name, value))
    return tuple(found)


def _item(row: Record, identifier: str, catalogue: Catalogue) -> ChecklistItem | None:
    name = row.text("item")
    if identifier not in catalogue:
        row.fault("requirement", "unknown-requirement", found=identifier)
        return None
    items = {item.item: item for item in catalogue[identifier].checklist}
    if name not in items:
        row.fault("item", "unknown-item", found=name, expected=", ".join(items))
        return None
    return items[name]


def _scores(row: Record, item: ChecklistItem | None) -> tuple[tuple[str, float], ...]:
    """Five-grade scores (ITU-R BT.500) by the names of those who gave them."""
    if item is None or not item.inspectors:
        return ()
    inner = row.record("scores")
    if inner is None:
        return ()
    given = tuple((name, inner.number(name)) for name in inner.names())
    for name, grade in given:
        if not _WORST <= grade <= _BEST:
            inner.fault(name, "not-a-grade", found=f"{grade:g}", low=_WORST, high=_BEST)
    return given


def _mean(scores: tuple[tuple[str, float], ...]) -> float:
    return round(sum(grade for _, grade in scores) / len(scores), 2)


def _reading(row: Record, item: ChecklistItem | None) -> float | None:
    inner = row.record("reading")
    if inner is None:
        # What is not there has no value: that is recorded as "does not conform".
        denied = row.has("result") and row.text("result") == DOES_NOT_CONFORM
        if item is not None and item.expects == "reading" and not denied:
            row.fault("scores" if item.inspectors else "reading", "missing-field")
        return None
    value = inner.optional_number("value")
    if value is None:
        inner.fault("value", "missing-field")
    unit = inner.text("unit")
    if item is not None and item.limit is not None and unit != item.limit.unit:
        inner.fault("unit", "not-one-of", found=unit, expected=item.limit.unit)
    inner.finish()
    return value


def _file(row: Record, root: Path, beside: Path, name: str) -> Part | None:
    if not name:
        return None
    path = (beside / name).resolve()
    if not path.is_relative_to(root.resolve()):
        row.fault("file", "outside-folder", found=name)
        return None
    if not path.is_file():
        return None
    if path.stat().st_size > MAXIMUM_FILE_BYTES:
        row.fault("file", "too-large", limit=MAXIMUM_FILE_BYTES)
        return None
    with path.open("rb") as content:
        name_of_content = hashlib.file_digest(content, "sha256").hexdigest()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Part(name_of_content, media_type, path.stat().st_size, path)
