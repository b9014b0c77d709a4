"""A user's own stream: the shared picture, the user's mark in it, coded as H.264."""

from __future__ import annotations

import math
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
_FIRST_QUANTISER, _BEST_QUANTISER, _WORST_QUANTISER = 28, 24, 44
_ROOM = 0.7


class PersonalEncoder:
    """Marks and codes pictures of one size; not for two threads at once.

    H.264 constrained baseline without delay: every picture that goes in comes out at once. Each
    group of pictures is coded with one quantiser, that of the next follows from its size: x264's
    own rate control looks at every picture twice and costs a third more.

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
        self._full_range = full_range
        self._own = VideoFrame(width, height, "yuv420p")
        self._planes = [_view(self._own, index) for index in range(3)]
        self._key_interval = round(limits.key_interval_s * TIMESCALE)
        self._rate = _Rate(limits.most_bits_per_second, limits.key_interval_s)
        self._context = self._opened()
        self._group_from: int | None = None

    @classmethod
    def fitting(
        cls, frame: VideoFrame, stamp: WatermarkStamp | None, limits: MediaLimits
    ) -> PersonalEncoder:
        """One for pictures like ``frame``: of its size, and of its range of luma."""
        full_range = int(frame.color_range) == 2
        return cls(frame.width, frame.height, stamp, limits, full_range=full_range)

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
        begun = self._group_from
        key = key or begun is None or pts >= begun + self._key_interval or self._rate.exceeded
        if key:
            if begun is not None and self._rate.group_ended((pts - begun) / TIMESCALE):
                self._context = self._opened()
            self._group_from = pts
        self._own.pts = pts
        self._own.pict_type = PictureType.I if key else PictureType.NONE
        data = b"".join(bytes(packet) for packet in self._context.encode(self._own))
        self._rate.spent += 8 * len(data)
        return Sample(data, pts, USUAL_DURATION, key)

    def _opened(self) -> av.VideoCodecContext:
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height = self.width, self.height
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, TIMESCALE)
        context.framerate = Fraction(25)
        context.color_range = 2 if self._full_range else 1
        context.thread_count = 1
        context.flags |= av.codec.context.Flags.global_header
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "qp": str(self._rate.quantiser),
            # Stitchable: the parameter sets are the same for every quantiser.
            "x264-params": "keyint=infinite:min-keyint=1:scenecut=0:sliced-threads=0:stitchable=1",
        }
        context.open()
        return context


class _Rate:
    """Chooses the quantiser of the next group: good quality, on average no more than the limit."""

    def __init__(self, most_bits_per_second: int, group_s: float) -> None:
        self._most = most_bits_per_second
        self._group_s = group_s
        self.quantiser = _FIRST_QUANTISER
        self.spent = 0

    @property
    def exceeded(self) -> bool:
        """Whether this group is so large already that it had better end."""
        return self.quantiser < _WORST_QUANTISER and self.spent > 2 * self._most * self._group_s

    def group_ended(self, seconds: float) -> bool:
        """Whether the quantiser of the next group is another one."""
        share = self.spent / self._most / max(seconds, 0.04)
        self.spent = 0
        # Six steps halve the size, about.
        wanted = math.ceil(6 * math.log2(share)) if share > 1 else -int(share < _ROOM)
        before = self.quantiser
        self.quantiser = min(max(before + wanted, _BEST_QUANTISER), _WORST_QUANTISER)
        return self.quantiser != before


def _view(frame: VideoFrame, index: int) -> NDArray[np.uint8]:
    """A plane's pixels without the padding of its lines."""
    plane = frame.planes[index]
    buffer: Any = plane  # it is one, though its stub does not say so
    whole: NDArray[np.uint8] = np.frombuffer(buffer, np.uint8)
    lines = whole[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
    return lines[:, : plane.width]
