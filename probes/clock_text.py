"""Date and time as cameras write them into the picture, in the layouts in use in China."""

from __future__ import annotations

import re
import unicodedata

from probes.clock_answers import civil_seconds

_YEAR_FIRST = re.compile(
    r"(?P<year>20\d\d)\s?[-/.年]\s?(?P<month>\d\d?)\s?[-/.月]\s?(?P<day>\d\d|\d(?=\D))"
)
_YEAR_LAST = re.compile(r"(?<!\d)(?P<first>\d\d)[-/.](?P<second>\d\d)[-/.](?P<year>20\d\d)")
_TIME = re.compile(
    r"(?P<hour>\d\d?)[:.时点;]\s?(?P<minute>\d\d)[:.分;]\s?(?P<second>\d\d)(?!\d)\s*"
    r"(?P<half>[AP]M)?",
    re.IGNORECASE,
)
_FEWEST_DIGITS, _MOST_DIGITS = 12, 16
#: What recognition writes for the separators of a clock.
_COLONS = str.maketrans({"：": ":", "∶": ":", "︰": ":", "—": "-", "–": "-", "－": "-"})


def read_clock_text(text: str, near: float) -> int | None:
    """The date and time in ``text`` as civil seconds (as if it were UTC), or ``None``.

    ``2026-02-02 10:40:00``, ``2026年02月02日 星期一 10:40:00``, ``02-13-2026``, ``13/02/2026``,
    slashes and dots, a weekday between or behind, AM and PM, no blank between date and time.
    Of two readings of month and day the one nearer to ``near`` (civil seconds) is taken.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_COLONS))
    dates = [match for pattern in (_YEAR_FIRST, _YEAR_LAST) if (match := pattern.search(plain))]
    if not dates:
        return None
    date = dates[0]
    rest = plain[: date.start()] + " " + plain[date.end() :]
    time = _TIME.search(rest)
    if time is None:
        return None
    readings = [
        civil
        for year, month, day in _orders(date)
        if (
            civil := civil_seconds(
                {
                    "year": year,
                    "month": month,
                    "day": day,
                    "hour": _hour(time),
                    "minute": time["minute"],
                    "second": time["second"],
                }
            )
        )
        is not None
    ]
    return min(readings, key=lambda civil: abs(civil - near), default=None)


def looks_like_clock(text: str) -> bool:
    """Whether ``text`` has the digits of a date and a time, however they were read."""
    return "20" in text and _FEWEST_DIGITS <= sum(map(str.isdigit, text)) <= _MOST_DIGITS


def _orders(date: re.Match[str]) -> list[tuple[str, str, str]]:
    fields = date.groupdict()
    if "month" in fields:
        return [(fields["year"], fields["month"], fields["day"])]
    year, first, second = fields["year"], fields["first"], fields["second"]
    return [(year, first, second), (year, second, first)]


def _hour(time: re.Match[str]) -> int:
    hour = int(time["hour"])
    half = (time["half"] or "").upper()
    if not half:
        return hour
    return hour % 12 + (12 if half == "PM" else 0)
