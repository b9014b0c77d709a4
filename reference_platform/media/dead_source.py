"""The defect of a platform that shows a dead camera as if it lived."""

from __future__ import annotations

import asyncio

import numpy as np
from av.video.frame import VideoFrame

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError
from reference_platform.media.decoding import Picture
from reference_platform.media.hub import PullState
from reference_platform.media.pictures import Feed
from reference_platform.media.units import VideoCodec

DEAD_STREAM_REPORTED_LIVE = defect(
    "dead-stream-reported-live",
    "A channel whose camera is gone is shown as live, with its last or a grey picture.",
    seen="648540858/wvp-GB28181-pro#1417",
)
_STEP_S = 0.2
_SIZE = (640, 360)


class StillFeed:
    """Repeats the last picture of ``feed``, or a grey one, whenever there is none."""

    def __init__(self, feed: Feed | None, time_source: TimeSource) -> None:
        self._feed = feed
        self._time = time_source
        self._last: Picture | None = None
        self.dropped = 0

    @property
    def codec(self) -> VideoCodec | None:
        """See ``Feed``."""
        return self._feed.codec if self._feed else None

    @property
    def state(self) -> PullState:
        """See ``Feed``."""
        return "live"

    async def next(self, seconds: float) -> Picture | None:
        """See ``Feed``; never None."""
        began = self._time.monotonic()
        picture = None
        if self._feed is not None:
            try:
                picture = await self._feed.next(min(seconds, _STEP_S))
            except PlatformError:
                self._feed = None
        if picture is None:
            await _until(began + _STEP_S, self._time)
            picture = self._repeated()
        self._last = picture
        return picture

    def close(self) -> None:
        """See ``Feed``."""
        if self._feed is not None:
            self._feed.close()

    def _repeated(self) -> Picture:
        if self._last is None:
            return Picture(_grey(), 0, self._time.now())
        pts = self._last.pts + round(_STEP_S * 90_000)
        return Picture(self._last.frame, pts, self._time.now())


async def _until(moment: float, time_source: TimeSource) -> None:
    await asyncio.sleep(max(0.0, moment - time_source.monotonic()))


def _grey() -> VideoFrame:
    width, height = _SIZE
    return VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 128, np.uint8), "yuv420p")
