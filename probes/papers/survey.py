"""The survey report (5.1-b): read from its tables, every point held against what it must say.

Quantities: ``survey-report`` (``conforms`` or ``deviates``), and in metres, exact as written,
``survey-lowest-mounting``, ``survey-highest-mounting``, ``survey-shortest-clear-space``,
``survey-longest-clear-space``, each with the ``point`` it is of in its details.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from assessment.measurement import Measurement
from assessment.region import Region, Ring, region_of
from assessment.tables import TablesError, read_tables
from probes.papers.judging import Paper, PaperJudgement, measured, named
from probes.papers.survey_form import NEEDED, SurveyedPoint, surveyed_points
from probes.papers.values import day, degrees, identifier_fault, number, written

INSTRUMENT = "survey-report/1"
QUANTITY = "survey-report"
_METRES_A_DEGREE = 111_320.0
#: Nearer than this, two points with one direction are one point entered twice.
_SAME_PLACE_M = 1.0
#: Where China lies, which tells a longitude from a latitude.
_LONGITUDES, _LATITUDES = (73.0, 136.0), (3.0, 54.0)
_DISTANCES = {
    "height": ("survey-lowest-mounting", "survey-highest-mounting"),
    "clear-space": ("survey-shortest-clear-space", "survey-longest-clear-space"),
}


def measure_survey(
    paper: Paper, inventory: Collection[str] = (), declared: tuple[Ring, ...] = ()
) -> tuple[Measurement, ...]:
    """Judge what ``paper`` says of its points.

    ``inventory`` are the ids of the site's cameras: where the survey names ids, each of them is
    looked for. ``declared`` is the site's region; without one it is the province of the inventory,
    or of the survey's own ids. The first measurement is ``survey-report``; the others come when it
    could be read.
    """
    judgement = PaperJudgement(QUANTITY, INSTRUMENT)
    try:
        points = surveyed_points(read_tables(paper.file.read()))
    except TablesError as error:
        judgement.doubts.append(error.reason(QUANTITY))
        return (judgement.measurement(paper),)
    if not points:
        judgement.doubt("no-heading")
        return (judgement.measurement(paper),)
    ids = inventory or _identifiers(points)
    region = region_of(ids, declared)
    judgement.details |= {"points": len(points), "region": region.source}
    _check_fields(judgement, points)
    _check_places(judgement, points, region)
    _check_identifiers(judgement, points, inventory)
    _check_days(judgement, points)
    distances = [one for name in _DISTANCES for one in _extremes(judgement, paper, points, name)]
    return (judgement.measurement(paper), *distances)


def _check_fields(judgement: PaperJudgement, points: list[SurveyedPoint]) -> None:
    for name in NEEDED:
        if lacking := [one.place for one in points if not one.has(name)]:
            judgement.fault("field-missing", field=_field(name), points=named(lacking))


def _field(name: str) -> dict[str, object]:
    """A field's name as a reason within a reason, worded in the reader's language."""
    return {"code": f"survey-field.{name}", "parameters": {}}


def _check_places(judgement: PaperJudgement, points: list[SurveyedPoint], region: Region) -> None:
    places = dict(_places(judgement, points))
    swapped = [place for place, (lon, lat) in places.items() if _swapped(lon, lat)]
    if swapped:
        judgement.fault("coordinates-swapped", points=named(swapped))
    outside = [
        place
        for place, (lon, lat) in places.items()
        if place not in swapped and not region.holds(lon, lat)
    ]
    if outside:
        judgement.fault("outside-region", points=named(outside))
    if twice := list(_twice(points, places)):
        judgement.fault("same-place", points=named(twice))


def _places(
    judgement: PaperJudgement, points: list[SurveyedPoint]
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Longitude and latitude of each point that has both; what cannot be read is a doubt."""
    for point in points:
        read = []
        for name in ("longitude", "latitude"):
            if not point.has(name):
                continue
            reading = degrees(point.cells[name])
            if reading.value is None:
                _unread(judgement, point, name, reading.fault)
            else:
                read.append(reading.value)
        if len(read) == 2:
            yield point.place, (read[0], read[1])


def _unread(judgement: PaperJudgement, point: SurveyedPoint, name: str, fault: str) -> None:
    found = written(point.cells[name])[:40]
    judgement.doubt(fault, field=_field(name), point=point.place, found=found)


def _swapped(longitude: float, latitude: float) -> bool:
    return _within(longitude, _LATITUDES) and _within(latitude, _LONGITUDES)


def _within(value: float, ends: tuple[float, float]) -> bool:
    return ends[0] <= value <= ends[1]


def _twice(points: list[SurveyedPoint], places: dict[str, tuple[float, float]]) -> Iterator[str]:
    """Pairs at one place that look the same way; several cameras on one pole look elsewhere."""
    seen: dict[tuple[int, int, str], tuple[str, tuple[float, float]]] = {}
    for point in points:
        if point.place not in places:
            continue
        longitude, latitude = places[point.place]
        looks = written(point.cells.get("direction"))
        row = math.floor(latitude * _METRES_A_DEGREE / _SAME_PLACE_M)
        column = math.floor(longitude * _METRES_A_DEGREE / _SAME_PLACE_M)
        for north in (-1, 0, 1):
            for east in (-2, -1, 0, 1, 2):  # a degree of longitude is shorter
                other = seen.get((row + north, column + east, looks))
                if other and _apart(other[1], (longitude, latitude)) < _SAME_PLACE_M:
                    yield f"{other[0]} = {point.place}"
        seen.setdefault((row, column, looks), (point.place, (longitude, latitude)))


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two near places."""
    east = (one[0] - other[0]) * _METRES_A_DEGREE * math.cos(math.radians(one[1]))
    return math.hypot(east, (one[1] - other[1]) * _METRES_A_DEGREE)


def _check_identifiers(
    judgement: PaperJudgement, points: list[SurveyedPoint], inventory: Collection[str]
) -> None:
    named_points = [point for point in points if point.has("id")]
    for point in named_points:
        value = point.cells["id"]
        fault = identifier_fault(value)
        if fault == "id-became-number":
            judgement.doubt(fault, point=point.place, found=written(value)[:40])
    listed = _identifiers(points)
    if listed and (absent := [one for one in inventory if one not in listed]):
        judgement.doubt("point-not-surveyed", points=named(absent))


def _identifiers(points: list[SurveyedPoint]) -> set[str]:
    """The ids of 20 digits."""
    found = [point.cells["id"] for point in points if point.has("id")]
    return {written(value) for value in found if not identifier_fault(value)}


def _check_days(judgement: PaperJudgement, points: list[SurveyedPoint]) -> None:
    for point in points:
        if point.has("date") and day(point.cells["date"]) is None:
            _unread(judgement, point, "date", "date-unclear")


def _extremes(
    judgement: PaperJudgement, paper: Paper, points: list[SurveyedPoint], name: str
) -> Iterator[Measurement]:
    """The smallest and the largest distance of one kind; what cannot be read is a doubt.

    A clear space may also be told in words ("无遮挡"), which are no distance.
    """
    found: list[tuple[float, str]] = []
    for point in points:
        if not point.has(name):
            continue
        reading = number(point.cells[name])
        if reading.value is not None:
            found.append((reading.value, point.place))
        elif name == "height" or reading.fault != "not-a-number":
            _unread(judgement, point, name, reading.fault)
    if found:
        for quantity, (value, place) in zip(
            _DISTANCES[name], (min(found), max(found)), strict=True
        ):
            yield measured(paper, quantity, value, INSTRUMENT, unit="m", details={"point": place})
