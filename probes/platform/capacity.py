"""What a platform carries and keeps (4.3.3.2-a, b): viewers at once, and days of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from assessment.measurement import Measurement
from assessment.rates import share_of
from assessment.reason import Reason
from assessment.recording import Recording
from probes.gb28181.judging import CONFORMS, Judgement
from probes.platform.live import FIRST_PICTURE_S
from probes.platform.pictures import open_stream
from probes.platform.reading import status, steps
from probes.text_reading import TextLine

INSTRUMENT = "platform-capacity/1"
LOAD, STORAGE = "platform-load", "platform-storage"
#: Seconds without a picture that count as a stall (R-048).
STALL_S = 1.5
#: Share of the promised time that the index must cover (R-049).
COVERED = 0.99
#: Seconds by which a drawn picture may be from the moment that was drawn (R-044).
DRAWN_S = 3.0
#: Pictures of a drawn moment whose clocks are read.
_FIRST_PICTURES = 5
_DAY_S = 86_400.0
#: A gap of this length at the same time of so many days is one that returns.
_SHORTEST_GAP_S, _SAME_TIME_S, _OFTEN = 5.0, 300.0, 3


def measure_load(recording: Recording) -> Measurement:
    """Judge a ``platform:ramp`` recording up to the agreed number of viewers.

    Quantity ``platform-load``; ``details``: ``agreed``, ``steps`` with viewers, worst delay and
    worst stall of each, ``beyond`` how many more were let in.
    """
    judgement = Judgement(recording, LOAD, INSTRUMENT)
    agreed = recording.facts.get("agreed")
    rows: list[dict[str, Any]] = []
    judgement.details |= {"agreed": agreed, "steps": rows}
    if not isinstance(agreed, int) or agreed <= 0:
        judgement.doubt("not-agreed")
    streams = [(one, open_stream(recording, one, search=())) for one in steps(recording, "crowd")]
    for held in steps(recording, "held"):
        viewers = int(str(held.get("of")))
        since, until = float(held.get("at", 0.0)), float(held.get("ended", 0.0))
        own = [(one, seen) for one, seen in streams if int(one.get("viewers", 0)) <= viewers]
        without = [one for one, seen in own if not len(seen)]
        delays = [seen.arrivals[0] - float(one.get("at", 0.0)) for one, seen in own if len(seen)]
        stalls = [_stall(seen.arrivals, since, until) for _, seen in own if len(seen)]
        row = {
            "viewers": viewers,
            "without": len(without),
            "delay_s": round(max(delays, default=0.0), 2),
            "stall_s": round(max(stalls, default=0.0), 2),
        }
        rows.append(row)
        if isinstance(agreed, int) and viewers > max(1, agreed):
            judgement.details["beyond"] = viewers - len(without) - agreed
            continue
        if without:
            judgement.fault(
                "refused", viewers=viewers, without=len(without), status=status(without[0])
            )
        elif row["stall_s"] > STALL_S:
            judgement.fault("stalls", viewers=viewers, seconds=row["stall_s"])
        elif row["delay_s"] > FIRST_PICTURE_S:
            judgement.fault("late", viewers=viewers, seconds=row["delay_s"])
    # Who gets nothing at all weighs more than who waits.
    judgement.faults.sort(key=lambda one: one.code != f"{LOAD}.refused")
    if not rows:
        judgement.doubt("not-tried")
    return judgement.measurement()


def _stall(arrivals: list[float], since: float, until: float) -> float:
    """The longest time without a picture between two moments."""
    within = [since, *(at for at in arrivals if since <= at <= until), until]
    return max(later - earlier for earlier, later in pairwise(within))


def measure_storage(recording: Recording) -> Measurement:
    """Judge a ``platform:storage`` recording: the index, and whether it speaks the truth.

    Quantity ``platform-storage``; ``details``: ``days`` promised, ``coverage`` of the worst camera,
    ``drawn``, ``found``, and ``at_least``: the share of moments that give a picture, by the exact
    binomial bound at 95 %.
    """
    judgement = Judgement(recording, STORAGE, INSTRUMENT)
    days = recording.facts.get("days")
    indexes = steps(recording, "index")
    draws = steps(recording, "draw")
    covered = [_coverage(one) for one in indexes]
    clocks: dict[str, TextLine] = {}
    found = [_drawn(judgement, clocks, one) for one in draws]
    judgement.details |= {
        "days": days,
        "cameras": len(indexes),
        "coverage": round(min(covered), 5) if covered else None,
        "drawn": len(found),
        "found": sum(one is True for one in found),
    }
    if found and all(one is True for one in found):
        judgement.details["at_least"] = round(share_of(len(found), len(found)).one_sided_lower, 3)
    if not indexes:
        judgement.doubt("not-tried")
        return judgement.measurement()
    for share in covered:
        if share < COVERED:
            missing = round((1 - share) * float(days or 0), 2)
            judgement.fault("days-missing", percent=round(100 * share, 1), days=missing)
            break
    for one in indexes:
        daily = _daily_gap(one)
        if daily is not None:
            judgement.fault("gap-each-day", days=daily[0], seconds=round(daily[1]))
            break
    lost = [one for one, there in zip(draws, found, strict=True) if there is False]
    if lost:
        ago = max(int(one.get("day", 0)) for one in lost)
        judgement.fault("media-missing", drawn=len(found), missing=len(lost), days_ago=ago)
    if not found and not judgement.faults:
        judgement.doubt("nothing-drawn")
    return judgement.measurement()


def within_promise(storage: Measurement, promised: int) -> Measurement:
    """Storage where ``promised`` days are due: if fewer were looked at, nothing is shown."""
    days = storage.details.get("days")
    if storage.value != CONFORMS or not isinstance(days, int) or days >= promised:
        return storage
    reason = Reason(f"{STORAGE}.fewer-days-recorded", {"days": days, "promised": promised})
    return replace(storage, value=None, spoilt=reason)


def _coverage(index: Mapping[str, Any]) -> float:
    since, until = float(index.get("since", 0.0)), float(index.get("until", 1.0))
    total, reached = 0.0, since
    spans = index.get("spans")
    for one in sorted(spans) if isinstance(spans, list) else ():
        start, end = max(float(one[0]), reached), min(float(one[1]), until)
        if end > start:
            total += end - start
            reached = end
    return total / (until - since) if until > since else 0.0


def _daily_gap(index: Mapping[str, Any]) -> tuple[int, float] | None:
    """Of a gap that comes at the same time of day: on how many days, and how long it is."""
    spans = index.get("spans")
    edges = (
        sorted((float(one[0]), float(one[1])) for one in spans) if isinstance(spans, list) else []
    )
    gaps = [
        (end, start) for (_, end), (start, _) in pairwise(edges) if start - end > _SHORTEST_GAP_S
    ]
    for began, _ in gaps:
        alike = [
            (at, until)
            for at, until in gaps
            if abs((at - began + _DAY_S / 2) % _DAY_S - _DAY_S / 2) < _SAME_TIME_S
        ]
        days = {round((at - began) / _DAY_S) for at, _ in alike}
        if len(days) >= _OFTEN:
            return len(days), max(until - at for at, until in alike)
    return None


def _drawn(
    judgement: Judgement, clocks: dict[str, TextLine], draw: Mapping[str, Any]
) -> bool | None:
    """Whether the picture of a drawn moment is there; ``None`` when its clock cannot be read."""
    wanted = float(draw.get("wanted", 0.0))
    channel = str(draw.get("channel"))
    box = clocks.get(channel)
    search = () if box else (0.0,)
    seen = open_stream(judgement.recording, draw, box=box, search=search, near=wanted)
    if not len(seen):
        return False
    first = range(min(len(seen), _FIRST_PICTURES))
    there = any(
        (time := seen.time_at(at)) is not None and abs(time + 0.5 - wanted) <= DRAWN_S
        for at in first
    )
    read = next((at for at in first if seen.time_at(at) is not None), None)
    if read is None and box is not None:  # what was taken for the clock may have been a mark
        del clocks[channel]
        return _drawn(judgement, clocks, draw)
    if read is not None and seen.box is not None:
        clocks[channel] = seen.box
    if there:
        return True
    if read is None or not seen.sure(read):
        judgement.doubt("clock-unread")
        return None
    return False
