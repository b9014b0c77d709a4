"""Noise: the restlessness of pixels that neither texture nor motion explains.

In each tile two estimates are taken and the smaller counts: within one picture (Immerkaer 1996,
the part of the luma that no smooth surface explains) and from picture to picture (half the
variance of their difference). Texture is large in the first and stays in place; motion is large
in the second and not in smooth tiles; noise is large in both, and everywhere: so the quieter
tiles tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from probes.picture_quality.view import FREE_ROWS, TILES, Plane, Reading, View

Floats = NDArray[np.float32]

_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_QUIET_TILES = 0.25
_DARKEST, _BRIGHTEST = 12.0, 243.0
_STILL = 6.0
_FINEST, _ACCURACY = 0.3, 0.1
"""Smallest uncertainty in grey levels, and as a share of the level."""
_LEAST_TILES = 16


@dataclass(frozen=True)
class Noise:
    """Standard deviation of the noise in grey levels of 255.

    ``level`` is ``None`` where too few tiles are lit and hold still. ``tiles``: those that do.
    """

    level: Reading | None
    tiles: int


def noise(views: Sequence[View]) -> Noise:
    """The noise in ``views``, key pictures of one camera.

    Key pictures, because an encoder repeats most of a picture in those that follow it. The value is
    what a quarter of the tiles fall short of, in the pair of pictures where it is largest; the
    interval runs over neighbouring quantiles of the same pair.
    """
    found = [_tiles(before, after) for before, after in pairwise(views)]
    tiles = min((len(one) for one in found), default=0)
    if tiles < _LEAST_TILES:
        return Noise(None, tiles)
    low, value, high = max(
        (np.quantile(one, (0.15, _QUIET_TILES, 0.4)) for one in found),
        key=lambda one: float(one[1]),
    )
    level = Reading(float(value), float(low), float(high))
    return Noise(level.no_better_than(max(_FINEST, _ACCURACY * level.value)), tiles)


def _tiles(before: View, after: View) -> Floats:
    """The smaller estimate of every tile that is lit and holds still."""
    first, second = before.luma.astype(np.float32), after.luma.astype(np.float32)
    if first.shape != second.shape:
        return np.zeros(0, np.float32)
    change = second - first
    light, moved = _means(second), _means(change)
    spread = np.maximum(_means(change**2) - moved**2, 0)
    within = np.sqrt(_means(np.square(cv2.filter2D(second, cv2.CV_32F, _LAPLACIANS))) / 36)
    smaller = np.minimum(within, np.sqrt(spread / 2))
    usable = (light > _DARKEST) & (light < _BRIGHTEST) & (np.abs(moved) < _STILL)
    return np.asarray(smaller[FREE_ROWS][usable[FREE_ROWS]], np.float32)


def _means(plane: Floats | Plane | cv2.typing.MatLike) -> Floats:
    return np.asarray(cv2.resize(plane, TILES, interpolation=cv2.INTER_AREA), np.float32)
