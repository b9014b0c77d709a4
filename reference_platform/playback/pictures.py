"""Recorded pictures, decoded in order; and one picture after the other to one viewer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import Executor

from av.video.frame import VideoFrame

from reference_platform.media.decoding import Picture, PictureDecoder
from reference_platform.media.encoding import PersonalEncoder
from reference_platform.media.fragments import TIMESCALE, FragmentedMp4, Sample
from reference_platform.media.limits import MediaLimits
from reference_platform.media.units import AccessUnit
from reference_platform.media.watermark import WatermarkStamp

_MARGIN_S = 0.5
_USUAL_STEP = TIMESCALE // 25
_SHORTEST_STEP, _LONGEST_STEP = TIMESCALE // 200, 2 * TIMESCALE


class PictureReader:
    """Pictures of a stream of units, decoded in threads.

    Args:
        units: in order, from a key picture on.
        batch: units decoded at one go; 1 for a source that gives them in real time.
    """

    def __init__(
        self, units: AsyncIterator[AccessUnit], limits: MediaLimits, threads: Executor, batch: int
    ) -> None:
        self._units = units
        self._decoder = PictureDecoder(limits)
        self._threads = threads
        self._batch = batch
        self._ready: deque[Picture] = deque()
        self._ended = False
        self._broken = False

    async def next(self, not_before: float, *, keys_only: bool = False) -> Picture | None:
        """The next picture of a time from ``not_before`` on; None at the end.

        Args:
            keys_only: skip what is no key picture, to catch up.

        Raises:
            PlatformError: the source broke off.
        """
        while True:
            while self._ready:
                picture = self._ready.popleft()
                if picture.at >= not_before:
                    return picture
            if self._ended:
                return None
            batch = await self._take(keys_only)
            loop = asyncio.get_running_loop()
            self._ready.extend(
                await loop.run_in_executor(self._threads, self._decode, batch, not_before)
            )

    async def close(self) -> None:
        """Let go of the units."""
        if isinstance(self._units, AsyncGenerator):
            await self._units.aclose()

    async def _take(self, keys_only: bool) -> list[AccessUnit]:
        batch: list[AccessUnit] = []
        while len(batch) < self._batch:
            try:
                unit = await anext(self._units)
            except StopAsyncIteration:
                self._ended = True
                break
            # What follows a picture that was left out is of no use before a key picture.
            self._broken = not unit.key and (keys_only or self._broken)
            if not self._broken:
                batch.append(unit)
                if keys_only:
                    break
        return batch

    def _decode(self, batch: list[AccessUnit], not_before: float) -> list[Picture]:
        pictures: list[Picture] = []
        for unit in batch:
            wanted = unit.at >= not_before - _MARGIN_S
            pictures += self._decoder.decode(unit, wanted=wanted)
        if self._ended:
            pictures += self._decoder.drain()
        return pictures


class ViewerTrack:
    """One viewer's fragmented MP4, a fragment for each picture, so that each leaves when it is due.

    Media time goes on without holes over pauses, seeks and gaps.
    """

    def __init__(self, stamp: WatermarkStamp | None, limits: MediaLimits) -> None:
        self._stamp = stamp
        self._limits = limits
        self._encoder: PersonalEncoder | None = None
        self._muxer: FragmentedMp4 | None = None
        self._pts = 0

    def picture(self, frame: VideoFrame, step_s: float | None, now: float, *, key: bool) -> bytes:
        """Code a picture. Blocks (milliseconds).

        Args:
            frame: yuv420p.
            step_s: seconds that it is shown, as far as known.
            now: UTC seconds of the watching, for the mark.
            key: make it a key picture.
        """
        head = b""
        if self._encoder is None or self._muxer is None:
            self._encoder = PersonalEncoder.fitting(frame, self._stamp, self._limits)
            self._muxer = self._encoder.muxer()
            head = self._muxer.initialisation()
        step = _USUAL_STEP if step_s is None else round(step_s * TIMESCALE)
        step = min(max(step, _SHORTEST_STEP), _LONGEST_STEP)
        sample = self._encoder.encode(frame, self._pts, now, key=key)
        self._pts += step
        return head + self._muxer.fragment([Sample(sample.data, sample.pts, step, sample.key)])
