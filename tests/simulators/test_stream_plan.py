import itertools

import pytest

from simulators.behaviours import registry
from simulators.camera import sound, stream_plan
from simulators.camera.state import CameraState
from simulators.camera.stream_plan import delivery, offered_encodings


def camera(*behaviours, light="day", **changes):
    state = CameraState("127.10.0.1", "test", behaviours=set(behaviours), **changes)
    state.light = light
    stream_plan.configure(state)
    sound.configure(state)
    return state


def plan(*behaviours, light="day", elapsed=0.0, **changes):
    return stream_plan.stream_plan(
        camera(*behaviours, light=light, **changes), "main", elapsed=elapsed
    )


def test_a_compliant_camera():
    by_day = plan()
    assert (by_day.codec, by_day.width, by_day.height, by_day.fps) == ("H264", 1920, 1080, 25)
    assert (by_day.scene, by_day.look, by_day.damage, by_day.rendered) == ("day", "", "", None)
    assert plan(light="night").scene == "night-white-light"
    assert delivery(camera(), "main") == stream_plan.Delivery()


@pytest.mark.parametrize(
    ("name", "light", "expected"),
    [
        ("720p", "day", {"width": 1280, "height": 720}),
        ("claims-1080p-streams-720p", "day", {"width": 1280, "height": 720}),
        ("upscaled-from-720p", "day", {"width": 1920, "rendered": (1280, 720)}),
        ("upscaled-from-480p", "day", {"rendered": (854, 480), "resample": "lanczos"}),
        ("cropped-1920x1072", "day", {"height": 1080, "crop_bottom": 8}),
        ("anamorphic-1440x1080", "day", {"width": 1440, "height": 1080, "aspect": (4, 3)}),
        ("20fps", "day", {"fps": 20.0, "declared_fps": 0.0}),
        ("24fps", "day", {"fps": 24.0}),
        ("claims-25-sends-15", "day", {"fps": 15.0, "declared_fps": 25.0}),
        ("repeated-frames", "day", {"repeat_every": 5, "fps": 25.0}),
        ("night-frame-rate-drop", "night", {"fps": 12.5}),
        ("night-frame-rate-drop", "day", {"fps": 25.0}),
        ("h265-15fps", "day", {"codec": "H265", "fps": 15.0}),
        ("monochrome-at-night", "night", {"look": "monochrome"}),
        ("monochrome-at-night", "day", {"look": ""}),
        ("ir-cut-mode", "night", {"scene": "night-infrared"}),
        ("false-tint-over-grey", "night", {"look": "tint"}),
        ("chroma-noise-only", "night", {"look": "chroma-noise"}),
        ("black-picture-at-night", "night", {"scene": "night-unlit"}),
        ("colour-only-in-osd", "night", {"look": "monochrome", "caption": "CAMERA 01 GATE"}),
        ("infrared-only", "night", {"scene": "night-infrared"}),
        ("no-light", "night", {"scene": "night-colour"}),
        ("light-stuck-off", "night", {"scene": "night-colour"}),
        ("coloured-light", "night", {"scene": "night-coloured-light"}),
        ("sdp-says-h264-stream-is-h265", "day", {"codec": "H265"}),
        ("undecodable-h264", "day", {"damage": "slices"}),
        ("no-key-picture", "day", {"damage": "no-key-picture"}),
        ("h264-missing", "day", {"codec": "H265"}),
        ("h265-main", "day", {"codec": "H265"}),
        ("30fps", "day", {"fps": 30.0}),
        ("50fps", "day", {"fps": 50.0}),
        ("2560x1440", "day", {"width": 2560, "height": 1440}),
        ("4k", "day", {"width": 3840, "height": 2160}),
        ("b-frames", "day", {"b_frames": 2}),
        ("multi-slice", "day", {"slices": 4}),
        ("low-bitrate", "day", {"bitrate_kbps": 1024}),
        ("25fps-vui-absent", "day", {"timing_info": False}),
        ("static-scene", "day", {"still": True}),
    ],
)
def test_a_behaviour_changes_what_it_says(name, light, expected):
    spec = plan(name, light=light)
    assert {key: getattr(spec, key) for key in expected} == expected
    assert name in registry()


@pytest.mark.parametrize(("lamp", "scene"), [("on", "night-white-light"), ("off", "night-colour")])
def test_the_lamp_decides_what_is_seen_by_night(lamp, scene):
    assert plan(light="night", white_light=lamp).scene == scene


def test_the_infrared_filter_held_in_keeps_the_colour():
    assert plan("ir-cut-mode", light="night", ir_cut="ON").scene == "night-white-light"


def test_wide_dynamic_range_changes_the_contrasty_scene():
    assert plan(light="high-contrast").scene == "high-contrast"
    assert plan(light="high-contrast", wide_dynamic_range="ON").scene == "high-contrast-wdr"


def test_the_size_falls_after_four_seconds_only():
    name = "resolution-falls-under-load"
    assert plan(name, elapsed=3.9).width == 1920
    assert plan(name, elapsed=4.0).width == 1280


def test_the_slow_switch_is_grey_for_a_minute():
    state = camera("slow-switch-60s", light="night")
    early = stream_plan.stream_plan(state, "main", light_age=state.light_age)
    late = stream_plan.stream_plan(state, "main", light_age=60.0)
    assert (early.scene, early.look) == ("night-infrared", "monochrome")
    assert (late.scene, late.look) == ("night-white-light", "")


def test_jpeg_settings_are_obeyed_within_what_rtp_carries():
    state = camera("mjpeg-broken-restart-markers")
    state.main.encoding, state.main.width, state.main.height = "JPEG", 2560, 1440
    spec = stream_plan.stream_plan(state, "main")
    assert (spec.codec, spec.width, spec.damage) == ("JPEG", 1920, "restart-markers")


def test_h265_that_is_claimed_only():
    state = camera("h265-claimed-not-streamed")
    state.main.encoding = "H265"
    assert stream_plan.stream_plan(state, "main").codec == "H264"
    assert "H265" in offered_encodings(state)


def test_offered_encodings():
    assert offered_encodings(camera()) == ("H264", "H265", "JPEG")
    assert "H264" not in offered_encodings(camera("h264-missing"))
    assert "JPEG" not in offered_encodings(camera("mjpeg-missing"))
    assert camera("mjpeg-missing").third.encoding == "H264"


def test_defects_of_pace_are_the_main_streams():
    state = camera("timestamps-lie", "bursts-average-25-with-gaps", "rtp-jitter-30ms")
    assert delivery(state, "main").pace == 0.72
    assert delivery(state, "main").bursts
    assert delivery(state, "sub") == stream_plan.Delivery(jitter_s=0.03)


def test_bursts_leave_half_of_each_second_empty_and_average_25():
    times = [stream_plan.Delivery(bursts=True).capture_time(k / 25, 25) for k in range(100)]
    assert times == sorted(times)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert sum(gap > 0.5 for gap in gaps) == 3
    assert max(times) < 4


def test_audio_behaviours():
    assert camera("aac-only").audio_encoding == "AAC"
    assert sound.sound_of(camera("no-audio-track")) is None
    assert set(sound.sound_of(camera("silent-audio")).payloads) == {b"\xd5" * 320}
    wrong = sound.sound_of(camera("wrong-sample-rate"))
    assert (wrong.format.clock_rate, wrong.ticks / wrong.packet_s) == (8000, 16000)
