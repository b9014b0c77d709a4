"""Values as people write them into papers: numbers, degrees, days, ids."""

from __future__ import annotations

import datetime
import re
import unicodedata
from dataclasses import dataclass

from assessment.tables import Value

_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,20})?")
_COMMA = re.compile(r"[+-]?\d{1,12},\d{1,12}")
_DEGREES = re.compile(
    r"(\d{1,3})[°度](?:(\d{1,2}(?:\.\d+)?)['′’分])?(?:(\d{1,2}(?:\.\d+)?)(?:[\"”秒]|['′’]{2}))?"
)
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?")
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MOMENT = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日T]?\s*"
    r"(\d{1,2})\s*[:时点]\s*(?:(\d{1,2})\s*分?)?(?::(\d{1,2}))?"
)
_POINT_ID = re.compile(r"\d{20}")
#: What people write behind a number, and around a coordinate.
_UNITS = re.compile(
    r"(米|m|公尺|mm|毫米|度|°|天|日|days?|d|小时|h|hours?|[%％])\.?$", re.IGNORECASE
)
_HEMISPHERE = re.compile(r"^(东经|北纬|经度|纬度|lon|lat|[en])[:：]?|[en]$", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """A value that was read, or ``fault``: ``decimal-comma``, ``not-a-number``, ..."""

    value: float | None = None
    fault: str = ""


def written(value: Value) -> str:
    """A cell as text, full-width forms made plain."""
    if value is None:
        return ""
    return unicodedata.normalize("NFKC", str(value)).strip()


def number(value: Value) -> Reading:
    """A number, its unit left away; a decimal comma is a fault and not guessed at."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Reading(float(value))
    text = _UNITS.sub("", written(value)).strip()
    if _COMMA.fullmatch(text):
        return Reading(fault="decimal-comma")
    if not _NUMBER.fullmatch(text):
        return Reading(fault="not-a-number")
    return Reading(float(text))


def degrees(value: Value) -> Reading:
    """A longitude or latitude in decimal degrees, or in degrees, minutes and seconds."""
    if isinstance(value, int | float):
        return number(value)
    text = _HEMISPHERE.sub("", written(value).replace(" ", "")).strip()
    if parts := _DEGREES.fullmatch(text):
        whole, minutes, seconds = (float(one or 0) for one in parts.groups())
        return Reading(whole + minutes / 60 + seconds / 3600)
    return number(text)


def day(value: Value) -> datetime.date | None:
    """A calendar day: of a spreadsheet, or written year first; ``None`` when it is not sure."""
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    text = written(value)
    parts = _DAY.fullmatch(text) or _COMPACT_DAY.fullmatch(text)
    if parts is None:
        return None
    try:
        return datetime.date(*map(int, parts.groups()))
    except ValueError:
        return None


def moment(value: Value) -> datetime.datetime | None:
    """A day with its hour: a spreadsheet's, or written year first; ``None`` if it is not sure."""
    if isinstance(value, datetime.datetime):
        return value
    parts = _MOMENT.fullmatch(written(value))
    if parts is None:
        return None
    try:
        return datetime.datetime(*(int(one or 0) for one in parts.groups()))  # type: ignore[arg-type]
    except ValueError:
        return None


def identifier_fault(value: Value) -> str:
    """What is wrong with a 20-digit id: ``id-became-number``, ``bad-id``, or nothing.

    A spreadsheet program keeps 15 to 17 digits of a number: the others are lost for good.
    """
    text = written(value)
    became = isinstance(value, int | float) or re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", text)
    if became and not (isinstance(value, int) and abs(value) < 10**15):
        return "id-became-number"
    return "" if _POINT_ID.fullmatch(text) else "bad-id"
