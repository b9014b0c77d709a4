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
_HANN = np.hanning(WINDOW).astype(np.float32)
_FLAT_SHARE = 0.3
_TEXTURED_VARIANCE = 2.0


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
    lines = luma[::ROW_STEP] if axis == 1 else luma[:, ::ROW_STEP].T
    length = lines.shape[1]
    columns = length // WINDOW
    if not columns:
        raise ValueError(f"{length} pixels are less than one window of {WINDOW}")
    start = (length - columns * WINDOW) // 2
    cut = np.ascontiguousarray(lines[:, start : start + columns * WINDOW])
    samples = cut.astype(np.float32).reshape(-1, WINDOW)
    samples -= cv2.reduce(samples, 1, cv2.REDUCE_AVG)
    samples *= _HANN
    packed = cv2.dft(samples, flags=cv2.DFT_ROWS)
    first = 2 * FIRST_BIN - 1
    pairs = np.ascontiguousarray(packed[:, first : first + 2 * (LAST_BIN - FIRST_BIN + 1)])
    spectra = pairs.view(np.complex64)
    energy = np.einsum("ij,ij->i", pairs[:, 16:88], pairs[:, 16:88])
    variance = energy * (2 / (WINDOW * float(np.sum(_HANN**2))))
    textured = variance > _TEXTURED_VARIANCE
    scale = 1 / np.sqrt(energy + _FLAT_SHARE * float(energy.mean()) + 1e-6)
    pairs *= scale.astype(np.float32)[:, None]
    squares = cv2.multiply(pairs, pairs).reshape(-1, columns * pairs.shape[1])
    power = cv2.reduce(squares, 0, cv2.REDUCE_SUM).reshape(columns, -1, 2).sum(axis=2)
    return AxisSpectra(
        power=np.asarray(power, np.float32),
        windows=spectra.reshape(-1, columns, spectra.shape[1]).swapaxes(0, 1),
        length=length,
        textured=float(textured.mean()),
        variance=float(variance[textured].mean()) if textured.any() else 0.0,
    )
