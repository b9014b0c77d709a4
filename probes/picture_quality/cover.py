"""Cover: how much of the view something close to the lens takes away.

What covers a lens is far out of focus, so its tiles hold no edges, and by day it is dark, for the
light falls on its other side. Sky, walls and fog hold no edges either but are light; deep shade
is dark but holds edges as soon as it is not clipped. A light cover cannot be told from a wall or
from fog: its share is given beside, and nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from probes.picture_quality.view import TILES, Reading, View

_DARK = 70.0
_SOFT = 1.0
_NOISE_OF_SMOOTH = 0.45


@dataclass(frozen=True)
class Cover:
    """Shares of the picture, 0 to 1.

    Attributes:
        dark: without edges and dark: covered, by day.
        featureless: without edges, whatever the brightness.
        lit_mean: mean luma of the other tiles, 0 to 255; 0 where there is none.
    """

    dark: Reading
    featureless: Reading
    lit_mean: float


def cover(views: Sequence[View]) -> Cover:
    """The covered share of ``views`` of one camera: the median, the interval over all pictures
    and one column of tiles.

    Raises:
        ValueError: there is no picture.
    """
    if not views:
        raise ValueError("cover needs a picture")
    found = [_tiles(view) for view in views]
    dark = [float((smooth & (light < _DARK)).mean()) for smooth, light in found]
    every = [float(smooth.mean()) for smooth, _ in found]
    lit = [light[~(smooth & (light < _DARK))] for smooth, light in found]
    means = [float(one.mean()) for one in lit if one.size]
    return Cover(_over(dark), _over(every), float(np.mean(means)) if means else 0.0)


def _over(shares: Sequence[float]) -> Reading:
    step = 1 / TILES[0] / 2
    low, high = max(0.0, min(shares) - step), min(1.0, max(shares) + step)
    return Reading(float(np.median(shares)), low, high)


def _tiles(view: View) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Which tiles hold no edges, and the mean luma of each."""
    half = cv2.resize(view.luma, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(half.astype(np.float32), (0, 0), 1.5)
    softer = cv2.GaussianBlur(soft, (0, 0), 4.0)
    detail = cv2.resize(np.square(soft - softer), TILES, interpolation=cv2.INTER_AREA)
    light = cv2.resize(half.astype(np.float32), TILES, interpolation=cv2.INTER_AREA)
    return np.asarray(np.sqrt(detail) < _SOFT, np.bool_), np.asarray(light, np.float32)
