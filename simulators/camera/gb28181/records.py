"""The records of the past thirty days: an index that follows from the calendar, kept nowhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from simulators.behaviours import defect, variant
from simulators.camera.state import CameraState

TIMES_SHIFTED = defect(
    "record-times-shifted", "The times in the answer to a record query are UTC: 8 h early."
)
GAPS = variant("gb-record-gaps", "Of five half-hour files one was never kept.")

DAYS = 30
SEGMENT_S = 1800
_BYTES_A_SECOND = 70_000
_EIGHT_HOURS = 28_800


@dataclass(frozen=True)
class Record:
    """One file: POSIX seconds of its beginning and end, its kind and size in bytes."""

    start: float
    end: float
    kind: str

    @property
    def size(self) -> int:
        """Bytes."""
        return round((self.end - self.start) * _BYTES_A_SECOND)

    @property
    def path(self) -> str:
        """Where it is kept."""
        return f"/disk0/{round(self.start)}.ps"


def records(state: CameraState, start: float, end: float, kind: str = "all") -> Iterator[Record]:
    """The files that overlap ``start`` to ``end``, in order; ``kind`` as in a record query."""
    now = state.clock.now()
    oldest = math.floor((now - DAYS * 86_400) / SEGMENT_S) * SEGMENT_S
    first = max(math.floor(start / SEGMENT_S) * SEGMENT_S, oldest)
    while first < end and first + SEGMENT_S <= now:
        record = Record(
            first, first + SEGMENT_S, "alarm" if first // SEGMENT_S % 8 == 3 else "time"
        )
        if record.end > start and kind in ("all", "", record.kind) and not _missing(state, record):
            yield record
        first += SEGMENT_S


def recorded(state: CameraState, start: float, end: float) -> tuple[float, float] | None:
    """The part of ``start`` to ``end`` that was recorded first without a break, None: nothing."""
    begin = finish = None
    for record in records(state, start, end):
        if begin is None:
            begin, finish = max(start, record.start), min(end, record.end)
        elif finish is not None and record.start <= finish:
            finish = min(end, record.end)
        else:
            break
    return None if begin is None or finish is None else (begin, finish)


def told_time(state: CameraState, posix: float) -> float:
    """A record's time as the device tells it."""
    return posix - _EIGHT_HOURS if state.has(TIMES_SHIFTED) else posix


def _missing(state: CameraState, record: Record) -> bool:
    """Whether the file is one of those that a recorder with gaps has not."""
    return state.has(GAPS) and record.start // SEGMENT_S % 5 == 2
