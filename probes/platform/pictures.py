"""Pictures of a recorded stream of a platform, with their arrival and the clock burnt into them.

The clock is looked for once; afterwards only its part of a picture is read, and only where a
probe asks. What is kept of a picture is that part, a small grey copy, and when it arrived.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError

from assessment.recording import Recording
from probes.clock_text import read_clock_text
from probes.text_reading import TextLine, find_lines, read_line

Bytes = npt.NDArray[np.uint8]
BEIJING_S = 28_800
#: Pictures of one stream that are looked at.
MOST_PICTURES = 4_000
_SMALL = (64, 36)
#: Recognition doubles or drops a digit at one size and not at another.
_SCALES = (1.0, 0.6, 1.6)
_LEAST_SCORE = 0.75
_TRIES = 4


@dataclass
class SeenStream:
    """What is kept of the pictures of one stream.

    Attributes:
        arrivals: reference time of each picture's last byte, POSIX seconds.
        small: grey copies of 64 x 36.
        clocks: the clock's part of each picture, BGR; empty where there is no clock.
        codec: as FFmpeg names it, "" when nothing could be decoded.
        damaged: pictures that could not be decoded.
        lines: what is written in the pictures that were searched, by picture.
    """

    arrivals: list[float] = field(default_factory=list)
    small: list[Bytes] = field(default_factory=list)
    clocks: list[Bytes] = field(default_factory=list)
    codec: str = ""
    size: tuple[int, int] = (0, 0)
    damaged: int = 0
    lines: dict[int, list[TextLine]] = field(default_factory=dict)
    box: TextLine | None = None
    _read: dict[int, float | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.arrivals)

    def time_at(self, index: int) -> float | None:
        """The whole second shown in a picture, POSIX seconds; ``None`` when it is not read."""
        if index not in self._read:
            self._read[index] = None
            if index < len(self.clocks) and self.clocks[index].size:
                self._read[index] = read_clock(self.clocks[index], self.arrivals[index])
        return self._read[index]

    def time_near(
        self, index: int, *, step: int = 1, tries: int = _TRIES
    ) -> tuple[int, float] | None:
        """The first picture from ``index`` on whose clock is read, and its time."""
        for attempt in range(tries):
            at = index + attempt * step
            if not 0 <= at < len(self):
                break
            shown = self.time_at(at)
            if shown is not None:
                return at, shown
        return None

    def between(self, since: float, until: float) -> range:
        """The pictures that arrived from ``since`` to before ``until``."""
        first = int(np.searchsorted(self.arrivals, since, "left"))
        return range(first, int(np.searchsorted(self.arrivals, until, "left")))

    def tick_after(self, first: int, last: int) -> int | None:
        """The first picture in ``(first, last]`` that shows a later second than ``first``.

        Around pictures whose clock is not read; ``None`` where too many are not, or none ticks.
        """
        began, ended = self.time_at(first), self.time_near(last, step=-1)
        if began is None or ended is None or ended[1] <= began:
            return None
        before, after = first, ended[0]
        while (found := self._inside(before, after)) is not None:
            index, shown = found
            before, after = (index, after) if shown <= began else (before, index)
        return after if after - before <= _TRIES else None

    def _inside(self, before: int, after: int) -> tuple[int, float] | None:
        """A picture strictly between two others whose clock is read, near the middle."""
        middle = (before + after) // 2
        near = sorted(range(before + 1, after), key=lambda index: abs(index - middle))
        for index in near[:_TRIES]:
            shown = self.time_at(index)
            if shown is not None:
                return index, shown
        return None


def read_clock(crop: Bytes, near: float) -> float | None:
    """POSIX seconds that a picture's clock shows (as Beijing time), ``None`` when unsure."""
    for scale in _SCALES:
        shown = crop
        if scale != 1:
            size = (max(8, round(crop.shape[1] * scale)), max(8, round(crop.shape[0] * scale)))
            shown = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
        words, score = read_line(shown)
        civil = read_clock_text(words, near + BEIJING_S)
        if civil is not None and score >= _LEAST_SCORE:
            return float(civil - BEIJING_S)
    return None


def find_clock(lines: Sequence[TextLine], near: float) -> TextLine | None:
    """The line that is the camera's clock: of all that read as one, the tallest.

    The mark of a user holds a time too, in smaller letters and in several places.
    """
    clocks = [line for line in lines if read_clock_text(line.text, near + BEIJING_S) is not None]
    return max(clocks, key=lambda line: line.bottom - line.top, default=None)


def open_stream(
    recording: Recording,
    step: Mapping[str, Any],
    *,
    box: TextLine | None = None,
    search: Sequence[float] = (0.0, 0.5),
) -> SeenStream:
    """Decode the stream that ``step`` recorded.

    Args:
        box: where the clock is, when another stream of the same camera and size has shown it.
        search: parts of the stream (0 to 1) at which the whole picture is searched for writing;
            none when ``box`` is known and nothing else is wanted.
    """
    seen = SeenStream(box=box)
    content = _content(recording, step)
    if not content:
        return seen
    arrivals = _arrivals(step)
    wanted = {round(share * max(0, _pictures_in(content) - 1)) for share in search}
    for index, frame in enumerate(_decoded(content, arrivals, seen)):
        if index in wanted:
            seen.lines[index] = find_lines(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
            if seen.box is None:
                seen.box = find_clock(seen.lines[index], seen.arrivals[index])
        luma = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
        small = cv2.resize(luma, _SMALL, interpolation=cv2.INTER_AREA)
        seen.small.append(np.asarray(small, np.uint8))
        seen.clocks.append(_crop(luma, seen.box))
    return seen


def _pictures_in(content: bytes) -> int:
    try:
        with av.open(io.BytesIO(content), "r") as container:
            return sum(bool(packet.size) for packet in container.demux(video=0))
    except (FFmpegError, IndexError, ValueError):
        return 0


def _content(recording: Recording, step: Mapping[str, Any]) -> bytes:
    part = recording.parts.get(str(step.get("part", "")))
    return b"" if part is None else part.read()


def _arrivals(step: Mapping[str, Any]) -> list[tuple[float, int]]:
    found = step.get("arrivals")
    return [
        (float(one[0]), int(one[1]))
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, list | tuple) and len(one) == 2
    ]


def _decoded(
    content: bytes, arrivals: list[tuple[float, int]], seen: SeenStream
) -> Iterator[av.VideoFrame]:
    """The pictures of a file or of the beginning of one; when each arrived goes into ``seen``."""
    counts = [count for _, count in arrivals]
    came: dict[int, float] = {}
    try:
        with av.open(io.BytesIO(content), "r") as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            seen.codec = stream.codec_context.name
            for packet in container.demux(stream):
                if packet.size and packet.pts is not None:
                    end = (packet.pos or 0) + packet.size
                    chunk = int(np.searchsorted(counts, end, "left"))
                    known = arrivals[min(chunk, len(arrivals) - 1)][0] if arrivals else 0.0
                    came[packet.pts] = known
                try:
                    frames = packet.decode()
                except FFmpegError:
                    seen.damaged += 1
                    continue
                for frame in frames:
                    if not isinstance(frame, av.VideoFrame):
                        continue
                    seen.size = (frame.width, frame.height)
                    last = seen.arrivals[-1] if seen.arrivals else 0.0
                    seen.arrivals.append(
                        came.pop(frame.pts, last) if frame.pts is not None else last
                    )
                    yield frame
                    if len(seen.arrivals) >= MOST_PICTURES:
                        return
    except (FFmpegError, IndexError, ValueError):
        return


def _crop(luma: Bytes, box: TextLine | None) -> Bytes:
    if box is None:
        return np.empty((0, 0, 3), np.uint8)
    margin = max(2, (box.bottom - box.top) // 6)
    rows = slice(max(0, box.top - margin), box.bottom + margin)
    columns = slice(max(0, box.left - margin), box.right + margin)
    return np.repeat(luma[rows, columns, None], 3, axis=2)
