"""The real command against GStreamer's RTSP server playing photographs and films of known truth.

All seven sources and all requirements: ``python -m benchmarks.interop_run``; docs/interop.md.
"""

from __future__ import annotations

import pytest

from benchmarks.interop_run import (
    CAMERAS,
    findings_in,
    make_clip,
    results_in,
    run_acceptance,
    run_command,
    served,
)

NATIVE, ENLARGED, SLOW = (
    "photographs-h264",
    "photographs-enlarged-720p-h265",
    "tiles-20fps-without-sound",
)
NETWORK = "127.23.8"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return tmp_path_factory.mktemp("interop")


@pytest.fixture(scope="module")
def found(clips):
    """Every verdict and reason code by requirement and camera."""
    only = ("4.3.1-c1", "4.3.1-c2", "4.3.1-c3", "4.3.1-h")
    results, said = run_acceptance((NATIVE, ENLARGED, SLOW), clips, network=NETWORK, only=only)
    assert "inspector:" not in said
    outcomes: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for requirement, camera, verdict, reason in findings_in(results):
        outcomes.setdefault((requirement, camera), []).append((verdict, reason["code"]))
    return outcomes


@pytest.mark.timeout(240)
def test_enlarged_photographs_are_told_from_native_ones(found):
    assert ("pass", "true-detail.native") in found["4.3.1-c1", NATIVE]
    assert ("fail", "true-detail.suspected") in found["4.3.1-c1", ENLARGED]
    for camera in (NATIVE, ENLARGED, SLOW):
        assert ("pass", "picture-long-side.within-limit") in found["4.3.1-c1", camera]


def test_twenty_pictures_a_second_are_too_few(found):
    assert ("fail", "frame-rate.below-limit") in found["4.3.1-c2", SLOW]
    assert ("inconclusive", "frame-rate.static-scene") in found["4.3.1-c2", NATIVE]


@pytest.mark.parametrize("camera", [NATIVE, ENLARGED, SLOW])
def test_b_pictures_that_wait_for_their_reference_are_no_bursts(found, camera):
    assert "frame-rate.unsteady" not in [code for _, code in found["4.3.1-c2", camera]]


@pytest.mark.parametrize("camera", [NATIVE, ENLARGED, SLOW])
def test_the_footage_is_in_colour_and_the_night_stays_open(found, camera):
    assert found["4.3.1-c3", camera] == [
        ("pass", "colour.colour"),
        ("inconclusive", "visit.rig-failed"),
    ]


def test_sound(found):
    assert found["4.3.1-h", NATIVE] == [("pass", "audio-codec.sounds")]
    assert found["4.3.1-h", SLOW] == [("fail", "audio-codec.none")]


@pytest.mark.timeout(120)
def test_an_rtsp_address_alone_is_never_held_against_the_device(clips):
    out = clips / "alone"
    only = ("4.3.1-b", "4.3.1-c4", "4.3.1-g1", "4.3.3.5-b", "4.3.3.5-c", "4.3.3.5-d")
    words = [word for one in only for word in ("--only", one)]
    with served(CAMERAS[NATIVE], make_clip(CAMERAS[NATIVE], clips, NATIVE), f"{NETWORK}.9") as uri:
        said = run_command("--camera", uri, *words, "--lang", "en", "--out", str(out))
    findings = list(findings_in(results_in(out, said)))
    assert {requirement for requirement, *_ in findings} == set(only)
    assert {(requirement, verdict) for requirement, _, verdict, _ in findings} == {
        *((requirement, "inconclusive") for requirement in only),
        ("4.3.1-g1", "pass"),
    }
