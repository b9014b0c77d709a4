"""The cells of checklists: no papers, expired papers, papers that say no, papers in order."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from assessment.evidence import Attestation
from assessment.recording import Part
from console.matrix.cells import Cell
from console.matrix.surveys import (
    given_part,
    point_on_paper,
    survey_part,
    tickets_part,
    workbook_part,
)
from standard.catalogue import Catalogue, ChecklistItem, Requirement
from steps.acceptance import SITE
from targets.site import Point

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
#: Its papers are staged with the cameras that they are of.
_OF_CAMERAS = "4.3.1-b"
#: What it says in numbers of the quality of service, by cell.
_TERMS = {
    "frame-rate-below-25": (("frame-rate", 20.0),),
    "resolution-below-1080p": (("picture-short-side", 720.0),),
    "contract-as-the-standard": (("frame-rate", 25.0), ("picture-short-side", 1080.0)),
    "contract-asks-more": (("frame-rate", 30.0), ("picture-long-side", 2560.0)),
}
#: What is not there, by cell: whoever looked records that.
_LACKING = {
    "storage-time-missing": "storage-time",
    "overrun-clause-missing": "overrun-clause",
    "request-missing": "survey-request",
    "mixed-lane-without-capture": "vehicle-captures",
}
#: Two points that nobody visits, for what is attested point by point: their ids and devices are
#: all that a record can name. The first one is judged.
_POINTS = tuple(
    Point(
        point_on_paper(number),
        f"matrix {number}",
        f"onvif://admin@127.21.255.{number}",
        scene="mixed-lane",
        declared={"model": "SIM-2M-4", "firmware": "V5.7.3 build 260112"},
    )
    for number in (1, 2)
)
_HERE, _ELSEWHERE = (point.id for point in _POINTS)
#: Whom the records name, by cell; by default both points, or what the item allows.
_NAMED: dict[str, dict[str, Any]] = {
    "evidence-of-another-point": {"subjects": (_ELSEWHERE,)},
    "evidence-of-the-whole-site": {"subjects": (SITE,)},
    "evidence-of-each-point": {"subjects": (_HERE,)},
    "evidence-of-several-points": {"subjects": (_ELSEWHERE, _HERE)},
    "evidence-of-another-model": {"model": "SIM-2M-5", "firmware": "V5.7"},
    "evidence-of-another-firmware": {"model": "SIM-2M-4", "firmware": "V5.70"},
    "evidence-without-firmware": {"model": "SIM-2M-4"},
    "evidence-of-a-model-family": {"model": "SIM-4M-1、SIM-2M*"},
}
#: What inspectors give a picture, by cell.
_GOOD = (5, 4, 4, 5, 4)
_SCORES = {"scores-of-four-inspectors": _GOOD[:4], "scores-below-four": (4, 3, 4, 3, 4)}


@dataclass(frozen=True)
class StagedPapers:
    """One state of the evidence folder and the cells that it proves.

    ``points`` are those of the site, ``subject`` whom the cells' findings are about.
    """

    cells: tuple[Cell, ...]
    attestations: tuple[Attestation, ...]
    points: tuple[Point, ...] = ()
    subject: str = SITE


def stage_papers(
    cells: Iterable[Cell], catalogue: Catalogue, today: datetime.date
) -> list[StagedPapers]:
    """The states of the evidence folder that the checklist cells need."""
    states: dict[tuple[str, bool, bool], list[Cell]] = {}
    for cell in cells:
        requirement = catalogue[cell.requirement]
        if cell.stage == "evidence" and _attested(requirement):
            by_names = cell.requirement == "5.1-a"  # it reads which points a site has
            key = (cell.name, requirement.attested_by_point, by_names)
            states.setdefault(key, []).append(cell)
    staged = []
    for (name, by_point, by_names), group in states.items():
        attestations: list[Attestation] = []
        for cell in group:
            attestations += _papers(catalogue[cell.requirement], name, today)
        points = _POINTS if by_point or by_names else ()
        subject = _HERE if by_point else SITE
        staged.append(StagedPapers(tuple(group), tuple(attestations), points, subject))
    return staged


def _plain(_name: str) -> Part:
    return Part.of(b"a paper of the defect matrix", "text/plain")


def _photo(name: str) -> Part:
    if name == "photo-that-is-none":
        return _plain(name)
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(content, "JPEG")
    return Part.of(content.getvalue(), "image/jpeg")


def _lens_survey(name: str) -> Part:
    """A survey of both points from which pixels on target can be computed."""
    required = 400 if name == "pixels-on-target-too-low" else 100
    rows = [[point, 6, '1/2.8"', "1920×1080", 20, 1.8, required] for point in (_HERE, _ELSEWHERE)]
    heading = ["点位编号", "镜头焦距(mm)", "传感器", "分辨率", "目标距离(m)"]
    return workbook_part([[*heading, "目标宽度(m)", "目标像素"], *rows])


#: Papers that are read themselves, by requirement: what each cell hands in.
_FILES: dict[str, Callable[[str], Part]] = {
    "5.1-a": given_part,
    "5.1-b": survey_part,
    "5.4-a1": tickets_part,
    "4.3.1-e": _lens_survey,
}


def _attested(requirement: Requirement) -> bool:
    """Whether a checklist is part of what decides; other papers are the camera's own."""
    return bool(requirement.checklist) and requirement.id != _OF_CAMERAS


def _papers(requirement: Requirement, name: str, today: datetime.date) -> list[Attestation]:
    if name in _ABSENT:
        return []
    found = [_attestation(requirement, item, name, today) for item in requirement.checklist]
    if name == "one-photo-for-two-points":
        return [replace(one, subjects=(point,)) for one in found for point in (_HERE, _ELSEWHERE)]
    return found


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
    scores: tuple[tuple[str, float], ...] = ()
    if item.inspectors:
        scores = tuple(
            (f"inspector {number}", grade) for number, grade in enumerate(_SCORES.get(name, _GOOD))
        )
        reading = sum(grade for _, grade in scores) / len(scores)
    reading = _CLAUSES.get((name, item.item), reading)
    lacking = name == "evidence-says-no" or _LACKING.get(name) == item.item
    return Attestation(
        requirement=requirement.id,
        item=item.item,
        who="matrix",
        when=today - 30 * _DAY,
        result="does-not-conform" if lacking else "conforms",
        reading=None if lacking else reading,
        scores=() if lacking else scores,
        file=_FILES.get(requirement.id, _photo if item.expects == "photo" else _plain)(name),
        file_name="paper",
        page="" if name == "page-missing" else "12",
        terms=_TERMS.get(name, ()) if item.item == "quality" else (),
        valid_until=today - _DAY if expired else today + 365 * _DAY,
        **({"subjects": ()} | _NAMED.get(name, {"subjects": (_HERE, _ELSEWHERE, SITE)})),
    )
