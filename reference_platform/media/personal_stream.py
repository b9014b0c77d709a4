"""Pictures in, one user's marked fragmented MP4 out; for live view and for playback."""

from __future__ import annotations

from av.video.frame import VideoFrame

from reference_platform.media.encoding import USUAL_DURATION, PersonalEncoder
from reference_platform.media.fragments import TIMESCALE, FragmentedMp4, Sample
from reference_platform.media.limits import MediaLimits
from reference_platform.media.watermark import WatermarkStamp

_LONGEST_STEP = 2 * TIMESCALE
#: Of a picture that leaves before the next is known. A browser takes a step of more than two
#: durations for a break and waits for a key picture (Media Source Extensions, 3.5.8): a guess too
#: long does no harm, one too short costs the pictures of a slow source.
_GUESSED_DURATION = TIMESCALE // 4


class PersonalStream:
    """Codes, and cuts into fragments. Blocks (milliseconds a picture); not for two threads at once.

    The first picture leaves at once, with the initialisation segment; later ones in fragments of
    ``limits.fragment_s``. Time begins at 0 and goes on without holes: a pause of the source longer
    than two seconds is two seconds, so that players get over it.

    Args:
        stamp: the user's mark; None for none.
        limits: fragment length, key picture distance, bit rate.
    """

    def __init__(self, stamp: WatermarkStamp | None, limits: MediaLimits) -> None:
        self._limits = limits
        self._stamp = stamp
        self._encoder: PersonalEncoder | None = None
        self._muxer: FragmentedMp4 | None = None
        self._waiting: list[Sample] = []
        self._last_pts = 0
        self._breaks_at: int | None = None
        self._position = 0
        self._first = True

    @property
    def codec(self) -> str:
        """As RFC 6381 names it, once a picture went in."""
        return self._muxer.codec if self._muxer else ""

    @property
    def position(self) -> float:
        """Seconds of media up to the last picture that went in."""
        return self._position / TIMESCALE

    def unmark(self) -> None:
        """Mark no further pictures."""
        self._stamp = None
        if self._encoder is not None:
            self._encoder.stamp = None

    def push(self, frame: VideoFrame, pts: int, at: float) -> bytes:
        """Add a picture; what is ready to be sent, often nothing.

        Args:
            frame: yuv420p with even sides; not changed. The first one decides the size.
            pts: 90 kHz, of any origin.
            at: UTC seconds for the mark.
        """
        ready = b""
        if self._encoder is None:
            self._encoder = PersonalEncoder.fitting(frame, self._stamp, self._limits)
            self._muxer = self._encoder.muxer()
            ready = self._muxer.initialisation()
        else:
            step = pts - self._last_pts
            self._position += min(step, _LONGEST_STEP) if step > 0 else USUAL_DURATION
        self._last_pts = pts
        self._settle(self._position)
        if self._waiting and self._span(self._position) >= self._limits.fragment_s:
            ready += self._fragment()
        # A key picture where a browser would wait for one.
        key = self._breaks_at is not None and self._position > self._breaks_at
        self._breaks_at = None
        self._waiting.append(self._encoder.encode(frame, self._position, at, key=key))
        if self._first:
            self._first = False
            ready += self.flush()
        return ready

    def flush(self) -> bytes:
        """What waits, as a fragment of its own; b"" if nothing does."""
        if self._waiting:
            end = self._waiting[-1].pts + _GUESSED_DURATION
            self._settle(end)
            self._breaks_at = end + _GUESSED_DURATION
        return self._fragment()

    def _fragment(self) -> bytes:
        if self._muxer is None or not self._waiting:
            return b""
        samples, self._waiting = self._waiting, []
        return self._muxer.fragment(samples)

    def _span(self, end: int) -> float:
        return (end - self._waiting[0].pts) / TIMESCALE

    def _settle(self, following: int) -> None:
        """The last picture that waits lasts until the following one."""
        if self._waiting:
            last = self._waiting[-1]
            self._waiting[-1] = Sample(last.data, last.pts, following - last.pts, last.key)
