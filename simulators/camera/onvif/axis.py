"""One axis of a pan-tilt-zoom mount or of a focus drive: it takes time to move."""

from __future__ import annotations

import math

FULL_SPEED = 0.5
"""Normalised units in a second at speed 1."""


class Axis:
    """Position between two limits, worked out when it is asked for.

    All ``now`` are monotonic seconds and may not go back.
    """

    __slots__ = ("_ends", "_position", "_since", "_velocity", "high", "low")

    def __init__(self, low: float, high: float, position: float) -> None:
        self.low = low
        self.high = high
        self._position = position
        self._since = 0.0
        self._velocity = 0.0
        self._ends = 0.0

    def position(self, now: float) -> float:
        """Where it is."""
        moved = self._velocity * max(0.0, min(now, self._ends) - self._since)
        return min(self.high, max(self.low, self._position + moved))

    def moving(self, now: float) -> bool:
        """Whether it moves: neither arrived, nor timed out, nor at a limit."""
        limit = self.high if self._velocity > 0 else self.low
        return self._velocity != 0 and now < self._ends and self.position(now) != limit

    def run(self, now: float, speed: float, seconds: float = math.inf) -> None:
        """Move at a signed speed (1 is full) until a limit, or for so many seconds."""
        self._position = self.position(now)
        self._since = now
        self._velocity = speed * FULL_SPEED
        self._ends = now + seconds if speed else now

    def go(self, now: float, target: float, speed: float = 1.0) -> None:
        """Move to a target inside the limits at a speed above 0."""
        target = min(self.high, max(self.low, target))
        distance = target - self.position(now)
        seconds = abs(distance) / (speed * FULL_SPEED)
        self.run(now, math.copysign(speed, distance) if distance else 0.0, seconds)

    def stop(self, now: float) -> None:
        """Stop where it is."""
        self.run(now, 0.0)
