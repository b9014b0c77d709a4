"""Signal: whether there is a picture at all, or the one colour that stands for its absence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from probes.picture_quality.view import TILES, View

_EVEN = 1.2
_ALIKE = 2.0
_SHARE = 0.9


@dataclass(frozen=True)
class Signal:
    """Share of the picture that is one even colour without noise, and which.

    Attributes:
        even: share of the tiles, 0 to 1, in the picture where it is least.
        luma, blue, red: the colour, Cb and Cr from neutral.
    """

    even: float
    luma: float
    blue: float
    red: float

    @property
    def present(self) -> bool:
        """Whether anything but one even colour (and text on it) is shown."""
        return self.even < _SHARE


def signal(views: Sequence[View]) -> Signal:
    """How much of ``views`` is nothing but one colour.

    A wall, the sky, and even a covered lens have noise and shading; what a recorder or an encoder
    puts in the place of a lost signal has neither.

    Raises:
        ValueError: there is no picture.
    """
    if not views:
        raise ValueError("signal needs a picture")
    return min((_of(view) for view in views), key=lambda one: one.even)


def _of(view: View) -> Signal:
    luma = view.luma.astype(np.float32)
    mean = cv2.resize(luma, TILES, interpolation=cv2.INTER_AREA)
    squares = cv2.resize(luma * luma, TILES, interpolation=cv2.INTER_AREA)
    spread = np.sqrt(np.maximum(squares - mean * mean, 0))
    middle = float(np.median(mean))
    even = (spread < _EVEN) & (np.abs(mean - middle) < _ALIKE)
    return Signal(
        even=float(even.mean()),
        luma=middle,
        blue=float(np.median(view.blue)) - 128,
        red=float(np.median(view.red)) - 128,
    )
