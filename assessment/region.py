"""Where a site may lie: its declared region, or the province that its ids name.

The boxes of provinces are drawn generously around GB/T 2260's first two digits, in degrees: a
point outside is certainly elsewhere, a point inside may still be. They also swallow the shift
between WGS 84 and GCJ-02, which is below 0.01 degrees.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Ring = tuple[tuple[float, float], ...]
_MARGIN = 0.2
#: West, south, east, north.
_CHINA = (73.4, 3.0, 135.2, 53.7)
_PROVINCES = {
    "11": (115.4, 39.4, 117.6, 41.1),
    "12": (116.7, 38.5, 118.1, 40.3),
    "13": (113.4, 36.0, 119.9, 42.7),
    "14": (110.2, 34.5, 114.6, 40.8),
    "15": (97.1, 37.4, 126.1, 53.4),
    "21": (118.8, 38.7, 125.8, 43.5),
    "22": (121.6, 40.8, 131.4, 46.4),
    "23": (121.1, 43.4, 135.1, 53.6),
    "31": (120.8, 30.6, 122.3, 31.9),
    "32": (116.3, 30.7, 122.0, 35.2),
    "33": (118.0, 27.0, 123.2, 31.2),
    "34": (114.8, 29.3, 119.7, 34.7),
    "35": (115.8, 23.5, 120.8, 28.4),
    "36": (113.5, 24.4, 118.5, 30.1),
    "37": (114.7, 34.3, 122.8, 38.5),
    "41": (110.3, 31.3, 116.7, 36.4),
    "42": (108.3, 29.0, 116.2, 33.3),
    "43": (108.7, 24.6, 114.3, 30.2),
    "44": (109.6, 20.2, 117.4, 25.6),
    "45": (104.4, 20.8, 112.1, 26.4),
    "46": (108.5, 3.3, 118.0, 20.3),
    "50": (105.2, 28.1, 110.2, 32.3),
    "51": (97.3, 26.0, 108.6, 34.4),
    "52": (103.5, 24.6, 109.6, 29.3),
    "53": (97.5, 21.1, 106.2, 29.3),
    "54": (78.3, 26.8, 99.2, 36.6),
    "61": (105.4, 31.7, 111.3, 39.6),
    "62": (92.3, 32.5, 108.8, 42.9),
    "63": (89.3, 31.5, 103.1, 39.3),
    "64": (104.2, 35.2, 107.7, 39.4),
    "65": (73.4, 34.2, 96.5, 49.2),
    "71": (119.2, 21.8, 122.1, 25.4),
    "81": (113.8, 22.1, 114.6, 22.6),
    "82": (113.5, 22.0, 113.7, 22.3),
}


@dataclass(frozen=True)
class Region:
    """An area by its outer rings of (longitude, latitude), and what it rests on.

    ``source`` is ``declared``, the first two digits of the ids, or ``china``.
    """

    rings: tuple[Ring, ...]
    source: str

    def holds(self, longitude: float, latitude: float) -> bool:
        """Whether a place lies inside (even-odd rule; the border may fall either way)."""
        return any(_inside(ring, longitude, latitude) for ring in self.rings)


def region_of(identifiers: Iterable[str], declared: tuple[Ring, ...] = ()) -> Region:
    """The declared region, else the one province that all ids name, else the whole country."""
    if declared:
        return Region(declared, "declared")
    provinces = {one[:2] for one in identifiers}
    if len(provinces) == 1 and (known := _PROVINCES.get(province := provinces.pop())):
        return Region((box(*known, margin=_MARGIN),), province)
    return Region((box(*_CHINA),), "china")


def box(west: float, south: float, east: float, north: float, *, margin: float = 0.0) -> Ring:
    """A ring along meridians and parallels, ``margin`` degrees wider on each side."""
    west, south, east, north = west - margin, south - margin, east + margin, north + margin
    return ((west, south), (east, south), (east, north), (west, north))


def _inside(ring: Ring, longitude: float, latitude: float) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (y1 > latitude) != (y2 > latitude):
            inside ^= longitude < x1 + (latitude - y1) / (y2 - y1) * (x2 - x1)
    return inside
