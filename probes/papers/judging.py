"""How a paper comes to a value: faults that stand in it, and doubts about what stands in it.

The value is ``conforms`` or ``deviates``; with doubts and without faults there is none. What a
spreadsheet program spoilt is a doubt: it is named, and never mended in silence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part

CONFORMS, DEVIATES = "conforms", "deviates"
_NAMED_PLACES = 5


@dataclass(frozen=True)
class Paper:
    """A document that somebody handed in: its file, as whom it was named, and on which day."""

    file: Part
    name: str
    started: datetime.datetime
    ended: datetime.datetime
    subject: str = "site"


@dataclass
class PaperJudgement:
    """What is found of one quantity while a paper is read; reason codes begin with it."""

    quantity: str
    instrument: str
    faults: list[Reason] = field(default_factory=list)
    doubts: list[Reason] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def fault(self, code: str, /, **parameters: Any) -> None:
        """Note what is wrong in the paper."""
        self.faults.append(Reason(f"{self.quantity}.{code}", parameters))

    def doubt(self, code: str, /, **parameters: Any) -> None:
        """Note why it cannot be read."""
        self.doubts.append(Reason(f"{self.quantity}.{code}", parameters))

    def measurement(self, paper: Paper) -> Measurement:
        """The measurement; a fault governs over a doubt, the first of each gives the reason."""
        self.details["reasons"] = [one.within for one in self.faults]
        self.details["reason"] = self.details["reasons"][0] if self.faults else None
        self.details["doubts"] = [one.within for one in self.doubts]
        spoilt = self.doubts[0] if self.doubts and not self.faults else None
        value = DEVIATES if self.faults else CONFORMS
        return measured(
            paper,
            self.quantity,
            None if spoilt else value,
            self.instrument,
            details=self.details,
            spoilt=spoilt,
        )


def measured(
    paper: Paper,
    quantity: str,
    value: float | str | None,
    instrument: str,
    *,
    unit: str = "",
    details: Mapping[str, Any] | None = None,
    spoilt: Reason | None = None,
) -> Measurement:
    """What one reading of ``paper`` gives; a number in it is exact."""
    exact = value if isinstance(value, float) else None
    return Measurement(
        quantity=quantity,
        value=value,
        unit=unit,
        lower=exact,
        upper=exact,
        instrument=instrument,
        method=f"method.{quantity}",
        subject=paper.subject,
        started=paper.started,
        ended=paper.ended,
        details=details or {},
        evidence={paper.name: paper.file},
        spoilt=spoilt,
    )


def named(places: Iterable[str]) -> str:
    """Places of a paper in one line, the first few by name."""
    listed = list(dict.fromkeys(places))
    more = len(listed) - _NAMED_PLACES
    return ", ".join(listed[:_NAMED_PLACES]) + (f" … +{more}" if more > 0 else "")
