"""Timer values of SIP (RFC 3261 section 17) and one heap that holds every running timer."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds: round-trip estimate, longest retransmission interval, longest life of a message."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def transaction(self) -> float:
        """64 x T1: the bound of timers B, F, H, J, L and M."""
        return 64 * self.t1


class Timed(Protocol):
    """Something that wants to be called when its ``deadline`` has come; None: never."""

    deadline: float | None
    scheduled: float | None


class TimerHeap:
    """Every deadline in one heap; moving a deadline later costs nothing until it comes up."""

    __slots__ = ("_entries", "_serial")

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Timed]] = []
        self._serial = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def schedule(self, timed: Timed) -> bool:
        """Take note of ``timed.deadline``; True when it is now the earliest of all."""
        deadline = timed.deadline
        if deadline is None or (timed.scheduled is not None and timed.scheduled <= deadline):
            return False
        timed.scheduled = deadline
        entry = (deadline, next(self._serial), timed)
        heapq.heappush(self._entries, entry)
        return self._entries[0] is entry

    def next_deadline(self) -> float | None:
        """When to look again, None when nothing runs."""
        return self._entries[0][0] if self._entries else None

    def due(self, now: float, maximum: int = 10_000) -> list[Timed]:
        """At most ``maximum`` whose deadline is not after ``now``; they are no longer held."""
        found: list[Timed] = []
        entries = self._entries
        while entries and entries[0][0] <= now and len(found) < maximum:
            at, _, timed = heapq.heappop(entries)
            if timed.scheduled != at:
                continue
            timed.scheduled = None
            if timed.deadline is None:
                continue
            if timed.deadline <= now:
                found.append(timed)
            else:
                self.schedule(timed)
        return found
