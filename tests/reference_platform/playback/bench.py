"""Planted recordings, and a player that reads the time from the pixels of what it gets."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av

from protocols.time_source import SystemTime
from reference_platform.media.limits import MediaLimits
from reference_platform.media.watermark import WatermarkStamp
from reference_platform.playback.feeds import ArchiveFeed
from reference_platform.playback.pictures import ViewerTrack
from reference_platform.playback.session import Playback
from reference_platform.ports import Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.planting import Planted, PlantedSegments, plant, read_bars
from tests.reference_platform.recording.bench import CHANNEL, NOON, OTHER, opened

__all__ = ["CHANNEL", "NOON", "OTHER"]

FPS = 10.0


def planted(
    folder: Path,
    spans: Iterable[tuple[float, float]],
    channel: str = CHANNEL,
    **named: object,
) -> None:
    """Plant stretches (from, to), seconds from noon."""
    plant(
        folder,
        Planted(channel, fps=FPS, **named),  # type: ignore[arg-type]
        [Span(NOON + start, NOON + end) for start, end in spans],
    )


def archive_of(folder: Path, spans: Iterable[tuple[float, float]]) -> Archive:
    planted(folder, spans)
    return opened(folder, formats=(PlantedSegments(),))


def shown_times(data: bytes, base: float = NOON) -> list[float]:
    """The time in the pixels of every picture of a file, seconds from ``base``."""
    with av.open(io.BytesIO(data)) as container:
        return [
            round(read_bars(frame.to_ndarray(format="gray")) - base, 3)
            for frame in container.decode(video=0)
        ]


@dataclass(frozen=True)
class Chunk:
    arrived: float
    data: bytes


class Player:
    """Takes a stream in the background and keeps what came, and when."""

    def __init__(self, stream: AsyncIterator[bytes], base: float = NOON) -> None:
        self.chunks: list[Chunk] = []
        self._base = base
        self._more = asyncio.Event()
        self.task = asyncio.create_task(self._run(stream))

    async def _run(self, stream: AsyncIterator[bytes]) -> None:
        async for data in stream:
            self.chunks.append(Chunk(time.monotonic(), data))
            self._more.set()

    async def pictures(self, count: int, seconds: float = 10.0) -> None:
        """Wait for ``count`` pictures more than there are now."""
        wanted = len(self.chunks) + count
        async with asyncio.timeout(seconds):
            while len(self.chunks) < wanted:
                self._more.clear()
                await self._more.wait()

    async def ended(self, seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            await self.task

    @property
    def data(self) -> bytes:
        return b"".join(chunk.data for chunk in self.chunks)

    def times(self) -> list[float]:
        """What the pictures show, seconds from the base."""
        return shown_times(self.data, self._base)

    def pace(self, begin: int, end: int) -> float:
        """Shown seconds over real seconds between two pictures."""
        times = self.times()
        return (times[end] - times[begin]) / (self.chunks[end].arrived - self.chunks[begin].arrived)


class Bench:
    """One playback of the archive."""

    def __init__(self, archive: Archive, period: tuple[float, float], *behaviours: str) -> None:
        self.threads = ThreadPoolExecutor(2)
        self.archive = archive
        span = Span(NOON + period[0], NOON + period[1])
        feed = ArchiveFeed(archive, CHANNEL, span.end, MediaLimits(), self.threads)
        self.playback = Playback(
            feed,
            span,
            lambda: ViewerTrack(WatermarkStamp("alice", "ACEFHJK"), MediaLimits()),
            SystemTime(),
            self.run,
            frozenset(behaviours),
        )

    async def run(self, work: Callable[..., bytes], *arguments: object) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work, *arguments)

    def play(self) -> Player:
        return Player(self.playback.stream())

    async def __aenter__(self) -> Bench:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.playback.close()
        self.threads.shutdown(wait=True)
        self.archive.close()
