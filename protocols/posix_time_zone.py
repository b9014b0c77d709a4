"""Time zones as devices write them: POSIX TZ text (IEEE Std 1003.1, 8.3), as ONVIF asks for.

The POSIX sign is west-positive: Beijing is ``CST-8``. Names such as ``GMT+08:00`` therefore say
eight hours *west* by the book, while many devices mean east; the caller is told both readings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from protocols.errors import ProtocolError

_POSIX = re.compile(
    r"(?P<name>[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
    r"(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d{2}))?(?::(?P<seconds>\d{2}))?"
    r"(?P<daylight>(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>).*)?",
    re.ASCII,
)
#: Names of the zone database that devices give instead, in seconds east of UTC.
_NAMED = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "Asia/Shanghai": 28800,
    "Asia/Chongqing": 28800,
    "Asia/Harbin": 28800,
    "Asia/Hong_Kong": 28800,
    "Asia/Taipei": 28800,
    "PRC": 28800,
    "China Standard Time": 28800,
}


@dataclass(frozen=True, slots=True)
class TimeZone:
    """A zone without its daylight rule.

    Attributes:
        east_s: seconds east of UTC, by the book.
        meant_east_s: the same with the sign turned where a ``GMT+08:00`` or ``UTC+8`` most
            likely means east; else equal to ``east_s``.
        daylight: the text has a daylight-saving rule.
    """

    east_s: int
    meant_east_s: int
    daylight: bool


def parse_time_zone(text: str) -> TimeZone:
    """Read a POSIX TZ text, or one of the few database names that devices give.

    Raises:
        ProtocolError: neither, or more than 24 hours from UTC.
    """
    text = text.strip()[:128]
    if text in _NAMED:
        return TimeZone(_NAMED[text], _NAMED[text], False)
    match = _POSIX.fullmatch(text)
    if match is None:
        raise ProtocolError(f"time zone: not POSIX text: {text!r}")
    west = 3600 * int(match["hours"]) + 60 * int(match["minutes"] or 0) + int(match["seconds"] or 0)
    if west > 24 * 3600:
        raise ProtocolError(f"time zone: beyond 24 hours: {text!r}")
    if match["sign"] == "-":
        west = -west
    turned = match["name"].upper() in ("GMT", "UTC") and match["sign"] == "+"
    return TimeZone(-west, west if turned else -west, match["daylight"] is not None)
