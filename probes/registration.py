"""Two views of one scene laid over each other: how much narrower the second is, and how sharp.

Features (SIFT) are matched both ways and a similarity is fitted to them by RANSAC. Sharpness is
compared at the scale of the wider view, block by block where both hold texture, so that neither
what moves nor a change of exposure decides: fine structure (difference of Gaussians of 1 and 2
pixels) over coarse structure (of 4 and 8 pixels) in the one, against the same in the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

WIDTH = 640
"""Features are looked for at this width."""
SHARP_WIDTH = 1920
"""Sharpness is compared at this width, smaller pictures at their own."""
_FEATURES = 1000
_RATIO = 0.75
_NEAR = 1.5
_LEAST_MATCHES = 15
_CONFIDENCE = 1.96
#: What a similarity does not model: distortion of the lens, which moves with the zoom.
_MODEL = 0.005
_BLOCK = 48
_LEAST_BLOCKS = 12
_TEXTURE = 2.0
_BORDER = 16
_OF_MEDIAN = 1.2533


@dataclass(frozen=True)
class Registration:
    """How the second view lies in the first.

    Attributes:
        ratio: how many times narrower the second view is, with its 95 % interval.
        matches: features that agree on it.
        matrix: 2 x 3, from pixels of the second to pixels of the first, both ``WIDTH`` wide.
    """

    ratio: float
    lower: float
    upper: float
    matches: int
    matrix: Matrix


@dataclass(frozen=True)
class Sharpness:
    """Fine structure of the second view over that of the first, 1 = as much, with 95 % interval."""

    ratio: float
    lower: float
    upper: float
    blocks: int


def _at_width(luma: Plane, width: int) -> Plane:
    if luma.shape[1] == width:
        return luma
    height = round(luma.shape[0] * width / luma.shape[1])
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def register(first: Plane, second: Plane) -> Registration | None:
    """Lay ``second`` over ``first``, luma both; ``None`` where too little agrees."""
    first, second = _at_width(first, WIDTH), _at_width(second, WIDTH)
    sift: Any = cv2.SIFT_create(_FEATURES)  # type: ignore[attr-defined]
    (points, described), (others, other) = (
        sift.detectAndCompute(plane, None) for plane in (first, second)
    )
    if min(len(points), len(others)) < _LEAST_MATCHES:
        return None
    pairs = _both_ways(described, other)
    if len(pairs) < _LEAST_MATCHES:
        return None
    to = np.array([points[one].pt for one, _ in pairs], np.float64)
    of = np.array([others[one].pt for _, one in pairs], np.float64)
    matrix, chosen = cv2.estimateAffinePartial2D(
        of, to, method=cv2.RANSAC, ransacReprojThreshold=_NEAR, maxIters=4000, confidence=0.999
    )
    inside = np.zeros(0, np.bool_) if chosen is None else chosen.ravel().astype(np.bool_)
    if matrix is None or inside.sum() < _LEAST_MATCHES:
        return None
    return _fitted(np.asarray(matrix, np.float64), of[inside], to[inside])


def _both_ways(described: Floats, other: Floats) -> list[tuple[int, int]]:
    matcher = cv2.BFMatcher(cv2.NORM_L2)

    def best(these: Floats, those: Floats) -> dict[int, int]:
        found = {}
        for pair in matcher.knnMatch(these, those, k=2):
            if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance:
                found[pair[0].queryIdx] = pair[0].trainIdx
        return found

    back = best(other, described)
    return [(one, two) for one, two in best(described, other).items() if back.get(two) == one]


def _fitted(matrix: Matrix, of: Matrix, to: Matrix) -> Registration:
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    residuals = to - (of @ matrix[:, :2].T + matrix[:, 2])
    spread = float(((of - of.mean(axis=0)) ** 2).sum())
    error = float(np.sqrt((residuals**2).mean() / max(spread, 1e-9))) / max(scale, 1e-9)
    uncertain = float(np.hypot(_CONFIDENCE * error, _MODEL))
    ratio = 1 / max(scale, 1e-9)
    return Registration(ratio, ratio * (1 - uncertain), ratio * (1 + uncertain), len(of), matrix)


def compare_sharpness(first: Plane, second: Plane, found: Registration) -> Sharpness | None:
    """Fine structure of ``second`` against that of ``first`` where they overlap.

    ``None`` where too few blocks hold any texture.
    """
    width = min(SHARP_WIDTH, first.shape[1], second.shape[1])
    first, second = _at_width(first, width), _at_width(second, width)
    matrix = found.matrix.copy()
    matrix[:, 2] *= width / WIDTH
    if found.ratio >= 1:
        fine, coarse, covered = _laid(first, second, matrix)
    else:
        inverse = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
        fine, coarse, covered = _laid(second, first, inverse)
        fine, coarse = fine[::-1], coarse[::-1]
    fine_one, fine_two, coarse_one, coarse_two = (_blocks(one) for one in (*fine, *coarse))
    usable = (_least(covered) > 0) & (coarse_one > _TEXTURE) & (coarse_two > _TEXTURE)
    usable &= (fine_one > 0.25) & (fine_two > 0)
    if usable.sum() < _LEAST_BLOCKS:
        return None
    of_one, of_two = fine_one[usable] / coarse_one[usable], fine_two[usable] / coarse_two[usable]
    logs = np.log(of_two) - np.log(of_one)
    middle = float(np.median(logs))
    scatter = 1.4826 * float(np.median(np.abs(logs - middle)))
    half = _CONFIDENCE * _OF_MEDIAN * scatter / float(np.sqrt(len(logs)))
    low, mid, high = (float(np.exp(one)) for one in (middle - half, middle, middle + half))
    return Sharpness(mid, low, high, int(usable.sum()))


def _laid(
    wide: Plane, narrow: Plane, matrix: Matrix
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], NDArray[np.bool_]]:
    """Fine and coarse structure of both at the scale of ``wide``, and where both are seen."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    size = (max(8, round(narrow.shape[1] * scale)), max(8, round(narrow.shape[0] * scale)))
    small = cv2.resize(narrow, size, interpolation=cv2.INTER_AREA)
    steps = np.array([size[0] / narrow.shape[1], size[1] / narrow.shape[0]])
    left = np.hstack([matrix[:, :2] / steps, matrix[:, 2:]])
    height, width = wide.shape
    over = cv2.warpAffine(small, left, (width, height), flags=cv2.INTER_CUBIC)
    seen = cv2.warpAffine(np.full_like(small, 255), left, (width, height), flags=cv2.INTER_NEAREST)
    margin = np.ones((2 * _BORDER + 1, 2 * _BORDER + 1), np.uint8)
    covered = cv2.erode(seen, margin, borderValue=0) > 0
    structures = [_structure(wide), _structure(np.asarray(over, np.uint8))]
    return (
        (structures[0][0], structures[1][0]),
        (structures[0][1], structures[1][1]),
        np.asarray(covered, np.bool_),
    )


def _structure(luma: Plane) -> tuple[Floats, Floats]:
    plane = luma.astype(np.float32)
    blurred = {sigma: cv2.GaussianBlur(plane, (0, 0), sigma) for sigma in (1.0, 2.0, 4.0, 8.0)}
    return (
        np.asarray(blurred[1.0] - blurred[2.0], np.float32),
        np.asarray(blurred[4.0] - blurred[8.0], np.float32),
    )


def _cut(plane: NDArray[Any]) -> NDArray[Any]:
    rows, columns = plane.shape[0] // _BLOCK, plane.shape[1] // _BLOCK
    cut = plane[: rows * _BLOCK, : columns * _BLOCK]
    return cut.reshape(rows, _BLOCK, columns, _BLOCK)


def _blocks(plane: Floats) -> Floats:
    return np.asarray(np.sqrt((_cut(plane) ** 2).mean(axis=(1, 3))), np.float32)


def _least(covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(_cut(covered).all(axis=(1, 3)), np.bool_)
