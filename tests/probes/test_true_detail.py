"""Native pictures are told from enlarged ones; neither word is given for too little evidence."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from assessment.reason import Reason
from assessment.recording import Part, Recording
from benchmarks.material import Optics, camera_picture, upscale
from messages import catalogue
from probes.detail_judgement import judge_detail
from probes.resampling import AxisCopies
from probes.spectrum import axis_spectra
from probes.true_detail import measure_true_detail
from tests.picture_recordings import mosaic, recording_of, seen_by, street


def _luma(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def _snapshot(picture: np.ndarray, like: Recording) -> Recording:
    out = io.BytesIO()
    Image.fromarray(picture[:, :, ::-1]).save(out, "JPEG", quality=92)
    part = Part.of(out.getvalue(), "image/jpeg")
    return replace(like, kind="snapshot", parts={"snapshot.jpg": part})


def test_a_native_picture_of_photographs_is_native() -> None:
    measured = measure_true_detail(recording_of([seen_by((1920, 1080))]))
    assert measured.value == "native"
    assert measured.spoilt is None
    assert measured.details["source"] is None
    assert measured.evidence["detail.png"].media_type == "image/png"


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("size", [(1280, 720), (854, 480), (960, 540)])
def test_an_enlarged_picture_is_suspected_and_its_source_named(
    size: tuple[int, int], kernel: str
) -> None:
    measured = measure_true_detail(recording_of([seen_by(size, kernel)]))
    assert measured.value == "suspected"
    width, height = measured.details["source"]
    assert (width, height) == pytest.approx(size, abs=6)


@pytest.mark.parametrize("size", [(1440, 1080), (960, 1080)])
def test_a_picture_stretched_in_width_alone_is_suspected(size: tuple[int, int]) -> None:
    measured = measure_true_detail(recording_of([seen_by(size)]))
    assert measured.value == "suspected"
    assert measured.details["source"] == list(size)


@pytest.mark.parametrize("rendered", [None, (1280, 720), (854, 480)])
def test_h265_and_painted_scenes(rendered: tuple[int, int] | None) -> None:
    picture = street() if rendered is None else upscale(street("day", *rendered), "lanczos")
    measured = measure_true_detail(recording_of([picture], codec="libx265"))
    assert measured.value == ("native" if rendered is None else "suspected")


def test_text_burnt_in_at_full_size_does_not_hide_the_enlarging() -> None:
    picture = seen_by((1280, 720)).copy()
    for row in (70, 1030):
        cv2.putText(picture, "2026-11-23 08:44:20 GATE 01", (30, row), 0, 1.6, (255, 255, 255), 4)
    assert measure_true_detail(recording_of([picture])).value == "suspected"


def test_a_larger_sensor_scaled_down_is_never_suspected() -> None:
    for kernel in ("bilinear", "bicubic"):
        value = measure_true_detail(recording_of([seen_by((2560, 1440), kernel)])).value
        assert value != "suspected"


def test_larger_native_pictures_are_not_suspected() -> None:
    large = street("day", 2560, 1440)
    assert judge_detail([_luma(large)]).value == "native"


@pytest.mark.parametrize("scene", ["fog", "wall", "night-unlit"])
def test_a_scene_without_detail_is_inconclusive(scene: str) -> None:
    measured = measure_true_detail(recording_of([street(scene)]))
    assert measured.value is None
    assert measured.spoilt is not None
    assert measured.spoilt.code == "true-detail.no-detail"


def test_a_defocused_native_picture_is_neither_native_nor_suspected() -> None:
    blurred = cv2.GaussianBlur(seen_by((1920, 1080)), (0, 0), 1.8)
    assert measure_true_detail(recording_of([blurred])).value is None


@pytest.mark.parametrize("period", [12, 18, 36])
def test_a_fence_is_not_taken_for_enlarging(period: int) -> None:
    scene = mosaic().copy()
    columns = np.arange(scene.shape[1])
    bars = (columns % (2 * period)) < 0.9 * period
    scene[:, : 2 * scene.shape[1] // 3][:, bars[: 2 * scene.shape[1] // 3]] = 200
    picture = camera_picture(scene, (1920, 1080), Optics(0.4, 1.0), np.random.default_rng(2))
    assert measure_true_detail(recording_of([picture])).value != "suspected"


def test_the_snapshot_confirms_weak_copies_and_nothing_else() -> None:
    starved = recording_of([seen_by((1280, 720))], rate=8000)
    alone = measure_true_detail(starved)
    sharp = _snapshot(seen_by((1280, 720)), starved)
    other = _snapshot(seen_by((1920, 1080)), starved)
    heard = measure_true_detail(starved, snapshot=sharp)
    assert heard.details["snapshot"]["value"] == "suspected"
    assert alone.spoilt is not None
    assert alone.spoilt.code == "true-detail.weak-copies"
    assert heard.value == "suspected"
    assert heard.spoilt is None
    native = recording_of([seen_by((1920, 1080))])
    assert measure_true_detail(native, snapshot=sharp).value == "native"
    assert measure_true_detail(starved, snapshot=other).value == alone.value


def test_the_sub_stream_is_compared() -> None:
    main, small = recording_of([street()]), recording_of([street("day", 640, 360)])
    details = measure_true_detail(main, sub=small).details["sub"]
    enlarged = recording_of([upscale(street("day", 640, 360), "bicubic")])
    less = measure_true_detail(enlarged, sub=small).details["sub"]
    assert details["likeness"] > 0.9
    assert less["beyond_db"] < details["beyond_db"] - 6
    other = recording_of([cv2.flip(street("night-colour", 640, 360), 1)])
    assert measure_true_detail(main, sub=other).details["sub"]["beyond_db"] is None


def test_nothing_to_look_at_is_inconclusive() -> None:
    recording = recording_of([street()])
    lost = replace(recording, parts={}, problem=Reason("visit.timeout", {"seconds": 5}))
    assert measure_true_detail(lost).value is None
    assert measure_true_detail(lost).spoilt == lost.problem
    small = recording_of([street("day", 320, 180)])
    spoilt = measure_true_detail(small).spoilt
    assert spoilt is not None
    assert spoilt.code == "true-detail.too-small"
    assert judge_detail([]).reason == Reason("true-detail.no-picture")


def test_copies_are_found_at_their_size_only() -> None:
    luma = _luma(seen_by((1280, 720), "bilinear"))
    copies = AxisCopies([axis_spectra(luma, 1)])
    assert copies.of(1280).share > 0.8
    assert copies.of(1366).share < 0.15
    assert copies.rival(1280) < 0.2
    assert copies.of(1280).log10_chance < -20
    with pytest.raises(ValueError, match="one picture size"):
        AxisCopies([])


def test_a_picture_smaller_than_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        axis_spectra(np.zeros((100, 100), np.uint8), 1)


def test_every_reason_and_value_is_worded() -> None:
    for code in ("no-picture", "too-small", "no-detail", "weak-copies", "repeating-scene", "soft"):
        assert set(catalogue()[f"reason.true-detail.{code}"]) == {"zh", "en"}
    assert "method.true-detail" in catalogue()
