"""Where a playback's pictures come from: the platform's own disk, or the device."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from contextlib import suppress
from typing import Protocol

from reference_platform.errors import PlatformError
from reference_platform.media.limits import MediaLimits
from reference_platform.playback.pictures import PictureReader
from reference_platform.ports import ChannelRef, PlaybackSource, Sources, Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.timeline import JOIN_S, minus

_BATCH = 8


class PictureFeed(Protocol):
    """Where the pictures of a playback come from: the platform's disk or the device."""

    paced: bool
    """Whether pictures come when they are due (a device), and need not be held back."""

    async def open(self, at: float) -> PictureReader:
        """Pictures from ``at`` on; may be called again after ``close``.

        Raises:
            PlatformError: there are none, or the source refuses.
        """

    async def pause(self) -> None:
        """The viewer pauses."""

    async def resume(self) -> None:
        """The viewer goes on."""

    async def scale(self, factor: float) -> None:
        """The viewer wants another pace."""

    async def missing(self, start: float, end: float) -> Span | None:
        """The longest stretch without pictures within the period; None if there is none."""

    async def file_start(self, at: float) -> float:
        """Where the file that holds ``at`` begins."""

    async def close(self) -> None:
        """End the pull."""


class ArchiveFeed:
    """The platform's own recordings; fulfils ``PictureFeed``."""

    paced = False

    def __init__(
        self, archive: Archive, channel: str, end: float, limits: MediaLimits, threads: Executor
    ) -> None:
        self._archive = archive
        self._channel = channel
        self._end = end
        self._limits = limits
        self._threads = threads

    async def open(self, at: float) -> PictureReader:
        """See ``PictureFeed``."""
        units = self._archive.read(self._channel, at, self._end)
        return PictureReader(units, self._limits, self._threads, _BATCH)

    async def pause(self) -> None:
        """Nothing to do: pictures are read when they are due."""

    async def resume(self) -> None:
        """Nothing to do."""

    async def scale(self, factor: float) -> None:
        """Nothing to do."""

    async def missing(self, start: float, end: float) -> Span | None:
        """See ``PictureFeed``."""
        pieces = await asyncio.to_thread(self._archive.pieces, self._channel, start, end)
        spans = [Span(piece.start, piece.end) for piece in pieces]
        return longest(minus([Span(start, end)], spans))

    async def file_start(self, at: float) -> float:
        """See ``PictureFeed``."""
        pieces = await asyncio.to_thread(self._archive.pieces, self._channel, at, at + 1)
        return pieces[0].segment.start if pieces else at

    async def close(self) -> None:
        """Nothing to do."""


class DeviceFeed:
    """A recording on the device, pulled through signalling; fulfils ``PictureFeed``."""

    paced = True

    def __init__(
        self,
        sources: Sources,
        channel: ChannelRef,
        end: float,
        limits: MediaLimits,
        threads: Executor,
    ) -> None:
        self._sources = sources
        self._channel = channel
        self._end = end
        self._limits = limits
        self._threads = threads
        self._source: PlaybackSource | None = None
        self._paused = False
        self._scale = 1.0

    async def open(self, at: float) -> PictureReader:
        """See ``PictureFeed``: a seek of the running pull, or a new one where that is over."""
        if self._source is not None:
            try:
                await self._source.seek(at)
            except PlatformError:
                await self.close()
        if self._source is None:
            self._source = await self._sources.playback(self._channel, at, self._end)
            if self._scale != 1.0:
                await self._source.scale(self._scale)
        # A place that is sought leaves the device playing; the viewer may still be pausing.
        if self._paused:
            await self._source.pause()
        return PictureReader(aiter(self._source), self._limits, self._threads, 1)

    async def pause(self) -> None:
        """See ``PictureFeed``."""
        self._paused = True
        if self._source is not None:
            await self._source.pause()

    async def resume(self) -> None:
        """See ``PictureFeed``."""
        self._paused = False
        if self._source is not None:
            await self._source.resume()

    async def scale(self, factor: float) -> None:
        """See ``PictureFeed``."""
        self._scale = factor
        if self._source is not None:
            await self._source.scale(factor)

    async def missing(self, start: float, end: float) -> Span | None:
        """See ``PictureFeed``: a leap in the device's pictures is a gap."""
        return Span(start, end) if end - start > JOIN_S else None

    async def file_start(self, at: float) -> float:
        """The hour: a device's files cannot be seen from here."""
        return at // 3600 * 3600

    async def close(self) -> None:
        """See ``PictureFeed``."""
        source, self._source = self._source, None
        if source is not None:
            with suppress(PlatformError):
                await source.close()


def longest(spans: list[Span]) -> Span | None:
    """The longest stretch that is long enough to be called a gap."""
    found = max(spans, key=lambda span: span.end - span.start, default=None)
    return found if found is not None and found.end - found.start > JOIN_S else None
