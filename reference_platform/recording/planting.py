"""Days of recordings in a moment, for test hosts only: nothing of the platform imports this.

A planted segment is a small file that says what it would show. Its pictures are painted and coded
when somebody reads them, so that the time burnt into each is true, at whatever moment it is asked.
To everything above the segment format it is a recording like any other: listed, deleted by age,
lost with its file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from reference_platform.media.units import AccessUnit, VideoCodec
from reference_platform.ports import Span
from reference_platform.recording.segments import DamagedSegment, SegmentFacts

Picture = NDArray[np.uint8]
Painter = Callable[["Planted", float], Picture]
"""Paints height x width x 3, RGB, of a moment, UTC seconds."""

_CODE_BITS = 44  # milliseconds since 1970 for the next centuries
_LONGEST_S = 3600.0
_EIGHT_HOURS = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Planted:
    """What a planted channel shows.

    Attributes:
        mark: text burnt in below the clock: whose picture it is.
        fps: pictures a second; a divisor or multiple of one second is best.
        key_every_s: distance of key pictures.
        size: bytes that the segment counts for a second.
    """

    channel: str
    mark: str = ""
    fps: float = 10.0
    width: int = 320
    height: int = 180
    codec: VideoCodec = "h264"
    key_every_s: float = 1.0


def paint(planted: Planted, at: float) -> Picture:
    """The default picture: a clock in Beijing time, the mark, and the time as black and white bars.

    The bars hold the milliseconds since 1970 in 44 bits, the highest first, in two rows at the
    lower edge, of which the second is the first turned over; ``read_bars`` reads them.
    """
    canvas = Image.fromarray(_background(planted.width, planted.height).copy())
    drawing = ImageDraw.Draw(canvas)
    size = max(12, planted.height // 9)
    font = _font(size)
    clock = (datetime.fromtimestamp(int(at), UTC) + _EIGHT_HOURS).strftime("%Y-%m-%d %H:%M:%S")
    for row, text in enumerate((clock, planted.mark or planted.channel)):
        drawing.text(
            (size // 2, size // 2 + row * size * 4 // 3),
            text,
            fill=(255, 255, 255),
            font=font,
            stroke_width=max(1, size // 12),
            stroke_fill=(0, 0, 0),
        )
    picture = np.asarray(canvas).copy()
    _draw_bars(picture, round(at * 1000))
    return picture


def read_bars(luma: Picture) -> float:
    """UTC seconds that the bars of a picture hold; ``luma`` height x width, 0 to 255."""
    height, width = luma.shape[:2]
    bar = width // _CODE_BITS
    rows = max(8, height // 18)
    value = 0
    for bit in range(_CODE_BITS):
        column = np.s_[bit * bar + 1 : (bit + 1) * bar - 1]
        upper = float(luma[height - 2 * rows + 2 : height - rows - 2, column].mean())
        lower = float(luma[height - rows + 2 : height - 2, column].mean())
        value = value << 1 | (upper > lower)
    return value / 1000


def coded(
    planted: Planted, start: float, end: float, painter: Painter = paint
) -> Iterator[AccessUnit]:
    """Painted and coded pictures from ``start`` (a key picture) to before ``end``."""
    encoder = _encoder(planted)
    keys = max(1, round(planted.key_every_s * planted.fps))
    count = max(0, -int(-(end - start) * planted.fps // 1))
    times: dict[int, tuple[float, bool]] = {}

    def units(packets: Iterable[Any]) -> Iterator[AccessUnit]:
        for packet in packets:
            at, key = times.pop(packet.pts)
            pts = round((at - start) * 90_000)
            yield AccessUnit(planted.codec, bytes(packet), pts, key, at)

    for index in range(count):
        at = start + index / planted.fps
        if at >= end:
            break
        frame = av.VideoFrame.from_ndarray(painter(planted, at), format="rgb24")
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, round(planted.fps * 1000) or 1) * 1000
        key = index % keys == 0
        if key:
            frame.pict_type = av.video.frame.PictureType.I
        times[index] = at, key
        yield from units(encoder.encode(frame))
    yield from units(encoder.encode(None))


def plant(folder: Path, planted: Planted, spans: Iterable[Span]) -> int:
    """Write the segments of a channel for ``spans`` into a folder of recordings.

    Do it before the archive is opened; it finds them as after a lost index.

    Returns:
        How many segments.
    """
    number = 0
    for span in spans:
        begin = span.start
        while begin < span.end:
            end = min(span.end, (begin // _LONGEST_S + 1) * _LONGEST_S)
            day = folder / planted.channel / datetime.fromtimestamp(begin, UTC).strftime("%Y%m%d")
            day.mkdir(parents=True, exist_ok=True)
            facts = {"start": begin, "end": end, **asdict(planted)}
            (day / f"{round(begin * 1000):013d}-0.planted").write_text(json.dumps(facts))
            begin = end
            number += 1
    return number


class PlantedSegments:
    """The segment format of planted files; ``painter`` may be the test host's own."""

    suffix = ".planted"

    def __init__(self, painter: Painter = paint) -> None:
        self._painter = painter

    def describe(self, path: Path, relative: str) -> SegmentFacts:
        """See ``SegmentFormat``."""
        planted, start, end = _load(path)
        pictures = max(1, round((end - start) * planted.fps))
        size = path.stat().st_size
        return SegmentFacts(planted.channel, 0, start, end, size, pictures, planted.codec, relative)

    def read(self, path: Path, start: float) -> Iterator[AccessUnit]:
        """See ``SegmentFormat``."""
        planted, begin, end = _load(path)
        if start > begin:
            # To the microsecond: a picture's time must not depend on where reading began.
            begin += (start - begin + 1e-6) // planted.key_every_s * planted.key_every_s
        return coded(planted, begin, end, self._painter)


def _load(path: Path) -> tuple[Planted, float, float]:
    try:
        facts = json.loads(path.read_text())
        start, end = float(facts.pop("start")), float(facts.pop("end"))
        return Planted(**facts), start, end
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedSegment(path.name) from error


def _encoder(planted: Planted) -> Any:
    name = {"h264": "libx264", "h265": "libx265"}[planted.codec]
    encoder: Any = av.CodecContext.create(name, "w")
    encoder.width, encoder.height = planted.width, planted.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, round(planted.fps * 1000) or 1) * 1000
    encoder.thread_count = 1
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "20",
        "forced-idr": "1",
        "g": "100000",
    }
    if planted.codec == "h265":
        encoder.options |= {"x265-params": "log-level=none:repeat-headers=1:pools=none"}
    return encoder


def _draw_bars(picture: Picture, value: int) -> None:
    height, width = picture.shape[:2]
    bar = width // _CODE_BITS
    rows = max(8, height // 18)
    bits = np.array([value >> _CODE_BITS - 1 - bit & 1 for bit in range(_CODE_BITS)], np.uint8)
    line = np.repeat(bits * 219 + 16, bar)
    picture[height - 2 * rows : height - rows, : line.size] = line[None, :, None]
    picture[height - rows :, : line.size] = 251 - line[None, :, None]


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


@lru_cache(maxsize=8)
def _background(width: int, height: int) -> Picture:
    across = np.linspace(50, 110, width)[None, :]
    down = np.linspace(0, 60, height)[:, None]
    grey = (across + down).astype(np.uint8)
    return np.stack([grey, grey + 8, grey + 16], axis=-1)
