"""Times as the API speaks them: ISO 8601 with offset, answered in Beijing time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, PlainSerializer

BEIJING = timezone(timedelta(hours=8))
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """UTC seconds as Beijing time."""
    return datetime.fromtimestamp(seconds, BEIJING)


def optional_moment(seconds: float | None) -> datetime | None:
    """As ``moment``; ``None`` stays."""
    return None if seconds is None else moment(seconds)


def _bounded(value: datetime) -> datetime:
    if not _EARLIEST <= value <= _LATEST:
        raise ValueError("a time between 1970 and 2200 is expected")
    return value


def _shown(value: datetime) -> str:
    local = value.astimezone(BEIJING)
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")


Moment = Annotated[
    AwareDatetime,
    AfterValidator(_bounded),
    PlainSerializer(_shown, return_type=str, when_used="json"),
]
"""A pydantic field: a time with its offset, between 1970 and 2200."""
