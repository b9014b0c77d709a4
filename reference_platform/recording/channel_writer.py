"""Cuts one channel's pictures into segments. Blocking, sequential, without tasks of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.media.units import AccessUnit
from reference_platform.recording.archive import Archive
from reference_platform.recording.arrival import ArrivalClock
from reference_platform.recording.segments import SegmentWriter
from reference_platform.recording.timeline import JOIN_S

MIDNIGHT_GAP = defect(
    "gap-each-midnight",
    "The recorder changes files at midnight and loses the first two minutes of each day.",
    "648540858/wvp-GB28181-pro#804",
)

_NEARLY_S = 0.02
_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class SegmentLimits:
    """When a segment ends.

    Attributes:
        length_s: at the first key picture after so long.
        longest_s: without a key picture, too; what follows waits for one.
        most_bytes: likewise.
        hole_s: a pause between two pictures that counts as a gap.
    """

    length_s: float = 60.0
    longest_s: float = 600.0
    most_bytes: int = 512 << 20
    hole_s: float = 2.0


class ChannelWriter:
    """Pictures of one channel to disk, in order, none twice at one time."""

    def __init__(
        self,
        archive: Archive,
        channel: str,
        time_source: TimeSource,
        limits: SegmentLimits,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._archive = archive
        self._channel = channel
        self._time = time_source
        self._limits = limits
        self._behaviours = behaviours
        self._clock = ArrivalClock()
        self._writer: SegmentWriter | None = None
        last = archive.last(channel)
        self._end = last[0] if last else None
        self._generation = last[1] if last else 0
        self._gap = "signal-lost"

    def take(self, units: Sequence[AccessUnit]) -> None:
        """Write pictures as they came from the source.

        Raises:
            OSError: the disk refuses. What was written stays whole and is closed; the pictures
                that are not written are lost.
        """
        offset = self._time.now() - self._time.monotonic()
        waiting: list[AccessUnit] = []
        try:
            for unit in units:
                placed = replace(unit, at=self._clock.place(unit.pts, unit.at, offset))
                if self._ends_before(placed, waiting):
                    self._append(waiting)
                    waiting = []
                    self._seal()
                if self._writer is None:
                    if not unit.key:
                        continue
                    placed = self._begin(placed, unit)
                    if self._writer is None:
                        continue
                waiting.append(placed)
            self._append(waiting)
        except OSError:
            self._seal()
            raise

    def pause(self, reason: str) -> None:
        """Close the segment and note why nothing follows for now."""
        self._seal()
        self._clock.restart()
        start = self._end if self._end is not None else self._time.now()
        self._archive.index.interrupt(self._channel, start, reason)

    def _append(self, units: Sequence[AccessUnit]) -> None:
        if units and self._writer is not None:
            self._archive.append(self._writer, units)

    def _ends_before(self, unit: AccessUnit, waiting: Sequence[AccessUnit]) -> bool:
        """Whether the running segment must not take ``unit``."""
        if self._writer is None:
            return False
        limits = self._limits
        length = unit.at - self._writer.start
        last = waiting[-1].at if waiting else self._writer.last
        if unit.at - last > limits.hole_s:
            self._gap = "signal-lost"
            return True
        if length > limits.longest_s or self._writer.size > limits.most_bytes:
            return True
        if not unit.key:
            return False
        due = length >= limits.length_s - _NEARLY_S
        return due or self._clock.stepped or unit.codec != self._writer.codec

    def _begin(self, placed: AccessUnit, unit: AccessUnit) -> AccessUnit:
        """Open a segment for a key picture; the picture at the time that it gets there."""
        if self._clock.stepped:
            self._gap = "clock-step"
            self._clock.restart()
            offset = self._time.now() - self._time.monotonic()
            placed = replace(unit, at=self._clock.place(unit.pts, unit.at, offset))
        if MIDNIGHT_GAP in self._behaviours and _after_midnight(placed.at) < 120:
            return placed
        if self._end is not None and placed.at < self._end:
            if self._end - placed.at > JOIN_S:
                self._generation += 1  # this time was lived through before: the clock was set back
            else:
                placed = replace(placed, at=self._end)
        self._writer = self._archive.begin(self._channel, self._generation, placed)
        index = self._archive.index
        index.resume(self._channel, placed.at)
        if self._end is not None and placed.at - self._end > JOIN_S:
            known = index.interruptions(self._channel, self._end, placed.at)
            if not known:
                index.interrupt(self._channel, self._end, self._gap, placed.at)
        self._gap = "signal-lost"
        return placed

    def _seal(self) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        if writer.pictures == 0:
            writer.discard()
            return
        self._archive.seal(writer)
        self._end = writer.end


def _after_midnight(at: float) -> float:
    local = datetime.fromtimestamp(at, _BEIJING)
    return local.hour * 3600.0 + local.minute * 60.0 + local.second
