"""The cells of checklists: no papers, expired papers, papers that say no, papers in order."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assessment.evidence import Attestation
from assessment.recording import Part
from console.matrix.cells import Cell, of_platforms
from console.matrix.surveys import survey_part
from standard.catalogue import Catalogue, ChecklistItem, Requirement
from steps.acceptance import SITE

_DAY = datetime.timedelta(days=1)
_ABSENT = ("evidence-missing", "certificate-missing")
#: What the stage's contract says in a clause, by cell and item; else it says more than is asked.
_CLAUSES = {
    ("storage-below-7-days", "storage-time"): 5.0,
    ("recovery-limit-over-48h", "recovery-limit"): 72.0,
    ("online-rate-below-85", "quality"): 80.0,
    ("contract-as-the-standard", "storage-time"): 7.0,
    ("contract-as-the-standard", "recovery-limit"): 48.0,
    ("contract-as-the-standard", "quality"): 85.0,
    ("contract-asks-more", "quality"): 98.0,
}
#: What is not there, by cell: whoever looked records that.
_LACKING = {
    "storage-time-missing": "storage-time",
    "overrun-clause-missing": "overrun-clause",
    "mixed-lane-without-capture": "vehicle-captures",
}


@dataclass(frozen=True)
class StagedPapers:
    """One state of the evidence folder and the cells that it proves."""

    cells: tuple[Cell, ...]
    attestations: tuple[Attestation, ...]


def stage_papers(
    cells: Iterable[Cell], catalogue: Catalogue, today: datetime.date
) -> list[StagedPapers]:
    """The states of the evidence folder that the checklist cells need."""
    of_checklists = [
        cell
        for cell in cells
        if cell.stage == "evidence" and _attested(catalogue[cell.requirement])
    ]
    states: dict[str, list[Cell]] = {}
    for cell in of_checklists:
        states.setdefault(cell.name, []).append(cell)
    staged = []
    for name, group in states.items():
        attestations: list[Attestation] = []
        for cell in group:
            attestations += _papers(catalogue[cell.requirement], name, today)
        staged.append(StagedPapers(tuple(group), tuple(attestations)))
    return staged


def _plain(_name: str) -> Part:
    return Part.of(b"a paper of the defect matrix", "text/plain")


#: Papers that are read themselves, by requirement: what each cell hands in.
_FILES: dict[str, Callable[[str], Part]] = {"5.1-b": survey_part}


def _attested(requirement: Requirement) -> bool:
    """Whether a checklist is part of what decides; other papers are the camera's own."""
    return requirement.scenario == "checklist" or of_platforms(requirement)


def _papers(requirement: Requirement, name: str, today: datetime.date) -> list[Attestation]:
    if name in _ABSENT:
        return []
    return [_attestation(requirement, item, name, today) for item in requirement.checklist]


def _attestation(
    requirement: Requirement, item: ChecklistItem, name: str, today: datetime.date
) -> Attestation:
    expired = name == "evidence-expired"
    reading = None
    if item.limit is not None:
        bound = float(item.limit.value)  # type: ignore[arg-type]
        outside = bound * 3 if item.limit.bound == "at_most" else bound / 3
        inside = bound / 2 if item.limit.bound == "at_most" else bound * 2
        reading = outside if name == "reading-out-of-range" else inside
    reading = _CLAUSES.get((name, item.item), reading)
    lacking = name == "evidence-says-no" or _LACKING.get(name) == item.item
    return Attestation(
        requirement=requirement.id,
        item=item.item,
        subject=SITE,
        who="matrix",
        when=today - 30 * _DAY,
        result="does-not-conform" if lacking else "conforms",
        reading=None if lacking else reading,
        file=_FILES.get(requirement.id, _plain)(name),
        file_name="paper.txt",
        page="" if name == "page-missing" else "12",
        valid_until=today - _DAY if expired else today + 365 * _DAY,
    )
