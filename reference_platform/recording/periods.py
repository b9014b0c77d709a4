"""A period as somebody asks for it."""

from __future__ import annotations

from datetime import datetime

from reference_platform.errors import PlatformError
from reference_platform.ports import Span


def checked_period(start: datetime, end: datetime, now: float, longest_s: float) -> Span:
    """A period as asked for, its end not in the future.

    Raises:
        PlatformError: 422 ``period.order``, ``period.future``, ``period.too-long``.
    """
    begin, finish = start.timestamp(), min(end.timestamp(), now)
    if end <= start:
        raise PlatformError("period.order", 422)
    if finish <= begin:
        raise PlatformError("period.future", 422)
    if finish - begin > longest_s:
        raise PlatformError("period.too-long", 422, hours=round(longest_s / 3600))
    return Span(begin, finish)
