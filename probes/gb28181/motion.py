"""How a picture moved: shift and scale between pictures, and over stretches of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from probes.gb28181.media import Shown

Luma = npt.NDArray[np.uint8]
#: Pictures are looked at this small, in pixels across.
WIDTH = 320
#: Shares of the picture's width: less is at rest, more is a movement.
REST, MOVE = 0.012, 0.03
#: Least agreement of two pictures after the shift is undone.
_ALIKE = 0.5
_SAMPLE_S = 0.12
_SCALES = (0.5, 0.6, 0.7, 0.8, 0.88, 0.94, 1.0, 1.06, 1.14, 1.25, 1.43, 1.67, 2.0)


@dataclass(frozen=True)
class Motion:
    """Content moved to the right and down by shares of the picture's width; zoom as factor.

    ``scale`` above 1: things became larger. ``sure``: the pictures could be matched.
    """

    right: float = 0.0
    down: float = 0.0
    scale: float = 1.0
    sure: bool = True

    @property
    def distance(self) -> float:
        """Length of the shift."""
        return float(np.hypot(self.right, self.down))


def sampled(pictures: Iterable[Shown]) -> list[Shown]:
    """Pictures at most eight a second: enough to follow a head, and they fit into memory."""
    kept: list[Shown] = []
    for one in pictures:
        if not kept or one.at - kept[-1].at >= _SAMPLE_S:
            kept.append(one)
    return kept


def shift(before: Luma, after: Luma) -> Motion:
    """The shift between two pictures by phase correlation (Kuglin and Hines 1975)."""
    first, second = before.astype(np.float32), after.astype(np.float32)
    if first.shape != second.shape or float(np.abs(first - second).mean()) < 0.6:
        return Motion(sure=first.shape == second.shape)
    window = cv2.createHanningWindow((first.shape[1], first.shape[0]), cv2.CV_32F)
    (right, down), response = cv2.phaseCorrelate(first, second, window)
    width = first.shape[1]
    return Motion(right / width, down / width, sure=response > 0.04)


def total(pictures: Sequence[Shown]) -> Motion:
    """The shift over a stretch, added up from picture to picture."""
    steps = [shift(one.luma, two.luma) for one, two in pairwise(pictures)]
    return Motion(
        sum(one.right for one in steps),
        sum(one.down for one in steps),
        sure=bool(steps) and sum(one.sure for one in steps) * 2 > len(steps),
    )


def likeness(before: Luma, after: Luma) -> float:
    """Normalised correlation of two pictures of one size, -1 to 1."""
    first = before.astype(np.float64).ravel() - float(before.mean())
    second = after.astype(np.float64).ravel() - float(after.mean())
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size else 0.0


def scaling(before: Luma, after: Luma) -> Motion:
    """The zoom between two pictures about their middle."""
    found = []
    for scale in _SCALES:
        larger = before if scale >= 1 else after
        other = after if scale >= 1 else before
        factor = max(scale, 1 / scale)
        height, width = larger.shape
        half_height, half_width = round(height / factor / 2), round(width / factor / 2)
        middle = larger[
            height // 2 - half_height : height // 2 + half_height,
            width // 2 - half_width : width // 2 + half_width,
        ]
        enlarged = cv2.resize(middle, (width, height), interpolation=cv2.INTER_AREA)
        found.append((likeness(np.asarray(enlarged, np.uint8), other), scale))
    best, scale = max(found)
    return Motion(scale=scale, sure=best > _ALIKE)


def between(pictures: Sequence[Shown], start: float, end: float) -> list[Shown]:
    """The pictures that arrived in that time, with the last one before it."""
    before = [one for one in pictures if one.at <= start]
    return before[-1:] + [one for one in pictures if start < one.at <= end]


def last_before(pictures: Sequence[Shown], moment: float) -> Shown | None:
    """The picture that was there at ``moment``."""
    return next((one for one in reversed(pictures) if one.at <= moment), None)
