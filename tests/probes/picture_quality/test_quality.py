"""All instruments over a recording, and recordings that hold nothing."""

import numpy as np
import pytest

from assessment.measurement import Measurement
from assessment.recording import Recording
from benchmarks.material import Picture
from messages import catalogue as wordings
from probes.picture_quality.quality import measure_picture_quality, readings_of
from simulators.camera.scenes import render
from standard.quality_profile import QUANTITIES
from tests.picture_recordings import recording_of

SIZE = (640, 360)


def moving(count: int, still_from: int | None = None) -> list[Picture]:
    """Pictures of a street with cars, in which all stands still at once from a picture on."""
    last = count if still_from is None else still_from
    return [render("day", 30 + min(at, last), *SIZE, 3) for at in range(count)]


def recorded(pictures: list[Picture], gop: int = 10) -> Recording:
    return recording_of(pictures, apart_s=0.04, gop=gop, rate=4000)


def by_quantity(measured: Measurement) -> dict[str, Measurement]:
    return {one.quantity: one for one in readings_of(measured)}


def test_every_quantity_of_a_profile_is_read_with_its_interval() -> None:
    measured = measure_picture_quality(recorded(moving(30)))
    assert (measured.value, measured.spoilt) == ("present", None)
    assert measured.evidence["picture.jpg"].media_type == "image/jpeg"
    found = by_quantity(measured)
    assert set(found) == {*QUANTITIES, "drowned-share"}
    for quantity, one in found.items():
        assert one.unit == QUANTITIES.get(quantity, ("", "1"))[1]
        assert one.method in wordings()
        assert one.value is None or one.lower <= one.value <= one.upper
        assert one.uncertainty is None or one.uncertainty > 0 or quantity == "picture-freeze"


def test_a_frozen_picture_is_found_with_its_beginning() -> None:
    found = by_quantity(measure_picture_quality(recorded(moving(70, still_from=24))))
    freeze = found["picture-freeze"]
    assert freeze.spoilt is None
    assert freeze.details["proven"]
    assert freeze.details["begins_s"] == pytest.approx(24 * 0.04, abs=0.13)
    assert freeze.lower is not None
    assert freeze.upper is not None
    assert freeze.lower <= 45 * 0.04 <= freeze.upper + 0.04


def test_a_still_scene_says_that_it_is_one() -> None:
    found = by_quantity(measure_picture_quality(recorded([moving(1)[0]] * 30)))
    freeze = found["picture-freeze"]
    assert (freeze.value, freeze.lower) == (0.0, 0.0)
    assert freeze.upper == pytest.approx(29 * 0.04, abs=0.01)
    assert not freeze.details["proven"]


@pytest.mark.parametrize(
    ("colour", "value", "reason"),
    [((176, 48, 16), "lost", None), ((180, 180, 180), None, "picture-signal.one-colour")],
)
def test_one_colour_is_a_lost_signal_or_perhaps_a_wall(
    colour: tuple[int, int, int], value: str | None, reason: str | None
) -> None:
    plain = np.full((SIZE[1], SIZE[0], 3), colour, np.uint8)
    measured = measure_picture_quality(recorded([plain] * 4, gop=2))
    assert measured.value == value
    assert (measured.spoilt and measured.spoilt.code) == reason
    assert list(readings_of(measured)) == []


def test_a_recording_of_nothing_says_so() -> None:
    whole = recorded(moving(2))
    empty = Recording(whole.kind, whole.subject, whole.started, whole.ended)
    measured = measure_picture_quality(empty)
    assert measured.spoilt is not None
    assert measured.spoilt.code == "picture-signal.no-recording"
    assert f"reason.{measured.spoilt.code}" in wordings()


def test_a_picture_too_small_to_look_at_says_so() -> None:
    measured = measure_picture_quality(recorded([one[:96, :128] for one in moving(2)], gop=1))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "picture-signal.too-small"
