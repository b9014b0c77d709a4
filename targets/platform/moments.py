"""Moments as platforms write them: ISO 8601 in Beijing time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))


def iso_time(moment: float) -> str:
    """POSIX seconds as ``2026-11-27T10:00:00.000000+08:00``."""
    return datetime.fromtimestamp(moment, _BEIJING).isoformat()
