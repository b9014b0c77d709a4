"""Which moment a picture of a recording belongs to, whatever the device does to its time stamps."""

from __future__ import annotations

from collections.abc import Callable

_TICKS = 90_000
#: A place asked for and the time stamps disagree by more than this many seconds: the device
#: counts on across the leap, and the place asked for holds.
_TOLERANCE_S = 10.0


class LiveTimeline:
    """Live pictures belong to the moment in which they arrive."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def __call__(self, _: int | None) -> float:
        """UTC seconds."""
        return self._now()


class RecordedTimeline:
    """Pictures of a recording from ``start`` on; leaps are told by ``leap``."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._anchor: tuple[int, float] | None = None
        self._target: float | None = start
        self._last = start

    def leap(self, at: float) -> None:
        """The next picture is one of about ``at``, UTC seconds."""
        self._target = at

    def __call__(self, ticks: int | None) -> float:
        """UTC seconds of the picture with this unwrapped device time stamp."""
        if ticks is None:
            return self._last
        if self._anchor is None:
            self._anchor = (ticks, self._start if self._target is None else self._target)
        told = self._anchor[1] + (ticks - self._anchor[0]) / _TICKS
        if self._target is not None and abs(told - self._target) > _TOLERANCE_S:
            self._anchor = (ticks, self._target)
            told = self._target
        self._target = None
        self._last = told
        return told
