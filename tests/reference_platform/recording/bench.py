"""Pictures without pixels, and a hub that a test drives by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from protocols.time_source import VirtualTime
from reference_platform.media.units import AccessUnit, VideoCodec
from reference_platform.ports import ChannelRef, StreamName
from reference_platform.recording.archive import Archive
from reference_platform.recording.channel_writer import ChannelWriter, SegmentLimits

CHANNEL = "61010200001320000001"
OTHER = "61010200001320000002"
NOON = 1_770_004_800.0


def ref(channel: str = CHANNEL) -> ChannelRef:
    return ChannelRef(channel, "61010200001110000001", "gb28181")


def units(
    start: float,
    seconds: float,
    *,
    fps: float = 10.0,
    gop: int = 10,
    pts: int = 0,
    codec: VideoCodec = "h264",
    size: int = 50,
) -> list[AccessUnit]:
    """Pictures whose data names their time."""
    return [
        AccessUnit(
            codec,
            f"{start + index / fps:.3f}".encode().ljust(size, b"."),
            pts + round(index * 90_000 / fps),
            index % gop == 0,
            start + index / fps,
        )
        for index in range(round(seconds * fps))
    ]


def opened(folder: Path, **named: object) -> Archive:
    archive = Archive(folder, **named)  # type: ignore[arg-type]
    archive.open()
    return archive


def recorded(
    archive: Archive,
    periods: Iterable[tuple[float, float]],
    channel: str = CHANNEL,
    limits: SegmentLimits | None = None,
) -> None:
    """Write periods (start, seconds) as a recorder would."""
    clock = VirtualTime(NOON)
    writer = ChannelWriter(archive, channel, clock, limits or SegmentLimits())
    first = None
    for start, seconds in periods:
        first = start if first is None else first
        writer.take(units(start, seconds, pts=round((start - first) * 90_000)))
        writer.pause("offline")


async def times(pictures: AsyncIterator[AccessUnit]) -> list[float]:
    return [unit.at async for unit in pictures]


class HandHub:
    """Hands on what the test says, as the live hub does."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, HandSubscription] = {}
        self.begun = 0

    async def subscribe(
        self, channel: ChannelRef, stream: StreamName, *, patient: bool = False
    ) -> HandSubscription:
        assert stream == "main"
        assert patient
        self.begun += 1
        self.subscriptions[channel.id] = HandSubscription()
        return self.subscriptions[channel.id]

    def give(self, pictures: Iterable[AccessUnit], channel: str = CHANNEL) -> None:
        for unit in pictures:
            self.subscriptions[channel].queue.put_nowait(unit)


class HandSubscription:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[AccessUnit | None] = asyncio.Queue()
        self.closed = False

    def __aiter__(self) -> HandSubscription:
        return self

    async def __anext__(self) -> AccessUnit:
        unit = await self.queue.get()
        if unit is None:
            raise StopAsyncIteration
        return unit

    def close(self) -> None:
        self.closed = True
