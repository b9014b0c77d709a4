"""A period written into one MP4 file, marked and whole."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

from reference_platform.media.decoding import Picture
from reference_platform.media.watermark import WatermarkStamp

_TICKS = 90_000
_USUAL_STEP_S, _SHORTEST_STEP_S = 0.04, 0.001
_GAP_S = 2.0
_KEY_EVERY = 50


class Mp4Writer:
    """Codes pictures into an H.264 MP4 whose index comes first. Blocking; safe in any thread.

    Stretches without pictures are left out; their places are told to whoever asks, and the time
    burnt into the mark is that of the download, so that nothing pretends to be continuous.

    Attributes:
        first, last: recorded times of the pictures written.
        pictures: how many.
    """

    def __init__(self, path: Path, stamp: WatermarkStamp | None) -> None:
        self._lock = threading.Lock()
        self._stamp = stamp
        self._container: Any = av.open(
            str(path), "w", format="mp4", options={"movflags": "faststart"}
        )
        self._stream: Any = None
        self._pts = 0
        self._step = _USUAL_STEP_S
        self.first: float | None = None
        self.last: float | None = None
        self.pictures = 0

    def add(self, pictures: Sequence[Picture], now: float) -> None:
        """Write pictures in order; ``now`` is the time of the mark, UTC seconds.

        Raises:
            OSError: the disk refuses.
        """
        with self._lock:
            for picture in pictures:
                self._place(picture.at)
                self._write(self._marked(picture.frame, now))

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: the disk refuses.
        """
        with self._lock:
            if self._stream is not None:
                self._mux(self._stream.encode(None))
            self._container.close()

    def abandon(self) -> None:
        """Let go of an unfinished file, whatever is in it."""
        with self._lock, suppress(OSError, av.FFmpegError):
            self._container.close()

    def _place(self, at: float) -> None:
        """Take note of the next picture's time, recorded and in the file."""
        if self.last is not None:
            step = at - self.last
            if _SHORTEST_STEP_S < step < _GAP_S:
                self._step = step
            self._pts += round(self._step * _TICKS)
        self.first = at if self.first is None else self.first
        self.last = at

    def _write(self, frame: VideoFrame) -> None:
        if self._stream is None:
            self._begin(frame)
        if (frame.width, frame.height) != (self._stream.width, self._stream.height):
            frame = frame.reformat(self._stream.width, self._stream.height)
        frame.pts, frame.time_base = self._pts, Fraction(1, _TICKS)
        frame.pict_type = av.video.frame.PictureType.NONE
        self._mux(self._stream.encode(frame))
        self.pictures += 1

    def _mux(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            packet.duration = round(self._step * _TICKS)  # it holds for the last one only
            self._container.mux(packet)

    def _begin(self, frame: VideoFrame) -> None:
        stream = self._container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, _TICKS)
        stream.codec_context.color_range = frame.color_range
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "superfast", "crf": "23", "g": str(_KEY_EVERY), "bf": "0"}
        self._stream = stream

    def _marked(self, frame: VideoFrame, now: float) -> VideoFrame:
        planes = np.asarray(frame.reformat(format="yuv420p").to_ndarray(), np.uint8)
        if self._stamp is not None:
            self._stamp.apply(planes[: frame.height], now)
        marked = VideoFrame.from_ndarray(planes, format="yuv420p")
        marked.color_range = frame.color_range
        return marked


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
