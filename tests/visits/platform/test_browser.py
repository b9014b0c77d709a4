"""What a user sees in a real browser: a visit, and its readings held against spoilt ones."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
import numpy as np
import pytest

from assessment.recording import Part, Recording
from probes.platform.browser import (
    measure_page_file,
    measure_page_h264,
    measure_page_h265,
    measure_page_pace,
    measure_page_pause,
    measure_page_seek,
)
from reference_platform import pages
from reference_platform.api.pages import SPOILT

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
START = NOW.timestamp() - 600.0


async def test_both_codecs_and_a_saved_file_in_a_browser(visited) -> None:
    recording = await visited("platform:browser", page_paces=())
    assert recording.problem is None
    assert "broke_off" not in recording.facts
    for probe in (measure_page_h264, measure_page_h265, measure_page_file):
        assert probe(recording).value == "conforms"
    shown = {name for name in recording.parts if name.endswith(".png")}
    assert shown == {
        "downloads.png",
        *(f"live-{lang}-{size}.png" for lang in ("zh", "en") for size in ("desktop", "phone")),
    }
    assert recording.facts["restored"]["left"] == []


@pytest.mark.parametrize("behaviour", sorted(SPOILT))
def test_a_spoilt_page_differs_from_a_sound_one(behaviour: str) -> None:
    name, before, after = SPOILT[behaviour]
    text = (pages.FOLDER / name).read_text("utf-8")
    assert before in text
    assert text.replace(before, after) != text


def photograph(shown: float) -> bytes:
    """A picture with the clock of a camera."""
    picture = np.full((180, 480, 3), 90, np.uint8)
    civil = datetime.fromtimestamp(shown, UTC) + timedelta(hours=8)
    for colour, width in ((0, 6), (255, 2)):
        cv2.putText(
            picture, f"{civil:%Y-%m-%d %H:%M:%S}", (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.1,
            (colour,) * 3, width, cv2.LINE_AA,
        )  # fmt: skip
    # Something moves in every picture.
    cv2.circle(picture, (30 + int(shown * 40) % 400, 140), 12, (200, 200, 60), -1)
    return cv2.imencode(".jpg", picture)[1].tobytes()


def played(*commands: tuple[str, float, float, dict[str, Any]]) -> Recording:
    """A film of a playback: each command with its pace and the place (or -1: goes on) shown.

    ``in_hand``: for how many photographs the player shows on at the pace before.
    """
    film, arrivals, steps, last = bytearray(), [], [], b""
    at, place, before = NOW.timestamp(), START, 1.0
    for kind, pace, leap, more in commands:
        steps.append({"name": "steer", "kind": kind, "state": "done", "at": at, "ended": at} | more)
        place = place if leap < 0 else leap
        for number in range(24):
            shot = photograph(math.floor(place))
            shown_at = before if number < more.get("in_hand", 0) else pace
            at, place = at + 0.25, place + 0.25 * shown_at
            if shot != last:
                film, last = film + shot, shot
                arrivals.append([at, len(film)])
        steps[-1]["until"], before = at, pace
    facts = {
        "channels": [],
        "steps": [{"name": "playback", "of": "player", "part": "f", "arrivals": arrivals}, *steps],
    }
    part = Part.of(bytes(film), "video/x-motion-jpeg")
    return Recording("platform:browser-playback", "p", NOW, NOW, facts, {"f": part})


def begun(pace: float, wanted: float) -> tuple[str, float, float, dict[str, Any]]:
    return ("scale", pace, -1, {"scale": wanted})


def codes(measurement: Any) -> list[str]:
    return [one["code"] for one in measurement.details["reasons"]]


@pytest.mark.parametrize(("pace", "fault"), [(4.0, []), (1.0, ["page-pace.wrong-pace"])])
def test_a_pace(pace: float, fault: list[str]) -> None:
    assert codes(measure_page_pace(played(begun(1, 1.0), begun(pace, 4.0)))) == fault


@pytest.mark.parametrize(("in_hand", "fault"), [(5, []), (24, ["page-pace.wrong-pace"])])
def test_what_a_player_has_in_hand_is_shown_at_the_pace_before(in_hand: int, fault: list) -> None:
    slow = ("scale", 0.5, -1, {"scale": 0.5, "in_hand": in_hand})
    recording = played(begun(1, 1.0), begun(4.0, 4.0), slow)
    assert codes(measure_page_pace(recording)) == fault


@pytest.mark.parametrize(
    ("paused", "resumed", "fault"),
    [
        (0.0, -1, []),
        (1.0, -1, ["page-pause.goes-on"]),
        (0.0, START + 60, ["page-pause.skipped"]),
        (0.0, START - 60, ["page-pause.went-back"]),
    ],
)
def test_a_pause(paused: float, resumed: float, fault: list[str]) -> None:
    recording = played(begun(1, 1.0), ("pause", paused, -1, {}), ("resume", 1.0, resumed, {}))
    assert codes(measure_page_pause(recording)) == fault


def test_a_pause_that_was_photographed_once_and_goes_on_is_none() -> None:
    recording = played(begun(1, 1.0), ("pause", 1.0, -1, {}), ("resume", 1.0, -1, {}))
    film, pause = recording.facts["steps"][0], recording.facts["steps"][2]
    late = [one for one in film["arrivals"] if one[0] <= pause["at"] + 0.5]
    during = [one for one in film["arrivals"] if pause["at"] + 4 < one[0] <= pause["until"]][:1]
    after = [one for one in film["arrivals"] if one[0] > pause["until"]]
    film["arrivals"] = [*late, *during, *after]
    assert codes(measure_page_pause(recording)) == ["page-pause.goes-on"]


@pytest.mark.parametrize(
    ("landed", "fault"),
    [
        (START + 90, []),
        (START + 89, []),
        (-1, ["page-seek.ignored"]),
        (START + 120, ["page-seek.off"]),
        (START + 87, ["page-seek.off"]),
    ],
)
def test_a_seek(landed: float, fault: list[str]) -> None:
    recording = played(begun(1, 1.0), ("seek", 1.0, landed, {"position": START + 90.5}))
    assert codes(measure_page_seek(recording)) == fault


def test_a_page_that_still_waits_for_the_place_is_not_blamed() -> None:
    measurement = measure_page_seek(
        played(begun(1, 1.0), ("seek", 0.0, -1, {"position": START + 90.5}))
    )
    assert codes(measurement) == []
    assert [one["code"] for one in measurement.details["doubts"]] == ["page-seek.stands-still"]
