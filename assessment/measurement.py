"""A measured quantity: value, unit, expanded uncertainty, method, times and subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assessment.reason import Reason
from assessment.recording import Part, Recording


@dataclass(frozen=True)
class Measurement:
    """The outcome of one probe on one subject. It knows no limit.

    Attributes:
        quantity: what was measured, e.g. ``frame-rate``.
        value: a number in ``unit``, or a nominal property (text or truth), or ``None`` when
            nothing could be measured (then ``spoilt`` says why).
        unit: UCUM-like text, ``""`` for nominal properties.
        lower, upper: ends of the 95 % interval of a number, in ``unit``. Equal to ``value``
            only for an exact count.
        instrument: probe and version, e.g. ``frame-rate/1``; a changed algorithm raises it.
        method: message key of one sentence that says how it was measured.
        subject: the point that was measured.
        started, ended: reference time of the underlying recordings, aware UTC.
        recordings: digests of the recordings that it rests on.
        details: JSON-able by-products (counts, series for charts).
        evidence: pictures and extracts another person can check, by name.
        spoilt: why no verdict may rest on this value (the path, not the device, or no data).
    """

    quantity: str
    value: float | str | bool | None
    unit: str
    instrument: str
    method: str
    subject: str
    started: datetime
    ended: datetime
    lower: float | None = None
    upper: float | None = None
    recordings: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Part] = field(default_factory=dict)
    spoilt: Reason | None = None

    @classmethod
    def of(
        cls,
        recording: Recording,
        quantity: str,
        value: float | str | bool | None,
        unit: str,
        instrument: str,
        method: str,
        **more: Any,
    ) -> Measurement:
        """What one recording shows: subject, times and digest are those of the recording."""
        return cls(
            quantity=quantity,
            value=value,
            unit=unit,
            instrument=instrument,
            method=method,
            subject=recording.subject,
            started=recording.started,
            ended=recording.ended,
            recordings=(recording.digest,),
            **more,
        )

    @property
    def uncertainty(self) -> float | None:
        """Expanded uncertainty at 95 %: half the width of the interval, in ``unit``."""
        if self.lower is None or self.upper is None:
            return None
        return (self.upper - self.lower) / 2
