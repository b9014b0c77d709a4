"""Each instrument: a sound picture, a fault that grows, and a scene that tells nothing."""

import cv2
import numpy as np
import pytest

from probes.picture_quality.signal import signal
from standard.quality_profile import ANALYSIS, load_profile
from tests.probes.picture_quality.material import (
    coded,
    grey,
    read,
    scene,
    sound,
    spoilt,
    value,
    view_of,
)

LIMITS = load_profile(ANALYSIS).limits


@pytest.mark.parametrize(
    ("quantity", "fault", "strengths"),
    [
        ("picture-blur", "blurred", (3.0, 5.0, 8.0)),
        ("burnt-out-share", "over-exposed", (1.0, 2.0, 4.0)),
        ("covered-share", "occluded", (0.3, 0.6, 0.9)),
        ("colour-cast", "colour-cast", (0.6, 0.8, 1.0)),
        ("picture-stripes", "stripes", (10.0, 14.0, 20.0)),
        ("picture-noise", "heavy-noise", (5.0, 10.0, 20.0)),
    ],
)
def test_a_reading_grows_with_its_fault(
    quantity: str, fault: str, strengths: tuple[float, ...]
) -> None:
    read_ = [value(quantity, sound()), *(value(quantity, spoilt(fault, one)) for one in strengths)]
    assert read_ == sorted(read_)
    limit = LIMITS[quantity]
    assert read_[0] < float(limit.accept.value)
    assert read_[-1] > float(limit.reject.value)


@pytest.mark.parametrize("quantity", [one for one in LIMITS if one != "picture-freeze"])
def test_a_sound_picture_is_within_every_limit(quantity: str) -> None:
    found = value(quantity, sound())
    limit = LIMITS[quantity].accept
    if limit.bound == "at_least":
        assert found > float(limit.value)
    else:
        assert found < float(limit.value)


def test_under_exposure_darkens_the_mean() -> None:
    assert value("mean-luma", spoilt("under-exposed", 7.0)) < 25 < 100 < value("mean-luma", sound())


def test_noise_of_known_deviation_is_measured() -> None:
    assert value("picture-noise", spoilt("heavy-noise", 12.0)) == pytest.approx(8.3, abs=1.0)


def test_texture_is_no_noise() -> None:
    """Grass and gravel are rough in every picture, and the same in the next."""
    rough = np.random.default_rng(2).integers(60, 200, (540, 960, 3)).astype(np.uint8)
    assert value("picture-noise", [view_of(rough), view_of(rough)]) < 0.1


def test_one_key_picture_tells_no_noise() -> None:
    spoken = read("picture-noise", sound()[:1]).spoilt
    assert spoken is not None
    assert spoken.code == "picture-noise.one-picture"


def test_a_widened_edge_is_measured_in_pixels_of_1080_lines() -> None:
    picture = np.full((540, 960, 3), 60, np.uint8)
    picture[:, ::120] = 60
    for column in range(60, 960, 120):
        picture[:, column : column + 60] = 200
    for sigma in (2.0, 3.0):  # at 540 lines: 4 and 6 at 1080
        soft = view_of(np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8))
        assert value("picture-blur", [soft]) == pytest.approx(2 * sigma, rel=0.12)


def test_burnt_in_text_does_not_make_a_blurred_picture_sharp() -> None:
    from simulators.camera import overlay

    views = []
    for view in scene():
        soft = np.asarray(cv2.GaussianBlur(view, (0, 0), 4.0), np.uint8)
        overlay.burn(soft, "2026-11-23 08:24:20", 10, 8, 34)
        views.append(view_of(soft))
    assert value("picture-blur", views) > 3.2


def test_without_edges_nothing_is_said_of_sharpness() -> None:
    spoken = read("picture-blur", sound("wall")).spoilt
    assert spoken is not None
    assert spoken.code == "picture-blur.no-edges"


def test_a_wall_and_fog_are_neither_covered_nor_lost() -> None:
    for name in ("wall", "fog"):
        found = read("covered-share", sound(name))
        assert found.reading is not None
        assert found.reading.value == 0
        assert found.spoilt is not None
        assert found.spoilt.code == "covered-share.featureless"


def test_a_dark_scene_is_not_called_covered() -> None:
    spoken = read("covered-share", spoilt("under-exposed", 7.0)).spoilt
    assert spoken is not None
    assert spoken.code == "covered-share.dark-scene"


def test_one_hue_is_no_cast() -> None:
    """A red brick wall fills the picture: nothing says whether the light or the wall is red."""
    lumas = np.random.default_rng(1).integers(60, 180, (27, 48)).astype(np.float32)
    light = cv2.resize(lumas, (960, 540), interpolation=cv2.INTER_NEAREST)
    bricks = np.clip(light[:, :, None] * np.array((0.5, 0.6, 1.0), np.float32), 0, 255)
    spoken = read("colour-cast", [view_of(bricks.astype(np.uint8))]).spoilt
    assert spoken is not None
    assert spoken.code == "colour-cast.one-hue"


def test_blocks_of_a_starved_encoder_are_seen_and_those_of_a_fed_one_are_not() -> None:
    pictures = [scene()[at % 3] for at in range(7)]
    assert value("picture-blocking", coded(pictures, 1500, 6)) < 12
    assert value("picture-blocking", coded(pictures, 60, 6)) > 20


def test_a_fence_is_neither_blocking_nor_stripes() -> None:
    picture = scene()[0].copy()
    picture[150:400, ::8] = 30
    fenced = [view_of(picture)] * 2
    assert value("picture-blocking", fenced) < 12
    assert value("picture-stripes", fenced) < 2


def test_a_lost_signal_is_told_from_a_wall() -> None:
    lost = signal(spoilt("signal-lost", 1.0))
    assert not lost.present
    assert abs(lost.blue) + abs(lost.red) > 40
    wall = signal([grey(180)])
    assert not wall.present
    assert abs(wall.blue) + abs(wall.red) < 10
    assert signal(sound()).present
    assert signal(spoilt("occluded", 0.85)).present
