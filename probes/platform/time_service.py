"""The platform's NTP and its own clock (4.3.3.5-a): served, synchronised, and within a second."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.clock_answers import intersect
from probes.clock_offset import reference_error
from probes.gb28181.judging import Judgement
from probes.platform.moments import posix_time
from probes.platform.reading import mapping, mappings

INSTRUMENT = "platform-time/1"
QUANTITY = "platform-ntp"
#: The error that 4.3.3.5-d allows a clock.
ALLOWED_S = 1.0
#: Times are told to a thousandth.
_TOLD_S = 0.001


def measure_time_service(recording: Recording) -> Measurement:
    """Judge a ``platform:clock`` recording.

    Quantity ``platform-ntp``; ``details``: ``ntp`` as it was asked, ``served`` and ``own``: how
    far the served time and the platform's own word lie ahead of the reference, as intervals in
    seconds.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    found = mapping(recording.facts.get("ntp"))
    judgement.details["ntp"] = dict(found)
    if not found:
        judgement.doubt("not-asked")
        return judgement.measurement()
    problem = found.get("problem")
    if problem == "refused":
        judgement.fault("not-served", port=found.get("port"))
    elif problem == "unusable":
        judgement.fault("unusable", detail=found.get("detail"))
    elif problem:
        judgement.doubt("no-answer", port=found.get("port"))
    reference = reference_error(recording)
    if reference is None:
        judgement.doubt("reference-unknown")
        return judgement.measurement()
    if not problem:
        offset, error = _number(found, "offset_s"), _number(found, "error_s")
        _clock(judgement, "served", (offset - error, offset + error), reference)
    if (own := _own(recording)) is not None:
        _clock(judgement, "own", own, reference)
    return judgement.measurement()


def _own(recording: Recording) -> tuple[float, float] | None:
    """How far the platform's own word is ahead: what all answers agree on."""
    told = []
    for one in mappings(recording.facts.get("polls")):
        at = posix_time(one.get("told"))
        if at is not None:
            left, returned = _number(one, "left"), _number(one, "returned")
            told.append((at - returned - _TOLD_S, at - left + _TOLD_S))
    return intersect(told) if told else None


def _clock(judgement: Judgement, which: str, ahead: tuple[float, float], reference: float) -> None:
    lower, upper = ahead[0] - reference, ahead[1] + reference
    judgement.details[which] = [round(lower, 4), round(upper, 4)]
    middle = round((lower + upper) / 2, 2)
    if lower > ALLOWED_S or upper < -ALLOWED_S:
        judgement.fault(f"{which}-off", seconds=middle)
    elif lower < -ALLOWED_S or upper > ALLOWED_S:
        judgement.doubt(f"{which}-undecided", seconds=middle)


def _number(found: object, name: str) -> float:
    value = mapping(found).get(name)
    return float(value) if isinstance(value, int | float) else 0.0
