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

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.spectrum import FIRST_BIN, LAST_BIN, WINDOW, AxisSpectra

_HIGHEST_RATIO = 0.62
"""Images above this part of the source's sampling rate are too weak, or of changing sign."""

_SLIPS = 128
"""Steps of the phase slip between window columns: source sizes between whole bins."""

_SCANNED = (44, 130)
GRID = WINDOW // 16
"""Bins between the lines that the codec's own blocks leave."""

_LINE = 4
"""Bins that one spectral line fills under a Hann window."""

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
        return -math.log10(2) * min(ratio, 40.0) ** 2


class AxisCopies:
    """The copies along one axis over several pictures of one size.

    Raises:
        ValueError: no spectra, or they differ in length.
    """

    def __init__(self, spectra: Sequence[AxisSpectra]) -> None:
        if not spectra or len({one.length for one in spectra}) != 1:
            raise ValueError("spectra of one picture size are needed")
        self._length = spectra[0].length
        products = sum(_products(one.windows) for one in spectra)
        power = sum(one.power for one in spectra)
        self._products = np.asarray(products).reshape(len(spectra[0].windows), -1)
        self._amplitude = np.sqrt(np.asarray(power))
        self._background = float(np.median(self._shares(_BACKGROUND)))

    def of(self, source: int) -> Copies:
        """The copied share if the source had ``source`` pixels along this axis."""
        return self.of_each((source,))[0]

    def of_each(self, sources: Sequence[int]) -> list[Copies]:
        """``of`` for several sizes at the cost of one."""
        if not sources:
            return []
        shares = self._shares([self._total(source) for source in sources])
        return [
            Copies(source, float(share), self._background)
            for source, share in zip(sources, shares, strict=True)
        ]

    def rival(self, source: int) -> float:
        """The largest share at a size that up-scaling from ``source`` does not explain.

        A structure that repeats itself is coherent at many sizes, a scaler at one.
        """
        total = round(self._total(source))
        own = [total, WINDOW - total, 2 * total, 2 * total - WINDOW]
        others = [
            s
            for s in range(*_SCANNED)
            if min(abs(s - one) for one in own) > 2 and min(s % GRID, -s % GRID) > 1
        ]
        return float(self._shares(others).max())

    def _total(self, source: int) -> float:
        return source / self._length * WINDOW

    def _shares(self, totals: Sequence[float]) -> NDArray[np.float64]:
        return _coherence(self._products, self._amplitude, totals)


def _products(windows: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Sums over the lines of the products of every bin with every other, by window column."""
    return np.asarray(np.matmul(windows.swapaxes(1, 2), windows), np.complex64)


def _coherence(
    products: NDArray[np.complex64], amplitude: NDArray[np.float32], totals: Sequence[float]
) -> NDArray[np.float64]:
    """Coherence of all pairs of bins whose sum is each total (a fraction of a bin may be left).

    A fence or a tiled wall is coherent with itself, but only at its own lines. The share is
    therefore the least that is left when any few neighbouring bins are put aside.
    """
    whole = [round(total) for total in totals]
    low, high, counts = _all_pairs(tuple(whole))
    there = np.arange(low.shape[1]) < counts[:, None]
    bins = LAST_BIN - FIRST_BIN + 1
    found = products[:, high * bins + low].swapaxes(0, 1) * there[:, None]
    most = (amplitude[:, high] * amplitude[:, low]).sum(axis=0) * there
    slips = (np.asarray(totals) - whole)[:, None] + np.arange(-1, 2) / _SLIPS
    turns = np.exp(-2j * np.pi * slips[:, :, None] * np.arange(len(products)))
    by_bin = turns @ found
    clearest = np.abs(by_bin.sum(axis=2)).argmax(axis=1)
    best = by_bin[np.arange(len(whole)), clearest]
    left = np.abs(best.sum(axis=1, keepdims=True) - _blocks(best))
    share = left / np.maximum(most.sum(axis=1, keepdims=True) - _blocks(most), 1e-9)
    beyond = np.arange(share.shape[1] - 1) > counts[:, None] - _LINE
    share[:, :-1][beyond] = np.inf
    return np.where(most.sum(axis=1) > 0, share.min(axis=1), 0.0)


def _blocks(values: NDArray[Any]) -> NDArray[Any]:
    """Sums of every run of ``_LINE`` neighbours in each row, and nothing put aside at last."""
    sums = np.cumsum(values, axis=1)
    runs = sums[:, _LINE - 1 :].copy()
    runs[:, 1:] -= sums[:, :-_LINE]
    return np.concatenate((runs, np.zeros((len(runs), 1), runs.dtype)), axis=1)


@cache
def _all_pairs(
    totals: tuple[int, ...],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Lower and higher bins of the pairs of every total, filled up to one length; their numbers."""
    pairs = [_pairs(total) for total in totals]
    counts = np.array([len(low) for low, _ in pairs], np.intp)
    filled = np.zeros((2, len(pairs), max(_LINE, counts.max())), np.intp)
    for row, (low, high) in enumerate(pairs):
        filled[0, row, : len(low)], filled[1, row, : len(high)] = low, high
    return filled[0], filled[1], counts


def _pairs(total: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    upper = min(int(_HIGHEST_RATIO * total), LAST_BIN, total - FIRST_BIN)
    high = np.arange((total + 1) // 2, upper + 1)
    return total - high - FIRST_BIN, high - FIRST_BIN
