"""The room of recordings, put together; and what users ask of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.errors import StartFailure
from reference_platform.inventory.alarms import Alarms
from reference_platform.inventory.channels import Channels
from reference_platform.inventory.events import Event, Events
from reference_platform.media.hub import LiveHub
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.ports import Sources, Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.channel_writer import SegmentLimits
from reference_platform.recording.models import (
    RecordedSpan,
    RecordingGap,
    RecordingList,
    StorageReport,
)
from reference_platform.recording.periods import checked_period
from reference_platform.recording.recorder import Recorder, RecorderLimits, Wanted
from reference_platform.recording.segments import SegmentFormat
from reference_platform.recording.storage import Storage, StorageLimits, free_bytes
from reference_platform.recording.timeline import Piece, minus
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import ServiceRow
from reference_platform.times import moment

_LONGEST_S = 400 * 86_400.0
_MOST_SPANS = 5000


class RecordingRoom:
    """Recorder, archive and disk.

    Attributes:
        archive: what is on disk; fulfils ``ports.Recordings``.
        recorder: what is being recorded.
        limits: of the disk.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        hub: LiveHub,
        sources: Sources,
        channels: Channels,
        access: Access,
        alarms: Alarms,
        events: Events,
        time_source: TimeSource,
        *,
        limits: StorageLimits | None = None,
        segments: SegmentLimits | None = None,
        pace: RecorderLimits | None = None,
        formats: Sequence[SegmentFormat] = (),
        free: Callable[[Path], int] = free_bytes,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        """Prepare; nothing is touched before ``start``.

        Args:
            folder: of all recordings.
            formats: kinds of segment files beside the platform's own, for test hosts.
            free: how much the disk has left.
        """
        self.limits = limits or StorageLimits()
        self.archive = Archive(folder, behaviours=behaviours, formats=formats)
        self._database = database
        self._sources = sources
        self._channels = channels
        self._access = access
        self._alarms = alarms
        self._time = time_source
        self.recorder = Recorder(
            self.archive,
            hub,
            Storage(self.archive, time_source, self.limits, free=free, behaviours=behaviours),
            time_source,
            channels=self._wanted,
            alarm=self._alarm,
            segments=segments,
            limits=pace,
            storage_limits=self.limits,
            behaviours=behaviours,
        )
        events.listen(self._heard)

    async def start(self) -> None:
        """Recover what a crash left, then record.

        Raises:
            StartFailure: the folder cannot be used.
        """
        try:
            await asyncio.to_thread(self.archive.open)
        except (OSError, sqlite3.Error) as error:
            folder = str(self.archive.folder)
            raise StartFailure("data.unusable", folder=folder, detail=str(error)) from error
        await self.recorder.start()

    async def close(self) -> None:
        """Close all segments in order."""
        await self.recorder.close()
        self.archive.close()

    # -- what users ask

    async def listed(
        self, principal: Principal, channel: str, start: datetime, end: datetime
    ) -> RecordingList:
        """What is recorded of a channel within a period, and what is missing and why.

        Raises:
            PlatformError: ``access.denied``; ``period.*``.
        """
        self._access.require(principal, Operation.PLAYBACK, channel)
        period = checked_period(start, end, self._time.now(), _LONGEST_S)
        await self.recorder.flush(channel)
        return await asyncio.to_thread(self._list, channel, period)

    async def on_device(
        self, principal: Principal, channel: str, start: datetime, end: datetime
    ) -> RecordingList:
        """What the device says that it has recorded.

        Raises:
            PlatformError: ``access.denied``; ``period.*``; ``source.*``.
        """
        self._access.require(principal, Operation.DEVICE_RECORDINGS, channel)
        period = checked_period(start, end, self._time.now(), _LONGEST_S)
        ref = await self._channels.ref(channel)
        spans = list(await self._sources.records(ref, period.start, period.end))[:_MOST_SPANS]
        return RecordingList(
            channel=channel,
            spans=[
                RecordedSpan(start=moment(one.start), end=moment(one.end), bytes=0, codec="")
                for one in spans
            ],
            gaps=[
                RecordingGap(start=moment(one.start), end=moment(one.end), reason="not-on-device")
                for one in minus([period], spans)
            ],
        )

    async def storage(self, principal: Principal) -> StorageReport:
        """How the disk stands; per channel only those that ``principal`` may know of.

        Raises:
            PlatformError: ``access.denied``.
        """
        self._access.require(principal, Operation.DEVICES)
        visible = self._access.visible_channels(principal)
        state = await self.recorder.look()
        return StorageReport(
            bytes=state.used,
            free=state.free,
            guaranteed_days=self.limits.guaranteed_days,
            projected_days=state.projected_days,
            days={channel: days for channel, days in state.days.items() if channel in visible},
            alarms=sorted(state.alarms),
        )

    def _list(self, channel: str, period: Span) -> RecordingList:
        pieces = self.archive.pieces(channel, period.start, period.end)
        spans = self.archive.spans_of(pieces)
        gaps = self.archive.gaps(channel, spans, period)
        return RecordingList(
            channel=channel,
            spans=[_recorded(span, pieces) for span in spans[:_MOST_SPANS]],
            gaps=[
                RecordingGap(start=moment(one.start), end=moment(one.end), reason=one.reason)
                for one in gaps[:_MOST_SPANS]
            ],
        )

    # -- what the recorder asks

    async def _wanted(self) -> list[Wanted]:
        promised = await self._database.read(self._promised)
        return [
            Wanted(
                plan.ref,
                plan.recording,
                max(plan.retention_days, promised.get(plan.ref.id, 0)),
            )
            for plan in await self._channels.plans()
        ]

    def _promised(self, session: Session) -> dict[str, int]:
        """The days that contracts in force promise, by channel."""
        now = self._time.now()
        in_force = or_(ServiceRow.valid_until.is_(None), ServiceRow.valid_until > now)
        days: dict[str, int] = {}
        for service in session.scalars(select(ServiceRow).where(in_force)):
            for channel in service.channels:
                days[channel] = max(service.retention_days, days.get(channel, 0))
        return days

    async def _alarm(self, code: str, raised: bool) -> None:
        if raised:
            await self._alarms.raise_alarm(code, once=True, days=f"{self.limits.guaranteed_days:g}")

    def _heard(self, event: Event) -> None:
        if event.type.startswith(("channels-", "device-")):
            self.recorder.refresh()


def _recorded(span: Span, pieces: Sequence[Piece]) -> RecordedSpan:
    size, codecs = 0.0, []
    for piece in pieces:
        if piece.start < span.end and piece.end > span.start:
            whole = piece.segment.end - piece.segment.start
            size += piece.segment.size * (piece.end - piece.start) / whole if whole > 0 else 0.0
            if piece.segment.codec not in codecs:
                codecs.append(piece.segment.codec)
    return RecordedSpan(
        start=moment(span.start), end=moment(span.end), bytes=round(size), codec=",".join(codecs)
    )
