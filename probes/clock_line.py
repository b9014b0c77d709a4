"""Straight lines through intervals of a clock's offset: its drift, with hard bounds.

Between two corrections a clock's error is a line: error(t) = e0 + drift * t. Every line that
passes through all the intervals of a segment is possible; their slopes bound the drift (Zhang,
Liu and Xia 2002: the convex hull method; Kohno, Broido and Claffy 2005: linear programming).
Where no line fits any more, the clock was corrected, or its rate changed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

#: Rates beyond this are no crystal and no slew (RFC 5905: 500 ppm).
FASTEST_RATE = 500e-6
#: A crystal without compensation stays within this, also when nothing is known of it yet.
CRYSTAL_RATE = 100e-6
#: Slack of each interval for what bends a line within a segment (temperature), seconds.
_BENDING_S = 0.001
#: How many samples a cut is moved back at most.
_MOST_MOVED = 4
#: A break smaller than this is a bend, not a correction.
_LEAST_CORRECTION_S = 0.005


@dataclass(frozen=True, slots=True)
class Sample:
    """The offset at one moment: device minus reference lies in ``lower``..``upper`` seconds."""

    at: float
    lower: float
    upper: float

    @property
    def middle(self) -> float:
        """The likeliest offset."""
        return (self.lower + self.upper) / 2


@dataclass
class Segment:
    """Consecutive samples through which one line fits, and the range of its slopes."""

    samples: list[Sample] = field(default_factory=list)
    slowest: float = -FASTEST_RATE
    fastest: float = FASTEST_RATE

    def add(self, sample: Sample) -> bool:
        """Take ``sample`` in if a line still fits; say whether it did."""
        slowest, fastest = self.slowest, self.fastest
        for earlier in self.samples:
            elapsed = sample.at - earlier.at
            if elapsed <= 0:
                continue
            slack = 2 * _BENDING_S
            slowest = max(slowest, (sample.lower - earlier.upper - slack) / elapsed)
            fastest = min(fastest, (sample.upper - earlier.lower + slack) / elapsed)
        if slowest > fastest:
            return False
        self.samples.append(sample)
        self.slowest, self.fastest = slowest, fastest
        return True

    @property
    def span_s(self) -> float:
        """Seconds from the first sample to the last."""
        return self.samples[-1].at - self.samples[0].at

    def at_moment(self, moment: float, rates: tuple[float, float]) -> tuple[float, float]:
        """Bounds of the line at ``moment`` if its slope lies within ``rates``."""
        lower = max(s.lower + min(rate * (moment - s.at) for rate in rates) for s in self.samples)
        upper = min(s.upper + max(rate * (moment - s.at) for rate in rates) for s in self.samples)
        return min(lower, upper) - _BENDING_S, max(lower, upper) + _BENDING_S

    @property
    def rates(self) -> tuple[float, float]:
        """Bounds of the drift, in seconds per second."""
        return self.slowest, self.fastest


@dataclass(frozen=True, slots=True)
class Correction:
    """A jump of the clock between two samples: when, and by how much at least and at most."""

    after: float
    before: float
    least: float
    most: float


def segments_of(samples: Iterable[Sample], cuts: Iterable[float] = ()) -> list[Segment]:
    """Cut the series, in order of time, at ``cuts`` and wherever no line fits any longer.

    A small jump shows only some samples after it, when the line through the earlier ones has
    been bent as far as it goes; each cut is therefore moved back to where the jump is largest.
    """
    moments = sorted(cuts)
    found: list[Segment] = []
    known = 0  # how many of the cuts lie behind
    for sample in samples:
        passed = bisect_right(moments, sample.at)
        if not found or passed > known or not found[-1].add(sample):
            found.append(fitted([sample]) or Segment())
        known = passed
    for index in range(len(found) - 1):
        if bisect_right(moments, found[index].samples[-1].at) == bisect_right(
            moments, found[index + 1].samples[0].at
        ):
            found[index : index + 2] = _best_cut(found[index], found[index + 1])
    return found


def corrections_between(segments: list[Segment]) -> list[Correction]:
    """The jumps between segments; a mere bend of the line is none."""
    jumps = [_jump(earlier, later) for earlier, later in pairwise(segments)]
    return [jump for jump in jumps if _certain(jump) > _LEAST_CORRECTION_S]


def fitted(
    samples: Iterable[Sample], rates: tuple[float, float] = (-FASTEST_RATE, FASTEST_RATE)
) -> Segment | None:
    """One segment of all samples with a slope within ``rates``; ``None`` if no line fits."""
    segment = Segment([], *rates)
    return segment if all(segment.add(sample) for sample in samples) else None


def _best_cut(earlier: Segment, later: Segment) -> tuple[Segment, Segment]:
    best = (earlier, later)
    for back in range(1, min(_MOST_MOVED, len(earlier.samples) - 1) + 1):
        shorter = fitted(earlier.samples[:-back])
        longer = fitted([*earlier.samples[-back:], *later.samples])
        if shorter is None or longer is None:
            break
        if _certain(_jump(shorter, longer)) > _certain(_jump(*best)):
            best = (shorter, longer)
    return best


def _jump(earlier: Segment, later: Segment) -> Correction:
    first, last = later.samples[0], earlier.samples[-1]
    low, high = earlier.at_moment(first.at, earlier.rates)
    return Correction(last.at, first.at, first.lower - high, first.upper - low)


def _certain(jump: Correction) -> float:
    """The least size of a jump, whatever its direction; negative if there may be none."""
    return max(jump.least, -jump.most)
