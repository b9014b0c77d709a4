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
    "crossing": 180.0,
    "tokens": 120.0,
    "absence": 30.0,
    "clock": 20.0,
    "pages": 180.0,
    "live": 120.0,
    "viewers": 90.0,
    "ramp": 120.0,
    "playback": 180.0,
    "download": 180.0,
    "storage": 240.0,
    "control": 180.0,
    "patrol": 180.0,
    "browser": 180.0,
    "browser-playback": 300.0,
    "docking": 240.0,
}


def planned_platform(kind: str, lengths: Lengths) -> float:
    """Seconds; generous, for a visit ends as soon as it has seen what it came for."""
    return _SECONDS.get(kind.partition(":")[2], lengths.other)
