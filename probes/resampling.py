"""The trace that up-scaling leaves: content above the cut-off that is a copy of content below.

Interpolating W0 samples to W leaves, for every component at F < W0/2W, an image at W0/W - F
(all in units of the sampling rate), weakened by the kernel but in a fixed phase to it. A
camera that really resolves W pixels has no such copies: above the cut-off it sees other
detail. The *copied share* is the coherence between F and W0/W - F just above the cut-off,
over all windows of a picture: 1 when everything there is a copy, 0 when nothing is.

Related to the periodic variance of derivatives (A. C. Gallagher, "Detection of linear and
cubic interpolation in JPEG compressed images", 2005); coherence tells besides how much of the
detail is copied, which separates up-scaling from a larger sensor that was scaled down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from probes.spectrum import FIRST_BIN, LAST_BIN, WINDOW, AxisSpectra

_HIGHEST_RATIO = 0.62
"""Images above this part of the source's sampling rate are too weak, or of changing sign."""

_SLIPS = 128
"""Steps of the phase slip between window columns: source sizes between whole bins."""

_BACKGROUND = (50, 56, 59, 61, 67, 70, 75, 78, 84, 87, 93, 102, 105, 111, 114, 123)
"""Sums of bins on no codec grid (multiples of 1/16) and of no usual source size."""


@dataclass(frozen=True)
class Copies:
    """How much of the detail above one cut-off is a copy.

    Attributes:
        source: pixels of the source along the axis that this cut-off means.
        share: coherence, 0 to 1.
        background: the same where no source can be (content that is regular by itself).
    """

    source: int
    share: float
    background: float

    @property
    def excess(self) -> float:
        """Share above the background, never negative."""
        return max(self.share - self.background, 0.0)

    @property
    def log10_chance(self) -> float:
        """Logarithm of the chance of such a share without copies.

        Without copies the share follows a Rayleigh distribution with the background as its
        median.
        """
        ratio = self.share / max(self.background, 1e-3)
        return -np.log10(2) * min(ratio, 40.0) ** 2


def copied_shares(spectra: Sequence[AxisSpectra], sources: Sequence[int]) -> list[Copies]:
    """The copied share for each assumed source size, over the same axis of several pictures.

    Raises:
        ValueError: no spectra, or they differ in length.
    """
    if not spectra or len({one.length for one in spectra}) != 1:
        raise ValueError("spectra of one picture size are needed")
    length = spectra[0].length
    products = sum(np.matmul(one.windows.swapaxes(1, 2), one.windows) for one in spectra)
    power = sum(np.sum(np.abs(one.windows) ** 2, axis=1) for one in spectra)
    flat = np.asarray(products).reshape(len(products), -1)
    amplitude = np.sqrt(np.asarray(power))
    background = float(np.median([_coherence(flat, amplitude, float(s)) for s in _BACKGROUND]))
    return [
        Copies(
            source, _coherence(flat, amplitude, source / length * WINDOW), background
        )
        for source in sources
    ]


def _coherence(
    products: NDArray[np.complex64], amplitude: NDArray[np.float32], total: float
) -> float:
    """Coherence of all pairs of bins whose sum is ``total`` (a fraction of a bin may be left)."""
    whole = round(total)
    low, high = _pairs(whole)
    if not len(low):
        return 0.0
    bins = LAST_BIN - FIRST_BIN + 1
    by_column = products[:, high * bins + low].sum(axis=1)
    most = float((amplitude[:, high] * amplitude[:, low]).sum())
    turns = (total - whole) * np.arange(len(by_column))
    slips = np.arange(-1, 2) / _SLIPS
    columns = np.arange(len(by_column))
    steered = np.exp(-2j * np.pi * (turns + slips[:, None] * columns)) @ by_column
    return float(np.abs(steered).max() / most) if most else 0.0


@cache
def _pairs(total: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    upper = min(int(_HIGHEST_RATIO * total), LAST_BIN, total - FIRST_BIN)
    high = np.arange((total + 1) // 2, upper + 1)
    return total - high - FIRST_BIN, high - FIRST_BIN
