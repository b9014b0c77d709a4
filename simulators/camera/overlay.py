"""Characters burnt into the picture, as a camera's on-screen display draws them.

``burn`` draws white digits with a dark outline in cells of one width, in the font inside Pillow;
``write`` any words, Chinese too, in the font inside OpenCV: the same on every machine.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from simulators.camera.street import Picture

Coverage = NDArray[np.uint8]


def clock_text(posix: float, zone_seconds: int = 28_800) -> str:
    """``2026-11-23 08:24:20``: whole seconds, truncated, ``zone_seconds`` east of UTC."""
    shown = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(posix // 1) + zone_seconds)
    return shown.strftime("%Y-%m-%d %H:%M:%S")


def character_height(picture_height: int) -> int:
    """The font size in pixels for a picture of that height."""
    return max(14, round(picture_height / 16))


def burn(
    picture: Picture,
    text: str,
    left: int,
    top: int,
    size: int,
    colour: tuple[int, int, int] = (255, 255, 255),
) -> None:
    """Draw ``text`` into a BGR picture in place, clipped at its edges."""
    for offset, fill, outline in _cells(text, size):
        box = picture[top : top + fill.shape[0], left + offset : left + offset + fill.shape[1]]
        if box.size == 0:
            continue
        part = np.s_[: box.shape[0], : box.shape[1], None]
        dark = box * (1 - outline[part] / np.float32(255))
        cover = fill[part] / np.float32(255)
        box[:] = (dark * (1 - cover) + np.array(colour, np.float32) * cover).astype(np.uint8)


def write(picture: Picture, words: str, left: int, baseline: int, size: int) -> None:
    """Write white letters with a dark edge into a picture in place, clipped at its edges."""
    edge = max(2, size // 10)
    mask = np.zeros((size * 2, picture.shape[1]), np.uint8)
    cv2.putText(mask, words, (left, size + size // 3), (255,), _font(), size, 600)
    around = cv2.dilate(mask, np.ones((2 * edge + 1, 2 * edge + 1), np.uint8))
    top = baseline - size - size // 3
    first = max(0, -top)
    rows = picture[top + first : top + mask.shape[0]]
    mask, around = mask[first : first + rows.shape[0]], around[first : first + rows.shape[0]]
    rows[around > 128] = 20
    rows[mask > 128] = 245


def caption(picture: Picture, clock: str, name: str) -> None:
    """Write the clock at the top left and the channel's name at the bottom left, in place."""
    height = picture.shape[0]
    size = max(12, height // 11)
    write(picture, clock, size // 2, size + size // 2, size)
    write(picture, name, size // 2, height - size // 2, size)


def character_box(size: int) -> tuple[int, int]:
    """Width and height in pixels of one character cell."""
    return round(size * 0.64), round(size * 1.3)


def _cells(text: str, size: int) -> list[tuple[int, Coverage, Coverage]]:
    """Offset, fill and outline of every character that is not blank."""
    width = character_box(size)[0]
    return [
        (index * width, *_character(character, size))
        for index, character in enumerate(text)
        if character != " "
    ]


@lru_cache(maxsize=256)
def _character(character: str, size: int) -> tuple[Coverage, Coverage]:
    width, height = character_box(size)
    margin = max(1, size // 14)
    image = Image.new("L", (width + 2 * margin, height))
    font = ImageFont.load_default(size)
    drawing = ImageDraw.Draw(image)
    left, _top, right, _bottom = drawing.textbbox((0, 0), character, font=font)
    drawing.text(((image.width - left - right) / 2, margin), character, fill=255, font=font)
    fill = np.asarray(image)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return fill, cv2.dilate(fill, brush).astype(np.uint8)


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    return cv2.FontFace("uni")
