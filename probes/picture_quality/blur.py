"""Blur: how wide the sharpest edges of a picture are.

A lens out of focus, a film of grease and dew widen every edge, so the *sharpest* edges tell. The
width of an edge comes from blurring the picture twice more (Zhuo and Sim 2011, "Defocus map
estimation from a single image"): the gradient at the middle of an edge of width s falls by
sqrt((s2 + b2) / (s2 + a2)) when a blur of a is replaced by one of b. That holds for an edge of
any contrast, so it needs no picture to compare with; it needs edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from probes.picture_quality.view import FREE_ROWS, TILES, Reading, View

Floats = NDArray[np.float32]

LINES = 1080
"""Widths are in pixels of a picture of so many lines."""
_FINE, _COARSE = 1.2, 3.0
_WIDEST = 12.0
_FINEST, _ACCURACY = 0.3, 0.12
"""Smallest uncertainty in pixels, and as a share of the width: tests hold it to known edges."""
_LEAST_STEP = 25.0
"""Grey levels that an edge must climb."""
_LEAST_POINTS = 25
_SHARPEST = 25
_LEAST_TILES = 10
_TILE_SHARE = 0.2
"""Share of the tiles with edges that must be sharp for the picture to be."""


@dataclass(frozen=True)
class Blur:
    """Width of the edges: standard deviation of the blur in pixels at 1080 lines.

    ``width`` is ``None`` where fewer than ten of 112 tiles hold edges. ``tiles``: those with edges
    in the picture that has fewest.
    """

    width: Reading | None
    tiles: int


def blur(views: Sequence[View]) -> Blur:
    """The blur of ``views`` of one camera, taken together; burnt-in text is not looked at.

    The value is the width that a fifth of the tiles fall short of, and its interval the one of
    that quantile over all tiles of all pictures, by ranks.
    """
    found = [_tile_widths(view) for view in views]
    tiles = min((len(one) for one in found), default=0)
    if tiles < _LEAST_TILES:
        return Blur(None, tiles)
    quantiles = [_quantile(one) for one in found]
    middle = sorted(quantiles, key=lambda one: one.value)[len(quantiles) // 2]
    width = Reading(
        middle.value, min(one.lower for one in quantiles), max(one.upper for one in quantiles)
    )
    return Blur(width.no_better_than(max(_FINEST, _ACCURACY * width.value)), tiles)


def _quantile(widths: Floats) -> Reading:
    """The width that ``_TILE_SHARE`` of the tiles fall short of, with its interval by ranks."""
    ordered = np.sort(widths)
    count = len(ordered)
    low = int(binom.ppf(0.025, count, _TILE_SHARE))
    high = int(binom.ppf(0.975, count, _TILE_SHARE))
    value = float(np.quantile(ordered, _TILE_SHARE))
    return Reading(
        value,
        min(value, float(ordered[max(low - 1, 0)])),
        max(value, float(ordered[min(high, count - 1)])),
    )


def _tile_widths(view: View) -> Floats:
    """Width of the sharper edges of every tile that has enough of them."""
    luma = view.luma
    if luma.shape[0] > LINES:
        size = (round(luma.shape[1] * LINES / luma.shape[0]), LINES)
        luma = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
    scale = LINES / luma.shape[0]
    fine, coarse = (_gradient(luma, sigma) for sigma in (_FINE, _COARSE))
    rows, columns = _ridges(*fine)
    steep = np.hypot(fine[0][rows, columns], fine[1][rows, columns])
    gentle = np.hypot(coarse[0][rows, columns], coarse[1][rows, columns])
    ratio = np.clip((steep / np.maximum(gentle, 1e-3)) ** 2, 1.0001, None)
    squared = (_COARSE**2 - _FINE**2 * ratio) / (ratio - 1)
    width = np.sqrt(np.clip(squared, 0, _WIDEST**2))
    climbs = steep * np.sqrt(2 * np.pi * (width**2 + _FINE**2)) >= _LEAST_STEP
    across, upright = TILES
    tile = rows[climbs] * upright // luma.shape[0] * across
    tile += columns[climbs] * across // luma.shape[1]
    width = width[climbs] * scale
    free = range(FREE_ROWS.start * across, FREE_ROWS.stop * across)
    order = np.argsort(tile, kind="stable")
    tile, width = tile[order], width[order]
    bounds = np.searchsorted(tile, np.arange(across * upright + 1))
    return np.array(
        [
            np.percentile(width[begin:end], _SHARPEST)
            for begin, end in ((bounds[one], bounds[one + 1]) for one in free)
            if end - begin >= _LEAST_POINTS
        ],
        np.float32,
    )


def _gradient(luma: NDArray[np.uint8], sigma: float) -> tuple[Floats, Floats]:
    soft = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), sigma)
    kernel = np.array([[-0.5, 0, 0.5]], np.float32)
    across = cv2.filter2D(soft, cv2.CV_32F, kernel)
    upright = cv2.filter2D(soft, cv2.CV_32F, kernel.T)
    return np.asarray(across, np.float32), np.asarray(upright, np.float32)


def _ridges(across: Floats, upright: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the gradient is largest along its own direction, away from the picture's border."""
    size = cv2.magnitude(across, upright)
    least = _LEAST_STEP / (np.sqrt(2 * np.pi) * np.hypot(_WIDEST, _FINE))
    lying = np.abs(across) >= np.abs(upright)
    inner = size[1:-1, 1:-1]
    beside = (inner >= size[1:-1, :-2]) & (inner > size[1:-1, 2:])
    above = (inner >= size[:-2, 1:-1]) & (inner > size[2:, 1:-1])
    ridge = np.where(lying[1:-1, 1:-1], beside, above) & (inner > least)
    edge = 4
    ridge[:edge] = ridge[-edge:] = False
    ridge[:, :edge] = ridge[:, -edge:] = False
    rows, columns = np.nonzero(ridge)
    return rows + 1, columns + 1
