"""Blocking: steps on the grid of 8x8 pixels in which video is coded.

Between neighbouring pixels the luma steps as much on the grid as off it, unless an encoder
starved of bits left each block with little more than its mean. Steps are cut off at a few grey
levels, so that the edges of things count little, and both directions must show the grid: a fence
has one only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probes.picture_quality.view import Plane, Reading, View

GRID = 8
_UNSEEN, _CUT = 2, 16
"""Smaller steps are not seen; larger ones are edges of things, and count as this."""
_FINEST = 2.0
"""Smallest uncertainty, per cent: by so much do single places beside the grid differ."""
_LEAST_STEP = 0.4
"""Mean visible step in grey levels that the excess is taken of in a smoother picture."""


@dataclass(frozen=True)
class Blocking:
    """How much larger the steps on the grid are than those beside it, in per cent.

    ``steps`` are the mean steps across by their place on the grid, in grey levels.
    """

    excess: Reading
    steps: tuple[float, ...]


def blocking(views: Sequence[View]) -> Blocking:
    """The blocking of ``views`` of one camera: the median, and the interval over all.

    Raises:
        ValueError: there is no picture.
    """
    found = sorted((_excess(view.luma) for view in views), key=lambda one: one[0])
    if not found:
        raise ValueError("blocking needs a picture")
    middle, steps = found[len(found) // 2]
    excess = Reading(middle, found[0][0], found[-1][0]).no_better_than(_FINEST, -100.0)
    return Blocking(excess, steps)


def _excess(luma: Plane) -> tuple[float, tuple[float, ...]]:
    across, upright = _steps(luma), _steps(luma.T)
    smaller = min(
        (steps[0] - steps[1:].max()) / max(float(steps[1:].mean()), _LEAST_STEP)
        for steps in (across, upright)
    )
    return float(smaller) * 100, tuple(float(one) for one in across)


def _steps(luma: Plane) -> NDArray[np.float64]:
    """Mean step into the columns of each place on the grid."""
    width = luma.shape[1] // GRID * GRID
    wide = luma[:, :width].astype(np.int16)
    steps = np.abs(np.diff(wide, axis=1)) - _UNSEEN
    change = np.clip(steps, 0, _CUT).mean(axis=0)
    places = np.arange(1, width) % GRID
    return np.array([change[places == place].mean() for place in range(GRID)])
