"""Which time zone a device tells: by its zone text, its local time and its picture.

Each witness is given as hours east of UTC. The probe names what they say; that it should be
Beijing time is for others to ask.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.clock_answers import GB28181, civil_seconds
from protocols.errors import ProtocolError
from protocols.posix_time_zone import TimeZone, parse_time_zone

INSTRUMENT = "beijing-time/1"
QUANTITY = "time-zone"
MIXED = "mixed"

_QUARTER_S = 900
_NEAR_ZONE_S = 300
_FARTHEST_S = 14 * 3600


def measure_time_zone(
    clock: Recording,
    *,
    picture_clock: Measurement | None = None,
    clock_offset: Measurement | None = None,
) -> Measurement:
    """Name the time zone that a device uses, from a ``clock`` recording and its picture.

    The value is ``+08:00`` when all witnesses say so (or whatever they agree on), ``mixed`` when
    they differ. ``details["witnesses"]`` holds hours east of UTC by

    - ``zone``: the device's zone text, POSIX sign;
    - ``local``: its local time against the reference (against its own UTC when the clock itself
      is wrong by something that is no time zone);
    - ``gb28181``: the DeviceTime of its DeviceStatus against the reference;
    - ``picture``: the burnt-in clock against the reference, when ``picture_clock`` is given.

    ``details`` also says ``sign_turned`` (the zone text means the opposite of what POSIX
    reads), ``daylight_saving``, ``utc_hours`` (hours by which the UTC field itself is off, by
    ``clock_offset``) and the ``zone_text``. Spoilt when there is no witness.
    """
    answers = _polls(clock, "onvif")
    local = _local_seconds(answers)
    text, zone = _zone(answers)
    witnesses: dict[str, float] = {}
    details: dict[str, Any] = {
        "witnesses": witnesses,
        "zone_text": text,
        "sign_turned": False,
        "daylight_saving": any(bool(poll.get("daylight_saving")) for poll in answers)
        or (zone is not None and zone.daylight),
        "utc_hours": None if clock_offset is None else clock_offset.details.get("whole_hours"),
    }
    if zone is not None:
        said = _zone_seconds(zone, local)
        details["sign_turned"] = said is not None and said != zone.east_s
        if said is not None:
            witnesses["zone"] = said / 3600
    if local is not None:
        witnesses["local"] = local / 3600
    registered = _local_seconds(_polls(clock, GB28181))
    if registered is not None:
        witnesses[GB28181] = registered / 3600
    picture = _picture_hours(picture_clock)
    if picture is not None:
        witnesses["picture"] = picture
    said_hours = set(witnesses.values())
    value = None
    if said_hours:
        value = _named(said_hours.pop()) if len(said_hours) == 1 else MIXED
    return Measurement(
        quantity=QUANTITY,
        value=value,
        unit="",
        instrument=INSTRUMENT,
        method="method.time-zone",
        subject=clock.subject,
        started=clock.started,
        ended=clock.ended,
        recordings=(clock.digest, *(picture_clock.recordings if picture_clock else ())),
        details=details,
        evidence={} if picture_clock is None else picture_clock.evidence,
        spoilt=_spoilt(clock) if value is None else None,
    )


def _polls(clock: Recording, path: str) -> list[dict[str, Any]]:
    polls = clock.facts.get("polls")
    return [
        poll
        for poll in (polls if isinstance(polls, list) else [])
        if isinstance(poll, dict) and poll.get("path", "onvif") == path
    ]


def _spoilt(clock: Recording) -> Reason:
    if clock.problem is not None:
        return Reason("time-zone.visit-failed", {"problem": clock.problem.within})
    return Reason("time-zone.no-witness", {})


def _local_seconds(answers: Iterable[Mapping[str, Any]]) -> int | None:
    """Seconds east of UTC of the local time told, as most answers have it."""
    found: Counter[int] = Counter()
    for poll in answers:
        local, utc = civil_seconds(poll.get("local")), civil_seconds(poll.get("utc"))
        if local is None:
            continue
        sent = poll.get("sent")
        east = _as_zone(local - sent) if isinstance(sent, int | float) else None
        if east is None and utc is not None:
            east = _as_zone(local - utc)
        if east is not None:
            found[east] += 1
    return found.most_common(1)[0][0] if found else None


def _as_zone(difference: float) -> int | None:
    """The quarter of an hour that ``difference`` means, if it can be a time zone."""
    if not abs(difference) <= _FARTHEST_S + _NEAR_ZONE_S:
        return None
    quarter = round(difference / _QUARTER_S) * _QUARTER_S
    return quarter if abs(difference - quarter) <= _NEAR_ZONE_S else None


def _zone(answers: Iterable[Mapping[str, Any]]) -> tuple[str, TimeZone | None]:
    """The zone text of most answers, and what it means."""
    texts = Counter(str(poll["time_zone"]) for poll in answers if poll.get("time_zone"))
    if not texts:
        return "", None
    text = texts.most_common(1)[0][0][:128]
    try:
        return text, parse_time_zone(text)
    except ProtocolError:
        return text, None


def _zone_seconds(zone: TimeZone, local: int | None) -> int | None:
    """What the zone text says; of two readings of its sign the one that the local time backs."""
    if zone.east_s == zone.meant_east_s:
        return zone.east_s
    if local in (zone.east_s, zone.meant_east_s):
        return local
    return None


def _picture_hours(picture_clock: Measurement | None) -> float | None:
    """Hours east of UTC that the picture shows, if it is off by a whole zone or not at all."""
    if picture_clock is None or picture_clock.spoilt is not None:
        return None
    if not isinstance(picture_clock.value, float):
        return None
    east = _as_zone(picture_clock.value + 8 * 3600)
    return None if east is None else east / 3600


def _named(hours: float) -> str:
    minutes = round(abs(hours) * 60)
    return f"{'-' if hours < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
