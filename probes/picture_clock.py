"""The clock burnt into the picture, read by OCR: what time the viewer sees.

The pictures between which the shown second changes bound the clock. The first picture that
shows K was drawn when the clock had reached K, and arrived later: offset >= K - arrival. The
picture before was drawn before K, no longer than the latency before its arrival:
offset <= K - its arrival + latency. The latency of encoder and path is not known; an allowance
is stated. The clock is read as Beijing time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part, Recording
from probes.clock_offset import reference_error
from probes.clock_text import looks_like_clock, read_clock_text
from probes.decoding import Picture
from probes.opening import open_track, outcome
from probes.streams import Track
from probes.text_reading import TextLine, find_lines, read_line

INSTRUMENT = "picture-clock/1"
QUANTITY = "picture-clock"
BEIJING_S = 28_800

Bytes = npt.NDArray[np.uint8]

_LATENCY_ALLOWANCE_S = 0.5
_WATCHED_S = 3.2
_MOST_PICTURES = 200
_MOST_TICKS = 3
_GUESSES = 6
_TRIES = 3
_LEAST_SCORE = 0.8
#: Recognition doubles or drops a digit at one size and not at another.
_SCALES = (1.0, 0.5, 0.75)
_STANDS_STILL_S = 2.0


@dataclass(frozen=True, slots=True)
class _Shot:
    """The clock's part of one picture, and when the picture arrived (POSIX seconds)."""

    arrival: float
    crop: Bytes


@dataclass
class _Reader:
    """Reads the clock in the shots, each at most once."""

    shots: list[_Shot]
    known: dict[int, int | None] = field(default_factory=dict)

    def civil(self, index: int) -> int | None:
        """Civil seconds shown in a shot, ``None`` when it cannot be read for sure."""
        if index not in self.known:
            self.known[index] = self._read(self.shots[index])
        return self.known[index]

    @cached_property
    def _changes(self) -> list[float]:
        """How much each shot differs from the one before it (0 for the first)."""
        crops = [shot.crop.astype(np.int16) for shot in self.shots]
        return [0.0, *(float(np.abs(b - a).mean()) for a, b in pairwise(crops))]

    def likeliest(self, before: int, after: int) -> int:
        """A shot strictly between two others, beside the greatest change from ``before`` on."""
        changed = max(range(before + 1, after + 1), key=lambda index: self._changes[index])
        return min(changed, after - 1) if changed - 1 == before else changed - 1

    @staticmethod
    def _read(shot: _Shot) -> int | None:
        for scale in _SCALES:
            crop = shot.crop
            if scale != 1:
                crop = np.asarray(
                    cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
                    np.uint8,
                )
            text, score = read_line(crop)
            civil = read_clock_text(text, shot.arrival + BEIJING_S)
            if civil is not None and score >= _LEAST_SCORE:
                return civil
        return None


@dataclass(frozen=True, slots=True)
class _Tick:
    """The shown second became ``civil`` between the shots ``before`` and ``after``."""

    civil: int
    before: int
    after: int


def measure_picture_clock(
    stream: Recording, *, latency_allowance_s: float = _LATENCY_ALLOWANCE_S
) -> Measurement:
    """Measure shown time (as Beijing time) minus reference, in seconds, from a stream recording.

    ``details``: ``shown`` (civil text), ``hours_from_utc`` (8 for Beijing time), ``box``,
    ``ticks`` found, ``frozen_s``, ``latency_allowance_s``. ``evidence``: the clock before and
    after a tick. Spoilt when there is no picture, no clock in it, it cannot be read, no tick
    was seen, or the error of the reference is not known.
    """
    track = open_track(stream, QUANTITY)
    if isinstance(track, Reason):
        return _spoilt(stream, track)
    found = _find_clock(track)
    if isinstance(found, Reason):
        return _spoilt(stream, found)
    index, box = found
    shots = _shots(track, index, box)
    reader = _Reader(shots)
    ends = _ends(reader)
    if ends is None:
        return _spoilt(stream, Reason("picture-clock.unreadable", {"pictures": len(shots)}))
    return _judge(stream, reader, ends, box, latency_allowance_s)


def _find_clock(track: Track) -> tuple[int, TextLine] | Reason:
    pictures = track.key_pictures(2)
    if not pictures:
        return Reason("picture-clock.no-picture")
    likely: tuple[int, TextLine] | None = None
    for picture in pictures:
        near = picture.arrival_ns / 1e9 + BEIJING_S
        for line in _rows(find_lines(picture.bgr())):
            if read_clock_text(line.text, near) is not None:
                return picture.index, line
            # A digit misread in this picture may be right in the next: the place is what counts.
            if likely is None and looks_like_clock(line.text):
                likely = picture.index, line
    return likely or Reason("picture-clock.not-found")


def _rows(lines: list[TextLine]) -> list[TextLine]:
    """Each line, and lines that stand beside each other joined: date and time may be apart."""
    rows = list(lines)
    for one in lines:
        middle = (one.top + one.bottom) / 2
        beside = [each for each in lines if each.top <= middle <= each.bottom]
        if len(beside) > 1:
            beside.sort(key=lambda each: each.left)
            rows.append(
                TextLine(
                    " ".join(each.text for each in beside),
                    min(each.score for each in beside),
                    beside[0].left,
                    min(each.top for each in beside),
                    max(each.right for each in beside),
                    max(each.bottom for each in beside),
                )
            )
    return rows


def _shots(track: Track, first: int, box: TextLine) -> list[_Shot]:
    shots: list[_Shot] = []
    start: int | None = None
    for picture in track.pictures(first):
        start = picture.arrival_ns if start is None else start
        if picture.arrival_ns - start > _WATCHED_S * 1e9 or len(shots) >= _MOST_PICTURES:
            break
        if not picture.damaged:
            shots.append(_Shot(picture.arrival_ns / 1e9, _crop(picture, box)))
    return shots


def _crop(picture: Picture, box: TextLine) -> Bytes:
    margin = max(2, (box.bottom - box.top) // 6)
    rows = slice(max(0, box.top - margin), box.bottom + margin)
    columns = slice(max(0, box.left - margin), box.right + margin)
    return np.ascontiguousarray(picture.bgr()[rows, columns])


def _ends(reader: _Reader) -> tuple[int, int] | None:
    """First and last shot that can be read, if their times agree with the time between them."""
    number_of = len(reader.shots)
    # Some seconds may be hard to read as long as they are shown: the next try is further in.
    tries = [number * number_of // 8 for number in range(_TRIES)]
    first = next((i for i in tries if i < number_of and reader.civil(i) is not None), None)
    last = next(
        (
            number_of - 1 - i
            for i in tries
            if i < number_of and reader.civil(number_of - 1 - i) is not None
        ),
        None,
    )
    if first is None or last is None or last <= first:
        return None
    shown = (reader.civil(last) or 0) - (reader.civil(first) or 0)
    passed = reader.shots[last].arrival - reader.shots[first].arrival
    return (first, last) if shown == 0 or abs(shown - passed) < 1.5 else None


def _ticks(reader: _Reader, first: int, last: int) -> list[_Tick]:
    start, end = reader.civil(first) or 0, reader.civil(last) or 0
    found = []
    for civil in range(start + 1, min(end, start + _MOST_TICKS) + 1):
        tick = _tick(reader, civil, (first, last), range(start, end + 1))
        if tick is not None:
            found.append(tick)
            first = tick.after
    return found


def _tick(reader: _Reader, civil: int, ends: tuple[int, int], believed: range) -> _Tick | None:
    """Close in on the shots between which ``civil`` appears.

    First where the picture changes most, then by halving; around shots that cannot be read or
    show what the ends exclude.
    """
    before, after = ends
    unread: set[int] = set()
    for attempt in count():
        open_ = [index for index in range(before + 1, after) if index not in unread]
        if not open_:
            return _Tick(civil, before, after)
        index = reader.likeliest(before, after) if attempt < _GUESSES else open_[len(open_) // 2]
        if index in unread:
            continue
        shown = reader.civil(index)
        if shown is None or shown not in believed:
            unread.add(index)
            if len(unread) > _TRIES:
                break
        elif shown < civil:
            before = index
        else:
            after = index
    return None


def _judge(
    stream: Recording,
    reader: _Reader,
    ends: tuple[int, int],
    box: TextLine,
    allowance_s: float,
) -> Measurement:
    first, last = ends
    shots = reader.shots
    ticks = _ticks(reader, first, last)
    passed = shots[last].arrival - shots[first].arrival
    details: dict[str, Any] = {
        "box": [box.left, box.top, box.right, box.bottom],
        "text": box.text,
        "pictures": len(shots),
        "read": len(reader.known),
        "latency_allowance_s": allowance_s,
        "frozen_s": None,
        "ticks": [
            [tick.civil, shots[tick.before].arrival, shots[tick.after].arrival] for tick in ticks
        ],
    }
    if ticks:
        # The fastest picture tells; a picture held up on the way would mislead.
        best = max(ticks, key=lambda tick: tick.civil - shots[tick.after].arrival)
        lower = best.civil - shots[best.after].arrival
        upper = best.civil - shots[best.before].arrival + allowance_s
        shown_in = (best.before, best.after)
    elif reader.civil(first) == reader.civil(last) and passed >= _STANDS_STILL_S:
        details["frozen_s"] = passed
        civil = reader.civil(last) or 0
        lower = civil - shots[last].arrival
        upper = civil + 1 - shots[last].arrival + allowance_s
        shown_in = (first, last)
    else:
        return _spoilt(stream, Reason("picture-clock.no-tick", {"seconds": passed}), details)
    error = reference_error(stream)
    lower, upper = lower - BEIJING_S - (error or 0.0), upper - BEIJING_S + (error or 0.0)
    details["hours_from_utc"] = round((lower + upper) / 2 / 3600) + BEIJING_S // 3600
    spoilt = Reason("picture-clock.reference-unknown", {}) if error is None else None
    return outcome(
        stream,
        QUANTITY,
        "s",
        INSTRUMENT,
        "method.picture-clock",
        (lower + upper) / 2,
        lower=lower,
        upper=upper,
        details=details,
        evidence={
            f"{name}.png": _png(shots[index].crop)
            for name, index in zip(("clock-before", "clock-after"), shown_in, strict=True)
        },
        spoilt=spoilt,
    )


def _png(crop: Bytes) -> Part:
    return Part.of(cv2.imencode(".png", crop)[1].tobytes(), "image/png")


def _spoilt(
    stream: Recording, reason: Reason, details: dict[str, Any] | None = None
) -> Measurement:
    return outcome(
        stream,
        QUANTITY,
        "s",
        INSTRUMENT,
        "method.picture-clock",
        details=details or {},
        spoilt=reason,
    )
