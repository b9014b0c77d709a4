"""How long visits to a platform take by plan, when it is prompt."""

from __future__ import annotations

from visits.circumstances import Lengths

#: A person needs this long for one visit's tasks.
_SECONDS = {
    "wire": 180.0,
    "management": 60.0,
    "accounts": 90.0,
    "rights": 120.0,
    "regions": 60.0,
    "crossing": 90.0,
    "tokens": 120.0,
    "absence": 30.0,
}


def planned_platform(kind: str, lengths: Lengths) -> float:
    """Seconds; generous, for a visit ends as soon as it has seen what it came for."""
    return _SECONDS.get(kind.partition(":")[2], lengths.other)
