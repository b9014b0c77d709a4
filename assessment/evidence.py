"""What a person attests: evidence records beside photos and documents, and how they are judged.

A record says which item of a requirement's checklist it is about, who looked, when, what was
found, and which file shows it. Absent or run out is pending, "does not conform" is a fail, and
only an attested item whose file is there, unchanged, counts as met.
"""

from __future__ import annotations

import datetime
import hashlib
import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assessment.decision import decide, for_obligation
from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part
from assessment.verdicts import Verdict, governing
from standard.catalogue import Catalogue, ChecklistItem, Requirement
from standard.located_yaml import Fault, FaultList, FaultyFileError, Record, read_record

INSTRUMENT = "checklist/1"
METHOD = "method.checklist"
SITE = "site"
#: The subject of a record that speaks for every subject of the requirement.
EVERY_SUBJECT = "all"
CONFORMS = "conforms"
DOES_NOT_CONFORM = "does-not-conform"

_MAXIMUM_RECORD_FILES = 10_000
_BEIJING = datetime.timezone(datetime.timedelta(hours=8))


@dataclass(frozen=True)
class Attestation:
    """One evidence record.

    Attributes:
        requirement, item: what it is about.
        subject: a point's id, ``site``, or ``all``.
        who: name of the person who looked.
        when: day on which they looked.
        result: ``conforms``, ``does-not-conform``, or ``None`` when there is a reading instead.
        reading: value that was read, in the unit of the item's limit.
        file: the photo or document as it lies there now; ``None`` when none is named or it is
            not there.
        file_name: as the record names it, ``""`` if it names none.
        sha256: of the file when the record was written, ``""`` if not stated.
        valid_until: last day on which it counts, if it ends.
        note: in the person's own words.
        page: of the document on which it stands, "" if not stated.
    """

    requirement: str
    item: str
    subject: str
    who: str
    when: datetime.date
    result: str | None = None
    reading: float | None = None
    file: Part | None = None
    file_name: str = ""
    sha256: str = ""
    valid_until: datetime.date | None = None
    note: str = ""
    page: str = ""


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


def checklist_findings(
    requirement: Requirement,
    records: Iterable[Attestation],
    today: datetime.date,
    subjects: Sequence[str] = (SITE,),
) -> tuple[Finding, ...]:
    """One finding for each subject: its governing item gives the verdict and the reason.

    A requirement whose method also needs a test that has no scenario yet never passes on
    papers alone: with all papers in order it is not tested.
    """
    relevant = [record for record in records if record.requirement == requirement.id]
    return tuple(_finding(requirement, relevant, today, subject) for subject in subjects)


def paper_of(
    requirement: Requirement, item: str, records: Iterable[Attestation], today: datetime.date
) -> tuple[Attestation | None, Reason | None]:
    """The newest record of a checklist item of the site, and why its file cannot be read yet.

    One of the two is ``None``: with a reason, whoever wanted to read the file leaves it pending.

    Raises:
        KeyError: the requirement's checklist has no such item.
    """
    wanted = {one.item: one for one in requirement.checklist}[item]
    of_site = [one for one in records if one.requirement == requirement.id]
    latest = _latest(of_site, item, SITE)
    verdict, reason = _judge(wanted, latest, today)
    if latest is None or verdict is Verdict.PENDING:
        return None, reason
    if latest.file is None:
        return None, Reason("checklist.evidence-missing", _named(wanted))
    return latest, None


def standing(
    requirement: Requirement, records: Iterable[Attestation], today: datetime.date
) -> tuple[Attestation, ...]:
    """The newest record of each item of the site, without those that leave it pending."""
    of_site = [one for one in records if one.requirement == requirement.id]
    found = []
    for item in requirement.checklist:
        latest = _latest(of_site, item.item, SITE)
        if latest is not None and _judge(item, latest, today)[0] is not Verdict.PENDING:
            found.append(latest)
    return tuple(found)


def period_of(record: Attestation) -> tuple[datetime.datetime, datetime.datetime]:
    """Beginning and end of the day on which somebody looked, in UTC."""
    return _day(record.when)


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
    reading = _reading(row, item)
    result = None
    if reading is None or row.has("result"):
        result = row.text("result", one_of=(CONFORMS, DOES_NOT_CONFORM))
    file_name = row.text("file", "")
    if not file_name and item is not None and item.expects != "reading":
        row.fault("file", "missing-field")
    made = Attestation(
        requirement=identifier,
        item=item.item if item else "",
        subject=row.text("subject", SITE),
        who=row.text("who"),
        when=when or today,
        result=result,
        reading=reading,
        file=_file(row, root, beside, file_name),
        file_name=file_name,
        sha256=row.text("sha256", "").lower(),
        valid_until=row.date("valid_until"),
        note=row.text("note", ""),
        page=row.text("page", ""),
    )
    row.finish()
    return made


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


def _reading(row: Record, item: ChecklistItem | None) -> float | None:
    inner = row.record("reading")
    if inner is None:
        # What is not there has no value: that is recorded as "does not conform".
        denied = row.has("result") and row.text("result") == DOES_NOT_CONFORM
        if item is not None and item.expects == "reading" and not denied:
            row.fault("reading", "missing-field")
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
    with path.open("rb") as content:
        name_of_content = hashlib.file_digest(content, "sha256").hexdigest()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Part(name_of_content, media_type, path.stat().st_size, path)


def _finding(
    requirement: Requirement, records: Sequence[Attestation], today: datetime.date, subject: str
) -> Finding:
    verdicts: list[Verdict] = []
    reasons: list[Reason] = []
    measurements: list[Measurement] = []
    for item in requirement.checklist:
        latest = _latest(records, item.item, subject)
        verdict, reason = _judge(item, latest, today)
        verdicts.append(verdict)
        reasons.append(reason)
        measurements.append(_measurement(item, latest, reason, verdict, subject, today))
    if requirement.scenario == "checklist" and {"test", "demonstration"} & set(requirement.method):
        verdicts.append(Verdict.NOT_TESTED)
        reasons.append(Reason("checklist.test-part-missing"))
    verdict = governing(verdicts)
    return Finding(
        requirement=requirement.id,
        subject=subject,
        verdict=for_obligation(verdict, requirement.obligation),
        reason=reasons[verdicts.index(verdict)],
        check_version=requirement.version,
        measurements=tuple(measurements),
        rule="nominal",
        rulings=requirement.rulings,
    )


def _latest(records: Iterable[Attestation], item: str, subject: str) -> Attestation | None:
    return max(
        (one for one in records if one.item == item and _about(one, subject)),
        key=lambda one: one.when,
        default=None,
    )


def _about(record: Attestation, subject: str) -> bool:
    return record.subject in (subject, EVERY_SUBJECT)


def _judge(
    item: ChecklistItem, record: Attestation | None, today: datetime.date
) -> tuple[Verdict, Reason]:
    named = _named(item)
    if record is None:
        return Verdict.PENDING, Reason("checklist.evidence-missing", named)
    stated = named | {"who": record.who, "when": record.when.isoformat()}
    if record.valid_until is not None and today > record.valid_until:
        until = record.valid_until.isoformat()
        return Verdict.PENDING, Reason("checklist.evidence-expired", stated | {"until": until})
    if record.result == DOES_NOT_CONFORM:
        stated["note"] = record.note
        return Verdict.FAIL, Reason("checklist.does-not-conform", stated)
    if record.file_name and record.file is None:
        stated["file"] = record.file_name
        return Verdict.PENDING, Reason("checklist.file-missing", stated)
    if record.file is not None and record.sha256 not in ("", record.file.digest):
        stated["file"] = record.file_name
        return Verdict.PENDING, Reason("checklist.file-changed", stated)
    if item.limit is not None and record.reading is not None:
        decision = decide(item.limit, _reading_measurement(item, record, record.subject))
        return decision.verdict, decision.reason
    return Verdict.PASS, Reason("checklist.conforms", stated)


def _named(item: ChecklistItem) -> dict[str, str]:
    return {"item": item.item, "zh": item.zh, "en": item.en}


def _reading_measurement(item: ChecklistItem, record: Attestation, subject: str) -> Measurement:
    started, ended = _day(record.when)
    return Measurement(
        quantity=item.item,
        value=record.reading,
        unit=item.limit.unit if item.limit else "",
        instrument=INSTRUMENT,
        method=METHOD,
        subject=subject,
        started=started,
        ended=ended,
        details={"who": record.who, "note": record.note, "zh": item.zh, "en": item.en},
        evidence={} if record.file is None else {record.file_name: record.file},
    )


def _measurement(
    item: ChecklistItem,
    record: Attestation | None,
    reason: Reason,
    verdict: Verdict,
    subject: str,
    today: datetime.date,
) -> Measurement:
    """The item as a measurement, so that a report shows who attested what with which file."""
    if record is not None and record.reading is not None:
        return _reading_measurement(item, record, subject)
    started, ended = _day(record.when if record else today)
    details = {"zh": item.zh, "en": item.en, "expects": item.expects}
    if record is not None:
        details |= {"who": record.who, "note": record.note, "file": record.file_name}
    evidence = {}
    if record is not None and record.file is not None:
        evidence[record.file_name] = record.file
    return Measurement(
        quantity=f"checklist:{item.item}",
        value=record.result if record else None,
        unit="",
        instrument=INSTRUMENT,
        method=METHOD,
        subject=subject,
        started=started,
        ended=ended,
        details=details,
        evidence=evidence,
        spoilt=reason if verdict is Verdict.PENDING else None,
    )


def _day(day: datetime.date) -> tuple[datetime.datetime, datetime.datetime]:
    """Beginning and end of a day in Beijing, in UTC."""
    start = datetime.datetime.combine(day, datetime.time(), _BEIJING)
    end = start + datetime.timedelta(days=1)
    return start.astimezone(datetime.UTC), end.astimezone(datetime.UTC)
