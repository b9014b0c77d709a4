"""One pull for each channel and stream, however many take its pictures."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError
from reference_platform.media.limits import MediaLimits
from reference_platform.media.units import AccessUnit
from reference_platform.ports import ChannelRef, Source, Sources, StreamName

ONE_PULL_PER_USER = defect(
    "one-pull-per-user", "Every user's live view pulls its own stream from the camera."
)

PullState = Literal["opening", "live", "lost"]
_LOG = logging.getLogger(__name__)


class Subscription:
    """What one taker gets of a channel: coded pictures from a key picture on.

    Ends when closed, or when the platform stops; a lost source only pauses it. A slow taker loses
    pictures up to the next key picture, and disturbs nobody else.
    """

    def __init__(self, pull: _Pull, limits: MediaLimits) -> None:
        self._pull = pull
        self._limits = limits
        self._units: deque[AccessUnit] = deque()
        self._bytes = 0
        self._needs_key = True
        self._changed = asyncio.Event()
        self._closed = False
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Pictures that are here and not yet taken."""
        return len(self._units)

    @property
    def state(self) -> PullState:
        """What becomes of the pull."""
        return self._pull.state

    def offer(self, unit: AccessUnit) -> None:
        """Take a picture from the pull."""
        if self._needs_key and not unit.key:
            self.dropped += 1
            return
        full = len(self._units) >= self._limits.waiting_units
        if full or self._bytes + len(unit.data) > self._limits.waiting_bytes:
            self.dropped += len(self._units)
            self._units.clear()
            self._bytes = 0
            self._needs_key = not unit.key
            if self._needs_key:
                self.dropped += 1
                return
        self._needs_key = False
        self._units.append(unit)
        self._bytes += len(unit.data)
        self._changed.set()

    def interrupt(self) -> None:
        """The source broke off: what comes next begins with a key picture."""
        self._needs_key = True

    def __aiter__(self) -> AsyncIterator[AccessUnit]:
        return self

    async def __anext__(self) -> AccessUnit:
        while not self._units and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if self._closed:
            raise StopAsyncIteration
        unit = self._units.popleft()
        self._bytes -= len(unit.data)
        return unit

    def close(self) -> None:
        """Take no more; safe to call twice."""
        if not self._closed:
            self._closed = True
            self._changed.set()
            self._pull.leave(self)


class LiveHub:
    """Live pictures of all channels.

    Args:
        sources: begins a pull.
        time_source: tells how long a source was away.
        limits: bounds and patience.
        behaviours: named defects in force.
    """

    def __init__(
        self,
        sources: Sources,
        time_source: TimeSource,
        limits: MediaLimits,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._sources = sources
        self._time = time_source
        self._limits = limits
        self._behaviours = behaviours
        self._pulls: dict[_Key, _Pull] = {}
        self._ending: dict[_Key, asyncio.Task[None]] = {}
        self._closed = False

    async def subscribe(
        self, channel: ChannelRef, stream: StreamName, *, patient: bool = False, owner: str = ""
    ) -> Subscription:
        """Take a channel's pictures, from the latest key picture on.

        Args:
            channel: whose pictures.
            stream: main or sub.
            patient: return at once even if the source is away (a recorder); otherwise wait until it
                is open.
            owner: who asks.

        Raises:
            PlatformError: the source does not open, if not ``patient``.
        """
        if self._closed:
            raise PlatformError("source.lost", 503)
        key = _Key(channel.id, stream, owner if ONE_PULL_PER_USER in self._behaviours else "")
        if key not in self._pulls:
            self._pulls[key] = _Pull(self, key, channel)
        pull = self._pulls[key]
        subscription = pull.join()
        if not patient:
            try:
                await pull.opened()
            except BaseException:
                subscription.close()
                raise
        return subscription

    def state(self, channel_id: str, stream: StreamName = "main") -> PullState | None:
        """What becomes of a channel's pull; None if nobody takes it."""
        for key, pull in self._pulls.items():
            if (key.channel, key.stream) == (channel_id, stream):
                return pull.state
        return None

    def pulls(self, channel_id: str) -> int:
        """How many streams are pulled from the device for this channel, or just being opened."""
        keys = itertools.chain(self._pulls, self._ending)
        return sum(key.channel == channel_id for key in keys)

    async def close(self) -> None:
        """End all pulls and subscriptions."""
        self._closed = True
        for pull in list(self._pulls.values()):
            pull.end()
        await asyncio.gather(*self._ending.values(), return_exceptions=True)

    async def _open(self, pull: _Pull) -> Source:
        earlier = self._ending.get(pull.key)
        if earlier is not None:
            # The device may not bear two dialogs: the last one's end comes first.
            await asyncio.wait([earlier])
        return await self._sources.live(pull.channel, pull.key.stream)

    def _ended(self, pull: _Pull, task: asyncio.Task[None]) -> None:
        self._pulls.pop(pull.key, None)
        self._ending[pull.key] = task
        task.add_done_callback(lambda done: self._forget(pull.key, done))

    def _forget(self, key: _Key, task: asyncio.Task[None]) -> None:
        if self._ending.get(key) is task:
            del self._ending[key]


@dataclass(frozen=True, slots=True)
class _Key:
    channel: str
    stream: StreamName
    owner: str


@dataclass
class _Timeline:
    """Keeps the time stamps of one pull rising over the sources that follow each other."""

    last: int = -1
    heard: float = 0.0
    offset: int | None = None

    def place(self, unit: AccessUnit, monotonic: float) -> AccessUnit:
        if self.offset is None:
            away = 0.0 if self.last < 0 else max(monotonic - self.heard, 0.0)
            self.offset = self.last + 1 + round(away * 90_000) - unit.pts
        pts = max(unit.pts + self.offset, self.last + 1)
        self.last, self.heard = pts, monotonic
        return replace(unit, pts=pts)


@dataclass
class _Group:
    """The pictures since the latest key picture, for those who come later."""

    units: list[AccessUnit] = field(default_factory=list)
    size: int = 0

    def add(self, unit: AccessUnit, limits: MediaLimits) -> None:
        if unit.key:
            self.clear()
        elif not self.units:
            return
        self.units.append(unit)
        self.size += len(unit.data)
        if len(self.units) > limits.waiting_units or self.size > limits.waiting_bytes:
            self.clear()

    def clear(self) -> None:
        self.units.clear()
        self.size = 0


class _Pull:
    def __init__(self, hub: LiveHub, key: _Key, channel: ChannelRef) -> None:
        self.key, self.channel = key, channel
        self.state: PullState = "opening"
        self._hub = hub
        self._limits = hub._limits
        self._takers: list[Subscription] = []
        self._group = _Group()
        self._timeline = _Timeline()
        self._attempt: asyncio.Future[PlatformError | None] = _future()
        self._hurry = asyncio.Event()
        self._grace: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._run(), name=f"pull {key.channel}")

    def join(self) -> Subscription:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        taker = Subscription(self, self._limits)
        for unit in self._group.units:
            taker.offer(unit)
        self._takers.append(taker)
        return taker

    async def opened(self) -> None:
        """Wait until the source is open, or the attempt under way or begun now has failed."""
        if self.state == "lost":
            self._hurry.set()
        if self.state != "live":
            error = await asyncio.shield(self._attempt)
            if error is not None:
                raise error

    def leave(self, taker: Subscription) -> None:
        if taker in self._takers:
            self._takers.remove(taker)
        if not self._takers and not self._task.done() and self._grace is None:
            loop = asyncio.get_running_loop()
            self._grace = loop.call_later(self._limits.grace_s, self._end_if_left)

    def end(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
        self._task.cancel()
        if not self._attempt.done():
            self._attempt.set_result(PlatformError("source.lost", 503))
        self._hub._ended(self, self._task)
        for taker in list(self._takers):
            taker.close()

    def _end_if_left(self) -> None:
        if not self._takers:
            self.end()

    async def _run(self) -> None:
        pause = self._limits.retry_s
        while True:
            try:
                source = await self._hub._open(self)
            except PlatformError as error:
                self._failed(error)
            except Exception as error:  # noqa: BLE001  (one fault must not end the channel for good)
                _LOG.exception("opening %s", self.key.channel)
                self._failed(PlatformError("source.lost", 503, why=type(error).__name__))
            else:
                pause = self._limits.retry_s
                self._failed(await self._carry(source))
            self._hurry.clear()
            await _either(self._hurry, pause)
            pause = min(2 * pause, self._limits.longest_retry_s)

    async def _carry(self, source: Source) -> PlatformError:
        """Hand on a source's pictures until it ends; why it did."""
        self.state = "live"
        self._attempt.set_result(None)
        self._timeline.offset = None
        try:
            async for unit in source:
                self._take(self._timeline.place(unit, self._hub._time.monotonic()))
        except PlatformError as error:
            return error
        except Exception as error:  # noqa: BLE001  (as above)
            _LOG.exception("pictures of %s", self.key.channel)
            return PlatformError("source.lost", 503, why=type(error).__name__)
        finally:
            await source.close()
        return PlatformError("source.lost", 503, why="ended")

    def _take(self, unit: AccessUnit) -> None:
        self._group.add(unit, self._limits)
        for taker in self._takers:
            taker.offer(unit)

    def _failed(self, error: PlatformError) -> None:
        self.state = "lost"
        if not self._attempt.done():
            self._attempt.set_result(error)
        self._attempt = _future()
        self._group.clear()
        _interrupt(self._takers)


def _interrupt(takers: Iterable[Subscription]) -> None:
    for taker in takers:
        taker.interrupt()


def _future() -> asyncio.Future[PlatformError | None]:
    return asyncio.get_running_loop().create_future()


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for ``event``, at most ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
