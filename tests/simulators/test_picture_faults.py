"""The faults of a picture: each does what it says, by its strength, and begins when it shall."""

import numpy as np
import pytest

from simulators.camera import stream_plan
from simulators.camera.picture_faults import FAULTS, spoil
from simulators.camera.scenes import render
from simulators.camera.state import CameraState

SOUND = render("day", 0, 480, 270)


def changed(fault: str, strength: float) -> float:
    """Mean change of a sound picture in grey levels."""
    spoilt = spoil(SOUND, fault, strength, 0).astype(np.int16)
    return float(np.abs(spoilt - SOUND).mean())


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "signal-lost"])
def test_more_strength_spoils_more(fault: str) -> None:
    usual = FAULTS[fault].usual
    assert 0 < changed(fault, usual / 4) < changed(fault, usual / 2) < changed(fault, usual)


def test_what_is_covered_is_the_share_that_was_asked_for() -> None:
    for share in (0.3, 0.6, 0.9):
        dark = spoil(np.full_like(SOUND, 200), "occluded", share, 0).mean(axis=2) < 115
        assert dark.mean() == pytest.approx(share, abs=0.02)


def test_a_lost_signal_is_one_colour() -> None:
    assert not np.ptp(spoil(SOUND, "signal-lost", 1.0, 0).reshape(-1, 3), axis=0).any()


def plan(name: str, elapsed: float = 5.0, **changes: float) -> stream_plan.ClipSpec:
    state = CameraState("127.10.0.1", "test", behaviours={name}, **changes)  # type: ignore[arg-type]
    return stream_plan.stream_plan(state, "main", elapsed=elapsed)


def test_strength_and_beginning_are_parameters() -> None:
    assert (plan("blurred").fault, plan("blurred").strength) == ("blurred", 6.0)
    assert plan("blurred", strengths={"blurred": 2.5}).strength == 2.5
    assert plan("blurred", elapsed=3.9, faults_from_s=4.0).fault == ""
    assert plan("blurred", elapsed=4.0, faults_from_s=4.0).fault == "blurred"


def test_a_frozen_sensor_stops_some_seconds_after_play() -> None:
    assert plan("frozen", elapsed=2.9).held is None
    assert plan("frozen", elapsed=3.0).held == 0
    assert plan("frozen", elapsed=1.5, strengths={"frozen": 1.5}).held == 0


def test_a_starved_stream_has_its_bit_rate() -> None:
    starved = plan("blocky-bitrate-starved", strengths={"blocky-bitrate-starved": 90.0})
    assert (starved.bitrate_kbps, starved.starved) == (90, True)
    sub = stream_plan.stream_plan(
        CameraState("127.10.0.1", "test", behaviours={"blocky-bitrate-starved"}), "sub"
    )
    assert not sub.starved
