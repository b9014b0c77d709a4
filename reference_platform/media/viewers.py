"""Live view for users: who may, how many, with which mark, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from pydantic import BaseModel, Field

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import Conflict, PlatformError
from reference_platform.inventory.contracts import Contracts
from reference_platform.media.codes import WatermarkCodes
from reference_platform.media.dead_source import DEAD_STREAM_REPORTED_LIVE, StillFeed
from reference_platform.media.hub import ONE_PULL_PER_USER, LiveHub
from reference_platform.media.limits import MediaLimits
from reference_platform.media.pictures import Feed, SharedPictures
from reference_platform.media.viewer import Viewer
from reference_platform.media.watermark import WatermarkStamp, prepare
from reference_platform.people.access import Access, Principal, Watch
from reference_platform.people.audit import Audit
from reference_platform.people.operations import Operation
from reference_platform.ports import ChannelRef, StreamName
from reference_platform.store.base import new_id
from reference_platform.times import Moment, moment

WRONG_CHANNEL = defect("wrong-channel", "Live view shows another channel than the one asked for.")
SECOND_USER_REFUSED = defect(
    "second-user-refused", "A channel that one user watches is refused to every other."
)
ONE_LEAVES_ALL_STOP = defect(
    "one-leaves-all-stop",
    "When one viewer of a channel leaves, the picture of all others stops.",
    seen="648540858/wvp-GB28181-pro#2131",
)
OTHER_USERS_WATERMARK = defect(
    "other-users-watermark", "All viewers of a channel get the mark of the first one."
)
REFUSES_ABOVE_HALF = defect(
    "refuses-above-half", "Live view is refused above half of the agreed number of viewers."
)
_AGREED_AT_LEAST = 4

__all__ = ["ONE_PULL_PER_USER", "LiveView", "LiveViews", "Viewers"]


class LiveView(BaseModel):
    """One user who watches."""

    id: str
    user: str = Field(description="log-in name")
    display_name: str
    address: str
    stream: Literal["main", "sub"]
    since: Moment
    watermark: str = Field(description="short code in the picture")
    pictures: int = Field(description="sent so far")
    dropped: int = Field(description="left out because machine or connection were too slow")
    bytes: int


class LiveViews(BaseModel):
    """Who watches a channel, and what it costs the camera."""

    channel: str
    state: Literal["idle", "opening", "live", "lost"] = Field(description="of the main stream")
    upstream_pulls: int = Field(description="streams that the camera sends to the platform")
    viewers: list[LiveView]


class Viewers:
    """All live views of the platform.

    Args:
        hub: the pulls.
        access: decides who may, and for how long.
        audit: notes who watched what.
        codes: the marks.
        channel: the channel of an identifier that ``access`` has allowed.
        contracts: how many users of an organisation may watch at once.
        time_source: for marks and patience.
        limits: bounds.
        behaviours: named defects in force.
    """

    def __init__(
        self,
        hub: LiveHub,
        access: Access,
        audit: Audit,
        codes: WatermarkCodes,
        channel: Callable[[str], Awaitable[ChannelRef]],
        contracts: Contracts,
        time_source: TimeSource,
        limits: MediaLimits,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._hub = hub
        self._access = access
        self._audit = audit
        self._codes = codes
        self._channel = channel
        self._contracts = contracts
        self._time = time_source
        self._limits = limits
        self._behaviours = behaviours
        self._pictures = SharedPictures(hub, time_source, limits, behaviours)
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="encode")
        self._threads.submit(prepare)
        self._running: dict[str, Viewer] = {}
        self._opening = 0
        #: Organisations with a contract: views of their users that run or begin, each by its id.
        self._contracted: dict[str, str] = {}
        self._promised = _AGREED_AT_LEAST
        self._ending: set[asyncio.Task[None]] = set()
        self._first_stamps: dict[str, WatermarkStamp] = {}

    async def open(
        self, principal: Principal, channel_id: str, stream: StreamName = "main"
    ) -> Viewer:
        """Begin a live view; returns when its first picture is ready.

        Raises:
            PlatformError: ``access.denied``, ``source.*``; 503: ``live.full``, ``.contract-full``.
        """
        try:
            viewer = await self._open(principal, channel_id, stream)
        except PlatformError as error:
            # Refusals for want of a right are noted where all are.
            if error.status not in (401, 403):
                self._audit.record(principal, "live", channel_id, error.code)
            raise
        self._audit.record(
            principal, "live", channel_id, stream=stream, watermark=viewer.stamp.code
        )
        return viewer

    async def views(self, principal: Principal, channel_id: str) -> LiveViews:
        """Who watches ``channel_id``; for those who manage its device.

        Raises:
            PlatformError: ``access.denied``.
        """
        self._access.require(principal, Operation.DEVICES, channel_id)
        watching = [each for each in self._running.values() if each.channel.id == channel_id]
        return LiveViews(
            channel=channel_id,
            state=self._hub.state(channel_id) or "idle",
            upstream_pulls=self._hub.pulls(channel_id),
            viewers=[
                LiveView(
                    id=each.id,
                    user=each.principal.name,
                    display_name=each.principal.display_name,
                    address=each.principal.address,
                    stream=each.stream,
                    since=moment(each.since),
                    watermark=each.stamp.code,
                    pictures=each.counts.pictures,
                    dropped=each.dropped,
                    bytes=each.counts.bytes,
                )
                for each in watching
            ],
        )

    @property
    def count(self) -> int:
        """How many watch now."""
        return len(self._running)

    async def close(self) -> None:
        """End all views."""
        for viewer in list(self._running.values()):
            viewer.close("platform.stopped")
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._pictures.close()
        self._threads.shutdown(wait=False)

    async def _open(self, principal: Principal, channel_id: str, stream: StreamName) -> Viewer:
        watch = self._access.watch(principal, Operation.LIVE, channel_id)
        identifier = new_id()
        self._opening += 1
        try:
            await self._refuse_full()
            await self._reserve(identifier, principal)
            self._refuse_second(principal, channel_id)
            channel = await self._channel(channel_id)
            stamp = self._stamp_of(channel_id, await self._codes.stamp(principal))
            feed = await self._feed(principal, channel, stream)
        except BaseException:
            self._contracted.pop(identifier, None)
            watch.close()
            raise
        finally:
            self._opening -= 1
        viewer = self._begin(identifier, principal, channel, stream, stamp, feed, watch)
        try:
            await viewer.begun()
        except BaseException:
            viewer.close("left")
            raise
        return viewer

    def _begin(
        self,
        identifier: str,
        principal: Principal,
        channel: ChannelRef,
        stream: StreamName,
        stamp: WatermarkStamp,
        feed: Feed,
        watch: Watch,
    ) -> Viewer:
        viewer = Viewer(
            id=identifier,
            principal=principal,
            channel=channel,
            stream=stream,
            since=self._time.now(),
            stamp=stamp,
            feed=feed,
            watch=watch,
            threads=self._threads,
            time_source=self._time,
            limits=self._limits,
            behaviours=self._behaviours,
            loaded=lambda: 2 * self.count > self._promised,
            left=self._left,
        )
        self._running[viewer.id] = viewer
        return viewer

    async def _feed(self, principal: Principal, channel: ChannelRef, stream: StreamName) -> Feed:
        shown = await self._other(channel) if WRONG_CHANNEL in self._behaviours else channel
        dead_lives = DEAD_STREAM_REPORTED_LIVE in self._behaviours
        try:
            async with asyncio.timeout(self._limits.first_picture_s):
                feed: Feed | None = await self._pictures.join(shown, stream, principal.user_id)
        except TimeoutError:
            if not dead_lives:
                raise PlatformError("source.timeout", 504) from None
            feed = None
        except PlatformError:
            if not dead_lives:
                raise
            feed = None
        if feed is None or dead_lives:
            return StillFeed(feed, self._time)
        return feed

    async def _refuse_full(self) -> None:
        self._promised = max(await self._contracts.promised() or 0, _AGREED_AT_LEAST)
        most = self._limits.most_viewers
        if REFUSES_ABOVE_HALF in self._behaviours:
            most = self._promised // 2
        if len(self._running) + self._opening > most:
            raise PlatformError("live.full", 503)

    async def _reserve(self, identifier: str, principal: Principal) -> None:
        """Count a view on the contracts of the user's organisation.

        Raises:
            PlatformError: ``live.contract-full`` (503).
        """
        agreed = await self._contracts.of(principal)
        if agreed is None:
            return
        taken = sum(one == agreed.organisation for one in self._contracted.values())
        if taken >= agreed.viewers:
            raise PlatformError("live.contract-full", 503, most=agreed.viewers)
        self._contracted[identifier] = agreed.organisation

    def _refuse_second(self, principal: Principal, channel_id: str) -> None:
        if SECOND_USER_REFUSED in self._behaviours and any(
            each.channel.id == channel_id and each.principal.user_id != principal.user_id
            for each in self._running.values()
        ):
            raise Conflict("live.busy")

    def _stamp_of(self, channel_id: str, own: WatermarkStamp) -> WatermarkStamp:
        if OTHER_USERS_WATERMARK in self._behaviours:
            return self._first_stamps.setdefault(channel_id, own)
        return own

    async def _other(self, channel: ChannelRef) -> ChannelRef:
        """The channel after the one asked for, of all that there are."""
        known = sorted(self._access.rights.places)
        return await self._channel(known[(known.index(channel.id) + 1) % len(known)])

    def _left(self, viewer: Viewer) -> None:
        self._running.pop(viewer.id, None)
        self._contracted.pop(viewer.id, None)
        task = asyncio.create_task(viewer.ended())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        self._audit.record(
            viewer.principal,
            "live.end",
            viewer.channel.id,
            viewer.ended_by if viewer.ended_by != "left" else "done",
            seconds=round(self._time.now() - viewer.since, 1),
        )
        if ONE_LEAVES_ALL_STOP in self._behaviours:
            for other in list(self._running.values()):
                if other.channel.id == viewer.channel.id:
                    other.close("live.stopped")
