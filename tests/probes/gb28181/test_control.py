"""Control: the lens by its picture, with known moves of a known texture."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from assessment.recording import Recording
from probes.gb28181.control import measure_control
from protocols.pcap import write_pcap
from tests.gb28181_recordings import (
    Talk,
    bye,
    empty,
    invite,
    media_packets,
    program_stream,
)
from tests.probes.gb28181.test_registration import reasons
from tests.stream_recordings import encode, moving_frames

KIND = "gb28181:control"
_EACH = 1.6
_PLAN = (
    "preset-set",
    *("left", "stop", "right", "stop", "up", "stop", "down", "stop"),
    *("right", "stop", "preset-call", "bad-checksum", "stop", "iframe"),
)
_PATROL = (
    "preset-set",
    *("right", "stop", "second-preset-set", "preset-call"),
    *("patrol-start", "stop", "bad-checksum", "stop", "iframe"),
)
_VELOCITY = {"left": (-4, 0), "right": (4, 0), "up": (0, -3), "down": (0, 3)}


@lru_cache(maxsize=1)
def texture() -> np.ndarray:
    return moving_frames(1, 1400, 1000, seed=5)[0]


def commanded(
    *,
    turned: int = 1,
    stops: bool = True,
    preset: bool = True,
    checksum: bool = True,
    ptz_type: int | None = 1,
    i_frame: bool = True,
    key_after: int = 3,
    late_s: float = 0.0,
    late_since: str = "iframe",
    delay_s: float = 0.0,
    status: int = 200,
    plan: tuple[str, ...] = _PLAN,
    patrol: tuple[int, ...] = (),
) -> Recording:
    talk = Talk()
    step = invite(talk)
    talk.pass_time(0.2)
    begun = talk.at
    commands: list[dict[str, Any]] = []
    frames, key_at = [], -1
    x, y, stored = 540, 400, (540, 400)
    second = stored
    velocity = (0, 0)
    each = round(_EACH * 25)
    for what in (*[""] * (1 + round(delay_s)), *plan):
        at = begun + len(frames) / 25 - 0.01 - delay_s  # before the picture that shows what it does
        if what:
            entry = {"name": "command", "what": what, "at": at, "ended": at, "status": status}
            commands.append(entry)
        if what in _VELOCITY:
            velocity = tuple(turned * one for one in _VELOCITY[what])
        elif what == "stop" and stops:
            velocity = (0, 0)
        elif what == "preset-set":
            stored = (x, y)
        elif what == "second-preset-set":
            second = (x, y)
        elif what == "preset-call" and preset:
            x, y = stored
        elif what == "bad-checksum" and not checksum:
            velocity = _VELOCITY["right"]
        elif what == "iframe":
            key_at = len(frames) + key_after
        for count in range(2 * each if what == "patrol-start" else each):
            if what == "patrol-start" and count % 20 == 19 and count // 20 < len(patrol):
                x, y = (stored, second)[patrol[count // 20]]
            x, y = x + velocity[0], y + velocity[1]
            x, y = max(0, min(1080, x)), max(0, min(820, y))
            frames.append(texture()[y : y + 180, x : x + 320])
    cut = key_at if i_frame else len(frames)
    pictures = encode(frames[:cut], gop=1000) + (encode(frames[cut:], gop=1000) if i_frame else [])
    # What is sent after the command ``late_since`` comes ``late_s`` late.
    late = next(one for one in reversed(commands) if one["what"] == late_since)
    order = round(float(late["at"]) * 1e9)
    packets = [
        (time_ns + round(late_s * 1e9) * (time_ns > order), data)
        for time_ns, data in media_packets(program_stream(pictures), begun)
    ]
    talk.at = begun + len(frames) / 25 + 1
    bye(talk, step)
    return talk.recording(
        KIND,
        [step, *commands],
        parts={"media-1.pcap": write_pcap(packets)},
        ptz_type=ptz_type,
    )


def with_edition(recording: Recording) -> Recording:
    recording.facts["device"]["gb_version"] = "2.0"
    return recording


def test_a_lens_that_does_as_told_conforms() -> None:
    measured = measure_control(commanded())
    assert measured.details["reasons"] == []
    assert (measured.value, measured.spoilt) == ("conforms", None)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"turned": -1}, "inverted"),
        ({"turned": 0}, "ignored"),
        ({"stops": False}, "stop-ignored"),
        ({"preset": False}, "preset-lost"),
        ({"checksum": False}, "bad-checksum-obeyed"),
        ({"i_frame": False}, "no-key-picture"),
    ],
)
def test_faults(what: dict[str, Any], reason: str) -> None:
    measured = measure_control(with_edition(commanded(**what)))
    assert measured.value == "deviates"
    assert reason in reasons(measured)


@pytest.mark.parametrize(
    ("key_after", "late_s", "verdict"),
    [(20, 0.0, None), (30, 0.0, "deviates"), (3, 1.2, "key-picture-unseen"), (30, 1.2, "deviates")],
    ids=["prompt", "slow device", "late path", "slow device on a late path"],
)
def test_a_late_path_is_not_a_slow_device(
    key_after: int, late_s: float, verdict: str | None
) -> None:
    measured = measure_control(with_edition(commanded(key_after=key_after, late_s=late_s)))
    found = measured.value if measured.spoilt is None else measured.spoilt.code.split(".")[1]
    assert found == (verdict or "conforms")


@pytest.mark.parametrize("late_since", ["right", "stop", "preset-call"])
def test_what_comes_late_is_not_held_against_a_later_command(late_since: str) -> None:
    plan = ("preset-set", "left", "stop", "right", "stop", "preset-call", "bad-checksum", "stop")
    recording = commanded(plan=plan, late_s=2.0, late_since=late_since)
    assert {"stop-ignored", "bad-checksum-obeyed"}.isdisjoint(reasons(measure_control(recording)))


@pytest.mark.parametrize("delay_s", [0.9, 1.3, 1.9, 2.6])
def test_a_picture_that_is_always_late_is_no_fault_of_the_lens(delay_s: float) -> None:
    measured = measure_control(commanded(delay_s=delay_s))
    assert measured.details["reasons"] == []
    assert measured.details["picture_delay_s"] == pytest.approx(delay_s, abs=0.35)
    doubts = [one["code"] for one in measured.details["doubts"]]
    assert ("gb-control.pictures-late" in doubts) is (delay_s > 1.2)


def test_a_fixed_camera_has_no_lens_to_move() -> None:
    measured = measure_control(commanded(turned=0, ptz_type=3))
    assert measured.value == "conforms"
    assert measured.details["not_applicable"] == ["ptz"]
    unknown = measure_control(commanded(turned=0, ptz_type=None))
    assert unknown.spoilt is not None
    assert unknown.spoilt.code == "gb-control.form-unknown"


@pytest.mark.parametrize(
    ("patrol", "preset", "found"),
    [
        ((1, 0), True, "there-and-back"),
        ((1,), True, "there"),
        ((), True, "still"),
        ((), False, None),
    ],
    ids=["as told", "stays", "ignored", "without presets"],
)
def test_a_patrol(patrol: tuple[int, ...], preset: bool, found: str | None) -> None:
    measured = measure_control(commanded(plan=_PATROL, patrol=patrol, preset=preset))
    assert measured.details.get("patrol") == found
    assert ("patrol-ignored" in reasons(measured)) is (found == "still")
    doubts = [one["code"] for one in measured.details["doubts"]]
    assert ("gb-control.patrol-unseen" in doubts) is (found == "there")


def test_without_leave_no_patrol_is_judged() -> None:
    measured = measure_control(commanded())
    assert "patrol" not in measured.details
    assert "gb-control.patrol-not-tried" in [one["code"] for one in measured.details["notes"]]


def test_without_a_device_the_visit_says_why() -> None:
    measured = measure_control(empty(KIND))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "visit.no-gb28181"
