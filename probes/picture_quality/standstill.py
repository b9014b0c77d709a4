"""Standstill: for how long nothing in the picture changed while pictures went on coming.

A scene in which nothing moves looks like a frozen picture, and cameras that take the noise out
well leave nothing that would tell the two apart. What proves a freeze is how it begins: things
that move in several places away from the border stop all at once, from one picture to the next. A
car that leaves goes over the border; people and cars that stop do so one by one and slow down.
Burnt-in text is not looked at: a clock may go on over a frozen sensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from probes.decoding import Blocks
from probes.streams import Track

State = Literal["moving", "faint", "still"]

_MOVES = 3.0
"""Grey levels by which the mean of a block changes when something moves through it."""
_NOTHING = 1.5
"""Smaller changes are rounding and what the encoder refines."""
_MOST_CHANGED = 8
_BURST = 4
_LONGEST_GROUP_S = 2.6
_TEXT_BAND = 0.12
_BORDER = 0.04
_FEWEST_PLACES = 2
_WHOLE_PICTURE = 0.3
"""Share of the blocks that move where the camera itself does."""
_SLOWED = 0.6
_MOST_REFINED = 2
_TRAVEL_STEPS = 8
_FEWEST_ALONG = 5
_TRAVELLED = 2.0
"""Blocks by which a thing must have moved."""
_STEPS_BEFORE = 3
_MOST_PICTURES = 3000
_MOST_GROUPS = 6
_FOLLOWS = 2.5
"""So many usual times from picture to picture, and a picture still follows another."""


@dataclass(frozen=True)
class Look:
    """A picture reduced to the means of its blocks, and when it came."""

    at_s: float
    blocks: Blocks


@dataclass(frozen=True)
class Standstill:
    """The longest time without any change.

    Attributes:
        seconds, lower, upper: how long; between two looks nothing is known, which the interval
            holds.
        proven: whether it is a freeze; a still scene otherwise.
        begins_s: when it began, seconds from the beginning of the recording.
        preceded: whether the pictures just before it were looked at.
    """

    seconds: float
    lower: float
    upper: float
    proven: bool
    begins_s: float
    preceded: bool


def find_standstill(track: Track) -> Standstill | None:
    """The longest standstill of a track; ``None`` where too little of it can be decoded.

    A few pictures at the beginning of each group are decoded, all of them where groups are long,
    and those of the groups in which something stops.
    """
    keys = [int(key) for key in track.key_units()]
    if not keys:
        return None
    times = (track.units.first_ns - track.units.first_ns[0]) / 1e9
    groups = list(pairwise([*keys, len(times)]))
    longest = max(times[end - 1] - times[begin] for begin, end in groups)
    usual = float(times[-1]) / max(len(times) - 1, 1)
    whole: set[int] = set(keys) if longest > _LONGEST_GROUP_S else set()
    looks: dict[int, Look] = {}
    for begin, end in groups:
        looks |= _looks(track, begin, _MOST_PICTURES if whole else min(_BURST, end - begin), times)
    while True:
        found = longest_standstill(list(looks.values()), float(times[-1]), usual)
        if found is None or found.proven or found.seconds == 0:
            return found
        # Where it began is not seen yet: in the group before its first look.
        earlier = [one for one in groups if times[one[0]] < found.begins_s and one[0] not in whole]
        if found.preceded or not earlier or len(whole) >= _MOST_GROUPS:
            return found
        begin, end = earlier[-1]
        whole.add(begin)
        looks |= _looks(track, begin, min(end - begin + _BURST, _MOST_PICTURES), times)


def _looks(track: Track, begin: int, most: int, times: NDArray[np.float64]) -> dict[int, Look]:
    return {
        one.unit: Look(float(times[one.unit]), one.blocks) for one in track.glance_at(begin, most)
    }


def longest_standstill(
    looks: Sequence[Look], end_s: float, usual_s: float = 0.04
) -> Standstill | None:
    """The longest standstill in ``looks``.

    Two of them follow each other when they are little more than ``usual_s`` apart; between others
    pictures were not looked at. ``end_s`` is the end of the recording.
    """
    ordered = sorted(looks, key=lambda one: one.at_s)
    steps = [_Step.of(*pair, usual_s) for pair in pairwise(ordered)]
    if not steps:
        return None
    runs = _still_runs(steps)
    if not runs:
        gap = max((one.ends_s - one.begins_s for one in steps if not one.follows), default=0.0)
        return Standstill(0.0, 0.0, gap, False, 0.0, True)
    first, last = max(runs, key=lambda run: steps[run[1]].ends_s - steps[run[0]].begins_s)
    begins, ends = steps[first].begins_s, steps[last].ends_s
    before = steps[first - 1] if first else None
    after = steps[last + 1] if last + 1 < len(steps) else None
    earliest = begins if before is None or before.follows else before.begins_s
    latest = end_s if after is None else (ends if after.follows else after.ends_s)
    stop = _without_refinement(steps, first)
    return Standstill(
        seconds=ends - begins,
        lower=ends - begins,
        upper=max(ends - begins, latest - earliest),
        proven=_stops_at_once(steps[max(0, stop - _TRAVEL_STEPS) : stop]),
        begins_s=begins,
        preceded=stop >= _TRAVEL_STEPS
        and all(one.follows for one in steps[stop - _STEPS_BEFORE : stop]),
    )


@dataclass(frozen=True)
class _Step:
    """What changed from one look to the next: how much and in which share of the blocks away from
    burnt-in text, and where things moved.
    """

    begins_s: float
    ends_s: float
    motion: float
    places: list[tuple[float, float]]
    share: float
    follows: bool

    @classmethod
    def of(cls, before: Look, after: Look, usual_s: float) -> _Step:
        follows = after.at_s - before.at_s <= _FOLLOWS * usual_s
        if before.blocks.shape != after.blocks.shape or min(before.blocks.shape) < _MOST_CHANGED:
            return cls(before.at_s, after.at_s, np.inf, [], 0.0, follows)
        change = np.abs(after.blocks - before.blocks)
        band = round(change.shape[0] * _TEXT_BAND)
        inside = change[band : change.shape[0] - band].ravel()
        most = np.partition(inside, -_MOST_CHANGED)[-_MOST_CHANGED:]
        places = _places(change >= _MOVES)
        share = float((inside >= _MOVES).mean())
        return cls(before.at_s, after.at_s, float(most.mean()), places, share, follows)

    @property
    def state(self) -> State:
        if self.motion < _NOTHING:
            return "still"
        return "moving" if self.motion >= _MOVES else "faint"


def _places(moving: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Where something moves that does not touch the border, by blocks, the largest first."""
    rows, columns = moving.shape
    border = max(1, round(columns * _BORDER))
    joined = cv2.dilate(moving.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, _, boxes, middles = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for (left, top, wide, high, area), middle in zip(boxes[1:count], middles[1:count], strict=True):
        apart = left > border and left + wide < columns - border
        if apart and top > 0 and top + high < rows:
            found.append((int(area), (float(middle[0]), float(middle[1]))))
    return [place for _, place in sorted(found, reverse=True)]


def _still_runs(steps: Sequence[_Step]) -> list[tuple[int, int]]:
    """First and last step of each run without change.

    A key picture codes the same anew: a faint step or two, and one over a gap, end no run.
    """
    runs: list[tuple[int, int]] = []
    begin: int | None = None
    faint = 0
    for number, one in enumerate(steps):
        faint = faint + 1 if one.state == "faint" and one.follows else 0
        if begin is None and one.state == "still" and one.follows:
            begin = number
        elif begin is not None and (one.state == "moving" or faint > _MOST_REFINED):
            runs.append((begin, number - 1 - max(faint - 1, 0)))
            begin = None
    if begin is not None:
        runs.append((begin, len(steps) - 1 - faint))
    return runs


def _without_refinement(steps: Sequence[_Step], first: int) -> int:
    """Where motion ended: for a step or two an encoder refines the picture that stands."""
    stop = first
    while stop > max(0, first - _MOST_REFINED) and steps[stop - 1].state == "faint":
        stop -= 1
    return stop


def _stops_at_once(before: Sequence[_Step]) -> bool:
    """Whether the steps just before show motion that neither left nor had time to slow down.

    Several things, the whole picture, or one that travels: a screen in view that plays a film and
    stops stays where it is.
    """
    last = before[-_STEPS_BEFORE:]
    if len(last) < _STEPS_BEFORE or not all(one.follows and one.state == "moving" for one in last):
        return False
    usual = float(np.median([one.motion for one in last[:-1]]))
    if last[-1].motion < _SLOWED * usual:
        return False
    if all(len(one.places) >= _FEWEST_PLACES or one.share >= _WHOLE_PICTURE for one in last):
        return True
    along = [one.places[0] for one in before if one.places]
    if not all(one.places for one in last) or len(along) < _FEWEST_ALONG:
        return False
    return float(np.hypot(*np.subtract(along[-2], along[0]))) >= _TRAVELLED
