"""From the source's time stamps to the wall clock, smoothly, whatever either clock does."""

from __future__ import annotations

from dataclasses import dataclass

STEP_S = 0.5
"""A wall clock that moves further than this against the monotonic one was set."""

_PATIENCE_S = 5.0
_TRACKING = 0.02
_TICKS = 90_000


@dataclass
class ArrivalClock:
    """Gives each picture its wall-clock time.

    Arrival times carry the network's jitter, time stamps do not; so pictures are placed by their
    time stamps on an anchor that follows arrival slowly. A wall clock that is set does not move
    the anchor: the caller begins anew (``restart``) where a segment may begin.
    """

    _anchor: float | None = None
    _last: float = 0.0
    _offset: float | None = None
    _away_since: int | None = None

    stepped: bool = False
    """Whether the wall clock was set since the anchor was dropped."""

    def place(self, pts: int, at: float, clock_offset: float) -> float:
        """The time of a picture, UTC seconds, later than that of the picture before.

        Args:
            pts: its time stamp, 90 kHz, never falling.
            at: its arrival.
            clock_offset: wall clock minus monotonic clock, now.
        """
        if self._offset is not None and abs(clock_offset - self._offset) > STEP_S:
            self.stepped = True
        if self._anchor is None or self._offset is None:
            self._offset = clock_offset
            self._anchor = at - pts / _TICKS
            self._last = at
            return at
        if not self.stepped:
            self._follow(pts, at - pts / _TICKS)
            self._offset = clock_offset
        self._last = max(self._anchor + pts / _TICKS, self._last + 0.001)
        return self._last

    def restart(self) -> None:
        """Anchor the next picture on its arrival."""
        self._anchor = self._offset = self._away_since = None
        self.stepped = False

    def _follow(self, pts: int, measured: float) -> None:
        assert self._anchor is not None
        error = measured - self._anchor
        if abs(error) <= STEP_S:
            self._anchor += _TRACKING * error
            self._away_since = None
        elif self._away_since is None:
            # A burst after a stall is over in a moment; a source's own jump is not.
            self._away_since = pts
        elif pts - self._away_since > _PATIENCE_S * _TICKS:
            self._anchor = measured
            self._away_since = None
