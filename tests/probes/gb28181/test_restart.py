"""A restart, told from a refresh, from a device that goes on, and from a path that broke."""

from __future__ import annotations

from typing import Any

import pytest

from assessment.recording import Recording
from probes.gb28181.control import measure_control
from tests.gb28181_recordings import Talk
from tests.probes.gb28181.test_registration import reasons

KIND = "gb28181:control"


def restarted(
    *,
    beats: int = 0,
    back: bool = True,
    call_id: str = "",
    farewell: bool = False,
    silence: float = 120.0,
    status: int = 200,
    late_beat: bool = True,
) -> Recording:
    """A device with a keepalive each minute; ``beats`` of them after the command."""
    talk = Talk()
    talk.request("REGISTER", headers=[("Expires", "3600")], call_id="boot-1", number=1)
    for _ in range(3):
        talk.pass_time(60)
        talk.tells("Notify", "Keepalive", {"Status": "OK"})
    at = talk.pass_time(1)
    told = {"name": "command", "what": "reboot", "at": at, "ended": at, "status": status}
    for _ in range(beats):
        talk.pass_time(60 if late_beat else 10)
        talk.tells("Notify", "Keepalive", {"Status": "OK"})
    if farewell:
        talk.pass_time(1)
        talk.request("REGISTER", headers=[("Expires", "0")], call_id="boot-1", number=2)
    talk.pass_time(silence)
    if back:
        talk.request("REGISTER", headers=[("Expires", "3600")], call_id=call_id or "boot-1")
        talk.pass_time(1)
    ended = talk.at if back else at + 300
    talk.at = ended + 1
    back_step = {"name": "return", "at": at, "ended": ended, "registered": back}
    return talk.recording(KIND, [told, back_step])


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ({"call_id": "boot-2", "silence": 20.0}, "done"),
        ({"farewell": True, "silence": 20.0}, "done"),
        ({"silence": 120.0}, "done"),
        ({"silence": 20.0}, "unclear"),
        ({"back": False, "beats": 4}, "ignored"),
        ({"back": False, "beats": 1}, "unclear"),
        ({"back": False, "beats": 3, "late_beat": False}, "unclear"),
        ({"back": False}, "not-back"),
    ],
)
def test_what_was_seen_of_a_restart(what: dict[str, Any], found: str) -> None:
    measured = measure_control(restarted(**what))
    assert measured.details["restart"] == found
    told = {
        "done": [],
        "ignored": ["restart-ignored"],
        "not-back": [],
        "unclear": [],
    }
    assert [one for one in reasons(measured) if one.startswith("restart")] == told[found]
    doubts = [one["code"] for one in measured.details["doubts"]]
    assert ("gb-control.restart-not-back" in doubts) is (found == "not-back")
    assert ("gb-control.restart-unseen" in doubts) is (found == "unclear")


def test_a_refused_restart_is_a_fault_and_one_that_was_not_tried_a_note() -> None:
    assert "restart-refused" in reasons(measure_control(restarted(status=405)))
    talk = Talk()
    talk.tells("Notify", "Keepalive", {"Status": "OK"})
    measured = measure_control(talk.recording(KIND))
    assert "gb-control.restart-not-tried" in [one["code"] for one in measured.details["notes"]]
    assert "restart" not in measured.details
