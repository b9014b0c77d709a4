"""Colour is found where it is; noise, tint, text and black are not taken for it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from assessment.reason import Reason
from benchmarks.material import by_night, filling, photograph
from messages import catalogue
from probes.colour import measure_colour
from simulators.camera.scenes import apply_look
from tests.picture_recordings import recording_of, street
from tests.stream_recordings import jpeg_file


def _photograph(name: str) -> np.ndarray:
    return filling(photograph(name))


def _grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "rocket.jpg"])
@pytest.mark.parametrize("rate", [6000, 40_000])
def test_photographs_are_colour_by_day_and_by_night(name: str, rate: int) -> None:
    day = _photograph(name)
    night = by_night(day, 0.05, np.random.default_rng(1))
    for picture in (day, night):
        measured = measure_colour(recording_of([picture], rate=rate))
        assert measured.value == "colour"
        assert measured.details["chroma_spread"] > 2.5


@pytest.mark.parametrize("scene", ["day", "night-white-light", "night-colour", "high-contrast"])
def test_painted_scenes_of_a_sound_camera_are_colour(scene: str) -> None:
    measured = measure_colour(recording_of([street(scene)]))
    assert measured.value == "colour"
    assert measured.details["colour_from_s"] == pytest.approx(0.0, abs=0.05)
    assert set(measured.evidence) == {"picture.jpg", "chroma.png"}


@pytest.mark.parametrize(
    ("look", "value"),
    [
        ("monochrome", "monochrome"),
        ("chroma-noise", "monochrome"),
        ("tint", "tinted-monochrome"),
        ("black", "black"),
    ],
)
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_defective_looks_are_named(look: str, value: str, codec: str) -> None:
    picture = apply_look(street("night-white-light"), look, 0)
    assert measure_colour(recording_of([picture], codec=codec)).value == value


def test_infrared_is_monochrome_and_the_unlit_scene_black() -> None:
    assert measure_colour(recording_of([street("night-infrared")])).value == "monochrome"
    assert measure_colour(recording_of([street("night-unlit")])).value == "black"


@pytest.mark.parametrize("place", [(40, 80), (1050, 150), (600, 560), (40, 1040)])
def test_coloured_text_over_grey_is_monochrome(place: tuple[int, int]) -> None:
    picture = _grey(street("night-white-light"))
    cv2.putText(picture, "CAMERA 01 GATE", place, 0, 1.8, (30, 40, 230), 4, cv2.LINE_AA)
    assert measure_colour(recording_of([picture])).value == "monochrome"


def test_one_coloured_thing_in_a_grey_street_is_never_monochrome() -> None:
    picture = _grey(street())
    cv2.rectangle(picture, (700, 500), (1000, 640), (40, 40, 200), -1)
    assert measure_colour(recording_of([picture])).value in ("colour", None)


def test_a_grey_scene_is_inconclusive() -> None:
    measured = measure_colour(recording_of([street("wall")]))
    assert measured.value is None
    assert measured.spoilt is not None
    assert measured.spoilt.code == "colour.grey-scene"


def test_one_coloured_light_is_not_called_a_tint() -> None:
    grey = _grey(_photograph("coffee.png")).astype(np.float32)
    sodium = np.clip(grey * np.array([0.35, 0.75, 1.0]), 0, 255).astype(np.uint8)
    measured = measure_colour(recording_of([sodium]))
    assert measured.value is None
    assert measured.spoilt is not None
    assert measured.spoilt.code in ("colour.one-hue", "colour.faint")


def test_a_picture_that_turns_colour_is_told_with_its_time() -> None:
    grey, colour = _grey(street()), street()
    measured = measure_colour(recording_of([grey, grey, colour, colour, colour], apart_s=2))
    assert measured.value is None
    assert measured.spoilt == Reason(
        "colour.changes",
        {"first": "monochrome", "last": "colour", "at_s": pytest.approx(4.0, abs=0.1)},
    )
    assert measured.details["colour_from_s"] == pytest.approx(4.0, abs=0.1)
    assert len(measured.details["series"]) == 5


def test_full_range_jpeg_pictures_are_read() -> None:
    from tests.stream_recordings import CodedPicture, stream_recording

    shown = stream_recording([CodedPicture(jpeg_file(street()), True, "JPEG")])
    grey = stream_recording([CodedPicture(jpeg_file(_grey(street())), True, "JPEG")])
    assert measure_colour(shown).value == "colour"
    assert measure_colour(grey).value == "monochrome"


def test_nothing_to_look_at_is_inconclusive() -> None:
    recording = recording_of([street()])
    lost = replace(recording, parts={}, problem=Reason("visit.unauthorised"))
    assert measure_colour(lost).spoilt == lost.problem
    without_key = recording_of([street()] * 2, gop=2)
    track = without_key.facts["tracks"]
    assert measure_colour(replace(without_key, facts={"tracks": track})).value == "colour"
    tiny = measure_colour(recording_of([street("day", 64, 48)]))
    assert tiny.spoilt == Reason("colour.too-small")


def test_every_reason_is_worded() -> None:
    for code in ("too-dark", "grey-scene", "one-hue", "faint", "changes", "damaged", "too-small"):
        assert set(catalogue()[f"reason.colour.{code}"]) == {"zh", "en"}
