"""A patrol (GB/T 28181-2016 A.3.5) between two presets: the picture goes to both, in turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from probes.gb28181.judging import Judgement
from probes.gb28181.media import LATE_S, Media, Shown
from probes.gb28181.motion import MOVE, Luma, between, last_before, likeness, total

#: Pictures of one place are at least so alike; those of two places less.
_ALIKE = 0.8
#: A patrol that is watched for less than this may not have begun: seconds.
_LEAST_S = 3.0
_LATENCY_S = 0.8

Window = tuple[dict[str, Any], float, float]


def judge_patrol(
    judgement: Judgement, media: Media, pictures: Sequence[Shown], windows: Sequence[Window]
) -> None:
    """Whether the patrol was seen at its second preset and back at the first.

    ``windows``: each command with when it was given and when the next one was. Without the
    command nothing is judged. ``details["patrol"]``: ``there-and-back``, ``there``, ``still`` or
    ``unclear``.
    """
    given = {str(step.get("what")): (at, end) for step, at, end in windows}
    if "patrol-start" not in given or "second-preset-set" not in given:
        judgement.note("patrol-not-tried")
        return
    if any(one.code.endswith(".preset-lost") for one in judgement.faults):
        return  # it had nowhere to go
    begun, ended = given["patrol-start"]
    first = last_before(pictures, begun)
    second = last_before(pictures, given["second-preset-set"][0])
    if first is None or second is None or likeness(first.luma, second.luma) > _ALIKE:
        judgement.details["patrol"] = "unclear"
        judgement.doubt("patrol-unseen")
        return
    seen = between(pictures, begun, ended + _LATENCY_S)
    there = _when_like(second.luma, seen, begun)
    back = None if there is None else _when_like(first.luma, seen, there)
    found = "there-and-back" if back is not None else "there" if there is not None else _else(seen)
    judgement.details["patrol"] = found
    if (
        found == "still"
        and ended - begun >= _LEAST_S
        and media.late_between(begun, ended + _LATENCY_S) <= LATE_S
    ):
        judgement.fault("patrol-ignored", seconds=round(ended - begun, 1))
    elif found != "there-and-back":
        judgement.doubt("patrol-unseen")


def _when_like(wanted: Luma, seen: Sequence[Shown], since: float) -> float | None:
    """When the picture was first like ``wanted`` after ``since``."""
    return next(
        (one.at for one in seen if one.at > since and likeness(wanted, one.luma) > _ALIKE), None
    )


def _else(seen: Sequence[Shown]) -> str:
    """Of a patrol that was not seen at its second preset: whether anything moved."""
    motion = total(seen)
    return "still" if len(seen) > 2 and motion.sure and motion.distance <= MOVE else "unclear"
