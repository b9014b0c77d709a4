"""Pictures of a recorded stream of a platform, with their arrival and the clock burnt into them.

The clock is looked for once; afterwards only its part of a picture is read, and only where a
probe asks. What is kept of a picture is that part, a small grey copy, and when it arrived.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError

from assessment.recording import Recording
from probes.clock_text import read_clock_text
from probes.gb28181.judging import Judgement
from probes.text_reading import TextLine, find_lines, read_line

Bytes = npt.NDArray[np.uint8]
BEIJING_S = 28_800
#: Pictures of one stream that are looked at.
MOST_PICTURES = 4_000
_SMALL = (64, 36)
#: Forms that FFmpeg must be told, for where each picture ends in them to be known.
_FORMATS = {"video/x-motion-jpeg": "mjpeg"}
#: Recognition doubles or drops a digit at one size and not at another.
_SCALES = (1.0, 0.6, 1.6)
_LEAST_SCORE = 0.75
_TRIES = 4
#: How many pictures away another one is tried when a clock cannot be read.
_DISTANCES = (0, 1, 2, 4, 7, 11, 16)
#: How many pictures later others are read that bear a clock out.
_LATER = (4, 7, 11, 16, 22, 29)
#: Which pictures stand beside another, and by how many seconds their clocks may differ.
_BESIDE, _BESIDE_S = (1, -1, 2, -2, 3, -3), 2.0
_FEWEST_DIGITS, _AS_TALL = 12, 0.8
#: Of a date and time with both figures of month, day, hour, minute and second.
_DIGITS = 14
#: Pictures that are kept whole until the clock is found.
_MOST_UNPLACED = 40


@dataclass
class SeenStream:
    """What is kept of the pictures of one stream.

    Attributes:
        arrivals: reference time of each picture's last byte, POSIX seconds.
        small: grey copies of 64 x 36.
        clocks: the clock's part of each picture, BGR; empty where there is no clock.
        seconds: of each picture by the stream's own count.
        codec: as FFmpeg names it, "" when nothing could be decoded.
        damaged: pictures that could not be decoded.
        searched: whole pictures in which writing can be looked for, BGR, by index.
    """

    arrivals: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    small: list[Bytes] = field(default_factory=list)
    clocks: list[Bytes] = field(default_factory=list)
    codec: str = ""
    size: tuple[int, int] = (0, 0)
    damaged: int = 0
    searched: dict[int, Bytes] = field(default_factory=dict)
    box: TextLine | None = None
    _read: dict[int, float | None] = field(default_factory=dict)
    _lines: dict[int, list[TextLine]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.arrivals)

    def written(self) -> Iterator[list[TextLine]]:
        """What is written in one searched picture after another; each is searched when asked."""
        for index in sorted(self.searched):
            yield self.lines_in(index)

    def lines_in(self, index: int) -> list[TextLine]:
        """What is written in one of the searched pictures."""
        if index not in self._lines:
            self._lines[index] = find_lines(self.searched[index])
        return self._lines[index]

    def time_at(self, index: int) -> float | None:
        """The whole second shown in a picture, POSIX seconds; ``None`` when it is not read."""
        if index not in self._read:
            self._read[index] = None
            if index < len(self.clocks) and self.clocks[index].size:
                self._read[index] = read_clock(self.clocks[index], self.arrivals[index])
        return self._read[index]

    def sure(self, *indexes: int) -> bool:
        """Whether the clocks of these pictures are read alike at two sizes, and beside them too.

        Asked before one is held against anybody: recognition takes a figure for another at times,
        and at times the same at every size.
        """
        return all(
            read_clock(self.clocks[index], self.arrivals[index], twice=True) == self.time_at(index)
            and self._read_beside(index)
            for index in indexes
        )

    def _read_beside(self, index: int) -> bool:
        """Whether a picture just before or after shows about the same time."""
        shown = self.time_at(index)
        beside = (self.time_at(at) for at in map(index.__add__, _BESIDE) if 0 <= at < len(self))
        return shown is not None and any(
            time is not None and abs(time - shown) <= _BESIDE_S for time in beside
        )

    def borne_out(self, index: int, within_s: float) -> bool:
        """Whether the clocks of later pictures go on from this one's as time does.

        Asked before a single picture decides where a whole stream begins.
        """
        shown = self.time_at(index)
        if shown is None:
            return False
        later = [at for at in map(index.__add__, _LATER) if at < len(self)]
        off = [
            (time - shown) - (self.arrivals[at] - self.arrivals[index])
            for at in later
            if (time := self.time_at(at)) is not None
        ]
        return bool(off) and all(abs(one) <= within_s for one in off)

    def time_near(self, index: int, *, step: int = 1) -> tuple[int, float] | None:
        """The first picture from ``index`` on (back from it when ``step`` is -1) that is read.

        Further and further apart: a mark over the clock stays for a second.
        """
        for distance in _DISTANCES:
            at = index + distance * step
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

    def first_showing(self, second: float, first: int, last: int) -> int | None:
        """The first picture in ``(first, last]`` that shows ``second`` or later.

        ``first`` must show an earlier one. ``None`` where the clock of too many is not read.
        """
        end = self.time_near(last, step=-1)
        if end is None or end[1] < second:
            return None
        before, after = first, end[0]
        while (found := self._inside(before, after)) is not None:
            index, shown = found
            before, after = (index, after) if shown < second else (before, index)
        return after if after - before <= _TRIES else None

    def place_at(self, first: int, last: int, pace: float = 1.0) -> float | None:
        """The time of a picture to a part of a second, from when its clock ticks next.

        Where the pictures stood still meanwhile the tick is late: the picture's own second holds.
        """
        shown = self.time_at(first)
        if shown is None:
            return None
        tick = self.first_showing(shown + 1, first, last)
        if tick is None:
            return None
        return max(shown, shown + 1 - (self.arrivals[tick] - self.arrivals[first]) * pace)

    def _inside(self, before: int, after: int) -> tuple[int, float] | None:
        """A picture strictly between two others whose clock is read, near the middle."""
        middle = (before + after) // 2
        for distance in _DISTANCES:
            for index in dict.fromkeys((middle - distance, middle + distance)):
                shown = self.time_at(index) if before < index < after else None
                if shown is not None:
                    return index, shown
        return None


def hold_against(
    judgement: Judgement, code: str, seen: SeenStream, *indexes: int, **parameters: Any
) -> None:
    """A fault that rests on the clocks of some pictures; a doubt where they are not surely read."""
    if seen.sure(*indexes):
        judgement.fault(code, **parameters)
    else:
        judgement.doubt("clock-unread")


def read_clock(crop: Bytes, near: float, *, twice: bool = False) -> float | None:
    """POSIX seconds that a picture's clock shows (as Beijing time), ``None`` when unsure.

    A date and time of 14 digits is believed at once. With fewer or more, a digit may have been
    dropped or doubled: then two sizes of the picture must read alike; with ``twice`` always.
    """
    doubtful: list[float] = []
    for scale in _SCALES:
        shown = crop
        if scale != 1:
            size = (max(8, round(crop.shape[1] * scale)), max(8, round(crop.shape[0] * scale)))
            shown = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
        words, score = read_line(shown)
        civil = read_clock_text(words, near + BEIJING_S)
        if civil is None or score < _LEAST_SCORE:
            continue
        read = float(civil - BEIJING_S)
        whole = not twice and sum(map(str.isdigit, words)) == _DIGITS
        if whole or read in doubtful:
            return read
        doubtful.append(read)
    return None


def find_clock(lines: Sequence[TextLine], near: float) -> TextLine | None:
    """The line that is the camera's clock: of all that look like one, the tallest.

    The mark of a user holds a time too, in smaller letters and in several places; it may lie over
    the camera's, which is then misread here and right in another picture.
    """
    whole = [line for line in lines if _looks_like_a_clock(line, near)]
    parts = [line for line in lines if line not in whole]
    clocks = [*whole, *(line for line in _joined(parts) if _looks_like_a_clock(line, near))]
    tallest = max(clocks, key=_height, default=None)
    if tallest is None:
        return None
    alike = [line for line in clocks if _height(line) >= _AS_TALL * _height(tallest)]
    return tallest if len(alike) == 1 else None


def _looks_like_a_clock(line: TextLine, near: float) -> bool:
    return read_clock_text(line.text, near + BEIJING_S) is not None or (
        "20" in line.text and sum(map(str.isdigit, line.text)) >= _FEWEST_DIGITS
    )


def _joined(lines: Sequence[TextLine]) -> Iterator[TextLine]:
    """Two lines side by side and of one height as one: a date may be found apart from its time."""
    for first in lines:
        for second in lines:
            height = max(_height(first), _height(second))
            apart = second.left - first.right
            if (
                min(_height(first), _height(second)) >= _AS_TALL * height
                and abs(first.top - second.top) <= height / 4
                and -height / 4 <= apart <= 2 * height
            ):
                yield TextLine(
                    f"{first.text} {second.text}",
                    min(first.score, second.score),
                    first.left,
                    min(first.top, second.top),
                    second.right,
                    max(first.bottom, second.bottom),
                )


def _whole_clock(seen: SeenStream) -> TextLine | None:
    """The clock's whole line, where the one that was found first is a part of it.

    A mark that lies over the end of the clock cuts the line there, until it has moved on.
    """
    part = seen.box
    if part is None or read_clock_text(part.text, seen.arrivals[0] + BEIJING_S) is not None:
        return None
    for index in sorted(seen.searched):
        near = seen.arrivals[index]
        line = find_clock(seen.lines_in(index), near)
        if (
            line is not None
            and read_clock_text(line.text, near + BEIJING_S) is not None
            and _height(line) >= _AS_TALL * _height(part)
            # It stands where it stood; a mark that holds a time moves.
            and abs(line.left - part.left) <= _height(part) / 4
            and abs(line.top - part.top) <= _height(part) / 4
        ):
            return line
    return None


def _height(line: TextLine) -> int:
    return line.bottom - line.top


#: Streams whose pictures several probes look at are decoded once.
_MOST_KEPT = 48
_kept: OrderedDict[tuple[str, str, tuple[float, ...], TextLine | None], SeenStream] = OrderedDict()
_lock = Lock()


def open_stream(
    recording: Recording,
    step: Mapping[str, Any],
    *,
    box: TextLine | None = None,
    search: Sequence[float] = (0.1, 0.5, 0.9),
    near: float | None = None,
    strict: bool = False,
) -> SeenStream:
    """Decode the stream that ``step`` recorded.

    Args:
        box: where the clock is, when another stream of the same camera and size has shown it.
        search: parts of the stream (0 to 1) at which the whole picture is searched for writing;
            none when ``box`` is known and nothing else is wanted.
        near: about when the pictures were taken, for a file that arrived as a whole.
        strict: whether bits that break the standard count as damage rather than being hidden.
    """
    key = (recording.digest, str(step.get("part", "")), tuple(search), box)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    seen = _opened(recording, step, SeenStream(box=box), search, near, strict)
    if box is None and seen.box is not None:
        whole = _whole_clock(seen) or seen.box
        if whole is not seen.box or not all(one.size for one in seen.clocks):
            seen = _opened(recording, step, SeenStream(box=whole), search, near, strict)
    with _lock:
        _kept[key] = seen
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return seen


def _opened(
    recording: Recording,
    step: Mapping[str, Any],
    seen: SeenStream,
    search: Sequence[float],
    near: float | None,
    strict: bool,
) -> SeenStream:
    part = recording.parts.get(str(step.get("part", "")))
    content = b"" if part is None else part.read()
    if part is None or not content:
        return seen
    form = _FORMATS.get(part.media_type)
    arrivals = _arrivals(step) or [(near or 0.0, len(content))]
    began = step.get("began")
    film = float(began) if isinstance(began, int | float) else None
    wanted = {round(share * max(0, _pictures_in(content, form) - 1)) for share in search}
    unplaced: list[Bytes] = []
    for index, frame in enumerate(_decoded(content, form, arrivals, seen, strict=strict)):
        if film is not None:  # brought by a person: timed by its own count
            seen.arrivals[-1] = film + seen.seconds[-1]
        if index in wanted:
            seen.searched[index] = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            if seen.box is None:
                seen.box = find_clock(seen.lines_in(index), seen.arrivals[index])
        luma = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
        small = cv2.resize(luma, _SMALL, interpolation=cv2.INTER_AREA)
        seen.small.append(np.asarray(small, np.uint8))
        if seen.box is None and len(unplaced) < _MOST_UNPLACED:
            unplaced.append(luma)
        elif seen.box is not None and unplaced:
            seen.clocks[: len(unplaced)] = [_crop(one, seen.box) for one in unplaced]
            unplaced = []
        seen.clocks.append(_crop(luma, seen.box))
    return seen


def _pictures_in(content: bytes, form: str | None) -> int:
    try:
        with av.open(io.BytesIO(content), "r", format=form) as container:
            return sum(bool(packet.size) for packet in container.demux(video=0))
    except (FFmpegError, IndexError, ValueError):
        return 0


def _arrivals(step: Mapping[str, Any]) -> list[tuple[float, int]]:
    found = step.get("arrivals")
    return [
        (float(one[0]), int(one[1]))
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, list | tuple)
        and len(one) == 2
        and all(isinstance(value, int | float) for value in one)
    ]


def _decoded(
    content: bytes,
    form: str | None,
    arrivals: list[tuple[float, int]],
    seen: SeenStream,
    *,
    strict: bool,
) -> Iterator[av.VideoFrame]:
    """The pictures of a file or of the beginning of one; when each arrived goes into ``seen``."""
    counts = [count for _, count in arrivals]
    came: dict[int, float] = {}
    try:
        with av.open(io.BytesIO(content), "r", format=form) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            if strict:
                stream.codec_context.options = {"err_detect": "explode"}
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
                    came_at = last if frame.pts is None else came.pop(frame.pts, last)
                    seen.arrivals.append(came_at)
                    seen.seconds.append(float(frame.time or 0.0))
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
