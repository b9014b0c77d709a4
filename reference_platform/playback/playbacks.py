"""All playback sessions: who may begin, steer and watch them, and how long they live."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import Conflict, Denied, PlatformError
from reference_platform.inventory.channels import Channels
from reference_platform.media.codes import WatermarkCodes
from reference_platform.media.limits import MediaLimits
from reference_platform.media.watermark import WatermarkStamp
from reference_platform.people.access import Access, Principal, Watch
from reference_platform.people.audit import Audit
from reference_platform.people.operations import Operation
from reference_platform.playback.feeds import ArchiveFeed, DeviceFeed, PictureFeed
from reference_platform.playback.models import (
    NewPlayback,
    PassedGap,
    PlaybackControl,
    PlaybackView,
    SourceKind,
)
from reference_platform.playback.pictures import ViewerTrack
from reference_platform.playback.session import Playback
from reference_platform.ports import ChannelRef, Sources, Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.periods import checked_period
from reference_platform.store.base import new_id
from reference_platform.times import moment

PLAYBACK_WRONG_DEVICE = defect(
    "playback-wrong-device", "Playback shows another camera that has recordings of that time."
)
NO_PLAYBACK_WATERMARK = defect(
    "no-playback-watermark",
    "Live pictures are marked, recorded ones are not.",
    "648540858/wvp-GB28181-pro#511",
)


@dataclass(frozen=True)
class PlaybackLimits:
    """Bounds of playback.

    Attributes:
        idle_s: a session that nobody watches or steers for so long ends.
        most: sessions at once on the platform.
        most_each: of one user.
        longest_s: period of one session.
        threads: for decoding and coding.
    """

    idle_s: float = 120.0
    most: int = 200
    most_each: int = 16
    longest_s: float = 31 * 86_400.0
    threads: int = os.cpu_count() or 1


@dataclass(frozen=True)
class PlaybackPictures:
    """A session's stream, and what says that it must be cut."""

    body: AsyncIterator[bytes]
    ended: asyncio.Event


@dataclass
class _Session:
    id: str
    principal: Principal
    channel: ChannelRef
    source: SourceKind
    playback: Playback
    watches: list[Watch]
    used: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    guard: asyncio.Task[None] | None = None


class Playbacks:
    """Playback sessions of all users; each is its owner's alone."""

    def __init__(
        self,
        archive: Archive,
        sources: Sources,
        channels: Channels,
        access: Access,
        audit: Audit,
        codes: WatermarkCodes,
        time_source: TimeSource,
        *,
        media: MediaLimits | None = None,
        limits: PlaybackLimits | None = None,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._archive = archive
        self._sources = sources
        self._channels = channels
        self._access = access
        self._audit = audit
        self._codes = codes
        self._time = time_source
        self._media = media or MediaLimits()
        self._limits = limits or PlaybackLimits()
        self._behaviours = behaviours
        self._sessions: dict[str, _Session] = {}
        self._threads = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="playback")
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to end what nobody uses."""
        self._sweeper = asyncio.create_task(self._sweep(), name="playbacks")

    async def close(self) -> None:
        """End all sessions."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])
        await asyncio.gather(*(self._end(one, "platform-down") for one in self._all()))
        await asyncio.to_thread(self._threads.shutdown, wait=True)

    # -- what owners do

    async def open(self, principal: Principal, new: NewPlayback) -> PlaybackView:
        """Begin a session at the start of a period.

        Raises:
            PlatformError: ``access.denied``; ``period.*``; ``recording.none``;
                ``playback.too-many``.
        """
        self._access.require(principal, Operation.PLAYBACK, new.channel)
        if new.source == "device":
            self._access.require(principal, Operation.DEVICE_RECORDINGS, new.channel)
        period = checked_period(new.start, new.end, self._time.now(), self._limits.longest_s)
        own = sum(one.principal.user_id == principal.user_id for one in self._all())
        if own >= self._limits.most_each or len(self._sessions) >= self._limits.most:
            raise Conflict("playback.too-many", most=self._limits.most_each)
        channel = await self._channels.ref(new.channel)
        feed = await self._feed(channel, new.source, period)
        stamp: WatermarkStamp | None = await self._codes.stamp(principal)
        if NO_PLAYBACK_WATERMARK in self._behaviours:
            stamp = None
        playback = Playback(
            feed,
            period,
            lambda: ViewerTrack(stamp, self._media),
            self._time,
            self._run,
            self._behaviours,
        )
        watches = [self._access.watch(principal, Operation.PLAYBACK, new.channel)]
        if new.source == "device":
            watches.append(self._access.watch(principal, Operation.DEVICE_RECORDINGS, new.channel))
        session = _Session(
            new_id(), principal, channel, new.source, playback, watches, self._time.monotonic()
        )
        self._sessions[session.id] = session
        session.guard = asyncio.create_task(self._guarded(session), name=f"playback {session.id}")
        self._audit.record(
            principal,
            "playback",
            new.channel,
            start=moment(period.start).isoformat(),
            end=moment(period.end).isoformat(),
            source=new.source,
        )
        return _view(session)

    def view(self, principal: Principal, identifier: str) -> PlaybackView:
        """How a session stands.

        Raises:
            PlatformError: ``access.denied``, also of what does not exist.
        """
        return _view(self._own(principal, identifier))

    async def control(
        self, principal: Principal, identifier: str, command: PlaybackControl
    ) -> PlaybackView:
        """Steer a session.

        Raises:
            PlatformError: ``access.denied``; ``playback.outside``; ``playback.incomplete``.
        """
        session = self._own(principal, identifier)
        playback = session.playback
        if command.action == "pause":
            await playback.pause()
        elif command.action == "resume":
            await playback.resume()
        elif command.action == "seek":
            if command.position is None:
                raise PlatformError("playback.incomplete", 422, field="position")
            at = command.position.timestamp()
            if not playback.period.start <= at < playback.period.end:
                raise PlatformError("playback.outside", 422)
            await playback.seek(at)
        else:
            if command.scale is None:
                raise PlatformError("playback.incomplete", 422, field="scale")
            await playback.set_scale(command.scale)
        return _view(session)

    async def stream(self, principal: Principal, identifier: str) -> PlaybackPictures:
        """The pictures of a session, as a fragmented MP4.

        Raises:
            PlatformError: ``access.denied``; 409 ``playback.ended``; the source refuses, or broke
                off before.
        """
        session = self._own(principal, identifier)
        failure = session.playback.failure
        if failure is not None:
            raise PlatformError(failure.code, failure.status, **failure.parameters)
        if session.playback.state == "ended":
            raise Conflict("playback.ended")
        await session.playback.prepare()
        return PlaybackPictures(session.playback.stream(), session.ended)

    async def end(self, principal: Principal, identifier: str) -> None:
        """End a session.

        Raises:
            PlatformError: ``access.denied``, also of what does not exist.
        """
        await self._end(self._own(principal, identifier), "closed")

    # -- what becomes of them

    def _own(self, principal: Principal, identifier: str) -> _Session:
        session = self._sessions.get(identifier)
        if session is None or session.principal.user_id != principal.user_id:
            raise Denied
        self._access.require(principal, Operation.PLAYBACK, session.channel.id)
        session.used = self._time.monotonic()
        return session

    def _all(self) -> list[_Session]:
        return list(self._sessions.values())

    async def _guarded(self, session: _Session) -> None:
        """End a session when a right that it rests on ends."""
        waits = [asyncio.create_task(watch.ended.wait()) for watch in session.watches]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        reason = next((watch.reason for watch in session.watches if watch.reason), "ended")
        session.guard = None
        await self._end(session, reason)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(self._limits.idle_s / 4, 5.0))
            now = self._time.monotonic()
            for session in self._all():
                used = max(session.used, session.playback.idle_since)
                if not session.playback.streaming and now - used > self._limits.idle_s:
                    await self._end(session, "idle")

    async def _end(self, session: _Session, why: str) -> None:
        if self._sessions.pop(session.id, None) is None:
            return
        if session.guard is not None:
            session.guard.cancel()
        for watch in session.watches:
            watch.close()
        session.ended.set()
        with suppress(PlatformError):
            await session.playback.close()
        self._audit.record(
            session.principal,
            "playback.ended",
            session.channel.id,
            why=why,
            position=moment(session.playback.position).isoformat(),
        )

    async def _feed(self, channel: ChannelRef, source: SourceKind, period: Span) -> PictureFeed:
        if source == "device":
            return DeviceFeed(self._sources, channel, period.end, self._media, self._threads)
        identifier = channel.id
        if PLAYBACK_WRONG_DEVICE in self._behaviours:
            identifier = await asyncio.to_thread(another, self._archive, identifier, period)
        pieces = await asyncio.to_thread(self._archive.pieces, identifier, period.start, period.end)
        if not pieces:
            raise PlatformError("recording.none", 404)
        return ArchiveFeed(self._archive, identifier, period.end, self._media, self._threads)

    async def _run(self, work: Callable[..., bytes], *arguments: object) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def another(archive: Archive, channel: str, period: Span) -> str:
    """Another channel with recordings of a period, for defects; the same if there is none."""
    others = sorted(set(archive.index.channels()) - {channel})
    return next((one for one in others if archive.spans(one, period.start, period.end)), channel)


def _view(session: _Session) -> PlaybackView:
    playback = session.playback
    gap = playback.gap
    return PlaybackView(
        id=session.id,
        channel=session.channel.id,
        device=session.channel.device,
        source=session.source,
        start=moment(playback.period.start),
        end=moment(playback.period.end),
        state=playback.state,
        position=moment(playback.position),
        scale=playback.scale,
        gap=PassedGap(start=moment(gap.start), end=moment(gap.end)) if gap else None,
        error=playback.failure.code if playback.failure else "",
    )
