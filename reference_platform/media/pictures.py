"""Decoded pictures of a stream, decoded once for all who watch it."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

from protocols.time_source import TimeSource
from reference_platform.errors import PlatformError
from reference_platform.media.decoding import Picture, PictureDecoder
from reference_platform.media.hub import ONE_PULL_PER_USER, LiveHub, PullState, Subscription
from reference_platform.media.limits import MediaLimits
from reference_platform.media.units import VideoCodec
from reference_platform.ports import ChannelRef, StreamName

# Decoding further behind the source than this, pictures are decoded but not shown.
_BEHIND = 8
_FRESH_S = 1.0


class Feed(Protocol):
    """What a viewer draws its pictures from."""

    dropped: int

    @property
    def codec(self) -> VideoCodec | None:
        """Of the source, once a picture is there."""

    @property
    def state(self) -> PullState:
        """What becomes of the source."""

    async def next(self, seconds: float) -> Picture | None:
        """The next picture; None if there is none within ``seconds``.

        Raises:
            PlatformError: ``source.lost``, there will be none any more.
        """

    def close(self) -> None:
        """Take no more; safe to call twice."""


class PictureFeed:
    """Pictures for one viewer; whoever is too slow loses every other one that waits."""

    def __init__(self, decoding: _Decoding, most: int) -> None:
        self._decoding = decoding
        self._most = most
        self._pictures: deque[Picture] = deque()
        self._changed = asyncio.Event()
        self._ended = False
        self.dropped = 0

    @property
    def codec(self) -> VideoCodec | None:
        """See ``Feed``."""
        return self._decoding.codec

    @property
    def state(self) -> PullState:
        """See ``Feed``."""
        return self._decoding.state

    def offer(self, picture: Picture) -> None:
        """Take a picture from the decoder."""
        self._pictures.append(picture)
        if len(self._pictures) > self._most:
            before = len(self._pictures)
            self._pictures = deque(list(self._pictures)[before % 2 :: 2])
            self.dropped += before - len(self._pictures)
        self._changed.set()

    async def next(self, seconds: float) -> Picture | None:
        """See ``Feed``."""
        if not self._pictures and not self._ended:
            self._changed.clear()
            try:
                # Not wait_for: in Python 3.11 it may lose a cancellation.
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                return None
        if self._pictures:
            return self._pictures.popleft()
        raise PlatformError("source.lost", 503)

    def end(self) -> None:
        """The decoder stops."""
        self._ended = True
        self._changed.set()

    def close(self) -> None:
        """See ``Feed``."""
        self.end()
        self._pictures.clear()
        self._decoding.leave(self)


class SharedPictures:
    """One decoder for each stream that somebody watches."""

    def __init__(
        self,
        hub: LiveHub,
        time_source: TimeSource,
        limits: MediaLimits,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._hub = hub
        self._time = time_source
        self._limits = limits
        self._apart = ONE_PULL_PER_USER in behaviours
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="decode")
        self._running: dict[tuple[str, str, str], _Decoding] = {}
        self._tasks: dict[_Decoding, asyncio.Task[None]] = {}

    async def join(self, channel: ChannelRef, stream: StreamName, owner: str) -> PictureFeed:
        """Pictures of a channel from now on; ``owner`` is who asks.

        Raises:
            PlatformError: the source does not open.
        """
        key = (channel.id, stream, owner if self._apart else "")
        # Two who come at once wait for the same pull; the second finds the first one's decoder.
        subscription = await self._hub.subscribe(channel, stream, owner=owner)
        decoding = self._running.get(key)
        if decoding is None:
            decoding = _Decoding(self, key, subscription, self._time, self._limits)
            self._running[key] = decoding
            task = asyncio.create_task(decoding.run(self._threads), name=f"decode {channel.id}")
            self._tasks[decoding] = task
            task.add_done_callback(lambda _: self._tasks.pop(decoding))
        else:
            subscription.close()
        return decoding.join()

    async def close(self) -> None:
        """Stop all decoders."""
        for decoding in list(self._running.values()):
            decoding.end()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._threads.shutdown(wait=False)

    def stop(self, decoding: _Decoding, key: tuple[str, str, str]) -> None:
        """A decoder is needed no more."""
        self._running.pop(key, None)
        task = self._tasks[decoding]
        if task is not asyncio.current_task():
            task.cancel()


class _Decoding:
    def __init__(
        self,
        room: SharedPictures,
        key: tuple[str, str, str],
        subscription: Subscription,
        time_source: TimeSource,
        limits: MediaLimits,
    ) -> None:
        self._room, self._key, self._limits = room, key, limits
        self._time = time_source
        self._subscription = subscription
        self._decoder = PictureDecoder(limits)
        self._feeds: list[PictureFeed] = []
        self._ended = False
        self._latest: Picture | None = None
        self._latest_at = 0.0
        self.codec: VideoCodec | None = None

    @property
    def state(self) -> PullState:
        return self._subscription.state

    def join(self) -> PictureFeed:
        feed = PictureFeed(self, self._limits.waiting_pictures)
        self._feeds.append(feed)
        # The picture on everybody's screen is the first of who comes later.
        fresh = self._time.monotonic() - self._latest_at < _FRESH_S
        if self._latest is not None and fresh and self.state == "live":
            feed.offer(self._latest)
        return feed

    def leave(self, feed: PictureFeed) -> None:
        if feed in self._feeds:
            self._feeds.remove(feed)
            if not self._feeds:
                self.end()

    def end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._room.stop(self, self._key)
        self._subscription.close()
        for feed in self._feeds:
            feed.end()

    async def run(self, threads: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for unit in self._subscription:
                self.codec = unit.codec
                decode = partial(
                    self._decoder.decode, unit, wanted=self._subscription.waiting < _BEHIND
                )
                for picture in await loop.run_in_executor(threads, decode):
                    self._latest, self._latest_at = picture, self._time.monotonic()
                    for feed in self._feeds:
                        feed.offer(picture)
        finally:
            self.end()
            # Megabytes that no garbage collector sees: they must not wait for one.
            del self._decoder
            self._latest = None
