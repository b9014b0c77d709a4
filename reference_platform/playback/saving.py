"""Saving one period into one file: the work behind a download."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError
from reference_platform.media.decoding import Picture
from reference_platform.media.limits import MediaLimits
from reference_platform.media.units import AccessUnit
from reference_platform.media.watermark import WatermarkStamp
from reference_platform.playback.export import Mp4Writer, file_digest
from reference_platform.playback.pictures import PictureReader
from reference_platform.playback.playbacks import another
from reference_platform.ports import ChannelRef, Sources, Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.timeline import JOIN_S, minus

DOWNLOAD_SHORT = defect(
    "download-short", "A download ends before its period does.", "648540858/wvp-GB28181-pro#1354"
)
DOWNLOAD_WRONG_PERIOD = defect(
    "download-wrong-period",
    "A download is of eight hours earlier: Beijing time read as UTC.",
    "648540858/wvp-GB28181-pro#1431",
)
DOWNLOAD_WRONG_DEVICE = defect(
    "download-wrong-device",
    "A download is of another camera that has recordings of that time.",
    "648540858/wvp-GB28181-pro#613",
)
DOWNLOAD_CORRUPT = defect(
    "download-corrupt", "A part in the middle of the downloaded file is rubbish."
)
NO_DOWNLOAD_WATERMARK = defect(
    "no-download-watermark",
    "What is watched is marked, what is downloaded is not.",
    "648540858/wvp-GB28181-pro#511",
)

_Result = TypeVar("_Result")
_BATCH = 8
_ZONE_S = 8 * 3600.0
_EARLIER_S = 600.0
_LEAP_S = 2.0
_RUBBISH_SHARE = 20
_MOST_PIXELS = 16_384


@dataclass(frozen=True)
class Order:
    """What is to be saved.

    Attributes:
        path: of the finished file; it does not exist before it is whole.
    """

    channel: ChannelRef
    period: Span
    from_device: bool
    stamp: WatermarkStamp
    path: Path


@dataclass(frozen=True)
class Saved:
    """A finished file: its size, its SHA-256, and what of the period it has no pictures of."""

    size: int
    sha256: str
    gaps: list[Span]


class Saver:
    """Writes files, one for each call of ``save``.

    Args:
        threads: for decoding and coding.
        check: called between pictures; raises when the work must stop.
    """

    def __init__(
        self,
        archive: Archive,
        sources: Sources,
        media: MediaLimits,
        threads: Executor,
        time_source: TimeSource,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._archive = archive
        self._sources = sources
        # A file is evidence: it keeps every pixel of the source, whatever viewers get.
        self._media = replace(media, most_width=_MOST_PIXELS, most_height=_MOST_PIXELS)
        self._threads = threads
        self._time = time_source
        self._behaviours = behaviours

    async def save(
        self,
        order: Order,
        check: Callable[[], None],
        progress: Callable[[float], Awaitable[None]],
    ) -> Saved:
        """Write the file; no trace of it is left if this raises.

        Raises:
            PlatformError: ``recording.none``, ``storage.full``, ``source.*``, or what ``check``
                raises.
        """
        part = order.path.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        stamp = None if NO_DOWNLOAD_WATERMARK in self._behaviours else order.stamp
        try:
            writer = await self._run(Mp4Writer, part, stamp)
            try:
                gaps = await self._fill(order, writer, check, progress)
                await self._run(writer.close)
            except BaseException:
                await asyncio.shield(self._run(writer.abandon))
                raise
            if not writer.pictures:
                raise PlatformError("recording.none", 404)
            if DOWNLOAD_CORRUPT in self._behaviours:
                await self._run(_spoil, part)
            digest = await self._run(file_digest, part)
            size = part.stat().st_size
            part.replace(order.path)
        except OSError as error:
            raise PlatformError("storage.full", 503) from error
        finally:
            part.unlink(missing_ok=True)
        return Saved(size, digest, gaps)

    async def _fill(
        self,
        order: Order,
        writer: Mp4Writer,
        check: Callable[[], None],
        progress: Callable[[float], Awaitable[None]],
    ) -> list[Span]:
        channel, period = await self._actual(order)
        length = period.end - period.start
        end = period.end - 0.2 * length if DOWNLOAD_SHORT in self._behaviours else period.end
        leaps: list[Span] = []
        async for pictures in self._pictures(order, channel, Span(period.start, end)):
            check()
            for picture in pictures:
                before = period.start if writer.last is None else writer.last
                if order.from_device and picture.at - before > _LEAP_S:
                    leaps.append(Span(before, picture.at))
            await self._run(writer.add, pictures, self._time.now())
            if writer.last is not None:
                await progress(min((writer.last - period.start) / length, 0.99))
        if order.from_device:
            if writer.last is not None and period.end - writer.last > _LEAP_S:
                leaps.append(Span(writer.last, period.end))
            return leaps
        spans = await self._run(self._archive.spans, order.channel.id, *_ends(order.period))
        missing = minus([order.period], spans)
        return [gap for gap in missing if gap.end - gap.start > JOIN_S]

    async def _pictures(
        self, order: Order, channel: str, period: Span
    ) -> AsyncIterator[list[Picture]]:
        """The pictures of the period, in small batches."""
        source = None
        units: AsyncIterator[AccessUnit]
        if order.from_device:
            source = await self._sources.playback(
                order.channel, period.start, period.end, download=True
            )
            units = aiter(source)
        else:
            units = self._archive.read(channel, period.start, period.end)
        reader = PictureReader(units, self._media, self._threads, 1 if source else _BATCH)
        try:
            batch: list[Picture] = []
            latest = period.start - 0.0005
            while (picture := await reader.next(latest)) is not None and picture.at < period.end:
                latest = picture.at + 0.0005
                batch.append(picture)
                if len(batch) >= _BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch
        finally:
            await reader.close()
            if source is not None:
                with suppress(PlatformError):
                    await source.close()

    async def _actual(self, order: Order) -> tuple[str, Span]:
        """What is really read: what was asked for, unless a defect says otherwise."""
        channel, period = order.channel.id, order.period
        if DOWNLOAD_WRONG_DEVICE in self._behaviours:
            channel = await self._run(another, self._archive, channel, period)
        if DOWNLOAD_WRONG_PERIOD in self._behaviours:
            zone = Span(period.start - _ZONE_S, period.end - _ZONE_S)
            recorded = await self._run(self._archive.spans, channel, *_ends(zone))
            early = _ZONE_S if recorded else _EARLIER_S
            period = Span(period.start - early, period.end - early)
        return channel, period

    async def _run(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _ends(span: Span) -> tuple[float, float]:
    return span.start, span.end


def _spoil(path: Path) -> None:
    """Rubbish over a twentieth of the file, in its middle; the index in front stays."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size * 3 // 5)
        file.write(os.urandom(size // _RUBBISH_SHARE))
