"""In which order the points of a sample are best visited: a short way past all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from targets.site import Point

_METRES_A_DEGREE = 111_320.0
#: More stops than this are ordered by the nearest next one alone.
_UNTANGLED = 120
_ROUNDS = 10


@dataclass(frozen=True)
class Stop:
    """One point of the way; ``metres`` straight from the one before, if both are known."""

    point: Point
    metres: float | None = None


def route(points: Sequence[Point]) -> tuple[Stop, ...]:
    """A way past all points: those with a place on earth first, the others by their address."""
    placed = [one for one in points if one.longitude is not None and one.latitude is not None]
    others = [one for one in points if one.longitude is None or one.latitude is None]
    others.sort(key=lambda point: (point.location, point.id))
    if not placed:
        return tuple(Stop(point) for point in others)
    places = _plane(placed)
    order = _nearest_first(places)
    if len(order) <= _UNTANGLED:
        order = _untangled(order, places)
    steps = np.linalg.norm(np.diff(places[order], axis=0), axis=1)
    lengths = [None, *(float(one) for one in steps)]
    way = [Stop(placed[one], metres) for one, metres in zip(order, lengths, strict=True)]
    return (*way, *(Stop(point) for point in others))


def _plane(points: Sequence[Point]) -> npt.NDArray[np.float64]:
    """Metres east and north of the origin of degrees; good enough within a city."""
    degrees = np.array([(one.longitude, one.latitude) for one in points], dtype=np.float64)
    east = np.cos(np.radians(degrees[:, 1].mean()))
    plane: npt.NDArray[np.float64] = degrees * _METRES_A_DEGREE * np.array([east, 1.0])
    return plane


def _nearest_first(places: npt.NDArray[np.float64]) -> list[int]:
    """From the outermost point always on to the nearest one that is left."""
    left = np.ones(len(places), dtype=bool)
    here = int(np.argmax(np.linalg.norm(places - places.mean(axis=0), axis=1)))
    order = []
    while True:
        order.append(here)
        left[here] = False
        if not left.any():
            return order
        distances = np.linalg.norm(places - places[here], axis=1)
        here = int(np.argmin(np.where(left, distances, np.inf)))


def _untangled(order: list[int], places: npt.NDArray[np.float64]) -> list[int]:
    """Turn parts of the way round as long as that makes it shorter (2-opt, open way)."""
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    for _ in range(_ROUNDS):
        shorter = False
        for first in range(len(order) - 1):
            for last in range(first + 1, len(order)):
                before = order[first - 1] if first else None
                after = order[last + 1] if last + 1 < len(order) else None
                gain = 0.0
                if before is not None:
                    gain += apart[before, order[first]] - apart[before, order[last]]
                if after is not None:
                    gain += apart[order[last], after] - apart[order[first], after]
                if gain > 1e-6:
                    order[first : last + 1] = reversed(order[first : last + 1])
                    shorter = True
        if not shorter:
            break
    return order
