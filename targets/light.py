"""The light around a camera: who can put a scene into day or night, and who says that it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, Protocol

from protocols.time_source import TimeSource
from targets.errors import VisitProblem

Level = Literal["day", "night", "high-contrast"]
#: Places at the edge of China (latitude, longitude): where the sun is up at all of them, it is up
#: at every point between, since what the sun shines on is convex; likewise for the dark.
_EDGE_OF_CHINA = (
    (39.4, 73.5),
    (49.2, 87.8),
    (53.6, 123.3),
    (48.4, 135.1),
    (25.0, 122.0),
    (18.1, 109.5),
    (21.1, 101.2),
    (27.3, 88.8),
)
#: Below this elevation of the sun street scenes are dark (civil dusk), above the other bright.
NIGHT_ELEVATION, DAY_ELEVATION = -6.0, 0.0


class SceneLight(Protocol):
    """Port to whatever rules the light."""

    async def set(self, point: str, level: Level) -> str:
        """Bring ``point`` into ``level`` or make sure that it is; say by what it is known.

        Returns ``rig``, ``schedule``, ``person`` or ``device``.

        Raises:
            VisitProblem: ``visit.no-rig`` when that cannot be had now, ``visit.rig-failed`` when
                a rig does not do as it is told.
        """


class NoRig:
    """Nobody can say."""

    async def set(self, point: str, level: Level) -> str:
        """See ``SceneLight``."""
        raise VisitProblem("visit.no-rig", light=level, point=point)


class ScheduleLight:
    """The sun: night when it is low enough at the point's place, day when it is up.

    Args:
        places: latitude and longitude in degrees by point; a point without is somewhere in China:
            the sun serves when it would wherever that is.
        otherwise: asked when the sun does not serve (a person, a rig, ...).
    """

    def __init__(
        self,
        places: Mapping[str, tuple[float, float]] | Callable[[str], tuple[float, float] | None],
        *,
        time_source: TimeSource,
        otherwise: SceneLight | None = None,
    ) -> None:
        self._place = places if callable(places) else places.get
        self._time = time_source
        self._otherwise = otherwise or NoRig()

    async def set(self, point: str, level: Level) -> str:
        """See ``SceneLight``."""
        place = self._place(point)
        places = _EDGE_OF_CHINA if place is None else (place,)
        moment = self._time.now()
        elevations = [sun_elevation(*one, moment) for one in places]
        if (level == "night" and max(elevations) < NIGHT_ELEVATION) or (
            level == "day" and min(elevations) > DAY_ELEVATION
        ):
            return "schedule"
        return await self._otherwise.set(point, level)


def sun_elevation(latitude: float, longitude: float, moment: float) -> float:
    """Elevation of the sun's centre in degrees, without refraction.

    The low-precision formulae of the Astronomical Almanac, good to 0.01 degrees from 1950 to
    2050.

    Args:
        latitude, longitude: degrees, north and east positive.
        moment: POSIX seconds.
    """
    epoch = datetime(2000, 1, 1, 12, tzinfo=UTC).timestamp()
    days = (moment - epoch) / 86_400
    anomaly = math.radians((357.528 + 0.985_600_3 * days) % 360)
    mean = 280.460 + 0.985_647_4 * days
    ecliptic = math.radians(
        (mean + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly)) % 360
    )
    tilt = math.radians(23.439 - 0.000_000_4 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal = math.radians((280.460_618 + 360.985_647_4 * days + longitude) % 360)
    hour_angle = sidereal - ascension
    north = math.radians(latitude)
    sine = math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(
        declination
    ) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))
