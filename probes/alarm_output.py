"""The alarm output (4.3.1 l): does it follow its command, by a meter or the device's own word?"""

from __future__ import annotations

from collections.abc import Mapping

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording

QUANTITY = "alarm-output"
INSTRUMENT = "alarm-output/1"


def measure_alarm_output(recording: Recording) -> Measurement:
    """``follows``, ``inverted``, ``still``, ``refused``, or ``None``, of an ``alarm-output`` visit.

    The meter governs where there is one; an output that is told as commanded but was not metered
    is ``follows`` with ``details["by"]`` ``device``.
    """
    facts = recording.facts
    steps = [one for one in facts.get("steps") or () if isinstance(one, Mapping)]
    idle_open = str(facts.get("idle") or "open").lower() != "closed"
    wanted = [one.get("commanded") == "active" for one in steps]
    metered = [
        None if one.get("contact") is None else (one.get("contact") == "closed") == idle_open
        for one in steps
    ]
    told = [None if one.get("told") is None else one.get("told") == "active" for one in steps]
    readings = {"meter": metered, "device": told}
    value: str | None = None
    by: str | None = None
    if len(steps) == 2 and recording.problem is None:
        if not all(one.get("accepted") for one in steps):
            value = "refused"
        else:
            by = next((way for way, found in readings.items() if None not in found), None)
            value = None if by is None else _compared(wanted, readings[by])
    return Measurement.of(
        recording,
        quantity=QUANTITY,
        value=value,
        unit="",
        instrument=INSTRUMENT,
        method=f"method.{QUANTITY}",
        details={
            "by": by,
            "steps": [dict(one) for one in steps],
            "restored": facts.get("restored"),
        },
        spoilt=None if value else recording.problem or Reason(f"{QUANTITY}.unread"),
    )


def _compared(wanted: list[bool], found: list[bool | None]) -> str:
    if found == wanted:
        return "follows"
    return "still" if found[0] == found[1] else "inverted"
