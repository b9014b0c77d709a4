"""JPEG markers: size, restart interval and whether the restart markers count (ITU-T T.81 B)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.picture_format import PictureFormat

_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN, _RESTART_INTERVAL = 0xD8, 0xD9, 0xDA, 0xDD
_FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD})
_MOST_SEGMENTS = 256


@dataclass(frozen=True, slots=True)
class JpegPicture:
    """What the markers of a JPEG picture say.

    Attributes:
        format: size and components.
        restart_interval: units between restart markers, 0 = none.
        restart_markers: the markers found in the scan, each 0 to 7.
        restarts_in_order: they count 0..7 cyclically without a gap, and there are as many as
            the picture needs; ``None`` when the picture announces none and has none.
        complete: an end-of-image marker was found.
    """

    format: PictureFormat
    restart_interval: int
    restart_markers: tuple[int, ...]
    restarts_in_order: bool | None
    complete: bool


def parse_jpeg(data: bytes) -> JpegPicture:
    """Read the markers of one baseline or progressive picture.

    Raises:
        ProtocolError: not a JPEG picture, or its segments are inconsistent.
    """
    frame: bytes | None = None
    interval = 0
    for marker, start, end in _segments(data):
        if marker in _FRAME_HEADERS:
            frame = data[start:end]
        elif marker == _RESTART_INTERVAL and end - start >= 2:
            interval = struct.unpack_from(">H", data, start)[0]
        elif marker == _START_OF_SCAN:
            if frame is None:
                raise ProtocolError("JPEG: scan without a frame header")
            picture, units = _frame(frame)
            restarts = _restart_markers(data, end)
            return JpegPicture(
                format=picture,
                restart_interval=interval,
                restart_markers=restarts,
                restarts_in_order=_in_order(restarts, interval, units),
                complete=data.find(b"\xff\xd9", end) >= 0,
            )
    raise ProtocolError("JPEG: no scan")


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, and place of its content, up to the first scan."""
    if data[:2] != b"\xff\xd8":
        raise ProtocolError("JPEG: no start of image")
    offset = 2
    for _ in range(_MOST_SEGMENTS):
        while (
            offset < len(data) and data[offset] == 0xFF and data[offset + 1 : offset + 2] == b"\xff"
        ):
            offset += 1
        if offset + 4 > len(data) or data[offset] != 0xFF:
            raise ProtocolError(f"JPEG: no marker at byte {offset}")
        marker, length = struct.unpack_from(">xBH", data, offset)
        end = offset + 2 + length
        if length < 2 or end > len(data):
            raise ProtocolError(f"JPEG: segment of {length} bytes at byte {offset}")
        yield marker, offset + 4, end
        offset = end
    raise ProtocolError("JPEG: too many segments")


def _frame(frame: bytes) -> tuple[PictureFormat, int]:
    """The picture's form, and its number of minimum coded units."""
    if len(frame) < 6:
        raise ProtocolError("JPEG: short frame header")
    depth, height, width, components = struct.unpack_from(">BHHB", frame)
    if not (width and height and 1 <= components <= 4 and len(frame) >= 6 + 3 * components):
        raise ProtocolError(f"JPEG: frame of {width}x{height} with {components} components")
    factors = [(frame[7 + 3 * i] >> 4, frame[7 + 3 * i] & 15) for i in range(components)]
    across, down = max(f[0] for f in factors), max(f[1] for f in factors)
    if not (1 <= across <= 4 and 1 <= down <= 4):
        raise ProtocolError("JPEG: sampling factors")
    units_wide, units_high = -(-width // (8 * across)), -(-height // (8 * down))
    chroma = 0 if components == 1 else {(2, 2): 1, (2, 1): 2}.get((across, down), 3)
    return (
        PictureFormat(
            codec="JPEG",
            profile=0,
            level=0,
            coded_width=8 * across * units_wide,
            coded_height=8 * down * units_high,
            width=width,
            height=height,
            chroma_format=chroma,
            bit_depth=depth,
        ),
        units_wide * units_high,
    )


def _restart_markers(data: bytes, start: int) -> tuple[int, ...]:
    found = []
    offset = data.find(b"\xff", start)
    while 0 <= offset < len(data) - 1:
        marker = data[offset + 1]
        if 0xD0 <= marker <= 0xD7:
            found.append(marker - 0xD0)
        elif marker == _END_OF_IMAGE:
            break
        offset = data.find(b"\xff", offset + 1)
    return tuple(found)


def _in_order(restarts: tuple[int, ...], interval: int, units: int) -> bool | None:
    if interval == 0:
        return None if not restarts else False
    return restarts == tuple(index % 8 for index in range((units - 1) // interval))
