"""Colour cast: whether everything in view leans to one colour.

A wrong white balance multiplies the colours of everything, of walls and of faces. Three signs
must agree: the mean of the picture (grey world, Buchsbaum 1980), its brightest parts (white
patch) and the mean of its edges (grey edge, van de Weijer 2007). A view of one hue (a lawn, a
brick wall) shows the same signs, so the picture must hold several hues around the cast before it
is called one; and by night the lamps have colours of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probes.chroma import ChromaMap
from probes.picture_quality.view import Reading, View

_DARKEST, _BRIGHTEST = 24.0, 245.0
_BRIGHT_SHARE = 8
_TEXT_BAND = 0.12
_MAY_DIFFER = 5
"""Per cent of the picture that need not lean: a wrong balance takes even grey things along."""
_LEAST_BLOCKS = 100

Floats = NDArray[np.float32]
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Cast:
    """The cast in chroma steps (of 8 bits) at a luma of 128.

    Attributes:
        strength: length of the smallest sign along the direction that all share, and of what 95 %
            of the picture exceed; ``None`` where too little of it is lit well enough.
        blue, red: its direction, Cb and Cr.
        variety: spread of the chroma (5 to 95 %) across the direction of the cast: how many hues
            there are.
    """

    strength: Reading | None
    blue: float = 0.0
    red: float = 0.0
    variety: float = 0.0


def cast(views: Sequence[View]) -> Cast:
    """The cast of ``views`` of one camera: the median, and the interval over all."""
    found = [one for one in (_of(view.chroma) for view in views) if one is not None]
    if not found:
        return Cast(None)
    ordered = sorted(found, key=lambda one: one[0])
    strength, direction, variety = ordered[len(ordered) // 2]
    reading = Reading(strength, max(0.0, ordered[0][0] - 0.5), ordered[-1][0] + 0.5)
    return Cast(reading, float(direction[0]), float(direction[1]), variety)


def _of(chroma: ChromaMap) -> tuple[float, Vector, float] | None:
    lit = (chroma.luma > _DARKEST) & (chroma.luma < _BRIGHTEST)
    band = round(lit.shape[0] * _TEXT_BAND)
    lit[:band] = lit[lit.shape[0] - band :] = False
    if int(lit.sum()) < _LEAST_BLOCKS:
        return None
    scale = 128 / chroma.luma[lit]
    blue, red = chroma.blue[lit] * scale, chroma.red[lit] * scale
    luma = chroma.luma[lit]
    bright = luma >= np.percentile(luma, 100 - _BRIGHT_SHARE)
    signs = [
        np.array([blue.mean(), red.mean()]),
        np.array([np.median(blue[bright]), np.median(red[bright])]),
        _edges(chroma, lit),
    ]
    total = np.sum(signs, axis=0)
    length = float(np.hypot(*total))
    if length < 1e-6:
        return 0.0, np.array([1.0, 0.0]), 0.0
    direction = total / length
    along = blue * direction[0] + red * direction[1]
    nearly_all = float(np.percentile(along, _MAY_DIFFER))
    strength = max(0.0, min(nearly_all, *(float(sign @ direction) for sign in signs)))
    across = blue * -direction[1] + red * direction[0]
    variety = float(np.percentile(across, 95) - np.percentile(across, 5))
    return strength, direction, variety


def _edges(chroma: ChromaMap, lit: NDArray[np.bool_]) -> Vector:
    """The chroma of what changes from block to block, for the luma that changes with it."""
    weights, blue, red = 0.0, 0.0, 0.0
    for axis in (0, 1):
        both = np.take(lit, range(1, lit.shape[axis]), axis) & np.take(
            lit, range(lit.shape[axis] - 1), axis
        )
        steps = [
            np.diff(plane, axis=axis)[both] for plane in (chroma.luma, chroma.blue, chroma.red)
        ]
        sign = np.sign(steps[0])
        weights += float(np.abs(steps[0]).sum())
        blue += float((steps[1] * sign).sum())
        red += float((steps[2] * sign).sum())
    if weights < 1.0:
        return np.zeros(2)
    return np.array([blue, red]) / weights * 128
