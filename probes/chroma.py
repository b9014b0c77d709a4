"""Structured chroma of one picture: what is left of colour without noise, text and tint.

The chroma planes are averaged over blocks: noise of pixel size averages out, colour of things
stays. Bands at the top and bottom, where cameras burn in text, and blocks that look like glyphs
are masked. What of the chroma is one function of the luma (a constant tint, sepia) is taken
off: it would be there over a grey picture too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Blocks = NDArray[np.float32]

COLUMNS = 60
"""Blocks across a picture; square, so 32 x 32 luma pixels at 1920x1080."""

_BAND = 0.12
_GLYPH_STEP = 100
_GLYPH_SHARE = 0.10
_SATURATED = 12
_LEAST_STROKE = 0.02
_MOST_STROKE = 0.6
_MOST_TEXT = 0.1
_STRIP_WIDTH = 5
_STRIP_ASPECT = 2.0
_LUMA_BINS = 12
_LEAST_LIT = 8.0
_CORRELATED = 2.5


@dataclass(frozen=True)
class ChromaMap:
    """Chroma of one picture by blocks, 8-bit steps from neutral.

    Attributes:
        luma: block means on a scale of 0 to 255.
        blue, red: block means of Cb and Cr minus neutral.
        usable: blocks that are neither text nor too dark to hold colour.
        unmasked: blocks that are not text.
        pixel_noise: standard deviation of the chroma from one pixel to the next.
    """

    luma: Blocks
    blue: Blocks
    red: Blocks
    usable: NDArray[np.bool_]
    unmasked: NDArray[np.bool_]
    pixel_noise: float

    @property
    def mean_luma(self) -> float:
        """Mean luma outside text, 0 to 255."""
        return float(self.luma[self.unmasked].mean()) if self.unmasked.any() else 0.0

    @property
    def bright_luma(self) -> float:
        """Luma that 2 % of the blocks outside text exceed, 0 to 255."""
        return float(np.percentile(self.luma[self.unmasked], 98)) if self.unmasked.any() else 0.0

    @property
    def luma_spread(self) -> float:
        """Standard deviation of the block luma: does the scene hold anything at all?"""
        return float(self.luma[self.usable].std()) if self.usable.any() else 0.0

    @property
    def cast(self) -> tuple[float, float]:
        """Median Cb and Cr minus neutral: a tint, or the colour of the light."""
        if not self.usable.any():
            return 0.0, 0.0
        return float(np.median(self.blue[self.usable])), float(np.median(self.red[self.usable]))

    @property
    def block_noise(self) -> float:
        """What the pixel noise leaves in a block mean, with neighbours correlated by coding."""
        return self.pixel_noise * _CORRELATED / 16

    @cached_property
    def structured(self) -> tuple[Blocks, Blocks]:
        """Cb and Cr of the usable blocks without what the luma alone explains."""
        luma = self.luma[self.usable]
        by_luma = np.argsort(luma, kind="stable")
        blue, red = self.blue[self.usable], self.red[self.usable]
        return _without_luma(blue, by_luma), _without_luma(red, by_luma)

    def raw(self) -> tuple[Blocks, Blocks]:
        """Cb and Cr of the usable blocks around their medians."""
        blue, red = self.cast
        return self.blue[self.usable] - np.float32(blue), self.red[self.usable] - np.float32(red)

    def spread(self) -> float:
        """Root mean square of the structured chroma, noise taken off, 8-bit steps."""
        return self._spread(*self.structured)

    def raw_spread(self) -> float:
        """As ``spread``, with what the luma explains left in."""
        return self._spread(*self.raw())

    def _spread(self, blue: Blocks, red: Blocks) -> float:
        if not len(blue):
            return 0.0
        total = float(np.mean(blue**2 + red**2)) - 2 * self.block_noise**2
        return float(np.sqrt(max(total, 0.0)))

    def coloured_share(self, least: float) -> float:
        """Share of the usable blocks whose structured chroma exceeds ``least`` and the noise."""
        blue, red = self.structured
        if not len(blue):
            return 0.0
        limit = max(least, 4 * self.block_noise)
        return float(np.mean(np.hypot(blue, red) > limit))

    def widest(self) -> float:
        """Distance from the median chroma that 1 % of the usable blocks exceed, noise taken off.

        At most about 1.5 in a grey picture: rounding in the codec moves a plane by one step.
        """
        blue, red = self.raw()
        if not len(blue):
            return 0.0
        reach = float(np.percentile(np.hypot(blue, red), 99))
        return max(reach - 3 * self.block_noise, 0.0)

    def dark_cast(self) -> float:
        """Length of the median chroma of the darkest fifth of the blocks outside text.

        Whatever its colour, light leaves black things neutral; a tint added afterwards does not.
        """
        if not self.unmasked.any():
            return 0.0
        luma = self.luma[self.unmasked]
        dark = luma <= np.percentile(luma, 20)
        blue, red = self.blue[self.unmasked][dark], self.red[self.unmasked][dark]
        return float(np.hypot(np.median(blue), np.median(red)))


def chroma_map(luma: Plane, blue: Plane, red: Plane, full_range: bool) -> ChromaMap:
    """The map of one decoded picture (planes as coded, chroma of any subsampling).

    Raises:
        ValueError: the picture is too small to be cut into blocks.
    """
    if min(luma.shape[1], blue.shape[1]) < COLUMNS or luma.shape[0] < luma.shape[1] // COLUMNS:
        raise ValueError(f"{luma.shape[1]}x{luma.shape[0]} is too small for blocks")
    rows = luma.shape[0] // (luma.shape[1] // COLUMNS)
    half = np.ascontiguousarray(luma[::2, ::2]) if luma.shape[1] >= 4 * COLUMNS else luma
    light = _means(half, rows)
    if not full_range:
        light = np.clip((light - 16) * np.float32(255 / 219), 0, 255)
    unmasked = ~(_text_mask(half, rows) | _coloured_text(blue, red, rows))
    return ChromaMap(
        luma=light,
        blue=_means(blue, rows) - np.float32(128),
        red=_means(red, rows) - np.float32(128),
        usable=unmasked & (light >= _LEAST_LIT),
        unmasked=unmasked,
        pixel_noise=(_pixel_noise(blue) + _pixel_noise(red)) / 2,
    )


def _means(plane: Plane | Blocks, rows: int) -> Blocks:
    """Block means; what is left over at the right and the bottom is not looked at."""
    width, height = plane.shape[1] // COLUMNS * COLUMNS, plane.shape[0] // rows * rows
    whole = plane[:height, :width].astype(np.float32)
    return cast(Blocks, cv2.resize(whole, (COLUMNS, rows), interpolation=cv2.INTER_AREA))


def _pixel_noise(plane: Plane) -> float:
    """From differences of next neighbours, robust against edges."""
    lines = plane[::4]
    counts = _histogram(cv2.absdiff(lines[:, 1:], lines[:, :-1]))
    median = _middle(counts)
    inside = counts[: max(3 * median, 2) + 1]
    squares = float(inside @ np.arange(len(inside)) ** 2)
    return float(np.sqrt(squares / inside.sum() / 2)) if inside.any() else 0.0


def _text_mask(half: Plane, rows: int) -> NDArray[np.bool_]:
    """Blocks that may hold burnt-in text: the upper and lower bands, and glyphs anywhere."""
    mask = np.zeros((rows, COLUMNS), np.bool_)
    band = round(_BAND * rows)
    mask[:band] = mask[-band:] = True
    kernel = np.ones((3, 3), np.uint8)
    steps = cv2.morphologyEx(half, cv2.MORPH_GRADIENT, kernel) > _GLYPH_STEP
    dense = _means(steps.astype(np.uint8), rows) > _GLYPH_SHARE
    glyphs = cv2.dilate(dense.astype(np.uint8), kernel)
    return np.asarray(mask | (glyphs > 0), np.bool_)


def _coloured_text(blue: Plane, red: Plane, rows: int) -> NDArray[np.bool_]:
    """Blocks of saturated text of low contrast: strips of strokes that never fill a block."""
    neutral = [np.full_like(plane, _median(plane)) for plane in (blue, red)]
    far = cv2.absdiff(blue, neutral[0]) > _SATURATED
    far |= cv2.absdiff(red, neutral[1]) > _SATURATED
    filled = _means(far.astype(np.uint8), rows)
    touched = cv2.dilate((filled > _LEAST_STROKE).astype(np.uint8), np.ones((1, 3), np.uint8))
    if float(touched.mean()) > _MOST_TEXT:
        return np.zeros((rows, COLUMNS), np.bool_)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(touched, connectivity=8)
    mask = np.zeros((rows, COLUMNS), np.uint8)
    for label in range(1, count):
        inside = labels == label
        wide, high = boxes[label, cv2.CC_STAT_WIDTH], boxes[label, cv2.CC_STAT_HEIGHT]
        strip = wide >= _STRIP_WIDTH and wide >= _STRIP_ASPECT * high
        if strip and float(filled[inside].max()) < _MOST_STROKE:
            mask[inside] = 1
    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0, np.bool_)


def _median(plane: Plane) -> int:
    return _middle(_histogram(plane[::4, ::4]))


def _histogram(values: NDArray[np.uint8] | cv2.typing.MatLike) -> NDArray[np.int64]:
    counts = cv2.calcHist([np.ascontiguousarray(values)], [0], None, [256], [0, 256])
    return np.asarray(counts.ravel(), np.int64)


def _middle(counts: NDArray[np.int64]) -> int:
    """The median of the values that were counted."""
    return int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))


def _without_luma(chroma: Blocks, by_luma: NDArray[np.intp]) -> Blocks:
    """``chroma`` minus its median among blocks of like luma, given their order by luma."""
    if len(chroma) < 4 * _LUMA_BINS:
        return cast(Blocks, chroma - np.median(chroma)) if len(chroma) else chroma
    left = np.empty_like(chroma)
    for rank in np.array_split(by_luma, _LUMA_BINS):
        left[rank] = chroma[rank] - np.median(chroma[rank])
    return left
