"""Times and durations as XML Schema and ONVIF write them."""

from __future__ import annotations

import calendar
import re
import time
from xml.etree.ElementTree import Element

from simulators.camera.onvif.markup import Xml, x
from simulators.camera.onvif.soap import SoapError, number

_DURATION = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_DURATION_UNITS = (31_536_000, 2_592_000, 86_400, 3600, 60, 1)
_DATE_TIME_PATHS = (
    *("Date/tt:Year", "Date/tt:Month", "Date/tt:Day"),
    *("Time/tt:Hour", "Time/tt:Minute", "Time/tt:Second"),
)
_INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|\+00:00)?")


def seconds_of(duration: str) -> float:
    """Seconds of an ``xs:duration`` (a year of 365, a month of 30 days).

    Raises:
        SoapError: it is no duration.
    """
    match = _DURATION.fullmatch(duration)
    if match is None or not any(match.groups()):
        raise SoapError("not a duration", "ter:InvalidArgVal")
    return sum(
        float(part or 0) * unit for part, unit in zip(match.groups(), _DURATION_UNITS, strict=True)
    )


def instant(posix: float) -> str:
    """``xs:dateTime`` in UTC with milliseconds."""
    milliseconds = int(posix * 1000)
    moment = time.gmtime(milliseconds // 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{milliseconds % 1000:03d}Z"


def posix_of(text: str) -> float:
    """POSIX seconds of an ``xs:dateTime`` in UTC, fractions dropped.

    Raises:
        SoapError: it is no such time.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise SoapError("not a time in UTC", "ter:InvalidArgVal")
    return _posix(*(int(part) for part in match.groups()))


def date_time(name: str, posix: int) -> Xml:
    """A ``tt:DateTime`` element."""
    moment = time.gmtime(posix)
    return x(
        name,
        x(
            "tt:Time",
            x("tt:Hour", moment.tm_hour),
            x("tt:Minute", moment.tm_min),
            x("tt:Second", moment.tm_sec),
        ),
        x(
            "tt:Date",
            x("tt:Year", moment.tm_year),
            x("tt:Month", moment.tm_mon),
            x("tt:Day", moment.tm_mday),
        ),
    )


def read_date_time(element: Element) -> float:
    """POSIX seconds of a ``tt:DateTime`` element.

    Raises:
        SoapError: a part is missing or there is no such day or time.
    """
    return _posix(*(int(number(element, f"tt:{path}")) for path in _DATE_TIME_PATHS))


def _posix(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float:
    sound = 1970 <= year <= 2105 and 1 <= month <= 12 and 0 <= hour < 24
    if not (sound and 0 <= minute < 60 and 0 <= second <= 60):
        raise SoapError("no such time", "ter:InvalidArgVal", "ter:InvalidDateTime")
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise SoapError("no such day", "ter:InvalidArgVal", "ter:InvalidDateTime")
    return calendar.timegm((year, month, day, hour, minute, second))
