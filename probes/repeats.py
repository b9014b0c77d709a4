"""Repeated pictures: the share of pictures that show nothing new.

The compressed size does not tell (an encoder spends bits on refining a copy), nor does the mean
difference of whole pictures (that refinement is as large as the noise). What tells is motion:
the most changed blocks of 16x16 luma means. Between true pictures of a moving scene they change
much, between a picture and its copy hardly, whatever the encoder does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from probes.decoding import Blocks
from probes.streams import STRETCH, Glance, Track

State = Literal["none", "found", "static", "unsure", "unknown"]

DETECTABLE_SHARE = 0.2
_MOST_CHANGED = 8
_MOTION = 3.0
"""Grey levels that the most changed blocks must reach for a scene to count as moving."""
_BRISK = 2.0
"""So many times that motion, and a copy could not be mistaken for a true picture."""
_STILL = 0.3
"""A picture that changes less than this share of the usual change may be a copy."""
_NOTHING = 0.5
"""Changes below this many grey levels are all the same: rounding and the encoder's refining."""
_GAP = 1.35
"""So many times more than any copy does every true picture change."""
_PAUSE = 6
"""So many still pictures in a row are a pause of the scene, not copies."""
_CLOSER_LOOK = 75
_STRETCHES = 4
_SMALLEST_SHARE = 0.1
_SAME_PLACE = 0.9


@dataclass(frozen=True, slots=True)
class Repeats:
    """What was found.

    Attributes:
        state: ``none`` (none at one in five or more), ``found``, ``static`` (nothing moves, so
            copies cannot be told), ``unsure`` (only a flicker in one place moves), ``unknown``
            (nothing could be decoded).
        share: repeated among all pictures; 0 unless found.
        lower, upper: its 95 % interval (Clopper and Pearson 1934) when found, else 0.
        examined: steps from picture to picture that were looked at.
        motion: change of the most changed blocks at each of them, grey levels.
    """

    state: State
    share: float
    lower: float
    upper: float
    examined: int
    motion: tuple[float, ...]


@dataclass(frozen=True)
class _Steps:
    """Change from picture to picture: of the most changed blocks, and which blocks changed."""

    motion: npt.NDArray[np.float64]
    changed: npt.NDArray[np.bool_]

    @property
    def level(self) -> float:
        return float(np.percentile(self.motion, 75)) if len(self.motion) else 0.0

    @property
    def still(self) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = self.motion < _STILL * self.level
        return found


def find_repeats(track: Track) -> Repeats:
    """Look at a stretch of pictures; at others while nothing moves; longer when in doubt."""
    if len(track.glances()) < STRETCH // 2:
        return _nothing("unknown", None)
    start, steps = track.glances()[0].unit, _steps(track.glances())
    for key in _others(track.key_units(), start):
        if steps.level >= _MOTION:
            break
        if track.sound_end(key, STRETCH) - key >= STRETCH // 2:
            start, steps = key, _steps(track.glance_at(key, STRETCH))
    if steps.level < _MOTION:
        return _nothing("static", steps)
    if not steps.still.any() and steps.level >= _BRISK * _MOTION:
        return _nothing("none", steps)
    return _judge(_steps(track.glance_at(start, _CLOSER_LOOK)))


def _others(keys: npt.NDArray[np.int64], start: int) -> list[int]:
    rest = [int(key) for key in keys if key != start]
    step = max(1, len(rest) // (_STRETCHES - 1))
    return rest[::step][: _STRETCHES - 1]


def _nothing(state: State, steps: _Steps | None) -> Repeats:
    motion = () if steps is None else tuple(float(each) for each in steps.motion)
    return Repeats(state, 0.0, 0.0, 0.0, len(motion), motion)


def _steps(glances: Iterable[Glance]) -> _Steps:
    motion, changed = [], []
    before: Blocks | None = None
    for blocks in (glance.blocks for glance in glances):
        if before is not None and before.shape == blocks.shape:
            change = np.abs(blocks - before).ravel()
            motion.append(float(np.partition(change, -_MOST_CHANGED)[-_MOST_CHANGED:].mean()))
            changed.append(change > max(_MOTION, motion[-1]) / 2)
        before = blocks
    if not motion:
        return _Steps(np.zeros(0), np.zeros((0, 0), np.bool_))
    same = [row for row in changed if row.shape == changed[0].shape]
    return _Steps(np.array(motion), np.array(same))


def _judge(steps: _Steps) -> Repeats:
    """Count the copies in a closer look, pauses of the scene left out."""
    if steps.level < _MOTION:
        return _nothing("static", steps)
    pause = _in_long_runs(steps.still, _PAUSE)
    examined = int((~pause).sum())
    slow = int((steps.still & ~pause).sum())
    copies = int((_set_apart(steps) & ~pause).sum())
    share = copies / examined if examined else 0.0
    if share < _SMALLEST_SHARE:
        continuous = slow >= DETECTABLE_SHARE * examined > 0
        return _nothing("unsure" if continuous else "none", steps)
    if _flickers(steps):
        return _nothing("unsure", steps)
    lower, upper = (
        float(beta.ppf(0.025, copies, examined - copies + 1)),
        float(beta.ppf(0.975, copies + 1, examined - copies)) if copies < examined else 1.0,
    )
    return Repeats("found", share, lower, upper, examined, tuple(map(float, steps.motion)))


def _set_apart(steps: _Steps) -> npt.NDArray[np.bool_]:
    """The still pictures that a gap separates from all others.

    True pictures of an uneven motion change by anything between little and much.
    """
    motion = np.maximum(steps.motion, _NOTHING)
    ordered = np.sort(motion)
    fewest = max(1, math.ceil(_SMALLEST_SHARE * len(ordered)))
    most = min(int(steps.still.sum()), len(ordered) - 1)
    gaps = ordered[fewest : most + 1] / ordered[fewest - 1 : most]
    if not len(gaps) or gaps.max() < _GAP:
        return np.zeros_like(steps.still)
    found: npt.NDArray[np.bool_] = motion <= ordered[fewest - 1 + int(gaps.argmax())]
    return found


def _in_long_runs(values: npt.NDArray[np.bool_], length: int) -> npt.NDArray[np.bool_]:
    """Where ``values`` holds ``length`` times or more in a row."""
    inside = np.zeros_like(values)
    bounds = np.flatnonzero(np.diff(np.concatenate(([0], values.astype(np.int8), [0]))))
    for first, end in zip(bounds[::2], bounds[1::2], strict=True):
        inside[first:end] = end - first >= length
    return inside


def _flickers(steps: _Steps) -> bool:
    """Whether the moving blocks are always the same ones: a blinking light, not a motion."""
    moving = steps.changed[~steps.still]
    if len(moving) < 3:
        return True
    together = (moving[1:] & moving[:-1]).sum(axis=1)
    either = (moving[1:] | moving[:-1]).sum(axis=1)
    everywhere = float(moving.mean()) > 0.5
    return not everywhere and float(np.median(together / np.maximum(either, 1))) >= _SAME_PLACE
