"""Cameras without a network for hosted platforms: pictures painted at the moment they are asked.

Each shows the time in Beijing, its mark, and the time as bars; see
``reference_platform.recording.planting``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from protocols.time_source import TimeSource
from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit
from reference_platform.ports import ChannelRef, PlaybackSource, Source, Span, StreamName
from reference_platform.recording.planting import Planted, coded


class SyntheticCameras:
    """Sources of pictures by channel; a channel that is not among them is offline."""

    def __init__(self, channels: Mapping[str, Planted], time_source: TimeSource) -> None:
        self._channels = channels
        self._time = time_source

    async def live(self, channel: ChannelRef, stream: StreamName) -> Source:
        """See ``reference_platform.ports.Sources``; both streams are the same."""
        del stream
        planted = self._channels.get(channel.id)
        if planted is None:
            raise PlatformError("source.offline", 503, channel=channel.id)
        return _Live(planted, self._time)

    async def playback(
        self, channel: ChannelRef, start: float, end: float, *, download: bool = False
    ) -> PlaybackSource:
        """See ``reference_platform.ports.Sources``; these cameras record nothing themselves."""
        del start, end, download
        raise PlatformError("source.refused", 503, channel=channel.id)

    async def records(self, channel: ChannelRef, start: float, end: float) -> Sequence[Span]:
        """See ``playback``."""
        del channel, start, end
        return ()


class _Live:
    """One running pull, painted a second at a time."""

    def __init__(self, planted: Planted, time_source: TimeSource) -> None:
        self._planted = planted
        self._time = time_source
        self._closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[AccessUnit]:
        began = self._time.now()
        second = 0
        while not self._closed.is_set():
            start = began + second
            units = await asyncio.to_thread(list, coded(self._planted, start, start + 1.0))
            for unit in units:
                try:
                    left = max(0.0, unit.at - self._time.now())
                    await asyncio.wait_for(self._closed.wait(), left)
                    return
                except TimeoutError:
                    pts = unit.pts + second * 90_000
                    yield AccessUnit(unit.codec, unit.data, pts, unit.key, unit.at)
            second += 1

    async def close(self) -> None:
        """End the pull."""
        self._closed.set()
