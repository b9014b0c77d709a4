"""A white lamp is told from infrared, coloured, dead and disobedient ones."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from assessment.reason import Reason
from benchmarks.material import by_night, filling, photograph
from messages import catalogue
from probes.white_light import measure_white_light
from tests.picture_recordings import lamp_recording, street

REFUSED = [{"state": state, "accepted": False, "detail": ""} for state in ("off", "on", "off")]


def test_the_painted_lamp_is_white() -> None:
    measured = measure_white_light(
        lamp_recording(street("night-colour"), street("night-white-light"))
    )
    assert measured.value == "white"
    details = measured.details
    assert details["gain_lower"] > 5
    assert details["gain"] > details["gain_border"]
    assert details["light_saturation"] < 0.3
    assert details["goes_off"]
    assert set(measured.evidence) == {"off.jpg", "on.jpg"}


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "motorcycle_left.png"])
def test_photographs_under_a_white_lamp(name: str) -> None:
    scene = filling(photograph(name))
    draw = np.random.default_rng(2)
    dark = by_night((scene * 0.3).astype(np.uint8), 0.1, draw)
    lit = by_night(scene, 0.1, draw)
    assert measure_white_light(lamp_recording(dark, lit)).value == "white"
    red = np.clip(lit * np.array([0.25, 0.3, 1.0]), 0, 255).astype(np.uint8)
    assert measure_white_light(lamp_recording(dark, red)).value == "coloured"


def test_a_scene_of_one_hue_is_not_called_a_coloured_lamp() -> None:
    scene = filling(photograph("retina.jpg"))
    draw = np.random.default_rng(2)
    dark = by_night((scene * 0.3).astype(np.uint8), 0.1, draw)
    measured = measure_white_light(lamp_recording(dark, by_night(scene, 0.1, draw)))
    assert measured.value in ("white", None)


def test_the_coloured_lamp_is_coloured() -> None:
    measured = measure_white_light(
        lamp_recording(street("night-colour"), street("night-coloured-light"))
    )
    assert measured.value == "coloured"
    assert measured.details["light_saturation"] > 0.9


def test_infrared_takes_the_colour_away() -> None:
    measured = measure_white_light(lamp_recording(street("night-colour"), street("night-infrared")))
    assert measured.value == "infrared"


def test_a_picture_grey_in_any_case_cannot_tell() -> None:
    dark, lit = (
        cv2.cvtColor(cv2.cvtColor(street(name), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        for name in ("night-colour", "night-white-light")
    )
    measured = measure_white_light(lamp_recording(dark, lit))
    assert measured.value is None
    assert measured.spoilt == Reason("white-light.grey-picture")


@pytest.mark.parametrize("scene", ["night-colour", "night-white-light"])
def test_a_lamp_that_does_nothing(scene: str) -> None:
    recording = lamp_recording(street(scene), street(scene))
    assert measure_white_light(recording).value == "no-effect"
    refused = lamp_recording(street(scene), street(scene), answers=REFUSED)
    assert measure_white_light(refused).value == "refused"


def test_a_van_that_passes_is_no_lamp() -> None:
    from simulators.camera.scenes import render

    pictures = [render("night-colour", index, 1920, 1080) for index in (5, 45, 80)]
    assert measure_white_light(lamp_recording(*pictures)).value == "no-effect"


def test_no_lamp_offered() -> None:
    colour = lamp_recording(
        street("night-colour"), street("night-colour"), offered=[], command="none", answers=REFUSED
    )
    assert measure_white_light(colour).value == "not-offered"
    assert not measure_white_light(colour).details["infrared_signs"]
    grey = lamp_recording(
        street("night-infrared"), street("night-infrared"), offered=[], command="none"
    )
    assert measure_white_light(grey).value == "not-offered"
    assert measure_white_light(grey).details["infrared_signs"]


def test_by_day_nothing_can_be_said() -> None:
    measured = measure_white_light(lamp_recording(street("day"), street("day")))
    assert measured.value is None
    assert measured.spoilt is not None
    assert measured.spoilt.code == "white-light.not-dark"


def test_an_over_exposed_picture_cannot_tell_the_colour() -> None:
    white = np.full((1080, 1920, 3), 255, np.uint8)
    measured = measure_white_light(lamp_recording(street("night-colour"), white))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "white-light.saturated"


def test_a_lamp_that_stays_on_is_seen_and_told() -> None:
    lit = street("night-white-light")
    measured = measure_white_light(lamp_recording(street("night-colour"), lit, lit))
    assert measured.value == "white"
    assert not measured.details["goes_off"]


def test_a_missing_capture_is_inconclusive() -> None:
    recording = lamp_recording(street("night-colour"), street("night-white-light"))
    parts = {name: part for name, part in recording.parts.items() if name != "on.pcap"}
    measured = measure_white_light(replace(recording, parts=parts))
    assert measured.spoilt == Reason("white-light.no-picture", {"part": "on"})
    lost = replace(recording, parts={}, problem=Reason("visit.no-rig", {"light": "night"}))
    assert measure_white_light(lost).value is None
    assert measure_white_light(lost).spoilt == lost.problem


def test_every_reason_is_worded() -> None:
    for code in ("no-picture", "not-dark", "saturated", "grey-picture", "unclear-colour"):
        assert set(catalogue()[f"reason.white-light.{code}"]) == {"zh", "en"}
