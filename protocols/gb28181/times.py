"""Times of MANSCDP: XML dateTime in Beijing time without a zone (GB/T 28181-2016 annexes A, J)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

CLAUSE = "GB/T 28181-2016 A.2"
BEIJING = timezone(timedelta(hours=8))
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})([T ]+)([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})"
    r"(\.[0-9]{1,9})?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def format_time(posix: float, *, milliseconds: bool = False) -> str:
    """POSIX seconds as ``2010-11-11T19:46:17`` in Beijing time, whole seconds cut, not rounded."""
    local = datetime.fromtimestamp(posix, BEIJING)
    text = local.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{local.microsecond // 1000:03d}" if milliseconds else text


def parse_time(text: str, *, clause: str = CLAUSE) -> tuple[float, tuple[Deviation, ...]]:
    """POSIX seconds of a dateTime, and what is unusual about it.

    A zone is followed when there is one, and reported: the standard's examples have none.

    Raises:
        ProtocolError: no date and time at all, or one that does not exist.
    """
    found = _TIME.fullmatch(text.strip()) if len(text) <= 64 else None
    if not found:
        raise ProtocolError("time: not yyyy-MM-ddTHH:mm:ss")
    deviations: list[Deviation] = []
    year, month, day, separator, hour, minute, second, fraction, zone = found.groups()
    if separator != "T" or any(len(one) < 2 for one in (month, day, hour, minute, second)):
        deviations.append(Deviation("time-form", clause, printable(text)))
    shift = BEIJING
    if zone:
        deviations.append(Deviation("time-zone", clause, printable(text)))
        minutes = 0 if zone == "Z" else int(zone[1:3]) * 60 + int(zone[-2:])
        if minutes >= 24 * 60:
            raise ProtocolError("time: no such zone")
        shift = timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=shift
        )
        return moment.timestamp() + float(fraction or 0), tuple(deviations)
    except (ValueError, OverflowError):
        raise ProtocolError("time: no such date") from None
