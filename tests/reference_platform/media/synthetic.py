"""A camera without a network: real H.264 and H.265 with a channel's mark and a counter in it.

Both are 8 + 16 squares of black and white along the top, which survive any codec and watermark.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit, VideoCodec
from reference_platform.ports import ChannelRef, PlaybackSource, Span, StreamName

RATE = 25
_BITS = 24


@cache
def clip(
    codec: VideoCodec = "h264",
    mark: int = 1,
    pictures: int = 50,
    group: int = 25,
    size: tuple[int, int] = (384, 216),
) -> tuple[tuple[bytes, bool], ...]:
    """``pictures`` coded pictures (Annex B), and whether each is a key picture."""
    width, height = size
    library = "libx264" if codec == "h264" else "libx265"
    context = av.CodecContext.create(library, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, RATE)
    context.thread_count = 1
    parameters = f"keyint={group}:min-keyint={group}:scenecut=0:repeat-headers=1:bframes=0"
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        f"{library[3:]}-params": parameters
        + ("" if codec == "h264" else ":log-level=none:pools=1"),
    }
    coded = []
    for number in range(pictures):
        frame = av.VideoFrame.from_ndarray(picture(mark, number, width, height), "yuv420p")
        frame.pts = number
        coded += context.encode(frame)
    coded += context.encode(None)
    return tuple((bytes(packet), packet.is_keyframe) for packet in coded)


def picture(mark: int, number: int, width: int, height: int) -> NDArray[np.uint8]:
    """Planes of yuv420p: a grey ramp that moves with the counter, under the squares."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    ramp = (np.arange(width) + 4 * number) % width
    planes[:height] = (60 + 120 * ramp / width).astype(np.uint8)
    side = width // _BITS
    for index in range(_BITS):
        bit = (mark << 16 | number) >> (_BITS - 1 - index) & 1
        planes[:side, index * side : (index + 1) * side] = 235 if bit else 16
    return planes


def read(luma: NDArray[np.uint8]) -> tuple[int, int]:
    """Mark and counter of a decoded picture."""
    side = luma.shape[1] // _BITS
    value = 0
    for index in range(_BITS):
        square = luma[2 : side - 2, index * side + 2 : (index + 1) * side - 2]
        value = value << 1 | int(square.mean() > 125)
    return value >> 16, value & 0xFFFF


class SyntheticSource:
    """Plays a clip over and over, paced like a camera, until closed or broken."""

    def __init__(self, coded: Sequence[tuple[bytes, bool]], codec: VideoCodec, rate: float) -> None:
        self._coded, self._codec, self._rate = coded, codec, rate
        self._stop = asyncio.Event()
        self._broken = False
        self.closed = False

    def break_off(self) -> None:
        """The camera is gone."""
        self._broken = True
        self._stop.set()

    async def __aiter__(self) -> AsyncIterator[AccessUnit]:
        began = time.monotonic()
        number = 0
        while not self._stop.is_set():
            data, key = self._coded[number % len(self._coded)]
            pts = round(number * 90_000 / self._rate)
            yield AccessUnit(self._codec, data, pts, key, time.time())
            number += 1
            wait = began + number / self._rate - time.monotonic()
            try:
                await asyncio.wait_for(self._stop.wait(), max(wait, 0))
            except TimeoutError:
                continue
        if self._broken:
            raise PlatformError("source.lost", 503)

    async def close(self) -> None:
        self.closed = True
        self._stop.set()


class SyntheticSources:
    """Cameras by channel identifier; the last digits of it are the mark in the picture."""

    def __init__(
        self, codec: VideoCodec = "h264", *, rate: float = RATE, skip: int = 0, **of_clip: Any
    ) -> None:
        self.codec, self.rate, self._skip, self._of_clip = codec, rate, skip, of_clip
        self.opened: list[tuple[str, str]] = []
        self.running: list[SyntheticSource] = []
        self.refusal: PlatformError | None = None

    async def live(self, channel: ChannelRef, stream: StreamName) -> SyntheticSource:
        self.opened.append((channel.id, stream))
        if self.refusal is not None:
            raise self.refusal
        coded = clip(self.codec, int(channel.id[-2:]), **self._of_clip)[self._skip :]
        source = SyntheticSource(coded, self.codec, self.rate)
        self.running.append(source)
        return source

    async def playback(
        self, channel: ChannelRef, start: float, end: float, *, download: bool = False
    ) -> PlaybackSource:
        raise PlatformError("source.refused", 502)

    async def records(self, channel: ChannelRef, start: float, end: float) -> Sequence[Span]:
        return []


def channel(number: int = 1) -> ChannelRef:
    """A channel whose pictures carry ``number`` (below 100)."""
    return ChannelRef(f"610102000013200000{number:02d}", "61010200001320000000", "gb28181")
