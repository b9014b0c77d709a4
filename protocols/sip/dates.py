"""The Date header of GB/T 28181 (clause 9.10): Beijing time with milliseconds, no zone.

RFC 3261 section 20.17 has the RFC 1123 form in GMT instead; it is read, with a deviation.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

BEIJING = timezone(timedelta(hours=8))
_CLAUSE = "GB/T 28181-2016 9.10.1"
_GB = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})([Tt ])(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def format_gb_date(posix: float) -> str:
    """``2010-11-02T15:01:26.115`` for POSIX seconds.

    Raises:
        ValueError: a year beyond 1 to 9999.
    """
    milliseconds = round(posix * 1000)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
        return moment.astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S.") + (
            f"{milliseconds % 1000:03d}"
        )
    except OverflowError as error:
        raise ValueError("a date beyond the calendar") from error


def parse_gb_date(text: str) -> tuple[float, Deviation | None]:
    """POSIX seconds of a Date header, and how it departs from the form of the standard.

    Raises:
        ProtocolError: no date in either form.
    """
    text = text.strip()
    found = _GB.fullmatch(text)
    if not found:
        return _parse_rfc1123(text), Deviation("sip-date-rfc1123", _CLAUSE, printable(text))
    year, month, day, separator, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=BEIJING
        )
        if zone == "Z":
            moment = moment.replace(tzinfo=UTC)
        elif zone:
            minutes = int(zone[1:3]) * 60 + int(zone[-2:])
            offset = timedelta(minutes=minutes if zone[0] == "+" else -minutes)
            moment = moment.replace(tzinfo=timezone(offset))
        posix = moment.timestamp()
    except (ValueError, OverflowError) as error:
        raise ProtocolError("SIP: a Date outside the calendar") from error
    posix += int(fraction) / 10 ** len(fraction) if fraction else 0.0
    if zone:
        return posix, Deviation("sip-date-zone", _CLAUSE, printable(text))
    if separator != "T" or fraction is None or len(fraction) != 3:
        return posix, Deviation("sip-date-form", _CLAUSE, printable(text))
    return posix, None


def _parse_rfc1123(text: str) -> float:
    if len(text) > 64:
        raise ProtocolError("SIP: a Date that is none")
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise ProtocolError("SIP: a Date that is none") from error
