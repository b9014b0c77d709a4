"""One playback: a period of a channel, at the pace and the place that its owner asks for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError
from reference_platform.media.decoding import Picture
from reference_platform.playback.feeds import PictureFeed
from reference_platform.playback.models import PlaybackState
from reference_platform.playback.pictures import PictureReader, ViewerTrack
from reference_platform.ports import Span

FAST_SAME_AS_NORMAL = defect(
    "fast-same-as-normal",
    "A faster pace is acknowledged and not played.",
    "648540858/wvp-GB28181-pro#797",
)
SLOW_DROPS_FRAMES = defect(
    "slow-drops-frames", "At a slower pace only every fourth picture is shown."
)
PAUSE_IGNORED = defect(
    "pause-ignored",
    "A pause is acknowledged, and the pictures go on.",
    "648540858/wvp-GB28181-pro#2069",
)
PAUSE_SKIPS = defect("pause-skips", "After a pause playback goes on where it would be without one.")
RESUME_FROM_START = defect(
    "resume-from-start",
    "After a pause playback begins again at the start of the period.",
    "648540858/wvp-GB28181-pro#2000",
)
SEEK_OFF_BY_GOP = defect(
    "seek-off-by-gop", "A seek shows pictures from the key picture before the place asked for."
)
SEEK_TO_FILE_START = defect(
    "seek-to-file-start",
    "A seek goes to the beginning of the file that holds the place asked for.",
    "648540858/wvp-GB28181-pro#306",
)
SEEK_ACROSS_GAP_FAILS = defect(
    "seek-across-gap-fails", "A seek to the other side of a gap is acknowledged and not done."
)
WRONG_TIME = defect("playback-wrong-time", "Playback shows what was recorded ten minutes earlier.")

_WRONG_BY_S = 600.0
_NEARLY_S = 0.0005
_MOST_FPS = 25.0
_LEAST_FPS = 5.0
_BEHIND_S = 0.1
_LATE_S = 0.3
_CATCH_UP_S = 1.0
_GAP_S = 2.0
_HANGING_S = 1.0


@dataclass(slots=True)
class _Anchor:
    """A recorded time and the moment at which it is shown."""

    monotonic: float
    at: float


class Playback:
    """Owner-independent state machine of one playback; ``stream`` may be called again and again.

    Attributes:
        position: recorded time of the last picture sent.
        scale: pace; 1 as recorded.
        gap: the gap passed over last, or sought into.
        failure: why the source broke off.
    """

    def __init__(
        self,
        feed: PictureFeed,
        period: Span,
        track: Callable[[], ViewerTrack],
        time_source: TimeSource,
        run: Callable[..., Awaitable[bytes]],
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        """Begin at the start of ``period``, playing as soon as somebody takes the stream.

        Args:
            track: makes a viewer's track.
            run: calls a blocking function with arguments in a thread.
        """
        self.period = period
        self.position = period.start
        self.scale = 1.0
        self.gap: Span | None = None
        self.failure: PlatformError | None = None
        self.streaming = False
        self.idle_since = time_source.monotonic()
        self._feed = feed
        self._track = track
        self._time = time_source
        self._run = run
        self._behaviours = behaviours
        self._paused_at: float | None = None
        self._ended = False
        self._closed = False
        self._goto: float | None = period.start
        self._from = period.start
        self._sought: float | None = None
        self._glance = False
        self._reader: PictureReader | None = None
        self._fetching: asyncio.Task[Picture | None] | None = None
        self._last: Picture | None = None
        self._anchor: _Anchor | None = None
        self._step: float | None = None
        self._fresh = True
        self._hurry_until = -math.inf
        self._in_a_row = 0
        self._changed = asyncio.Event()
        self._showing = asyncio.Lock()
        self._takes = 0
        self._lock = asyncio.Lock()

    @property
    def state(self) -> PlaybackState:
        """What becomes of it."""
        if self._closed:
            return "closed"
        if self.failure is not None:
            return "failed"
        if self._ended:
            return "ended"
        if self._paused_at is not None:
            return "paused"
        return "playing" if self.streaming else "ready"

    # -- commands

    async def pause(self) -> None:
        """Show no further picture until ``resume``."""
        if self._paused_at is None and PAUSE_IGNORED not in self._behaviours:
            self._paused_at = self._time.monotonic()
            try:
                await self._feed.pause()
            except PlatformError:
                self._paused_at = None
                raise
            async with self._showing:
                pass  # the picture under way is the last
        self._act()

    async def resume(self) -> None:
        """Go on with the picture behind the last one shown."""
        if self._paused_at is not None:
            await self._feed.resume()
            paused = self._time.monotonic() - self._paused_at
            self._paused_at = None
            if PAUSE_SKIPS in self._behaviours:
                self._goto = self.position + paused * self.scale
            if RESUME_FROM_START in self._behaviours:
                self._goto = self.period.start
        self._act()

    async def seek(self, at: float) -> None:
        """Go on at ``at``, or at the first picture behind it; while pausing show that one alone."""
        if SEEK_ACROSS_GAP_FAILS in self._behaviours and await self._feed.missing(
            min(self.position, at), max(self.position, at)
        ):
            return
        if SEEK_TO_FILE_START in self._behaviours:
            at = await self._feed.file_start(at)
        self._goto = self._sought = at
        self._glance = True
        self._ended = False
        self.gap = None
        self._act()

    async def set_scale(self, factor: float) -> None:
        """Play at another pace from the next picture on."""
        if not (FAST_SAME_AS_NORMAL in self._behaviours and factor > 1):
            await self._feed.scale(factor)
        self.scale = factor
        self._act()

    async def close(self) -> None:
        """End the stream and the pull; safe to call twice."""
        self._closed = True
        self._takes += 1
        self._changed.set()
        async with await self._taken_over():
            await self._end_reading()
            await self._feed.close()

    def _act(self) -> None:
        self._anchor = None
        self._changed.set()

    # -- the stream

    async def prepare(self) -> None:
        """Open the source, so that a refusal can be told before a stream begins.

        Raises:
            PlatformError: see ``PictureFeed.open``.
        """
        if self._reader is not None or self.streaming:
            return
        async with self._lock:
            if self._reader is None and not self._over:
                await self._follow_seek()

    async def stream(self) -> AsyncIterator[bytes]:
        """A fragmented MP4 as long as the playback lasts; a later taker ends this one."""
        self._takes += 1
        take = self._takes
        self._changed.set()
        async with await self._taken_over():
            if take != self._takes or self._over:
                return
            self.streaming = True
            self._anchor = None
            self._fresh = True
            track = self._track()
            try:
                while take == self._takes and not self._over:
                    chunk = await self._turn(track)
                    if chunk:
                        yield chunk
            except PlatformError as error:
                self.failure = error
            finally:
                if take == self._takes or self._closed:
                    self.streaming = False
                    self.idle_since = self._time.monotonic()

    async def _taken_over(self) -> asyncio.Lock:
        """The lock of whoever turns the stream; a taker whose connection hangs loses it."""
        try:
            async with asyncio.timeout(_HANGING_S):
                await self._lock.acquire()
            self._lock.release()
        except TimeoutError:
            self._lock = asyncio.Lock()
        return self._lock

    @property
    def _over(self) -> bool:
        return self._closed or self._ended or self.failure is not None

    async def _turn(self, track: ViewerTrack) -> bytes:
        """One step: follow a command, wait, or show a picture."""
        self._changed.clear()
        if self._goto is not None:
            await self._follow_seek()
        if self._still:
            await self._changed.wait()
            return b""
        picture = await self._next()
        if self._changed.is_set() and (picture is None or self._goto is not None or self._still):
            return b""
        if picture is None:
            self._ended = True
            return b""
        if self._skipped(picture) or not await self._due(picture):
            return b""
        async with self._showing:
            if self._still:
                return b""
            return await self._show(track, picture)

    @property
    def _still(self) -> bool:
        """Whether no picture may be shown now."""
        return self._paused_at is not None and not self._glance

    async def _next(self) -> Picture | None:
        """The picture to be shown next; it stays so until it is shown or dropped.

        None at the end, or when a command came first.
        """
        if self._fetching is None:
            assert self._reader is not None
            hurry = self._time.monotonic() < self._hurry_until
            not_before = self.position + _NEARLY_S if self._last else self._from
            self._fetching = asyncio.create_task(
                self._reader.next(self._shifted(not_before), keys_only=hurry)
            )
        if not self._fetching.done():
            changed = asyncio.create_task(self._changed.wait())
            await asyncio.wait({self._fetching, changed}, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        if not self._fetching.done():
            return None
        picture = self._fetching.result()
        if picture is None or picture.at >= self._shifted(self.period.end):
            return None
        if WRONG_TIME in self._behaviours:
            return replace(picture, at=picture.at + _WRONG_BY_S)
        return picture

    def _skipped(self, picture: Picture) -> bool:
        """Whether the pace leaves this picture out."""
        if self._last is None:
            return False
        ahead = picture.at - self._last.at
        pace = self._pace()
        least = pace / _MOST_FPS * 0.99 if pace > 1 else 0.0
        if pace > 1 and self._late(picture) > _BEHIND_S:
            least = pace / _LEAST_FPS
        dropped = ahead < least
        if SLOW_DROPS_FRAMES in self._behaviours and pace < 1 and not dropped:
            self._in_a_row = (self._in_a_row + 1) % 4
            dropped = self._in_a_row != 0
        if dropped:
            self._fetching = None
        return dropped

    async def _due(self, picture: Picture) -> bool:
        """Wait until the picture is due; False if a command came first."""
        if self._last is not None and picture.at - self._last.at > _GAP_S:
            passed = await self._feed.missing(self._last.at, picture.at)
            if passed is not None:
                self.gap, self._anchor = passed, None
        now = self._time.monotonic()
        if self._anchor is None or self._feed.paced:
            self._anchor = _Anchor(now, picture.at)
        late = self._late(picture)
        if late < 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), -late)
                return False
        elif late > _LATE_S:
            if self._pace() > 1:
                self._hurry_until = now + _CATCH_UP_S
            else:
                self._anchor = _Anchor(now, picture.at)  # slower, but every picture
        return True

    def _late(self, picture: Picture) -> float:
        """Seconds since the picture was due; below 0: until it is."""
        if self._anchor is None:
            return 0.0
        due = self._anchor.monotonic + (picture.at - self._anchor.at) / self._pace()
        return self._time.monotonic() - due

    async def _show(self, track: ViewerTrack, picture: Picture) -> bytes:
        self._fetching = None
        if self._last is not None and 0 < picture.at - self._last.at < _GAP_S:
            self._step = (picture.at - self._last.at) / self._pace()
        if self._sought is not None:
            if picture.at - self._sought > _GAP_S:
                self.gap = await self._feed.missing(self._sought, picture.at)
            self._sought = None
        chunk = await self._run(_coded, track, picture, self._step, self._time.now(), self._fresh)
        self._fresh = False
        self._last, self.position = picture, picture.at
        self._glance = False
        return chunk

    # -- reading

    async def _follow_seek(self) -> None:
        at = self.position if self._goto is None else self._goto
        self._goto = None
        await self._end_reading()
        early = SEEK_OFF_BY_GOP in self._behaviours and self._sought is not None
        self._from = -math.inf if early else at - _NEARLY_S
        self._last = self._anchor = None
        self._fresh = True
        self.position = at
        self._reader = await self._feed.open(self._shifted(at))

    async def _end_reading(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
            self._fetching = None
        if self._reader is not None:
            reader, self._reader = self._reader, None
            await reader.close()

    def _shifted(self, at: float) -> float:
        return at - _WRONG_BY_S if WRONG_TIME in self._behaviours else at

    def _pace(self) -> float:
        if FAST_SAME_AS_NORMAL in self._behaviours:
            return min(self.scale, 1.0)
        return self.scale


def _coded(
    track: ViewerTrack, picture: Picture, step: float | None, now: float, key: bool
) -> bytes:
    return track.picture(picture.frame, step, now, key=key)
