"""Alarm: notified, silent, of another method, never repeated, never raised."""

from __future__ import annotations

from typing import Any

from assessment.recording import Recording
from probes.gb28181.alarm import measure_alarm
from tests.gb28181_recordings import Talk, empty
from tests.probes.gb28181.test_registration import reasons

KIND = "gb28181:alarm"


def alarmed(
    *,
    by: str = "rig",
    came: bool = True,
    method: str = "2",
    repeated: bool = True,
    status: int = 200,
    heard: bool = True,
) -> Recording:
    talk = Talk()
    talk.register()
    at = talk.pass_time(1)
    steps: list[dict[str, Any]] = [
        {"name": "subscribe", "at": at, "status": status},
        {"name": "raise", "at": at, "by": by},
    ]
    if heard:
        talk.pass_time(1)
        talk.tells("Notify", "Keepalive", {"Status": "OK"})
    steps.append(
        {
            "name": "notified",
            "at": at + 0.5 if came else None,
            "via": "MESSAGE" if came else None,
            "method": method if came else None,
        }
    )
    steps.append(
        {
            "name": "withhold",
            "at": at + 1,
            "ended": at + 9,
            "withheld": int(came),
            "repeated_at": at + 1.5 if repeated else None,
        }
    )
    talk.pass_time(10)
    return talk.recording(KIND, steps)


def test_an_alarm_that_comes_and_is_repeated_conforms() -> None:
    assert measure_alarm(alarmed()).value == "conforms"


def test_faults() -> None:
    assert reasons(measure_alarm(alarmed(came=False))) == ["not-sent"]
    assert reasons(measure_alarm(alarmed(method="5"))) == ["wrong-method"]
    assert reasons(measure_alarm(alarmed(repeated=False))) == ["not-repeated"]
    assert reasons(measure_alarm(alarmed(status=489))) == ["subscription-refused"]


def test_doubts() -> None:
    for recording in (
        alarmed(came=False, by="none"),
        alarmed(came=False, heard=False),
        empty(KIND),
    ):
        assert measure_alarm(recording).value is None
