"""What is still missing in an evidence folder: by item, for whom, and why what is there is not."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assessment.checklists import WHOLE_SITE, Subject, checklist_findings
from assessment.evidence import Attestation
from assessment.reason import Reason
from standard.catalogue import Catalogue, ChecklistItem, Requirement
from targets.site import Point

#: Requirements that speak of points of one scene only.
_SCENE = {"4.3.2-b1": "mixed-lane"}
_CERTIFIED = "4.3.1-b"


@dataclass(frozen=True)
class Missing:
    """One item that is open: of which points (none: of the site), and why for the first of them."""

    requirement: Requirement
    item: ChecklistItem
    points: tuple[Point, ...]
    reason: Reason


def asked_of(requirement: Requirement, point: Point) -> bool:
    """Whether a requirement that is attested by point speaks of ``point``."""
    return _SCENE.get(requirement.id, point.scene) == point.scene


def missing(
    catalogue: Catalogue,
    records: Sequence[Attestation],
    today: datetime.date,
    points: Sequence[Point],
) -> Iterator[Missing]:
    """Every open item in the order of the catalogue; ``points`` are those of the sample."""
    for requirement in catalogue:
        if requirement.checklist:
            yield from _open_items(requirement, records, today, points)


def _open_items(
    requirement: Requirement,
    records: Sequence[Attestation],
    today: datetime.date,
    points: Sequence[Point],
) -> Iterator[Missing]:
    of_papers = requirement.id == _CERTIFIED  # the site file may have the certificate itself
    by_id = {point.id: point for point in points}
    subjects: Iterable[Subject] = (WHOLE_SITE,)
    if requirement.attested_by_point:
        asked = (one for one in points if asked_of(requirement, one))
        subjects = [_subject(one) for one in asked if not (of_papers and one.certificate)]
    found = checklist_findings(requirement, records, today, tuple(subjects))
    for number, item in enumerate(requirement.checklist):
        looked = [(one.subject, one.measurements[number].spoilt) for one in found]
        left = [(subject, reason) for subject, reason in looked if reason is not None]
        if left:
            open_points = tuple(by_id[subject] for subject, _ in left if subject in by_id)
            yield Missing(requirement, item, open_points, left[0][1])


def _subject(point: Point) -> Subject:
    return Subject(point.id, *(point.declared.get(name, "") for name in ("model", "firmware")))
