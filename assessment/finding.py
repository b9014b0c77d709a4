"""One verdict on one requirement and one subject, with all that it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.verdicts import Verdict


@dataclass(frozen=True)
class Finding:
    """What was found of ``subject`` under ``requirement``.

    Attributes:
        requirement: id in the catalogue, e.g. ``4.3.1-c2``.
        subject: a point's id, or ``site``.
        verdict: see ``assessment.verdicts``.
        reason: why, as code and parameters.
        check_version: version of the requirement's check in the catalogue.
        measurements: what the verdict rests on.
        limit: message of the limit it was compared with, if any.
        rule: the decision rule that was used (``guarded``, ``tolerance``, ``nominal``).
        rulings: ids of the readings of open phrases that were applied.
        settle: what would settle an open verdict, if known.
    """

    requirement: str
    subject: str
    verdict: Verdict
    reason: Reason
    check_version: int = 1
    measurements: tuple[Measurement, ...] = ()
    limit: Reason | None = None
    rule: str | None = None
    rulings: tuple[str, ...] = ()
    settle: Reason | None = None
