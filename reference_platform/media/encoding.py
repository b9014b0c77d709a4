"""A user's own stream: the shared picture, the user's mark in it, coded as H.264."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from reference_platform.media.fragments import TIMESCALE, FragmentedMp4, Sample
from reference_platform.media.limits import MediaLimits
from reference_platform.media.watermark import WatermarkStamp

USUAL_DURATION = TIMESCALE // 25


class PersonalEncoder:
    """Marks and codes pictures of one size; not for two threads at once.

    H.264 constrained baseline without delay: every picture that goes in comes out at once.

    Args:
        width, height: even; pictures of another size are scaled to it.
        stamp: the mark; None for none.
        limits: key picture distance and bit rate.
        full_range: whether luma runs from 0 to 255.
    """

    def __init__(
        self,
        width: int,
        height: int,
        stamp: WatermarkStamp | None,
        limits: MediaLimits,
        *,
        full_range: bool = False,
    ) -> None:
        self.width, self.height = width, height
        self.stamp = stamp
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height = width, height
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, TIMESCALE)
        context.framerate = Fraction(25)
        context.color_range = 2 if full_range else 1
        context.thread_count = 1
        context.flags |= av.codec.context.Flags.global_header
        # The rate follows the picture; only its peaks are cut.
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": "24",
            "maxrate": str(limits.most_bits_per_second),
            "bufsize": str(limits.most_bits_per_second // 2),
            "x264-params": "keyint=infinite:min-keyint=1:scenecut=0:sliced-threads=0",
        }
        context.open()
        self._context = context
        self._own = VideoFrame(width, height, "yuv420p")
        self._planes = [_view(self._own, index) for index in range(3)]
        self._key_interval = round(limits.key_interval_s * TIMESCALE)
        self._next_key: int | None = None

    @property
    def parameters(self) -> bytes:
        """The parameter sets, Annex B."""
        return bytes(self._context.extradata or b"")

    def muxer(self) -> FragmentedMp4:
        """A new fragmented MP4 for this stream."""
        return FragmentedMp4(self.parameters, self.width, self.height)

    def encode(self, frame: VideoFrame, pts: int, at: float, *, key: bool = False) -> Sample:
        """Code one picture; its duration is a guess that the next one settles.

        Args:
            frame: yuv420p; it is copied, not changed.
            pts: 90 kHz, above the one before.
            at: UTC seconds for the mark.
            key: make it a key picture whatever the interval says.
        """
        if (frame.width, frame.height) != (self.width, self.height):
            frame = frame.reformat(self.width, self.height, "yuv420p")
        for index, own in enumerate(self._planes):
            own[:] = _view(frame, index)
        if self.stamp is not None:
            self.stamp.apply(self._planes[0], at)
        key = key or self._next_key is None or pts >= self._next_key
        if key:
            self._next_key = pts + self._key_interval
        self._own.pts = pts
        self._own.pict_type = PictureType.I if key else PictureType.NONE
        data = b"".join(bytes(packet) for packet in self._context.encode(self._own))
        return Sample(data, pts, USUAL_DURATION, key)


def _view(frame: VideoFrame, index: int) -> NDArray[np.uint8]:
    """A plane's pixels without the padding of its lines."""
    plane = frame.planes[index]
    buffer: Any = plane  # it is one, though its stub does not say so
    whole: NDArray[np.uint8] = np.frombuffer(buffer, np.uint8)
    lines = whole[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
    return lines[:, : plane.width]
