"""Online state of one camera over a watch, and the online rate of all.

Online means that the device itself answers, lets the harness in and delivers a picture that
decodes; the platform's word is kept beside it and never believed. The rate is the mean share of
the polls at which each camera was online; its denominator is the contract's list of points.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from assessment.measurement import Measurement
from assessment.rates import Share, share_of
from assessment.reason import Reason
from assessment.recording import Recording

INSTRUMENT = "online/1"
STATE_QUANTITY = "online-share"
RATE_QUANTITY = "online-rate"
SITE = "site"

#: Problems of a visit that say the device is away, not that the harness could not look.
_AWAY = frozenset({"visit.refused", "visit.timeout", "visit.unreachable", "visit.unresolvable"})
_UNAUTHORISED = "visit.unauthorised"
#: A device that never registers may never have been pointed at the harness.
_NEVER_CAME = "visit.not-registered"
_LET_IN = ("answers", "authenticates")
_SERIES_LIMIT = 2_000
#: Cameras whose time line the rate carries, for the chart of a report.
_LINES_LIMIT = 200


def measure_online_share(recording: Recording, *, picture_needed: bool = True) -> Measurement:
    """The share of the polls of an ``online`` recording at which the camera was online.

    ``details``: ``state`` (``online``, ``flapping``, ``no-picture``, ``away``), ``polls``,
    ``changes`` between online and not, ``longest_absence_s``, ``line`` for a time line. Spoilt
    when the harness itself could not look (its credentials were refused, most polls are
    missing). Without ``picture_needed`` (ruling R-014) a device that answers and lets the harness
    in counts as online.
    """
    polls = [poll for poll in _listed(recording.facts.get("polls")) if isinstance(poll, dict)]
    spoilt = _spoilt(recording, polls)
    online = [_online(poll, picture_needed) for poll in polls]
    details: dict[str, Any] = {
        "polls": len(polls),
        "expected": recording.facts.get("expected"),
        "declared_online": recording.facts.get("declared_online"),
    }
    value = None
    if spoilt is None:
        value = sum(online) / len(online) if online else 0.0
        details |= {
            "state": _state(polls, online),
            "changes": sum(before != after for before, after in pairwise(online)),
            "longest_absence_s": _longest_absence(polls, online),
            "line": [
                [_time_of(poll), state]
                for poll, state in list(zip(polls, online, strict=True))[:_SERIES_LIMIT]
            ],
        }
    evidence = recording.parts.get("picture.jpg")
    return Measurement.of(
        recording,
        quantity=STATE_QUANTITY,
        value=value,
        unit="1",
        lower=value,
        upper=value,
        instrument=INSTRUMENT,
        method="method.online-share",
        details=details,
        evidence={} if evidence is None else {"picture.jpg": evidence},
        spoilt=spoilt,
    )


def measure_online_rate(
    recordings: Sequence[Recording],
    inventory: Sequence[str],
    drawn: Sequence[str] | None = None,
    *,
    platform_rate: float | None = None,
    picture_needed: bool = True,
) -> Measurement:
    """The online rate of ``inventory`` from one ``online`` recording of each drawn camera.

    All are drawn unless ``drawn`` names a sample; a sample gets the exact bounds of a finite
    lot. A drawn camera without a usable recording may be on or off line, and the interval
    covers both. ``details``: ``cameras`` by state, ``shares`` and ``lines`` (time lines) by
    point, the counts and the one-sided bounds for the decision, the platform's own figure and
    its difference. Spoilt when there is no camera, no recording, or no camera answered at all
    (the path is suspected).
    """
    asked = tuple(dict.fromkeys(inventory if drawn is None else drawn))
    shares = {
        recording.subject: measure_online_share(recording, picture_needed=picture_needed)
        for recording in recordings
        if recording.subject in asked
    }
    states = Counter(
        str(share.details["state"]) if share.spoilt is None else "unknown"
        for share in shares.values()
    )
    states["unknown"] += len(asked) - len(shares)
    details: dict[str, Any] = {
        "cameras": dict(states),
        "shares": {point: share.value for point, share in shares.items()},
        "lines": {
            point: _condensed(share.details.get("line", []))
            for point, share in list(shares.items())[:_LINES_LIMIT]
        },
        "inventory": len(set(inventory)),
        "drawn": len(asked),
        "platform_rate": platform_rate,
    }
    spoilt = _rate_spoilt(recordings, asked, states)
    started, ended = _span(recordings)
    common: dict[str, Any] = {
        "quantity": RATE_QUANTITY,
        "unit": "1",
        "instrument": INSTRUMENT,
        "method": "method.online-rate.census"
        if len(asked) >= len(set(inventory))
        else "method.online-rate.sample",
        "subject": SITE,
        "started": started,
        "ended": ended,
        "recordings": tuple(recording.digest for recording in recordings),
    }
    if spoilt is not None:
        return Measurement(value=None, details=details, spoilt=spoilt, **common)
    known = math.fsum(float(share.value or 0.0) for share in shares.values())
    worst, best = _bounds(known, states["unknown"], len(asked), len(set(inventory)))
    value = known / len(asked)
    details |= worst.details() | {
        "successes": known,
        "one_sided_lower": worst.one_sided_lower,
        "one_sided_upper": best.one_sided_upper,
    }
    if platform_rate is not None:
        details["platform_excess"] = platform_rate - value
    return Measurement(value=value, lower=worst.lower, upper=best.upper, details=details, **common)


def _condensed(line: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """A time line without the polls that repeat the state before and after them."""
    last = len(line) - 1
    return [
        list(poll)
        for index, poll in enumerate(line)
        if index in (0, last) or poll[1] != line[index - 1][1]
    ]


def _bounds(known: float, unknown: int, asked: int, inventory: int) -> tuple[Share, Share]:
    """The share if all unknown cameras are off line, and if all are on line.

    A camera that was online for a part of the watch counts by that part. In a census the rate
    is then exact; for a sample the counts are rounded outwards, which only widens the bounds.
    """
    if asked == inventory:
        exact = known / asked
        best = (known + unknown) / asked
        return (
            Share(math.floor(known), asked, inventory, exact, exact, exact, exact),
            Share(math.floor(known + unknown), asked, inventory, best, best, best, best),
        )
    low, high = math.floor(known + 1e-9), math.ceil(known + unknown - 1e-9)
    return share_of(low, asked, inventory), share_of(high, asked, inventory)


def _spoilt(recording: Recording, polls: Sequence[Mapping[str, Any]]) -> Reason | None:
    """Why the harness could not look; a device that is away spoils nothing."""
    if recording.problem is not None and not polls:
        if recording.problem.code in _AWAY:
            return None
        return Reason("online-share.visit-failed", {"problem": recording.problem.within})
    if not polls:
        return Reason("online-share.no-poll")
    expected = recording.facts.get("expected")
    if isinstance(expected, int) and not isinstance(expected, bool) and len(polls) * 2 < expected:
        return Reason("online-share.too-few-polls", {"polls": len(polls), "expected": expected})
    if all(poll.get("detail") == _NEVER_CAME for poll in polls):
        return Reason("online-share.not-registered", {"polls": len(polls)})
    unauthorised = sum(poll.get("detail") == _UNAUTHORISED for poll in polls)
    if unauthorised and not any(_online(poll, False) for poll in polls):
        return Reason("online-share.unauthorised", {"polls": unauthorised})
    return None


def _rate_spoilt(
    recordings: Sequence[Recording], asked: Sequence[str], states: Mapping[str, int]
) -> Reason | None:
    if not asked:
        return Reason("online-rate.no-camera")
    if not recordings or states.get("unknown", 0) == len(asked):
        return Reason("online-rate.nothing-known", {"cameras": len(asked)})
    if not any(_answered(recording) for recording in recordings):
        return Reason("online-rate.nobody-answered", {"cameras": len(asked)})
    return None


def _answered(recording: Recording) -> bool:
    return any(
        isinstance(poll, dict) and poll.get("answers") is True
        for poll in _listed(recording.facts.get("polls"))
    )


def _online(poll: Mapping[str, Any], picture_needed: bool) -> bool:
    names = ("answers", "authenticates", "picture") if picture_needed else _LET_IN
    return all(poll.get(name) is True for name in names)


def _state(polls: Sequence[Mapping[str, Any]], online: Sequence[bool]) -> str:
    if online and all(online):
        return "online"
    if any(online):
        return "flapping"
    if any(poll.get("authenticates") is True for poll in polls):
        return "no-picture"
    return "away"


def _longest_absence(polls: Sequence[Mapping[str, Any]], online: Sequence[bool]) -> float:
    """From the first poll of an absence to the poll that ended it (or the last one)."""
    longest, since = 0.0, None
    for poll, state in zip(polls, online, strict=True):
        at = _time_of(poll)
        if not state and since is None:
            since = at
        if since is not None:
            longest = max(longest, at - since)
        if state:
            since = None
    return longest


def _time_of(poll: Mapping[str, Any]) -> float:
    at = poll.get("at")
    return float(at) if isinstance(at, int | float) and math.isfinite(at) else 0.0


def _span(recordings: Sequence[Recording]) -> tuple[datetime, datetime]:
    """From the first visit's beginning to the last one's end; the epoch where there is none."""
    if not recordings:
        epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        return epoch, epoch
    return (
        min(recording.started for recording in recordings),
        max(recording.ended for recording in recordings),
    )


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
