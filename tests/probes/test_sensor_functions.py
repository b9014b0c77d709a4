"""Wide dynamic range and highlight suppression: what works is told from what only says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assessment.reason import Reason
from messages import catalogue
from probes.sensor_functions import measure_highlight, measure_wide_dynamic
from simulators.camera.scenes import render
from tests.picture_recordings import switched_recording

OFF, WIDE, BENT, DAY = (
    render(name, 0, 640, 360)
    for name in ("high-contrast", "high-contrast-wdr", "high-contrast-hlc", "day")
)
TOLD_ON = [{"state": state, "accepted": True, "told": "ON"} for state in ("off", "on")]
REFUSED = [{"state": state, "accepted": False, "told": "OFF"} for state in ("off", "on")]


def test_both_ends_are_regained() -> None:
    measured = measure_wide_dynamic(switched_recording(OFF, WIDE))
    assert measured.value == "works"
    details = measured.details
    assert min(details["bright_off"], details["dark_off"]) > 0.3
    assert max(details["bright_on"], details["dark_on"]) < 0.02
    assert set(measured.evidence) == {"off.jpg", "on.jpg"}


def test_a_switch_without_effect() -> None:
    assert measure_wide_dynamic(switched_recording(OFF, OFF)).value == "no-effect"
    grey = np.clip(OFF.astype(np.int16) // 2 + 60, 0, 255).astype(np.uint8)
    assert measure_wide_dynamic(switched_recording(OFF, grey)).value == "no-effect"


def test_one_end_alone_decides_nothing() -> None:
    measured = measure_wide_dynamic(switched_recording(OFF, BENT))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "wide-dynamic.partly"


def test_a_tame_scene_asks_nothing() -> None:
    measured = measure_wide_dynamic(switched_recording(DAY, DAY))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "wide-dynamic.no-contrast"
    measured = measure_highlight(switched_recording(DAY, DAY))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "highlight-suppression.no-highlight"


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        ({"function": None, "answers": []}, "not-offered"),
        ({"answers": REFUSED}, "refused"),
        ({"answers": TOLD_ON}, "misreports"),
        ({"answers": [{"state": "off", "told": None}, {"state": "on", "accepted": True}]}, "works"),
    ],
)
def test_what_the_device_answers(facts: dict[str, object], value: str) -> None:
    assert measure_wide_dynamic(switched_recording(OFF, WIDE, **facts)).value == value


def test_the_burnt_out_area_shrinks() -> None:
    tone = {"function": "ToneCompensation"}
    assert measure_highlight(switched_recording(OFF, BENT, **tone)).value == "suppresses"
    assert measure_highlight(switched_recording(OFF, OFF, **tone)).value == "no-effect"
    backlight = switched_recording(OFF, OFF, function="BacklightCompensation")
    assert measure_highlight(backlight).spoilt == Reason("highlight-suppression.backlight-only")
    half = OFF.copy()
    half[: OFF.shape[0] // 3] = 120
    measured = measure_highlight(switched_recording(OFF, half, **tone))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "highlight-suppression.partly"


def test_a_capture_that_is_missing() -> None:
    whole = switched_recording(OFF, WIDE)
    parts = {name: part for name, part in whole.parts.items() if name != "on.pcap"}
    for measure in (measure_wide_dynamic, measure_highlight):
        spoilt = measure(replace(whole, parts=parts)).spoilt
        assert spoilt is not None
        assert spoilt.code.endswith(".no-picture")


def test_every_value_has_words() -> None:
    for value in ("works", "no-effect", "misreports", "refused", "not-offered"):
        assert {f"reason.wide-dynamic.{value}", f"value.wide-dynamic.{value}"} <= catalogue().keys()
