import cv2
import numpy as np
import pytest

from simulators.camera import overlay, scenes


def chroma_spread(frame):
    """Spread of colour over blocks of a sixteenth of the picture: noise averages out."""
    small = cv2.resize(frame, (16, 9), interpolation=cv2.INTER_AREA)
    channels = cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb)[:, :, 1:].astype(float)
    return channels.std(axis=(0, 1)).max()


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_every_scene_is_the_same_each_time_and_of_the_size_asked(scene):
    frame = scenes.render(scene, 7, 320, 180)
    assert frame.shape == (180, 320, 3)
    assert frame.dtype == np.uint8
    assert np.array_equal(frame, scenes.render(scene, 7, 320, 180))
    assert not np.array_equal(frame, scenes.render(scene, 8, 320, 180))


def test_light_decides_brightness_and_colour():
    shown = {scene: scenes.render(scene, 3, 640, 360) for scene in scenes.SCENES}
    bright = {scene: frame.mean() for scene, frame in shown.items()}
    assert bright["day"] > bright["night-white-light"] > 2 * bright["night-colour"]
    assert bright["night-unlit"] < 4
    assert chroma_spread(shown["night-white-light"]) > 4
    assert chroma_spread(shown["night-infrared"]) < 0.5
    middle = shown["night-white-light"][100:260, 220:420].mean()
    assert middle > 1.5 * shown["night-white-light"][100:260, :60].mean()


def test_one_exposure_clips_what_wide_dynamic_range_keeps():
    plain = scenes.render("high-contrast", 0, 640, 360)
    wide = scenes.render("high-contrast-wdr", 0, 640, 360)
    clipped = [np.mean((frame < 6) | (frame > 250)) for frame in (plain, wide)]
    assert clipped[0] > 0.4
    assert clipped[1] < 0.1


def test_native_pictures_hold_detail_that_enlarged_ones_lack():
    def fine_share(frame):
        luma = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.float32)
        rows = np.abs(np.fft.rfft(luma - luma.mean(), axis=1)) ** 2
        spectrum = rows.mean(axis=0)
        return spectrum[round(0.75 * 960) : round(0.95 * 960)].sum() / spectrum[1:].sum()

    native = scenes.render("static", 0, 1920, 1080)
    small = scenes.render("static", 0, 1280, 720)
    enlarged = cv2.resize(small, (1920, 1080), interpolation=cv2.INTER_CUBIC)
    assert fine_share(native) > 10 * fine_share(enlarged)


def test_defective_colour():
    frame = scenes.render("night-white-light", 5, 640, 360)
    assert chroma_spread(scenes.apply_look(frame, "monochrome", 5)) == 0
    noisy = scenes.apply_look(frame, "chroma-noise", 5)
    assert chroma_spread(noisy) < 1.5
    assert np.std(noisy[:, :, 0].astype(int) - noisy[:, :, 2]) > 8
    tinted = scenes.apply_look(frame, "tint", 5)
    assert chroma_spread(tinted) < 2.5
    assert abs(int(np.median(tinted[:, :, 0])) - int(np.median(tinted[:, :, 1]))) > 15


@pytest.mark.parametrize("wrong", ["look", "scene"])
def test_unknown_names_are_refused(wrong):
    frame = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError):
        scenes.apply_look(frame, "?", 0) if wrong == "look" else scenes.render("?", 0, 16, 16)


def test_the_clock_text_is_beijing_time():
    assert overlay.clock_text(1_795_393_460.9) == "2026-11-23 08:24:20"
    assert overlay.clock_text(1_795_393_460.9, 0) == "2026-11-23 00:24:20"


def test_burnt_text_is_white_with_a_dark_outline_and_clips_at_the_edge():
    picture = np.full((40, 200, 3), 128, np.uint8)
    overlay.burn(picture, "88:88", 150, 8, 20)
    drawn = picture[:, 150:]
    assert drawn.max() == 255
    assert drawn.min() < 10
    assert (picture[:, :148] == 128).all()
