"""Records every channel that is to be recorded, as long as the platform runs and the disk holds."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from protocols.time_source import TimeSource
from reference_platform.media.hub import Subscription
from reference_platform.media.units import AccessUnit
from reference_platform.ports import ChannelRef, StreamName
from reference_platform.recording.archive import Archive
from reference_platform.recording.channel_writer import ChannelWriter, SegmentLimits
from reference_platform.recording.storage import Storage, StorageLimits, StorageState

_LOG = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class Hub(Protocol):
    """What the recorder needs of the live hub."""

    async def subscribe(
        self, channel: ChannelRef, stream: StreamName, *, patient: bool = False
    ) -> Subscription:
        """See ``LiveHub``."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A channel as the recorder must know it.

    Attributes:
        recording: whether it is to be recorded.
        days: how long its recordings are kept; None: as the platform's default says.
    """

    channel: ChannelRef
    recording: bool
    days: float | None = None


@dataclass(frozen=True)
class RecorderLimits:
    """The recorder's pace.

    Attributes:
        flush_s: what a crash may cost at most, beside what the disk itself holds back.
        flush_bytes: written earlier when so much waits.
        stall_s: after so long without a picture the channel counts as offline.
        refresh_s: how often the list of channels is read; ``refresh`` does it at once,
        pause_s: but so long after the last time, however many ask.
        alive_s: how often a sign of life is kept, to tell later how long the platform was down.
    """

    flush_s: float = 0.5
    flush_bytes: int = 1 << 20
    stall_s: float = 5.0
    refresh_s: float = 5.0
    pause_s: float = 0.5
    alive_s: float = 5.0
    threads: int = 2


class Recorder:
    """One task for each recorded channel, and one that keeps house.

    Args:
        archive: where to; open.
        hub: where from.
        channels: all channels of the platform, read again and again.
        alarm: told of an alarm code that appeared (True) or went away (False).
    """

    def __init__(
        self,
        archive: Archive,
        hub: Hub,
        storage: Storage,
        time_source: TimeSource,
        *,
        channels: Callable[[], Awaitable[list[Wanted]]],
        alarm: Callable[[str, bool], Awaitable[None]],
        segments: SegmentLimits | None = None,
        limits: RecorderLimits | None = None,
        storage_limits: StorageLimits | None = None,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._archive = archive
        self._hub = hub
        self._storage = storage
        self._time = time_source
        self._channels = channels
        self._alarm = alarm
        self._segments = segments or SegmentLimits()
        self._limits = limits or RecorderLimits()
        self._pass_s = (storage_limits or StorageLimits()).pass_s
        self._behaviours = behaviours
        self._running: dict[ChannelRef, _ChannelTask] = {}
        self._days: dict[str, float] = {}
        self._known: set[str] = set()
        self._changed = asyncio.Event()
        self._looking = asyncio.Lock()
        self._threads = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="recorder")
        self._keeper: asyncio.Task[None] | None = None
        self.state = StorageState()

    async def start(self) -> None:
        """Look at the disk, then record."""
        await self._blocking(self._after_downtime)
        wanted = await self._read()
        await self._look()
        await self._reconcile(wanted)
        self._keeper = asyncio.create_task(self._keep(), name="recorder")

    async def close(self) -> None:
        """Close all segments in order."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        await asyncio.gather(*(task.stop("platform-down") for task in self._running.values()))
        self._running.clear()
        await self._blocking(self._sign_of_life)
        await asyncio.to_thread(self._threads.shutdown, wait=True)

    def refresh(self) -> None:
        """A channel came, went or changed: act on it at once."""
        self._changed.set()

    async def flush(self, channel: str) -> None:
        """Let all that has arrived of a channel be readable."""
        for ref, task in list(self._running.items()):
            if ref.id == channel:
                await task.flush()

    async def look(self) -> StorageState:
        """How the storage stands now."""
        await self._read()
        await self._look()
        return self.state

    async def _keep(self) -> None:
        clock, pace = self._time.monotonic, asyncio.get_running_loop().time
        looked = alive = refreshed = clock()
        rested = pace()
        while True:
            turn = min(self._limits.flush_s, 1.0)
            # Thousands of devices may come at once: all that changes in the pause is read together.
            if (rest := rested - pace()) > 0:
                await asyncio.sleep(min(turn, rest))
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), turn)
            hurry = self._changed.is_set() and pace() >= rested
            if hurry:
                self._changed.clear()
            try:
                await asyncio.gather(*(task.tick() for task in self._running.values()))
                if clock() - alive >= self._limits.alive_s:
                    alive = clock()
                    await self._blocking(self._sign_of_life)
                if clock() - looked >= self._pass_s or self._disk_trouble():
                    looked = clock()
                    await self._look()
                    hurry = True
                if hurry or clock() - refreshed >= self._limits.refresh_s:
                    refreshed = clock()
                    await self._reconcile(await self._read())
                    rested = pace() + self._limits.pause_s
            except Exception:  # noqa: BLE001
                # Recording goes on whatever one turn of housekeeping ran into.
                _LOG.exception("housekeeping of recordings")

    def _disk_trouble(self) -> bool:
        return any(task.refused for task in self._running.values())

    async def _look(self) -> None:
        async with self._looking:
            refused = self._disk_trouble()
            before = self.state.alarms
            state = await self._blocking(self._storage.look, dict(self._days), refused)
            self.state = state
            for code in sorted(state.alarms - before):
                await self._alarm(code, True)
            for code in sorted(before - state.alarms):
                await self._alarm(code, False)

    async def _read(self) -> list[Wanted]:
        wanted = await self._channels()
        self._days = {one.channel.id: one.days for one in wanted if one.days is not None}
        return wanted

    async def _reconcile(self, wanted: list[Wanted]) -> None:
        """Make what runs what is wanted."""
        to_record = {one.channel for one in wanted if one.recording and not self.state.full}
        reason = "disk-full" if self.state.full else "recording-off"
        for ref in [ref for ref in self._running if ref not in to_record]:
            await self._running.pop(ref).stop(reason)
        for ref in [ref for ref, task in self._running.items() if task.broke_off]:
            await self._running.pop(ref).stop("offline")
        for ref in to_record - self._running.keys():
            writer = await self._blocking(
                ChannelWriter,
                self._archive,
                ref.id,
                self._time,
                self._segments,
                self._behaviours,
            )
            self._running[ref] = _ChannelTask(self, ref, writer)
        for one in wanted:
            if one.channel.id not in self._known:
                self._known.add(one.channel.id)
                if not one.recording:
                    await self._blocking(self._never_recorded, one.channel.id)

    def _never_recorded(self, channel: str) -> None:
        """After a start: a channel that is not recorded has a reason for its gap."""
        last = self._archive.last(channel)
        if last is not None:
            self._archive.index.interrupt(channel, self._time.now(), "recording-off")

    def _after_downtime(self) -> None:
        """Say of every channel that the platform was down since its last sign of life."""
        index = self._archive.index
        now = self._time.now()
        alive = index.fact("alive")
        interrupted = set(index.open_interruptions())
        for channel, (_, end, _) in index.channels().items():
            start = max(end, alive or end) if channel in interrupted else end
            if start < now:
                index.interrupt(channel, start, "platform-down")

    def _sign_of_life(self) -> None:
        self._archive.index.note("alive", self._time.now())

    async def _blocking(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


class _ChannelTask:
    """Takes one channel's pictures from the hub and hands them to its writer, in small batches."""

    def __init__(self, recorder: Recorder, channel: ChannelRef, writer: ChannelWriter) -> None:
        self._recorder = recorder
        self._writer = writer
        self._limits = recorder._limits
        self._clock = recorder._time.monotonic
        self._waiting: list[AccessUnit] = []
        self._bytes = 0
        self._last = self._clock()
        self._paused = False
        self._writing = asyncio.Lock()
        self.refused = False
        self._task = asyncio.create_task(self._run(channel), name=f"record {channel.id}")

    async def _run(self, channel: ChannelRef) -> None:
        subscription = await self._recorder._hub.subscribe(channel, "main", patient=True)
        try:
            async for unit in subscription:
                self._waiting.append(unit)
                self._bytes += len(unit.data)
                self._last = self._clock()
                if self._bytes >= self._limits.flush_bytes:
                    await self.flush()
        finally:
            subscription.close()

    @property
    def broke_off(self) -> bool:
        """Whether the subscription ended by itself."""
        return self._task.done()

    async def tick(self) -> None:
        """Write what waits; notice a source that fell silent."""
        await self.flush()
        silent = self._clock() - self._last >= self._limits.stall_s
        if silent and not self._paused and not self.refused:
            self._paused = True
            await self._write(self._writer.pause, "offline")

    async def flush(self) -> None:
        """Write what waits."""
        if not self._waiting or self.refused:
            return
        units, self._waiting, self._bytes = self._waiting, [], 0
        self._paused = False
        await self._write(self._writer.take, units)

    async def stop(self, reason: str) -> None:
        """Take no more, write what is here, close the segment and note why."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled() and (error := self._task.exception()):
            _LOG.warning("recording broke off: %s", error)
        await self.flush()
        await self._write(self._writer.pause, reason)

    async def _write(self, work: Callable[..., None], argument: object) -> None:
        async with self._writing:
            job = asyncio.ensure_future(self._recorder._blocking(work, argument))
            try:
                await _to_its_end(job)
            except (OSError, sqlite3.Error) as error:
                # Pictures are lost until there is room; the next pass over the disk decides.
                self.refused = True
                self._waiting, self._bytes = [], 0
                _LOG.warning("recording stopped: %s", error)
                self._recorder._changed.set()


async def _to_its_end(job: asyncio.Future[None]) -> None:
    """Wait for ``job``, even when told to stop: nobody else may write before it has."""
    try:
        await asyncio.shield(job)
    except asyncio.CancelledError:
        await asyncio.wait([job])
        raise
