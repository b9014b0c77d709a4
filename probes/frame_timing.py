"""The rate of events from their times of arrival, with an honest interval under jitter.

A line is laid through arrival time over picture number; its slope is the period. Laying it
robustly (Huber 1964) keeps a stalled path from bending it, and the standard error allows for
jitter that hangs together from picture to picture (Newey and West 1987). A delay that creeps up
or down over the whole capture cannot be told from another rate: the interval allows for a creep
by one standard deviation of the jitter, at most 4 ms.

A busy machine or path delays for seconds on end and bends even that line; but it only ever
delays. Between its episodes pictures still come with hardly any delay, and the line under all
arrivals (Moon, Skelly and Towsley 1999) rests on those. Where most of the capture touches that
line, and it tells the rate more narrowly, it is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FEWEST = 10
_HUBER = 1.5
_ROUNDS = 8
_NORMAL_95 = 1.96
_TO_SIGMA = 1.4826
_REFERENCE_RATE_ERROR = 20e-6
"""How much faster or slower a disciplined reference clock may run for ten seconds."""
_SMALLEST_SIGMA_S = 1e-6
_MOST_CREEP_S = 0.004
_BLOCK, _MOST_BLOCKS = 12, 20
_FLOOR_SPREAD, _FLOOR_OF_DELAYS = 3.0, 0.1
_FLOOR_LEAST_S = 0.0005
_FLOOR_SHARE, _FLOOR_SPAN, _FLOOR_END = 0.6, 0.6, 0.15


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per second with its 95 % interval.

    Attributes:
        value, lower, upper: per second.
        jitter_s: robust standard deviation of the arrival about the line, seconds.
        skipped: events left out at the beginning, which the sender had stored before.
        wander_s: by how much the delay may have drifted over the whole: what the line under all
            arrivals leaves open, or the spread of the delays where there is none.
    """

    value: float
    lower: float
    upper: float
    jitter_s: float
    skipped: int
    wander_s: float = 0.0


def rate_of_events(times: Floats, numbers: Floats) -> Rate | None:
    """The rate of events that arrived at ``times`` (seconds) as number ``numbers`` of all.

    ``numbers`` rise; a number that is left out is an event that was sent and never came.
    ``None`` for fewer than ten events, or when they all came at once.
    """
    skipped = _stored_before(times, numbers) if len(times) >= FEWEST else 0
    times, numbers = times[skipped:], numbers[skipped:]
    if len(times) < FEWEST or times[-1] <= times[0]:
        return None
    period, start, weights, sigma = _robust_line(times, numbers)
    if period <= 0:
        return None
    residual = times - start - period * numbers
    error = _standard_error(residual, numbers, weights)
    whole = float(times[-1] - times[0])
    creep = min(sigma, _MOST_CREEP_S) / whole
    spread = _NORMAL_95 * error / period
    floor = _floor_line(times, numbers)
    if floor is not None and floor[1] < spread:
        period, spread = floor
    relative = float(np.linalg.norm((spread, _REFERENCE_RATE_ERROR, creep)))
    return Rate(
        value=1 / period,
        lower=1 / (period * (1 + relative)),
        upper=1 / (period * max(1 - relative, 1e-3)),
        jitter_s=sigma,
        skipped=skipped,
        wander_s=float(np.ptp(residual)) if floor is None else floor[1] * whole,
    )


def _median(values: Floats) -> float:
    """As numpy has it, without its care for what is not a number: called some fifty times."""
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    return float(np.partition(values, (half - 1, half))[half - 1 : half + 1].mean())


def _first_line(times: Floats, numbers: Floats) -> tuple[float, float]:
    """Median slope over half the length, median intercept: hardly moved by outliers."""
    half = len(times) // 2
    slope = _median((times[half:] - times[:-half]) / (numbers[half:] - numbers[:-half]))
    return slope, _median(times - slope * numbers)


def _sigma(residual: Floats) -> float:
    spread = _median(np.abs(residual - _median(residual)))
    return max(_TO_SIGMA * spread, _SMALLEST_SIGMA_S)


def _stored_before(times: Floats, numbers: Floats) -> int:
    """Events at the beginning that the sender had stored and sent at once.

    They come late against the line of the others, and ever less so.
    """
    slope, start = _first_line(times, numbers)
    residual = times - start - slope * numbers
    late = residual > max(5 * _sigma(residual), 2 * slope)
    count = int(np.argmin(late)) if not late.all() else 0
    return count if count <= len(times) // 2 else 0


def _robust_line(times: Floats, numbers: Floats) -> tuple[float, float, Floats, float]:
    """Period, start, weights of the events, robust standard deviation."""
    period, start = _first_line(times, numbers)
    weights = np.ones_like(times)
    sigma = 0.0
    for _ in range(_ROUNDS):
        residual = times - start - period * numbers
        sigma = _sigma(residual)
        weights = np.minimum(1.0, _HUBER * sigma / np.maximum(np.abs(residual), 1e-12))
        total = weights.sum()
        middle_number = float((weights * numbers).sum() / total)
        middle_time = float((weights * times).sum() / total)
        centred = numbers - middle_number
        period = float((weights * centred * times).sum() / (weights * centred**2).sum())
        start = middle_time - period * middle_number
    return period, start, weights, sigma


def _floor_line(times: Floats, numbers: Floats) -> tuple[float, float] | None:
    """Period of the line under all arrivals, and its relative uncertainty.

    The capture is cut into blocks; the earliest picture of each shows how near the block comes to
    the line. ``None`` when too few blocks come near it, or near only as delays go: then nothing
    says that what the line rests on was not delayed. ``None`` too when the end is not near: a
    sender that slowed down leaves the line like one that is delayed.
    """
    blocks = min(_MOST_BLOCKS, len(times) // _BLOCK)
    edge = _edge_below(times, numbers)
    if blocks < 5 or edge is None:
        return None
    first, last = edge
    period = float((times[last] - times[first]) / (numbers[last] - numbers[first]))
    above = times - times[first] - period * (numbers - numbers[first])
    earliest = [start + int(part.argmin()) for start, part in _blocks(above, blocks)]
    floors = above[earliest]
    near = floors <= max(_FLOOR_OF_DELAYS * float(above.max()), _FLOOR_LEAST_S)
    near &= floors <= max(_FLOOR_SPREAD * float(np.median(floors)), _FLOOR_LEAST_S)
    if near.mean() < _FLOOR_SHARE:
        return None
    touching = times[earliest][near]
    whole = float(times[-1] - times[0])
    span = float(touching[-1] - touching[0])
    if span < _FLOOR_SPAN * whole or times[-1] - touching[-1] > _FLOOR_END * whole:
        return None
    return (period, 2 * float(floors[near].max()) / span) if period > 0 else None


def _blocks(values: Floats, count: int) -> list[tuple[int, Floats]]:
    """``values`` cut into ``count`` equal parts, each with the place of its beginning."""
    bounds = [round(index * len(values) / count) for index in range(count + 1)]
    return [(start, values[start:end]) for start, end in pairwise(bounds)]


def _edge_below(times: Floats, numbers: Floats) -> tuple[int, int] | None:
    """The edge of the lower convex hull under the middle of the events: its two ends.

    Of all lines that no event lies below, the one through them is nearest to all (Moon et al.).
    """
    hull: list[int] = []
    at, x = times.tolist(), numbers.tolist()
    for index in range(len(at)):
        while len(hull) > 1:
            before, last = hull[-2], hull[-1]
            rise = (at[last] - at[before]) * (x[index] - x[before])
            if rise < (at[index] - at[before]) * (x[last] - x[before]):
                break
            hull.pop()
        hull.append(index)
    middle = float(numbers.mean())
    return next(
        (one for one in pairwise(hull) if x[one[0]] <= middle <= x[one[1]] > x[one[0]]), None
    )


def _standard_error(residual: Floats, numbers: Floats, weights: Floats) -> float:
    """Standard error of the slope: the largest of three, each right for another jitter.

    Independent jitter (sandwich estimator of a Huber fit), jitter that hangs together over some
    pictures (Newey-West), and first-order autoregressive jitter (the queue of a loaded path).
    """
    count = len(residual)
    centred = numbers - (weights * numbers).sum() / weights.sum()
    inside = weights >= 1
    bread = float((inside * centred**2).sum()) or float((weights * centred**2).sum())
    score = weights * residual * centred
    plain = float((score**2).sum())
    lags = round(4 * (count / 100) ** (2 / 9)) + 4
    robust = plain
    for lag in range(1, min(lags, count - 2) + 1):
        robust += 2 * (1 - lag / (lags + 1)) * float((score[lag:] * score[:-lag]).sum())
    variance = max(plain, robust, plain * _autoregressive_inflation(weights * residual))
    return float(np.sqrt(variance * count / (count - 2))) / bread


def _autoregressive_inflation(residual: Floats) -> float:
    """How much the variance of a slope grows when the jitter is autoregressive (>= 1)."""
    count = len(residual)
    centred = residual - residual.mean()
    power = float((centred**2).sum())
    if power <= 0:
        return 1.0
    correlation = float((centred[1:] * centred[:-1]).sum()) / power
    if correlation <= 2 / np.sqrt(count):
        return 1.0
    unbiased = min(correlation + (1 + 4 * correlation) / count, 0.98)
    return (1 + unbiased) / (1 - unbiased)
