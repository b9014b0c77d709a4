"""How evidence records are judged: item by item of a checklist, for one subject after the other.

Absent, run out, or of somebody else is pending, "does not conform" is a fail, and only an
attested item whose file is there, unchanged, counts as met. How much one record may speak for is
said by each item of the catalogue (``ChecklistItem.scope``).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assessment.decision import decide, for_obligation
from assessment.evidence import DOES_NOT_CONFORM, EVERY_SUBJECT, SITE, Attestation
from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.photographs import is_picture
from assessment.products import covers_model, of_firmware_family
from assessment.reason import Reason
from assessment.recording import CorruptRecordingError, Part
from assessment.verdicts import Verdict, governing
from standard.catalogue import ChecklistItem, Requirement

INSTRUMENT = "checklist/2"
METHOD = "method.checklist"
_BEIJING = datetime.timezone(datetime.timedelta(hours=8))
_NAMED_RECORDS = 5
#: Why a record does not speak of a subject, what comes nearest to speaking of it first.
_MISSES = (
    *("other-firmware", "firmware-unknown", "firmware-not-named", "other-model"),
    *("model-unknown", "scope-too-wide", "other-subject"),
)


@dataclass(frozen=True)
class Subject:
    """Whom a finding is about: ``site``, or a point with the model and firmware of its device.

    ``model`` and ``firmware`` are "" where nobody knows them.
    """

    id: str
    model: str = ""
    firmware: str = ""


WHOLE_SITE = Subject(SITE)


def checklist_findings(
    requirement: Requirement,
    records: Iterable[Attestation],
    today: datetime.date,
    subjects: Sequence[Subject] = (WHOLE_SITE,),
) -> tuple[Finding, ...]:
    """One finding for each subject: its governing item gives the verdict and the reason.

    A requirement whose method also needs a test that has no scenario yet never passes on
    papers alone: with all papers in order it is not tested.
    """
    by_item: dict[str, list[Attestation]] = {}
    for record in records:
        if record.requirement == requirement.id:
            by_item.setdefault(record.item, []).append(record)
    return tuple(_finding(requirement, by_item, today, subject) for subject in subjects)


def paper_of(
    requirement: Requirement,
    item: str,
    records: Iterable[Attestation],
    today: datetime.date,
    subject: Subject = WHOLE_SITE,
) -> tuple[Attestation | None, Reason | None]:
    """The newest record of a checklist item of a subject, and why its file cannot be read yet.

    One of the two is ``None``: with a reason, whoever wanted to read the file leaves it pending.

    Raises:
        KeyError: the requirement's checklist has no such item.
    """
    wanted = {one.item: one for one in requirement.checklist}[item]
    of_item = [one for one in records if (one.requirement, one.item) == (requirement.id, item)]
    latest, missing = _latest(wanted, of_item, subject)
    verdict, reason = (
        (Verdict.PENDING, missing) if latest is None else _judge(wanted, latest, today)
    )
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
        latest, _ = _latest(item, [one for one in of_site if one.item == item.item], WHOLE_SITE)
        if latest is not None and _judge(item, latest, today)[0] is not Verdict.PENDING:
            found.append(latest)
    return tuple(found)


def period_of(record: Attestation) -> tuple[datetime.datetime, datetime.datetime]:
    """Beginning and end of the day on which somebody looked, in UTC."""
    return _day(record.when)


def miss_of(record: Attestation, item: ChecklistItem, subject: Subject) -> str:
    """Why ``record`` does not count for ``subject`` (a ``checklist.`` code), "" if it does.

    A record that speaks for more than its item allows does not count: a photograph of one pole
    says nothing of the next one, and a report on one model nothing of another.
    """
    if subject.id in record.subjects:
        return ""
    if subject == WHOLE_SITE:
        return "" if EVERY_SUBJECT in record.subjects else "other-subject"
    if record.model:
        return _miss_of_model(record, item, subject)
    if {SITE, EVERY_SUBJECT} & set(record.subjects):
        return "" if item.scope == "site" else "scope-too-wide"
    return "other-subject"


def _miss_of_model(record: Attestation, item: ChecklistItem, subject: Subject) -> str:
    if not subject.model:
        return "model-unknown"
    if not covers_model(record.model, subject.model):
        return "other-model"
    if item.scope == "point":
        return "scope-too-wide"
    if not record.firmware:
        return "firmware-not-named" if item.scope == "firmware" else ""
    if not subject.firmware:
        return "firmware-unknown"
    return "" if of_firmware_family(record.firmware, subject.firmware) else "other-firmware"


def _finding(
    requirement: Requirement,
    records: dict[str, list[Attestation]],
    today: datetime.date,
    subject: Subject,
) -> Finding:
    verdicts: list[Verdict] = []
    reasons: list[Reason] = []
    measurements: list[Measurement] = []
    for item in requirement.checklist:
        latest, missing = _latest(item, records.get(item.item, ()), subject)
        verdict, reason = Verdict.PENDING, missing
        if latest is not None:
            verdict, reason = _judge(item, latest, today)
            if other := _used_elsewhere(item, latest, records[item.item]):
                verdict, reason = Verdict.PENDING, other
        verdicts.append(verdict)
        reasons.append(reason)
        measurements.append(_measurement(item, latest, reason, verdict, subject.id, today))
    if requirement.scenario == "checklist" and {"test", "demonstration"} & set(requirement.method):
        verdicts.append(Verdict.NOT_TESTED)
        reasons.append(Reason("checklist.test-part-missing"))
    verdict = governing(verdicts)
    return Finding(
        requirement=requirement.id,
        subject=subject.id,
        verdict=for_obligation(verdict, requirement.obligation),
        reason=reasons[verdicts.index(verdict)],
        check_version=requirement.version,
        measurements=tuple(measurements),
        rule="nominal",
        rulings=requirement.rulings,
    )


def _latest(
    item: ChecklistItem, records: Sequence[Attestation], subject: Subject
) -> tuple[Attestation | None, Reason]:
    """The newest record of an item that counts for ``subject``, or why there is none."""
    latest: Attestation | None = None
    misses: dict[str, list[Attestation]] = {}
    for record in records:
        if miss := miss_of(record, item, subject):
            misses.setdefault(miss, []).append(record)
        elif latest is None or _later(record, latest):
            latest = record
    for code in _MISSES:
        if latest is None and code in misses:
            return None, Reason(f"checklist.{code}", _named(item) | _missed(misses[code], subject))
    return latest, Reason("checklist.evidence-missing", _named(item))


def _used_elsewhere(
    item: ChecklistItem, record: Attestation, records: Sequence[Attestation]
) -> Reason | None:
    """Why one photograph is no proof: another record shows it as that of other points."""
    if item.scope != "point" or item.expects != "photo" or record.file is None:
        return None
    for other in records:
        same = other.file is not None and other.file.digest == record.file.digest
        if same and not set(other.subjects) & set(record.subjects):
            words = {"file": record.file_name, "found": ", ".join(other.subjects)}
            return Reason("checklist.photo-of-another-point", _named(item) | words)
    return None


@lru_cache(maxsize=4096)
def _is_picture(file: Part) -> bool:
    """Whether it is one; records of many points share what was looked at once."""
    try:
        return is_picture(file.read())
    except CorruptRecordingError:
        return False


def _later(record: Attestation, other: Attestation) -> bool:
    """Whether a record takes the place of another: the newer one, and of one day the graver."""
    return (record.when, record.result == DOES_NOT_CONFORM) > (
        other.when,
        other.result == DOES_NOT_CONFORM,
    )


def _missed(records: Sequence[Attestation], subject: Subject) -> dict[str, str]:
    """Of whom the records speak instead, and what is known of the subject."""
    spoken = dict.fromkeys(
        " ".join((*one.subjects, one.model, one.firmware)).strip() for one in records
    )
    more = len(spoken) - _NAMED_RECORDS
    found = ", ".join([*spoken][:_NAMED_RECORDS]) + (f" … +{more}" if more > 0 else "")
    return {"found": found, "model": subject.model, "firmware": subject.firmware}


def _judge(
    item: ChecklistItem, record: Attestation, today: datetime.date
) -> tuple[Verdict, Reason]:
    stated = _named(item) | {"who": record.who, "when": record.when.isoformat()}
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
    if item.expects == "photo" and record.file is not None and not _is_picture(record.file):
        stated["file"] = record.file_name
        return Verdict.PENDING, Reason("checklist.not-a-photo", stated)
    if record.reading is not None and len(record.scores) < item.inspectors:
        stated |= {"found": str(len(record.scores)), "needed": str(item.inspectors)}
        return Verdict.PENDING, Reason("checklist.scores-too-few", stated)
    if item.limit is not None and record.reading is not None:
        decision = decide(item.limit, _reading_measurement(item, record, ""))
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
        details=_details(item, record) | ({"scores": dict(record.scores)} if record.scores else {}),
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
    details: dict[str, Any] = {"zh": item.zh, "en": item.en, "expects": item.expects}
    if record is not None:
        details |= _details(item, record)
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


def _details(item: ChecklistItem, record: Attestation) -> dict[str, Any]:
    """What a report shows of a record: who, when, where, which file, until when, what note."""
    until = record.valid_until.isoformat() if record.valid_until else ""
    return {
        "zh": item.zh,
        "en": item.en,
        "who": record.who,
        "when": record.when.isoformat(),
        "where": record.where,
        "file": record.file_name,
        "page": record.page,
        "until": until,
        "note": record.note,
    }


def _day(day: datetime.date) -> tuple[datetime.datetime, datetime.datetime]:
    """Beginning and end of a day in Beijing, in UTC."""
    start = datetime.datetime.combine(day, datetime.time(), _BEIJING)
    end = start + datetime.timedelta(days=1)
    return start.astimezone(datetime.UTC), end.astimezone(datetime.UTC)
