"""Pixels on target (4.3.1-e): what the lens that was surveyed makes of the target that was named.

A lens without distortion shows a target of width w at distance d on f * w / d of the sensor, so
on that part of the sensor's width times the picture's width. Focal lengths are marked, sensors
named by type (1/2.8") and distances paced out: the interval holds what each may be wrong by.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.tables import TablesError, Value, read_tables
from probes.papers.judging import Paper, measured
from probes.papers.survey_form import SurveyedPoint, surveyed_points
from probes.papers.values import number, written

QUANTITY = "target-pixels"
INSTRUMENT = "target-pixels/1"

#: Relative uncertainty (95 %) of a marked focal length, a sensor by its type, a distance, a
#: sensor by its sides in millimetres.
_FOCAL, _TYPE, _DISTANCE, _SIDES = 0.05, 0.05, 0.03, 0.005
#: Diagonal in millimetres of a sensor of type 1": smaller types than 1/2" keep to the larger
#: figure, a custom from camera tubes.
_INCH_LARGE, _INCH_SMALL, _HALF_INCH = 16.0, 18.0, 0.5
_FOCAL_LENGTHS = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:mm)?\s*(?:[-~～—–至到]\s*(\d+(?:\.\d+)?))?\s*(?:mm|毫米)?.*"
)
_ZOOM = re.compile(r"变焦|电动|zoom|motor", re.IGNORECASE)
_TYPE_OF_SENSOR = re.compile(r"1\s*/\s*(\d+(?:\.\d+)?)\s*(?:\"|″|”|''|英寸|寸|inch|型)?.*")
_SIDES_OF_SENSOR = re.compile(r"(\d+(?:\.\d+)?)\s*(?:mm)?\s*[x×*]\s*(\d+(?:\.\d+)?)\s*(?:mm|毫米)?")
_PIXELS = re.compile(r"(\d{3,5})\s*[x×*]\s*(\d{3,5}).*")


@dataclass(frozen=True)
class Target:
    """What a survey asks to see: a side of the target, how far it is, and in how many pixels.

    ``axis`` is ``width`` or ``height``; metres and pixels.
    """

    axis: str
    size_m: float
    distance_m: float
    required: float


@dataclass(frozen=True)
class _Range:
    """A value that lies between two ends."""

    low: float
    high: float

    def times(self, factor: float) -> _Range:
        return _Range(self.low * factor, self.high * factor)


def measure_target_pixels(
    paper: Paper, point: str, picture: tuple[int, int] | None = None
) -> Measurement:
    """``target-pixels`` of ``point``: pixels on target by the survey over those that it requires.

    Of a lens with a range of focal lengths and no word on the one that is set, the interval holds
    the whole range. ``picture`` is the size of the main stream, for a survey that names none.
    details: ``pixels`` with ``pixels_lower`` and ``pixels_upper``, ``required``, ``axis``
    (``width`` or ``height`` of the target), ``focal_mm`` and ``sensor_mm`` as used.

    spoilt: why the paper cannot be read (as of ``survey-report``), ``target-pixels.
    point-not-surveyed``, ``.fields-missing`` (fields), ``.unread`` (fields).
    """
    found = _read(paper, point)
    if isinstance(found, Reason):
        return _spoilt(paper, found)
    row, target = found
    focal_field = "set-focal" if row.has("set-focal") else "lens"
    if lacking := [name for name in (focal_field, "sensor") if not row.has(name)]:
        return _spoilt(paper, Reason(f"{QUANTITY}.fields-missing", {"fields": _named(lacking)}))
    if row.has("resolution") or picture is None:
        picture = _pixels(row.cells.get("resolution"))
    focal = _focal(row.cells[focal_field])
    sensor = None if picture is None else _side(row.cells["sensor"], picture, target.axis)
    unread = [focal_field] * (focal is None) + ["sensor"] * (picture is not None and not sensor)
    unread += ["resolution"] * (picture is None)
    if focal is None or sensor is None or picture is None:
        return _spoilt(paper, Reason(f"{QUANTITY}.unread", {"fields": _named(unread)}))
    return _computed(paper, target, focal, sensor, picture)


def read_target(paper: Paper, point: str) -> Target | Reason:
    """What a survey asks to see at ``point``, or why it does not tell."""
    found = _read(paper, point)
    return found if isinstance(found, Reason) else found[1]


def has_fixed_lens(paper: Paper, point: str) -> bool:
    """Whether a survey gives the lens of ``point`` one focal length, and calls it no zoom."""
    try:
        row = _row_of(surveyed_points(read_tables(paper.file.read())), point)
    except TablesError:
        return False
    if row is None or not row.has("lens") or _ZOOM.search(written(row.cells["lens"])):
        return False
    focal = _focal(row.cells["lens"])
    return focal is not None and focal.low == focal.high


def _read(paper: Paper, point: str) -> tuple[SurveyedPoint, Target] | Reason:
    try:
        points = surveyed_points(read_tables(paper.file.read()))
    except TablesError as error:
        return error.reason(QUANTITY)
    row = _row_of(points, point)
    if row is None:
        return Reason(f"{QUANTITY}.point-not-surveyed")
    axis = "height" if row.has("target-height") and not row.has("target-width") else "width"
    names = (f"target-{axis}", "target-distance", "target-pixels")
    if lacking := [name for name in names if not row.has(name)]:
        return Reason(f"{QUANTITY}.fields-missing", {"fields": _named(lacking)})
    size, distance, required = (number(row.cells[name]).value or 0.0 for name in names)
    target = Target(axis, size, distance, required)
    unread = [
        name for name, value in zip(names, (size, distance, required), strict=True) if value <= 0
    ]
    return Reason(f"{QUANTITY}.unread", {"fields": _named(unread)}) if unread else (row, target)


def _computed(
    paper: Paper,
    target: Target,
    focal: _Range,
    sensor: tuple[float, float],
    picture: tuple[int, int],
) -> Measurement:
    side, of_sensor = sensor
    across = picture[0] if target.axis == "width" else picture[1]
    pixels = focal.times(across * target.size_m / target.distance_m / side)
    uncertain = math.hypot(_FOCAL, of_sensor, _DISTANCE)
    required = target.required
    low, high = pixels.low * (1 - uncertain), pixels.high * (1 + uncertain)
    middle = math.sqrt(pixels.low * pixels.high)
    details: dict[str, Any] = {
        "pixels": round(middle, 1),
        "pixels_lower": round(low, 1),
        "pixels_upper": round(high, 1),
        "required": required,
        "axis": target.axis,
        "focal_mm": [focal.low, focal.high],
        "sensor_mm": round(side, 3),
    }
    return Measurement(
        quantity=QUANTITY,
        value=middle / required,
        unit="1",
        lower=low / required,
        upper=high / required,
        instrument=INSTRUMENT,
        method=f"method.{QUANTITY}",
        subject=paper.subject,
        started=paper.started,
        ended=paper.ended,
        details=details,
        evidence={paper.name: paper.file},
    )


def _row_of(points: Sequence[SurveyedPoint], point: str) -> SurveyedPoint | None:
    """The row of a point; the only one of a paper that names no ids."""
    for one in points:
        if written(one.cells.get("id")) == point:
            return one
    if len(points) == 1 and not points[0].has("id"):
        return points[0]
    return None


def _focal(value: Value) -> _Range | None:
    """Focal length or lengths in millimetres."""
    if isinstance(value, int | float):
        return _Range(float(value), float(value)) if value > 0 else None
    found = _FOCAL_LENGTHS.fullmatch(written(value).removeprefix("f=").strip())
    if found is None:
        return None
    ends = sorted(float(one) for one in found.groups() if one)
    return _Range(ends[0], ends[-1]) if ends[0] > 0 else None


def _side(value: Value, picture: tuple[int, int], axis: str) -> tuple[float, float] | None:
    """Width or height of the sensor in millimetres, and its relative uncertainty."""
    text = written(value)
    if sides := _SIDES_OF_SENSOR.fullmatch(text):
        return float(sides[1] if axis == "width" else sides[2]), _SIDES
    kind = _TYPE_OF_SENSOR.fullmatch(text)
    if kind is None or float(kind[1]) < 1:
        return None
    inches = 1 / float(kind[1])
    diagonal = inches * (_INCH_LARGE if inches >= _HALF_INCH else _INCH_SMALL)
    side = picture[0] if axis == "width" else picture[1]
    return diagonal * side / math.hypot(*picture), _TYPE


def _pixels(value: Value) -> tuple[int, int] | None:
    found = _PIXELS.fullmatch(written(value))
    return None if found is None else (int(found[1]), int(found[2]))


def _named(names: Sequence[str]) -> dict[str, Any]:
    """Fields as reasons within a reason, worded in the reader's language."""
    return (
        {"code": f"survey-field.{names[0]}", "parameters": {}}
        if len(names) == 1
        else {
            "code": "survey-field.several",
            "parameters": {
                "first": {"code": f"survey-field.{names[0]}", "parameters": {}},
                "others": _named(names[1:]),
            },
        }
    )


def _spoilt(paper: Paper, reason: Reason) -> Measurement:
    return measured(paper, QUANTITY, None, INSTRUMENT, unit="1", spoilt=reason)
