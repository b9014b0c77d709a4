"""Waivers: a known fail that somebody answers for until a date.

A waiver excuses a fail from the exit code, it never turns it into a pass. One that has run out
is a fault of the run; one whose requirement is met after all is reported.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assessment.reason import Reason
from assessment.verdicts import Verdict
from standard.catalogue import Catalogue
from standard.located_yaml import read_record


@dataclass(frozen=True)
class Waiver:
    """Why a requirement need not be met for now, who answers for it, and until which day."""

    requirement: str
    reason: str
    owner: str
    until: datetime.date

    def stale(self, today: datetime.date) -> bool:
        """Whether its last day has passed."""
        return today > self.until


def load_waivers(path: Path, catalogue: Catalogue) -> tuple[Waiver, ...]:
    """Read ``waivers: [{requirement, reason, owner, until}]``.

    Raises:
        FaultyFileError: with every mistake by line.
    """
    record, faults = read_record(path)
    waivers: list[Waiver] = []
    for row in record.records("waivers"):
        requirement = row.text("requirement")
        until = row.date("until")
        if requirement and requirement not in catalogue:
            row.fault("requirement", "unknown-requirement", found=requirement)
        if any(requirement == earlier.requirement for earlier in waivers):
            row.fault("requirement", "duplicate-id", found=requirement)
        if not row.has("until"):
            row.fault("until", "missing-field")
        waivers.append(
            Waiver(requirement, row.text("reason"), row.text("owner"), until or datetime.date.min)
        )
        row.finish()
    record.finish()
    faults.raise_if_any()
    return tuple(waivers)


def stale_waivers(waivers: Sequence[Waiver], today: datetime.date) -> tuple[Reason, ...]:
    """One fault for each waiver that has run out."""
    return tuple(
        Reason(
            "waivers.stale",
            {
                "requirement": waiver.requirement,
                "owner": waiver.owner,
                "until": waiver.until.isoformat(),
            },
        )
        for waiver in waivers
        if waiver.stale(today)
    )


def unneeded_waivers(
    waivers: Sequence[Waiver], verdicts: Mapping[str, Verdict]
) -> tuple[Reason, ...]:
    """One notice for each waiver whose requirement is met after all."""
    return tuple(
        Reason("waivers.unneeded", {"requirement": waiver.requirement, "owner": waiver.owner})
        for waiver in waivers
        if verdicts.get(waiver.requirement) is Verdict.PASS
    )
