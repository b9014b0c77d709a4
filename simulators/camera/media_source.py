"""Where a session's pictures come from: a kept clip, or an encoder that runs with the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from simulators.camera import overlay
from simulators.camera.encoders import LIVE, ClipSpec, VideoEncoder, jpeg, picture, planar
from simulators.camera.packets import Packetised, Packing, packetised, payloads_of
from simulators.camera.stream_plan import Delivery
from simulators.camera.street import Picture

_KEPT_FRAMES_PIXELS = 40_000_000
_KEPT_SPECS = 4


@dataclass(frozen=True)
class TimedPicture:
    """Payloads of one picture; when it leaves and when it was taken, in media seconds."""

    payloads: tuple[bytes, ...]
    leaves: float
    taken: float


class ClipSource:
    """A clip repeated for ever, beginning at media time ``origin``, which may be moved."""

    def __init__(self, clip: Packetised, delivery: Delivery, origin: float) -> None:
        self._clip = clip
        self._delivery = delivery
        self.origin = origin
        self._number = 0

    def leaves(self) -> float:
        """Media time at which the next picture leaves."""
        moment = self._number / self._clip.fps
        shown = self._delivery.capture_time(moment, self._clip.fps)
        return self.origin + shown + self._clip.reorder_s

    async def next_picture(self) -> TimedPicture:
        """The next picture."""
        clip = self._clip
        leaves = self.leaves()
        turn, index = divmod(self._number, len(clip.pictures))
        shown = turn * clip.seconds + clip.shown[index]
        taken = self.origin + self._delivery.capture_time(shown, clip.fps)
        self._number += 1
        return TimedPicture(clip.pictures[index], leaves, taken)


class LiveSource:
    """Pictures encoded as they are sent, with the text of a clock in the corner."""

    def __init__(
        self,
        spec: ClipSpec,
        packing: Packing,
        delivery: Delivery,
        origin: float,
        text: Callable[[], str],
    ) -> None:
        self._spec = spec
        self._packing = packing
        self._delivery = delivery
        self.origin = origin
        self._text = text
        self._number = 0
        self._encoder = None if spec.codec == "JPEG" else VideoEncoder(spec, LIVE)

    def leaves(self) -> float:
        """Media time at which the next picture leaves."""
        moment = self._number / self._spec.fps
        return self.origin + self._delivery.capture_time(moment, self._spec.fps)

    async def next_picture(self) -> TimedPicture:
        """Take, encode and return the next picture."""
        leaves = self.leaves()
        loop = asyncio.get_running_loop()
        coded = await loop.run_in_executor(_encoding_threads(), self._take, self._text())
        self._number += 1
        return TimedPicture(coded, leaves, leaves)

    def _take(self, text: str) -> tuple[bytes, ...]:
        spec = self._spec
        index = self._number % max(1, round(spec.seconds * spec.fps))
        size = overlay.character_height(spec.height)
        frame = _frame(spec, index).copy()
        overlay.burn(frame, text, size // 2, size // 2, size)
        if self._encoder is None:
            return payloads_of(jpeg(spec, frame), spec.codec, self._packing)
        coded = self._encoder.encode(planar(frame), self._number)
        return tuple(
            payload
            for unit, key, _index in coded
            if not (key and spec.damage == "no-key-picture")
            for payload in payloads_of(unit, spec.codec, self._packing)
        )


def warm_live(spec: ClipSpec) -> None:
    """Paint the pictures of a live stream beforehand, so that its first client need not wait."""
    for index in range(max(1, round(spec.seconds * spec.fps))):
        _frame(spec, index)


Source = ClipSource | LiveSource


async def open_source(
    spec: ClipSpec,
    packing: Packing,
    delivery: Delivery,
    origin: float,
    text: Callable[[], str] | None,
) -> Source:
    """A source of pictures; encodes the clip first when nobody has, off the event loop."""
    if text is None:
        clip = await asyncio.to_thread(packetised, spec, packing)
        return ClipSource(clip, delivery, origin)
    return await asyncio.to_thread(LiveSource, spec, packing, delivery, origin, text)


@cache
def _encoding_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, "live-encoder")


_kept: dict[ClipSpec, dict[int, Picture]] = {}


def _frame(spec: ClipSpec, index: int) -> Picture:
    """A picture before the clock is burnt in; small ones of the last clips are kept."""
    if spec.width * spec.height * spec.seconds * spec.fps > _KEPT_FRAMES_PIXELS:
        return picture(spec, index)
    if spec not in _kept:
        while len(_kept) >= _KEPT_SPECS:
            _kept.pop(next(iter(_kept)), None)
        _kept[spec] = {}
    frames = _kept[spec]
    if index not in frames:
        frames[index] = picture(spec, index)
    return frames[index]
