"""Time from the registration answer (GB/T 28181-2016 9.10): does the clock follow its Date?

The platform tells a time that is 30 s wrong, asks for DeviceTime, and tells the right time again.
A clock that is merely right may be kept so by NTP and proves nothing (ruling R-037).
"""

from __future__ import annotations

from dataclasses import dataclass

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import moment, number, steps_of
from probes.gb28181.judging import Judgement, begin

INSTRUMENT = "gb-date/1"
_HOUR = 3600.0
#: An offset this near a whole number of hours, other than none, is a zone taken wrongly.
_NEAR_HOUR_S = 5.0


@dataclass(frozen=True)
class _Told:
    """Device minus reference lies between ``lower`` and ``upper`` after a Date off by ``shift``."""

    shift: float
    lower: float
    upper: float

    @property
    def middle(self) -> float:
        return (self.lower + self.upper) / 2

    def agrees(self, wanted: float) -> bool:
        """Whether the offset can be within 1 s of ``wanted``."""
        return self.lower < wanted + 1 and self.upper > wanted - 1


def measure_date_following(recording: Recording) -> Measurement:
    """Judge a ``gb28181:clock`` recording.

    Quantity ``gb-date``; ``details``: ``offsets`` [{shift, lower, upper}] in seconds.
    """
    judgement, conversation = begin(recording, "gb-date", INSTRUMENT)
    told = _told(judgement, recording)
    judgement.details["offsets"] = [
        {"shift": one.shift, "lower": one.lower, "upper": one.upper} for one in told
    ]
    shifted = next((one for one in told if one.shift), None)
    straight = next((one for one in told if not one.shift), None)
    if shifted is None or straight is None:
        if not judgement.doubts:
            judgement.doubt("not-told-twice")
    elif abs((shifted.middle - straight.middle) - shifted.shift) > abs(shifted.shift) / 2:
        judgement.fault("ignored", shift=shifted.shift, moved=shifted.middle - straight.middle)
    elif not straight.agrees(0.0):
        _off(judgement, straight)
    elif not shifted.agrees(shifted.shift):
        judgement.fault("inaccurate", offset=shifted.middle - shifted.shift)
    return judgement.measurement(conversation)


def _off(judgement: Judgement, straight: _Told) -> None:
    hours = round(straight.middle / _HOUR)
    if hours and abs(straight.middle - hours * _HOUR) < _NEAR_HOUR_S:
        judgement.fault("time-zone", hours=hours)
    else:
        judgement.fault("inaccurate", offset=straight.middle)


def _told(judgement: Judgement, recording: Recording) -> list[_Told]:
    """The offset after each registration; notes what is missing."""
    found: list[_Told] = []
    shift: float | None = None
    for step in steps_of(recording, "register", "device-status"):
        if step["name"] == "register":
            shift = number(step.get("shift_s")) if step.get("registered") else None
            if shift is None:
                judgement.doubt("not-registered-again")
            continue
        sent, received, told = (moment(step, name) for name in ("sent", "received", "told"))
        if shift is None:
            continue
        if sent is None or received is None or told is None:
            judgement.doubt("no-device-time")
            continue
        found.append(_Told(shift, told - received, told + 1 - sent))
        shift = None
    return found
