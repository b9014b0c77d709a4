"""One user watching one channel: pictures in, bytes for one connection out."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError
from reference_platform.media.limits import MediaLimits
from reference_platform.media.personal_stream import PersonalStream
from reference_platform.media.pictures import Feed
from reference_platform.media.watermark import WatermarkStamp
from reference_platform.people.access import Principal, Watch, raise_refusal
from reference_platform.ports import ChannelRef, StreamName

FIRST_PICTURE_LATE = defect("first-picture-late", "The first picture of live view takes seconds.")
H264_NOT_PLAYED = defect("h264-not-played", "Live view of an H.264 source is refused.")
H265_NOT_PLAYED = defect(
    "h265-not-played",
    "Live view of an H.265 source begins and shows no picture.",
    seen="648540858/wvp-GB28181-pro#120",
)
ANNOUNCES_H265_SENDS_H264 = defect(
    "announces-h265-sends-h264",
    "Live view says that it is H.265 and is H.264.",
    seen="648540858/wvp-GB28181-pro#793",
)
STRIPS_PARAMETER_SETS = defect(
    "strips-parameter-sets",
    "Live view holds no parameter sets, so that nobody can decode it.",
    seen="648540858/wvp-GB28181-pro#309",
)
NO_LIVE_WATERMARK = defect(
    "no-live-watermark", "Live view carries no watermark.", seen="648540858/wvp-GB28181-pro#511"
)
WATERMARK_ONLY_IN_CLIENT_LAYER = defect(
    "watermark-only-in-client-layer",
    "The watermark is left to the page to draw; the pixels carry none.",
)
WATERMARK_FIRST_SECOND_ONLY = defect(
    "watermark-first-second-only", "The watermark is gone after the first second."
)
STALLS_UNDER_LOAD = defect(
    "stalls-under-load",
    "Live view halts for seconds when more than half of the agreed viewers watch.",
)

_LOG = logging.getLogger(__name__)
_LATE_S = 6.0
_STALL_S = 2.0
_UNMARKED = frozenset({NO_LIVE_WATERMARK, WATERMARK_ONLY_IN_CLIENT_LAYER})


@dataclass
class ViewerCounts:
    """What happened to the pictures of one viewer."""

    pictures: int = 0
    dropped_slow_connection: int = 0
    bytes: int = 0


@dataclass(eq=False)
class Viewer:
    """A running live view. Iterate over it for the bytes; ``close`` it whatever happens.

    Attributes:
        id: for ``X-Viewer``.
        principal: who watches.
        channel: whose pictures (as asked for).
        stream: main or sub.
        since: UTC seconds of the beginning.
        stamp: the mark in the pictures.
    """

    id: str
    principal: Principal
    channel: ChannelRef
    stream: StreamName
    since: float
    stamp: WatermarkStamp
    feed: Feed
    watch: Watch
    threads: Executor
    time_source: TimeSource
    limits: MediaLimits
    behaviours: frozenset[str]
    loaded: Callable[[], bool]
    left: Callable[[Viewer], None]
    counts: ViewerCounts = field(default_factory=ViewerCounts)
    ended_by: str = ""

    def __post_init__(self) -> None:
        marked = None if self.behaviours & _UNMARKED else self.stamp
        self._personal = PersonalStream(marked, self.limits)
        self.closed = asyncio.Event()
        self._ready: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._error: PlatformError | None = None
        self._taken_at = self.time_source.monotonic()
        self._task = asyncio.create_task(self._run(), name=f"viewer {self.id}")

    @property
    def content_type(self) -> str:
        """Of the bytes; complete once ``begun`` returned."""
        codec = self._personal.codec
        if ANNOUNCES_H265_SENDS_H264 in self.behaviours:
            codec = "hvc1.1.6.L120.90"
        return f'video/mp4; codecs="{codec}"'

    @property
    def dropped(self) -> int:
        """Pictures left out because machine or connection were too slow."""
        return self.feed.dropped + self.counts.dropped_slow_connection

    async def begun(self) -> None:
        """Wait until the first picture is ready.

        Raises:
            PlatformError: there is none; the view is closed.
        """
        if not self.counts.bytes and not self.ended_by:
            await self._changed.wait()
        if self.ended_by:
            raise self._error or PlatformError(self.ended_by, 503)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while True:
                while not self._ready and not self.ended_by:
                    self._changed.clear()
                    await self._changed.wait()
                if self.ended_by:
                    return
                self._taken_at = self.time_source.monotonic()
                yield self._ready.popleft()
                self._taken_at = self.time_source.monotonic()
        finally:
            self.close("left")

    def close(self, reason: str = "left") -> None:
        """End the view and free all of it; safe to call twice."""
        if not self.ended_by:
            self.ended_by = reason
            self._ready.clear()
            self._changed.set()
            self.closed.set()
            if self._task is not asyncio.current_task():
                self._task.cancel()
            self.watch.close()
            self.feed.close()
            self.left(self)

    async def ended(self) -> None:
        """Wait until nothing of it runs any more."""
        await asyncio.gather(self._task, return_exceptions=True)
        # Encoder and pictures are megabytes that no garbage collector sees: they must not wait for
        # one, in a circle of viewer, task, exception, frame.
        del self._personal, self._task

    async def _run(self) -> None:
        """Carry pictures until the right, the source or the connection ends."""
        right = asyncio.create_task(self.watch.ended.wait())
        pictures = asyncio.create_task(self._carry())
        try:
            await asyncio.wait({right, pictures}, return_when=asyncio.FIRST_COMPLETED)
            raise_refusal(self.watch.reason or None)
            self.close(pictures.result())
        except PlatformError as error:
            self._error = error
            self.close(error.code)
        except Exception:  # noqa: BLE001  (a fault of ours ends this view, with a trace)
            _LOG.exception("live view of %s", self.channel.id)
            self.close("platform.error")
        finally:
            right.cancel()
            pictures.cancel()
            await asyncio.gather(right, pictures, return_exceptions=True)

    async def _carry(self) -> str:
        """The pictures' way; the reason of their end."""
        loop = asyncio.get_running_loop()
        if FIRST_PICTURE_LATE in self.behaviours:
            await asyncio.sleep(_LATE_S)
        heard = begun = self.time_source.monotonic()
        while True:
            if STALLS_UNDER_LOAD in self.behaviours and self.counts.pictures and self.loaded():
                await self._stall(begun)
            picture = await self.feed.next(self.limits.fragment_s)
            now = self.time_source.monotonic()
            if self._blocked(now):
                return "viewer.blocked"
            if picture is None:
                self._send(await loop.run_in_executor(self.threads, self._personal.flush))
                first = not self.counts.pictures
                patience = self.limits.first_picture_s if first else self.limits.patience_s
                if now - heard >= patience:
                    raise PlatformError("source.timeout" if first else "source.lost", 504)
                continue
            heard = now
            if len(self._ready) >= self.limits.waiting_fragments:
                self.counts.dropped_slow_connection += 1
                continue
            self._refuse_codec()
            if WATERMARK_FIRST_SECOND_ONLY in self.behaviours and self._personal.position > 1:
                self._personal.unmark()
            self._send(
                await loop.run_in_executor(
                    self.threads,
                    self._personal.push,
                    picture.frame,
                    picture.pts,
                    self.time_source.now(),
                )
            )
            self.counts.pictures += 1

    def _send(self, content: bytes) -> None:
        if not content:
            return
        if H265_NOT_PLAYED in self.behaviours and self.feed.codec == "h265":
            content = b"" if self.counts.pictures else content[: content.find(b"moof") - 4]
        if STRIPS_PARAMETER_SETS in self.behaviours and not self.counts.pictures:
            content = _without_parameter_sets(content)
        if not content:
            return
        if not self._ready:
            self._taken_at = self.time_source.monotonic()
        self._ready.append(content)
        self.counts.bytes += len(content)
        self._changed.set()

    def _blocked(self, now: float) -> bool:
        """Whether the connection has taken nothing for too long."""
        return bool(self._ready) and now - self._taken_at >= self.limits.blocked_s

    def _refuse_codec(self) -> None:
        if H264_NOT_PLAYED in self.behaviours and self.feed.codec == "h264":
            raise PlatformError("live.codec-unsupported", 415)

    async def _stall(self, begun: float) -> None:
        """Every other stretch of ``_STALL_S`` nothing moves."""
        elapsed = self.time_source.monotonic() - begun
        if elapsed // _STALL_S % 2 == 1:
            await asyncio.sleep(_STALL_S - elapsed % _STALL_S)


def _without_parameter_sets(content: bytes) -> bytes:
    """An initialisation segment whose ``avcC`` counts no sequence and no picture parameter set."""
    counted = content.find(b"avcC") + 4 + 5
    return content[:counted] + b"\xe0" + content[counted + 1 :]
