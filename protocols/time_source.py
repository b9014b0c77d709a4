"""Clocks are injected: the real one, and a virtual one that tests turn by hand."""

from __future__ import annotations

import time
from typing import Protocol


class TimeSource(Protocol):
    """Reference time."""

    def now(self) -> float:
        """Wall clock in POSIX seconds (UTC)."""

    def monotonic(self) -> float:
        """Seconds on a clock that never steps; differences only."""


class SystemTime:
    """The machine's own clocks."""

    def now(self) -> float:
        """See ``TimeSource``."""
        return time.time()

    def monotonic(self) -> float:
        """See ``TimeSource``."""
        return time.monotonic()


class VirtualTime:
    """A clock that stands until ``advance`` turns it."""

    def __init__(self, start: float = 1_770_000_000.0) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> float:
        """See ``TimeSource``."""
        return self._now

    def monotonic(self) -> float:
        """See ``TimeSource``."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` (>= 0) pass."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use step() to set the wall clock")
        self._now += seconds
        self._monotonic += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock forward or back by ``seconds`` without time passing."""
        self._now += seconds
