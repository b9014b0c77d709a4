"""Which recorded periods of a platform are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Outcome
from visits.platform.script import PlatformScript


def posix(written: object) -> float | None:
    """POSIX seconds of an ISO 8601 time with its offset."""
    try:
        found = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None


def spans_of(found: Outcome) -> list[tuple[float, float]]:
    """The recorded spans in an answer, in order."""
    listed = found.fields.get("spans")
    spans = []
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping):
            start, end = posix(one.get("start")), posix(one.get("end"))
            if start is not None and end is not None and end > start:
                spans.append((start, end))
    return sorted(spans)


async def period_with_gap(
    script: PlatformScript,
    channels: Sequence[dict[str, Any]],
    since: float,
    until: float,
    *,
    least: float,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A channel and a period of ``least`` seconds in one piece, best one with a gap behind it.

    The period reaches over the gap: ``{"start", "end", "gap": {"start", "end"} | None}``.

    Raises:
        VisitProblem: ``visit.not-offered``, no channel has so much.
    """
    plain: tuple[dict[str, Any], dict[str, Any]] | None = None
    for channel in channels:
        spans = spans_of(await script.port.spans(script.admin, channel["id"], since, until))
        for number, (start, end) in enumerate(spans):
            if end - start < least:
                continue
            behind = spans[number + 1] if number + 1 < len(spans) else None
            # Away from the edges of a file, where a wrong answer could be right by chance.
            begin = max(start + 2.0, end - least - 60.0)
            if behind is not None and behind[1] - behind[0] > 20.0:
                gap = {"start": end, "end": behind[0]}
                return channel, {"start": begin, "end": behind[1], "gap": gap}
            plain = plain or (channel, {"start": begin, "end": end, "gap": None})
    if plain is None:
        raise VisitProblem("visit.not-offered", what="recordings")
    return plain
