"""Stripes: a wave of one length, direction and phase over the whole picture.

Interference, a beating supply and a failing read-out lay the same wave over everything in view, the
sky as well as the road. Things have waves of their own (fences, blinds, bricks), but not all over
the picture and not in step. So the picture is cut into tiles, each tile gives its amplitude and
phase at every wave length, and what counts is the amplitude that nearly all tiles show in step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probes.picture_quality.view import Plane, Reading, View

TILE = 128
_CANDIDATES = 6
_FIRST = 2
_CODED = 8
_FINEST = 0.5
"""Smallest uncertainty in grey levels."""
_SHARE = 0.2
"""Share of the tiles that may miss the wave."""


@dataclass(frozen=True)
class Stripes:
    """Amplitude of the wave in grey levels, and its length in pixels across and upright.

    A length of 0 means that the wave does not run in that direction.
    """

    amplitude: Reading
    length: tuple[float, float]


def stripes(views: Sequence[View]) -> Stripes:
    """The stripes over ``views`` of one camera: the median, and the interval over all.

    Raises:
        ValueError: there is no picture that holds four tiles.
    """
    found = [_strongest(view.luma) for view in views if min(view.luma.shape) >= 2 * TILE]
    if not found:
        raise ValueError("no picture is large enough")
    ordered = sorted(found, key=lambda one: one[0])
    middle = ordered[len(ordered) // 2]
    amplitude = Reading(middle[0], ordered[0][0], ordered[-1][0])
    return Stripes(amplitude.no_better_than(_FINEST), middle[1])


def _strongest(luma: Plane) -> tuple[float, tuple[float, float]]:
    waves = _waves(luma)
    common = np.where(_plausible(), np.quantile(np.abs(waves), _SHARE, axis=(0, 1)), 0)
    best = (0.0, (0.0, 0.0))
    for place in np.argsort(common.ravel())[::-1][:_CANDIDATES]:
        row, column = divmod(int(place), common.shape[1])
        amplitude = _in_step(waves[:, :, row, column])
        if amplitude > best[0]:
            upright = (row if row <= TILE // 2 else row - TILE) / TILE
            best = (amplitude, (_length(column / TILE), _length(upright)))
    return best


def _length(frequency: float) -> float:
    return round(1 / abs(frequency), 1) if frequency else 0.0


def _waves(luma: Plane) -> NDArray[np.complex64]:
    """Complex amplitude of every wave in every tile: rows, columns of tiles, then frequencies."""
    rows, columns = luma.shape[0] // TILE, luma.shape[1] // TILE
    whole = luma[: rows * TILE, : columns * TILE].astype(np.float32)
    tiles = whole.reshape(rows, TILE, columns, TILE).swapaxes(1, 2)
    tiles = tiles - tiles.mean(axis=(2, 3), keepdims=True)
    window = np.hanning(TILE + 1)[:TILE].astype(np.float32)
    tiles = tiles * (window[:, None] * window[None, :])
    waves = np.fft.rfft2(tiles) * (2 / window.sum() ** 2)
    return np.asarray(waves, np.complex64)


def _plausible() -> NDArray[np.bool_]:
    """Waves that are neither the tile's own shading nor the grid of the codec."""
    rows = np.minimum(np.arange(TILE), TILE - np.arange(TILE))[:, None]
    columns = np.arange(TILE // 2 + 1)[None, :]
    slow = np.hypot(rows, columns) < _FIRST + 1
    step = TILE // (2 * _CODED)
    coded = ((rows == 0) & (columns % step == 0)) | ((columns == 0) & (rows % step == 0))
    return np.asarray(~slow & ~coded, np.bool_)


def _in_step(waves: NDArray[np.complex64]) -> float:
    """The amplitude that all but a fifth of the tiles show in the phase of a common plane wave."""
    across = np.angle((waves[:, 1:] * waves[:, :-1].conj()).sum())
    upright = np.angle((waves[1:] * waves[:-1].conj()).sum())
    turn = np.exp(-1j * (across * np.arange(waves.shape[1])[None, :]))
    turn = turn * np.exp(-1j * (upright * np.arange(waves.shape[0])[:, None]))
    turned = waves * turn
    direction = (turned / np.maximum(np.abs(turned), 1e-6)).sum()
    if not abs(direction):
        return 0.0
    along = (turned * (direction.conj() / abs(direction))).real
    return max(0.0, float(np.quantile(along, _SHARE)))
