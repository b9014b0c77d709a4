"""Coded pictures become pixels, one decoder for a stream however many watch it."""

from __future__ import annotations

from dataclasses import dataclass

import av
from av.error import FFmpegError
from av.video.frame import VideoFrame

from reference_platform.media.limits import MediaLimits
from reference_platform.media.units import AccessUnit

_NAMES = {"h264": "h264", "h265": "hevc"}
_MOST_TIMES = 64


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture, shared between viewers and therefore never written to.

    Attributes:
        frame: yuv420p with even sides.
        pts: 90 kHz of the unit that it came from.
        at: UTC seconds to which it belongs.
    """

    frame: VideoFrame
    pts: int
    at: float


class PictureDecoder:
    """Decodes one stream in order; not for two threads at once. Damage costs pictures, no more."""

    def __init__(self, limits: MediaLimits) -> None:
        self._limits = limits
        self._codec = ""
        self._context: av.VideoCodecContext | None = None
        self._times: dict[int, float] = {}
        self._needs_key = True
        self.damaged = 0

    def decode(self, unit: AccessUnit, *, wanted: bool = True) -> list[Picture]:
        """The pictures that come out when ``unit`` goes in, in the order that they are shown.

        Args:
            unit: the next of the stream.
            wanted: False only to keep the decoder up with the stream; gives nothing.
        """
        if self._context is None or unit.codec != self._codec:
            self._begin(unit)
        if self._needs_key and not unit.key:
            return []
        self._needs_key = False
        self._times[unit.pts] = unit.at
        if len(self._times) > _MOST_TIMES:
            self._times.pop(next(iter(self._times)))
        packet = av.Packet(unit.data)
        packet.pts = unit.pts
        assert self._context is not None
        try:
            frames = self._context.decode(packet)
        except FFmpegError:
            self.damaged += 1
            self._needs_key = True
            return []
        return [self._picture(frame, unit) for frame in frames] if wanted else []

    def drain(self) -> list[Picture]:
        """The pictures that are still inside at the end of a stream; begin anew afterwards."""
        if self._context is None:
            return []
        context, self._context = self._context, None
        last = AccessUnit("h264", b"", 0, False, 0.0)
        try:
            return [self._picture(frame, last) for frame in context.decode(None)]
        except FFmpegError:
            self.damaged += 1
            return []

    def _begin(self, unit: AccessUnit) -> None:
        self._codec = unit.codec
        context = av.CodecContext.create(_NAMES[unit.codec], "r")
        assert isinstance(context, av.VideoCodecContext)
        # Threads inside the decoder hold pictures back; streams run side by side instead.
        context.thread_count = 1
        self._context = context
        self._needs_key = True
        self._times.clear()

    def _picture(self, frame: VideoFrame, unit: AccessUnit) -> Picture:
        pts = unit.pts if frame.pts is None else frame.pts
        return Picture(self._fitted(frame), pts, self._times.pop(pts, unit.at))

    def _fitted(self, frame: VideoFrame) -> VideoFrame:
        width, height = viewing_size(frame.width, frame.height, self._limits)
        planar = frame.format.name in ("yuv420p", "yuvj420p")
        if planar and (width, height) == (frame.width, frame.height):
            return frame
        return frame.reformat(width, height, "yuv420p", interpolation="FAST_BILINEAR")


def viewing_size(width: int, height: int, limits: MediaLimits) -> tuple[int, int]:
    """The size that viewers get of a source: its own or smaller, with even sides."""
    share = min(1.0, limits.most_width / width, limits.most_height / height)
    return max(2, int(width * share) // 2 * 2), max(2, int(height * share) // 2 * 2)
