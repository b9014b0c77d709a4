"""What a camera tells of what is played before it, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from assessment.reason import Reason
from assessment.recording import Recording
from probes.scene_event import measure_scene_event
from protocols.onvif_topics import begins, event_of_alarm, event_of_topic, topic_path

NOW = datetime(2026, 9, 21, tzinfo=UTC)
CROSSED = "RuleEngine/LineDetector/Crossed"


def message(received: float, topic: str = CROSSED, **more: Any) -> dict[str, Any]:
    return {
        "received": received,
        "topic": topic,
        "utc": "2026-09-21T00:00:00Z",
        "operation": "Changed",
        "source": {"Rule": "line"},
        "data": {"ObjectId": "7"},
        **more,
    }


def recorded(*messages: Any, event: str = "line-crossing", **more: Any) -> Recording:
    facts = {
        "event": event,
        "way": "onvif",
        "listed": [CROSSED],
        "quiet": {"from": 80.0, "until": 100.0},
        "played": {"asked": 100.1, "done": 100.2, "waited_s": 20.0},
        "messages": list(messages),
        **more,
    }
    return Recording(f"events:{event}", "p", NOW, NOW, facts=facts)


def test_the_delay_is_bounded_by_when_the_rig_began() -> None:
    measured = measure_scene_event(recorded(message(101.2)))
    assert (measured.lower, measured.upper) == (pytest.approx(1.0), pytest.approx(1.1))
    assert measured.details["listed"] is True
    assert measured.details["told"]["topic"] == CROSSED
    assert measured.details["reason"] is None


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([], "event-delay.missing"),
        (
            [message(101.0, "VideoSource/MotionAlarm", data={"State": "true"})],
            "event-delay.missing",
        ),
        ([message(101.0, operation="Initialized")], "event-delay.missing"),
        ([message(90.0), message(101.0)], "event-delay.false"),
        ([message(101.0, source={})], "event-delay.nowhere"),
        (["rubbish", {"topic": 3, "data": []}], "event-delay.missing"),
    ],
)
def test_faults(messages: list[Any], code: str) -> None:
    measured = measure_scene_event(recorded(*messages))
    assert measured.details["reason"]["code"] == code
    assert measured.value is None


def test_what_was_not_played_decides_nothing() -> None:
    rigless = recorded(played=None, quiet=None)
    rigless = Recording(
        rigless.kind, "p", NOW, NOW, facts=rigless.facts, problem=Reason("visit.no-scene-rig")
    )
    assert measure_scene_event(rigless).spoilt == Reason("visit.no-scene-rig")
    assert measure_scene_event(recorded(played=None)).spoilt == Reason("event-delay.not-played")
    torn = Recording(
        "events:motion", "p", NOW, NOW, facts=recorded().facts, problem=Reason("visit.refused")
    )
    assert measure_scene_event(torn).spoilt == Reason("visit.refused")
    assert measure_scene_event(Recording("events:motion", "p", NOW, NOW)).spoilt is not None


def alarm(received: float, kind: str, method: str = "5") -> dict[str, Any]:
    data = {"AlarmMethod": method, "AlarmType": kind}
    return message(received, "", data=data, source={"DeviceID": "1"})


@pytest.mark.parametrize(
    ("event", "kind", "code"),
    [
        ("line-crossing", "5", None),
        ("intrusion", "6", None),
        ("motion", "2", None),
        ("defocus", "11", None),
        ("motion", "5", "event-delay.missing"),
    ],
)
def test_alarms_of_gb28181(event: str, kind: str, code: str | None) -> None:
    measured = measure_scene_event(recorded(alarm(101.0, kind), event=event, way="gb28181"))
    assert (measured.details["reason"] or {"code": None})["code"] == code


def test_gb28181_has_no_alarm_of_sounds() -> None:
    measured = measure_scene_event(recorded(event="sound", way="gb28181"))
    assert measured.spoilt == Reason("event-delay.not-by-gb28181", {"event": "sound"})


@pytest.mark.parametrize(
    ("topic", "event"),
    [
        ("tns1:RuleEngine/LineDetector/Crossed", "line-crossing"),
        ("tns1:RuleEngine/tnshik:CrossLineDetector/Alarm", "line-crossing"),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", "intrusion"),
        ("tns1:AudioAnalytics/Audio/DetectedSound", "sound"),
        ("tns1:VideoSource/ImageTooBlurry/ImagingService", "defocus"),
        ("tns1:VideoSource/GlobalSceneChange/ImagingService", "defocus"),
        ("tns1:VideoSource/MotionAlarm", "motion"),
        ("tns1:RuleEngine/CellMotionDetector/Motion", "motion"),
        ("tns1:Device/Trigger/DigitalInput", None),
        ("", None),
        ("a b/c", None),
    ],
)
def test_topics(topic: str, event: str | None) -> None:
    assert event_of_topic(topic) == event


def test_words_of_messages() -> None:
    assert topic_path("a:B/c:D") == "B/D"
    assert begins({"ObjectId": "0"})
    assert begins({"State": "1"})
    assert not begins({"State": "0"})
    assert not begins({"IsInside": "false", "ObjectId": "7"})
    assert event_of_alarm("5", "x") is None
    assert event_of_alarm("2", "5") is None
