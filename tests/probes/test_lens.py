"""A lens that zooms and refocuses is told from one that does not."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest

from assessment.reason import Reason
from assessment.recording import Recording
from messages import catalogue
from probes.lens import measure_lens
from probes.registration import compare_sharpness, register
from protocols.pcap import write_pcap
from simulators.camera.encoders import ClipSpec
from simulators.camera.encoders import picture as painted
from tests.gb28181_recordings import Talk, bye, invite, media_packets, program_stream
from tests.picture_recordings import lens_recording
from tests.stream_recordings import encode

SMALL = (960, 540)


@lru_cache(maxsize=4)
def view(zoom: float = 1.0, blur: float = 0.0) -> np.ndarray:
    """The painted street, half the usual size to be quick."""
    return painted(ClipSpec(width=SMALL[0], height=SMALL[1], zoom=zoom, blur=2 * blur), 0)


def test_a_lens_that_zooms_and_refocuses() -> None:
    zoom, sharpness = measure_lens(lens_recording(view(), view(1.5)))
    assert zoom.value == "zooms"
    assert zoom.details["ratio_lower"] < 1.5 < zoom.details["ratio_upper"]
    assert zoom.details["ratio_back"] == pytest.approx(1.0, abs=0.01)
    assert isinstance(sharpness.value, float)
    assert sharpness.value > 0.85
    assert sharpness.lower is not None
    assert sharpness.lower <= sharpness.value
    assert set(zoom.evidence) == {"before.jpg", "near.jpg", "back.jpg"}


def test_a_picture_that_stays_is_no_zoom() -> None:
    (zoom,) = measure_lens(lens_recording(view(), view()))
    assert zoom.value == "still"


def test_a_lens_out_of_focus_there_or_back() -> None:
    _, there = measure_lens(lens_recording(view(), view(1.5, 4.0)))
    assert there.upper is not None
    assert there.upper < 0.7
    _, back = measure_lens(lens_recording(view(), view(1.5), view(1.0, 4.0)))
    assert back.upper is not None
    assert back.upper < 0.7
    assert back.details["sharpness_there"] > 0.85


def test_driven_outwards_counts_as_well() -> None:
    zoom, sharpness = measure_lens(lens_recording(view(1.5), view()))
    assert zoom.value == "zooms"
    assert zoom.details["ratio"] < 0.7
    assert isinstance(sharpness.value, float)
    assert sharpness.value > 0.85


def test_what_the_visit_says_comes_first() -> None:
    (fixed,) = measure_lens(lens_recording(view(), None, offered=False, move=None))
    assert fixed.value == "fixed"
    move = {"accepted": False, "detail": "ActionNotSupported"}
    (refused,) = measure_lens(lens_recording(view(), view(), move=move))
    assert refused.value == "refused"
    (lost,) = measure_lens(lens_recording(view(), None))
    assert lost.spoilt == Reason("lens-zoom.no-picture", {"part": "near"})


def test_views_of_other_places_are_not_laid_over_each_other() -> None:
    other = cv2.flip(view(), 0)
    (zoom,) = measure_lens(lens_recording(view(), other))
    assert zoom.spoilt == Reason("lens-zoom.not-registered")
    black = np.zeros_like(other)
    (zoom,) = measure_lens(lens_recording(black, black))
    assert zoom.spoilt == Reason("lens-zoom.not-registered")


def test_a_wall_tells_nothing_of_sharpness() -> None:
    before = cv2.cvtColor(view(), cv2.COLOR_BGR2GRAY)
    found = register(before, before)
    assert found is not None
    assert compare_sharpness(np.full_like(before, 90), np.full_like(before, 90), found) is None


@pytest.mark.parametrize("size", [(64, 48), (1, 1), (1920, 16)])
def test_pictures_of_any_size_are_survived(size: tuple[int, int]) -> None:
    small = np.zeros((size[1], size[0]), np.uint8)
    assert register(small, np.full_like(small, 9)) is None


def registered(near: np.ndarray, ptz_type: int | None) -> Recording:
    """The visit to a device that only registers: one session, a moment for each look."""
    talk = Talk()
    step = invite(talk)
    begun = talk.at
    wide, there = (
        cv2.resize(one, (640, 360), interpolation=cv2.INTER_AREA) for one in (view(), near)
    )
    pictures = encode([wide] * 10 + [there] * 10 + [wide] * 10, gop=10)
    packets = media_packets(program_stream(pictures), begun)
    talk.at = begun + 2
    bye(talk, step)
    return talk.recording(
        "lens",
        [step],
        parts={"media-1.pcap": write_pcap(packets)},
        ptz_type=ptz_type,
        offered=None,
        move={"way": "gb28181", "accepted": True},
        looks={"before": begun + 0.38, "near": begun + 0.78, "back": begun + 1.2},
    )


def test_a_device_that_only_registers_is_looked_at_in_its_session() -> None:
    zoom, sharpness = measure_lens(registered(view(1.5), 1))
    assert zoom.value == "zooms"
    assert zoom.details["ratio"] == pytest.approx(1.5, rel=0.02)
    assert zoom.details["ratio_back"] == pytest.approx(1.0, abs=0.02)
    assert isinstance(sharpness.value, float)
    assert sharpness.value > 0.8


def test_what_never_said_that_it_zooms_is_not_blamed() -> None:
    (dome,) = measure_lens(registered(view(), 1))
    assert dome.value == "still"
    (unknown,) = measure_lens(registered(view(), None))
    assert unknown.spoilt is not None
    assert unknown.spoilt.code == "lens-zoom.form-unknown"


def test_every_reason_has_words() -> None:
    codes = ("zooms", "fixed", "still", "refused", "no-picture", "not-registered", "unclear")
    for code in (*codes, "form-unknown"):
        assert f"reason.lens-zoom.{code}" in catalogue()
    assert "reason.zoom-sharpness.no-texture" in catalogue()
