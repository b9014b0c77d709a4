"""Decoded pictures as the instruments of picture quality look at them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from probes.chroma import ChromaMap, chroma_map
from probes.decoding import Picture

Plane = NDArray[np.uint8]

SMALLEST = 128
"""Pictures with a shorter side are not looked at."""
TILES = (16, 9)
"""Tiles across and upright; 120 x 120 pixels each at 1920x1080."""
FREE_ROWS = slice(1, 8)
"""Rows of tiles that are looked at where burnt-in text would deceive: it stands in the others."""


@dataclass(frozen=True)
class View:
    """One picture: planes on the full scale of 0 to 255, and when it was shown.

    Attributes:
        luma: Y, whatever range it was coded in.
        blue, red: Cb and Cr as coded, 128 neutral, of any subsampling.
        at_s: seconds from the beginning of the recording.
    """

    luma: Plane
    blue: Plane
    red: Plane
    at_s: float = 0.0

    @classmethod
    def of(cls, picture: Picture, at_s: float = 0.0) -> View:
        """The view of a decoded picture; neutral chroma where it was coded without."""
        luma, *colour = picture.planes()
        return cls.of_planes(luma, colour, picture.full_range, at_s)

    @classmethod
    def of_planes(
        cls, luma: Plane, colour: Iterable[Plane], full_range: bool, at_s: float = 0.0
    ) -> View:
        """The view of planes as coded."""
        planes = tuple(colour)
        if len(planes) < 2:
            neutral = np.full((max(luma.shape[0] // 2, 1), max(luma.shape[1] // 2, 2)), 128)
            planes = (neutral.astype(np.uint8),) * 2
        shown = luma if full_range else np.asarray(cv2.LUT(luma, _STRETCHED), np.uint8)
        return cls(shown, planes[0], planes[1], at_s)

    @property
    def large_enough(self) -> bool:
        """Whether the instruments can look at it."""
        return bool(min(self.luma.shape) >= SMALLEST)

    @cached_property
    def histogram(self) -> NDArray[np.float64]:
        """Pixels by luma, 256 counts."""
        counts = cv2.calcHist([np.ascontiguousarray(self.luma)], [0], None, [256], [0, 256])
        return np.asarray(counts.ravel(), np.float64)

    @cached_property
    def chroma(self) -> ChromaMap:
        """Its chroma by blocks, text masked.

        Raises:
            ValueError: too small to be cut into blocks.
        """
        return chroma_map(self.luma, self.blue, self.red, full_range=True)


_STRETCHED = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Reading:
    """A measured number with its 95 % interval."""

    value: float
    lower: float
    upper: float

    def no_better_than(self, half: float, least: float = 0.0) -> Reading:
        """The same value, its interval at least ``half`` to each side but not below ``least``."""
        return Reading(
            self.value,
            max(least, min(self.lower, self.value - half)),
            max(self.upper, self.value + half),
        )

    @classmethod
    def around(cls, value: float, half: float, least: float = 0.0) -> Reading:
        """``value`` give or take ``half``, never below ``least``."""
        return cls(value, max(least, value - half), value + half)
