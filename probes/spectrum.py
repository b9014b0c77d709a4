"""Short spectra of a picture along one axis, whitened so that no single edge decides.

The picture is cut along the axis into windows of :data:`WINDOW` pixels on a fixed grid (the
phase of an interpolation pattern stays comparable between windows), each weighted by a Hann
window and Fourier transformed. Every window is then divided by its own energy: burnt-in text
or one sharp edge counts no more than any other textured window, and flat windows hardly count.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW = 144
"""Pixels of a window: 1/3, 4/9, 1/2 and 3/4 of the sampling rate fall on whole bins."""

ROW_STEP = 3
"""Only every third line is transformed: neighbours say nearly the same."""

FIRST_BIN = 18
"""Bins below (1/8 of the sampling rate) are left out: no up-scaling shows there."""

LAST_BIN = WINDOW // 2 - 1
_DETAIL = slice(26 - FIRST_BIN, 62 - FIRST_BIN)
_HANN = np.hanning(WINDOW)
_FLAT_SHARE = 0.3
_TEXTURED_VARIANCE = 2.0
_LINES_AT_ONCE = 24
_TO_VARIANCE = np.float32(2 / (WINDOW * np.sum(_HANN**2)))


def _half_waves() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cosines and sines [pixel, bin] under the Hann window, about its middle, without mean.

    Only one half: a cosine is even about the middle of the window, a sine odd.
    """
    pixels = np.arange(WINDOW) - (WINDOW - 1) / 2
    angles = 2 * np.pi / WINDOW * np.outer(pixels, np.arange(FIRST_BIN, LAST_BIN + 1))
    waves = [_HANN[:, None] * wave for wave in (np.cos(angles), -np.sin(angles))]
    cosines, sines = (
        np.ascontiguousarray((wave - wave.mean(axis=0))[: WINDOW // 2], np.float32)
        for wave in waves
    )
    return cosines, sines


_COSINES, _SINES = _half_waves()


@dataclass(frozen=True)
class AxisSpectra:
    """Spectra of all windows of one picture along one axis.

    Attributes:
        windows: complex spectra [window column, line, bin], bins ``FIRST_BIN`` to ``LAST_BIN``,
            each window divided by its own energy.
        power: their power summed over the lines [window column, bin].
        length: pixels of the picture along the axis.
        textured: share of the windows that hold detail (0 to 1).
        variance: mean variance of the textured windows in the detail band, 8-bit steps squared.
    """

    windows: NDArray[np.complex64]
    power: NDArray[np.float32]
    length: int
    textured: float
    variance: float

    def power_db(self) -> NDArray[np.float64]:
        """Mean power of the whitened windows by bin, in dB (any zero)."""
        count = self.windows.shape[0] * self.windows.shape[1]
        return np.asarray(10 * np.log10(self.power.sum(axis=0) / count + 1e-12), np.float64)


def axis_spectra(luma: NDArray[np.uint8], axis: int) -> AxisSpectra:
    """Spectra along ``axis`` (1: along rows, so of the width; 0: of the height).

    Raises:
        ValueError: the picture is smaller than one window.
    """
    length = luma.shape[axis]
    columns = length // WINDOW
    if not columns:
        raise ValueError(f"{length} pixels are less than one window of {WINDOW}")
    start = (length - columns * WINDOW) // 2
    inside = slice(start, start + columns * WINDOW)
    lines = luma[::ROW_STEP, inside]
    if axis == 0:
        chosen = np.ascontiguousarray(luma[inside, ::ROW_STEP])
        lines = np.asarray(cv2.transpose(chosen), np.uint8)
    spectra = _transform(lines, columns)
    pairs = spectra.view(np.float32)
    energy = np.einsum("ij,ij->i", pairs[:, 16:88], pairs[:, 16:88])
    variance = energy * _TO_VARIANCE
    textured = variance > _TEXTURED_VARIANCE
    scale = 1 / np.sqrt(energy + _FLAT_SHARE * float(energy.mean()) + 1e-6)
    pairs *= scale.astype(np.float32)[:, None]
    by_line = pairs.reshape(-1, columns * pairs.shape[1])
    power = np.einsum("ij,ij->j", by_line, by_line).reshape(columns, -1, 2).sum(axis=2)
    return AxisSpectra(
        power=np.asarray(power, np.float32),
        windows=spectra.reshape(-1, columns, spectra.shape[1]).swapaxes(0, 1),
        length=length,
        textured=float(textured.mean()),
        variance=float(variance[textured].mean()) if textured.any() else 0.0,
    )


def _transform(lines: NDArray[np.uint8], columns: int) -> NDArray[np.complex64]:
    """Bins ``FIRST_BIN`` to ``LAST_BIN`` of the windows (one a row), weighted, means taken off.

    As matrix products, which give only these bins; some lines at a time, which stay in the cache.
    """
    spectra = np.empty((len(lines) * columns, _COSINES.shape[1]), np.complex64)
    half = WINDOW // 2
    for first in range(0, len(lines), _LINES_AT_ONCE):
        samples = lines[first : first + _LINES_AT_ONCE].astype(np.float32).reshape(-1, WINDOW)
        left, right = samples[:, :half], samples[:, : half - 1 : -1]
        place = slice(first * columns, first * columns + len(samples))
        spectra.real[place] = (left + right) @ _COSINES
        spectra.imag[place] = (left - right) @ _SINES
    return spectra
