"""Moments as platforms write them, compared whatever their offset."""

from __future__ import annotations

from datetime import datetime


def posix_time(written: object) -> float | None:
    """The POSIX seconds of an ISO 8601 time with its offset, ``None`` when it is not one."""
    try:
        found = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None


def same_moment(one: object, other: object) -> bool:
    """Whether two written times are the same second."""
    first, second = posix_time(one), posix_time(other)
    return first is not None and second is not None and abs(first - second) < 1.0
