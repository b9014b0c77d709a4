"""Detectors of a camera (4.3.1 i): does it tell of what happens before it, in time, and only then?

Before the event is played nothing happens for a while, so that whatever is told of such an event
then is false. The time between playing and telling is taken by the harness's clock at both ends:
how the camera's own clock stands has no bearing on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from protocols.onvif_topics import begins, event_of_alarm, event_of_topic, gb28181_type

QUANTITY = "event-delay"
INSTRUMENT = "scene-event/1"
_SHOWN = 20


def measure_scene_event(recording: Recording) -> Measurement:
    """Seconds from the beginning of the event until it was told, of an ``events:`` recording.

    ``details``: ``way``; ``listed`` (whether the device lists a topic for it, ``None`` when it does
    not say); ``reason`` of a fault whatever the delay is, or ``None``: ``missing``, ``false``,
    ``nowhere``; ``told`` (topic, source, data of what told of it); ``others`` (topics that came
    beside it); ``device_clock`` (the device's own stamp).
    """
    facts = recording.facts
    event = str(facts.get("event") or recording.kind.partition(":")[2])
    messages = [one for one in _list(facts.get("messages")) if isinstance(one, Mapping)]
    fitting = [one for one in messages if _tells_of(one, event)]
    listed = _list(facts.get("listed")) if isinstance(facts.get("listed"), list) else None
    details: dict[str, Any] = {
        "event": event,
        "way": facts.get("way"),
        "listed": None
        if listed is None
        else any(event_of_topic(str(one)) == event for one in listed),
        "others": sorted({str(one.get("topic")) for one in messages if one not in fitting})[
            :_SHOWN
        ],
        "told": None,
        "reason": None,
    }
    played, quiet = _mapping(facts.get("played")), _mapping(facts.get("quiet"))
    asked, done = _number(played.get("asked")), _number(played.get("done"))
    until = _number(quiet.get("until"))
    false = [one for one in fitting if until is not None and _received(one) <= until]
    if false:
        details["told"] = _shown(false[0])
        return _result(recording, details, fault="false")
    if asked is None or done is None:
        return _result(recording, details)
    if facts.get("way") == "gb28181" and gb28181_type(event) is None:
        reason = Reason(f"{QUANTITY}.not-by-gb28181", {"event": event})
        return _result(recording, details, spoilt=reason)
    told = min((one for one in fitting if _received(one) >= asked), key=_received, default=None)
    if told is None:
        waited = _number(played.get("waited_s"))
        if waited is None or recording.problem is not None:
            return _result(recording, details)
        return _result(recording, details, fault="missing", seconds=round(waited, 1))
    details["told"] = _shown(told)
    if not any(str(value).strip() for value in _mapping(told.get("source")).values()):
        return _result(recording, details, fault="nowhere")
    latest = _received(told) - asked
    earliest = max(0.0, _received(told) - done)
    return _result(recording, details, between=(earliest, latest))


def _tells_of(message: Mapping[str, Any], event: str) -> bool:
    data = {str(name): str(value) for name, value in _mapping(message.get("data")).items()}
    topic = str(message.get("topic") or "")
    if not topic:
        told = event_of_alarm(data.get("AlarmMethod", ""), data.get("AlarmType", ""))
        return told == event
    initial = message.get("operation") in ("Initialized", "Deleted")
    return not initial and event_of_topic(topic) == event and begins(data)


def _shown(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: message.get(name) for name in ("topic", "source", "data", "utc", "received")}


def _result(
    recording: Recording,
    details: dict[str, Any],
    *,
    between: tuple[float, float] | None = None,
    fault: str = "",
    spoilt: Reason | None = None,
    **parameters: Any,
) -> Measurement:
    if fault:
        reason = {"code": f"{QUANTITY}.{fault}", "parameters": parameters}
        details["reason"] = reason
    elif between is None:
        spoilt = spoilt or recording.problem or Reason(f"{QUANTITY}.not-played")
    low, high = between or (None, None)
    return Measurement.of(
        recording,
        quantity=QUANTITY,
        value=None if high is None else round((high + (low or 0.0)) / 2, 3),
        unit="s",
        lower=low,
        upper=high,
        instrument=INSTRUMENT,
        method=f"method.{QUANTITY}",
        details=details,
        spoilt=spoilt,
    )


def _received(message: Mapping[str, Any]) -> float:
    return _number(message.get("received")) or 0.0


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
