"""A point as evidence records name it, and what they prove of its device. No phrases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.checklists import Subject, miss_of
from assessment.evidence import CONFORMS
from steps.acceptance import ScenarioRun
from targets.site import Certificate, Point


def subject_of(run: ScenarioRun, point: Point) -> Subject:
    """A point as records name it: what its device said of itself, else what the inventory says."""
    told: Mapping[str, Any] = {}
    for recording in run.acceptance.history("description", point):
        told = recording.facts.get("device") or told
    model, firmware = (
        str(told.get(name) or point.declared.get(name, "")) for name in ("model", "firmware")
    )
    return Subject(point.id, model, firmware)


def attested_certificate(run: ScenarioRun, point: Point) -> Certificate | None:
    """The newest certificate of the evidence records; rather one of this device than of another."""
    item = next(one for one in run.requirement.checklist if one.item == "certificate")
    subject = subject_of(run, point)
    records = [
        one
        for one in run.acceptance.attestations
        if (one.requirement, one.item) == (run.requirement.id, item.item)
        and one.file is not None
        and one.sha256 in ("", one.file.digest)
        and one.result == CONFORMS
    ]
    own = [one for one in records if not miss_of(one, item, subject)]
    newest = max(own or records, key=lambda one: one.when, default=None)
    if newest is None:
        return None
    printed = dict(newest.printed)
    model = newest.model or (subject.model if own else ", ".join(newest.subjects))
    until = newest.valid_until.isoformat() if newest.valid_until else ""
    mark, number = printed.get("laboratory_mark", ""), printed.get("number", "")
    return Certificate(printed.get("code", ""), model, mark, until, number)
