"""The asking user's mark in the pixels themselves: who, which view, when.

The mark is ``显示名/登录名 SHORTCODE 2026-11-27 10:00:00``, wrapped to less than a quarter of the
picture's width and laid out as a lattice. A step of it and the mark together are no longer than
half of the picture, so that a cutting of half the width and height, wherever it lies, holds one
whole mark. The lattice moves every second. Only the luma plane is touched: light strokes in a
dark edge, half transparent, on any background.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
_Weights = NDArray[np.uint16]

_BEIJING = timezone(timedelta(hours=8))
_FILL, _FILL_SHARE, _EDGE_SHARE = 250, 0.72, 0.55
# Pixels of travel each second at 1080 lines; the two have no common measure with the lattice.
_ACROSS, _DOWN = 22, 14
_LONGEST_NAME = 32
_SMALLEST = 11
_LEAST_LINES = 4
_WEIGHT = 400
# One font for all threads; it keeps the size and weight of the line that it draws.
_PEN = threading.Lock()


@dataclass
class WatermarkStamp:
    """The mark of one user's view.

    Attributes:
        user_name: ``display name/log-in name``.
        code: the short code that leads to the user and the view.
    """

    user_name: str
    code: str
    # Rendered once for all pictures of a second.
    _latest: tuple[tuple[int, int, int], _Mark] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def text(self, at: float) -> str:
        """The mark's words at ``at`` (UTC seconds), in Beijing time."""
        return " ".join(_words(self.user_name, self.code, int(at)))

    def apply(self, luma: Plane, at: float) -> None:
        """Mark a picture's luma plane (rows x columns, limited range) in place.

        Args:
            luma: writable; of any size from 64 x 48 on, smaller ones stay as they are.
            at: UTC seconds of the watching or downloading, not of the picture.
        """
        height, width = luma.shape
        if height < 48 or width < 64:
            return
        second = int(at)
        wanted = (second, width, height)
        latest = self._latest
        if latest is None or latest[0] != wanted:
            latest = (wanted, _mark(_words(self.user_name, self.code, second), width, height))
            self._latest = latest
        mark = latest[1]
        for top, left in _places(mark, width, height, second):
            _blend(luma, mark, top, left)


@dataclass(frozen=True, slots=True, eq=False)
class _Mark:
    """What is kept of the picture (of 256), and what is added, in every pixel of the mark."""

    kept: _Weights
    added: _Weights

    @property
    def height(self) -> int:
        return int(self.kept.shape[0])

    @property
    def width(self) -> int:
        return int(self.kept.shape[1])


def _words(user_name: str, code: str, second: int) -> tuple[str, ...]:
    shown = datetime.fromtimestamp(second, UTC).astimezone(_BEIJING)
    name = "".join(letter for letter in user_name if letter.isprintable())
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME - 1] + "…"
    return (name, code, shown.strftime("%Y-%m-%d %H:%M:%S"))


def _places(mark: _Mark, width: int, height: int, second: int) -> list[tuple[int, int]]:
    """Top and left of every mark that touches the picture, shifted by the time."""
    across = max(width // 2 - mark.width, mark.width + 2)
    down = max(height // 2 - mark.height, mark.height + 2)
    shift = second * max(2, _ACROSS * height // 1080)
    top = (second * max(1, _DOWN * height // 1080)) % (2 * down) - 2 * down
    places = []
    row = 0
    while top < height:
        left = (shift + row % 2 * (across // 2)) % across - across
        places += [(top, at) for at in range(left, width, across) if at + mark.width > 0]
        top += down
        row += 1
    return [place for place in places if place[0] + mark.height > 0]


def _blend(luma: Plane, mark: _Mark, top: int, left: int) -> None:
    """Lay one mark on the picture, cut off at the edges."""
    first, start = max(top, 0), max(left, 0)
    box = luma[first : top + mark.height, start : left + mark.width]
    rows = slice(first - top, first - top + box.shape[0])
    columns = slice(start - left, start - left + box.shape[1])
    mixed = np.multiply(box, mark.kept[rows, columns], dtype=np.uint16)
    mixed += mark.added[rows, columns]
    mixed >>= 8
    box[:] = mixed


def prepare() -> None:
    """Load the font (a third of a second), so that nobody's first picture waits for it."""
    _mark(_words("", "", 0), 1920, 1080)


def _mark(words: Sequence[str], width: int, height: int) -> _Mark:
    """Render the words for a picture of that size."""
    most = round(width * 0.22)
    size = max(_SMALLEST, round(height / 30))
    legible = max(_SMALLEST, round(height / 45))
    while True:
        fits = all(_width_of(word, size) <= most for word in words)
        if not fits and size <= legible:
            words = [part for word in words for part in _broken(word, size, most)]
            fits = True
        lines = _wrapped(words, size, most)
        low = _height_of(lines, size) < height // 4
        if size <= _SMALLEST and not low and len(lines) > _LEAST_LINES:
            # Rather half of a long name than a mark that a cutting may miss.
            del lines[1]
        if (fits and low) or size <= _SMALLEST:
            return _rendered(lines, size, max(_width_of(line, size) for line in lines))
        size -= 1


def _broken(word: str, size: int, most: int) -> list[str]:
    """A word in at most two parts that fit, at its space if it has one; what is more is lost."""
    if _width_of(word, size) <= most:
        return [word]
    if " " in word:
        return word.split(" ", 1)
    parts = [""]
    for letter in word:
        if parts[-1] and _width_of(parts[-1] + letter, size) > most:
            parts.append("")
        parts[-1] += letter
    return parts[:2]


def _wrapped(words: Sequence[str], size: int, most: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _width_of(longer, size) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _rendered(lines: Sequence[str], size: int, widest: int) -> _Mark:
    edge = _edge(size)
    fill = np.zeros((_height_of(lines, size), widest + 2 * edge), np.uint8)
    for number, line in enumerate(lines):
        baseline = edge + number * _pitch(size) + size
        with _PEN:
            cv2.putText(fill, line, (edge, baseline), (255,), _font(), size, _WEIGHT)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1, 2 * edge + 1))
    around = cv2.dilate(fill, brush)
    covered = fill.astype(np.float32) / 255 * _FILL_SHARE
    darkened = 1 - around.astype(np.float32) / 255 * _EDGE_SHARE
    kept = darkened * (1 - covered)
    return _Mark(
        np.asarray(np.round(kept * 256), np.uint16),
        np.asarray(np.round(covered * _FILL * 256), np.uint16),
    )


def _height_of(lines: Sequence[str], size: int) -> int:
    return _pitch(size) * len(lines) + 2 * _edge(size)


def _pitch(size: int) -> int:
    return round(size * 1.3)


def _edge(size: int) -> int:
    return max(1, size // 12)


@lru_cache(maxsize=2048)
def _width_of(text: str, size: int) -> int:
    with _PEN:
        left, _, width, _ = cv2.getTextSize((1, 1), text, (0, size), _font(), size, _WEIGHT)
    return int(left + width) + 1


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    # OpenCV brings WenQuanYi Micro Hei along: Chinese looks the same on every machine.
    return cv2.FontFace("uni")
