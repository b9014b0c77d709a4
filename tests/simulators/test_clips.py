import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest

from protocols import h264
from simulators.camera import clips, encoders
from simulators.camera.clips import ClipSpec, encode
from simulators.camera.state import CameraState

SMALL = ClipSpec(width=320, height=180, seconds=1.0, bitrate_kbps=600)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    memory = clips._Memory()
    memory.folder = tmp_path
    monkeypatch.setattr(clips, "_MEMORY", memory)
    return tmp_path


def decoded(clip, kind="h264"):
    stream = io.BytesIO(b"".join(unit.data for unit in clip.access_units))
    with av.open(stream, format=kind) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def formats(clip):
    for unit in clip.access_units:
        for nal in h264.split_annex_b(unit.data):
            if h264.nal_type(nal) == h264.SEQUENCE_PARAMETERS:
                yield h264.parse_sequence_parameters(nal)


@pytest.mark.parametrize(("codec", "kind"), [("H264", "h264"), ("H265", "hevc"), ("JPEG", "mjpeg")])
def test_a_clip_decodes_to_the_pictures_that_went_in(codec, kind):
    clip = encode(replace(SMALL, codec=codec))
    pictures = decoded(clip, kind)
    assert len(pictures) == len(clip.access_units) == 25
    assert clip.access_units[0].key
    wanted = encoders.picture(SMALL, 12)
    assert cv2.PSNR(wanted, pictures[12]) > 24


def test_a_second_process_finds_the_clip_in_the_folder(folder, monkeypatch):
    first = encode(SMALL)
    (file,) = folder.iterdir()
    again = clips._Memory()
    again.folder = folder
    monkeypatch.setattr(clips, "_MEMORY", again)
    monkeypatch.setattr(encoders, "encode_clip", lambda spec: pytest.fail("encoded twice"))
    assert encode(SMALL) == first
    assert file.suffix == ".clip"


@pytest.mark.parametrize("damage", [b"", b"junk", None], ids=range(3))
def test_a_damaged_file_is_made_anew(folder, monkeypatch, damage):
    first = encode(SMALL)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-7] if damage is None else damage)
    again = clips._Memory()
    again.folder = folder
    monkeypatch.setattr(clips, "_MEMORY", again)
    assert encode(SMALL) == first
    assert file.read_bytes() == whole


def test_threads_that_ask_at_once_encode_once(folder, monkeypatch):
    counted = []
    real = encoders.encode_clip
    monkeypatch.setattr(encoders, "encode_clip", lambda spec: counted.append(spec) or real(spec))
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(encode, [SMALL] * 4))
    assert len(counted) == 1
    assert made[0] is made[3]


def test_cropping_aspect_and_missing_timing_are_in_the_parameter_set():
    size = {"width": 320, "height": 192}
    (cropped,) = set(formats(encode(replace(SMALL, **size, crop_bottom=8))))
    assert (cropped.width, cropped.height) == (320, 184)
    (wide,) = set(formats(encode(replace(SMALL, width=240, aspect=(4, 3)))))
    assert wide.sample_aspect == (4, 3)
    (plain,) = set(formats(encode(SMALL)))
    assert plain.frame_rate == 25
    (silent,) = set(formats(encode(replace(SMALL, timing_info=False))))
    assert silent.frame_rate is None
    assert len(decoded(encode(replace(SMALL, timing_info=False)))) == 25


def test_declared_rate_may_differ_from_the_pictures():
    clip = encode(replace(SMALL, fps=15.0, declared_fps=25.0))
    assert len(clip.access_units) == 15
    assert next(formats(clip)).frame_rate == 25


def test_b_pictures_are_out_of_order():
    clip = encode(replace(SMALL, b_frames=2))
    shown = [unit.shown for unit in clip.access_units]
    assert shown != sorted(shown)
    assert sorted(shown) == pytest.approx([index / 25 for index in range(25)])


def test_repeated_pictures_are_coded_anew():
    spec = replace(SMALL, repeat_every=5)
    assert np.array_equal(encoders.picture(spec, 9), encoders.picture(spec, 8))
    assert not np.array_equal(encoders.picture(spec, 8), encoders.picture(spec, 7))


def test_a_clip_without_key_picture():
    assert not any(
        unit.key for unit in encode(replace(SMALL, damage="no-key-picture")).access_units
    )


def test_scrambled_slices_do_not_decode():
    clip = encode(replace(SMALL, damage="slices"))
    with pytest.raises(av.error.InvalidDataError):
        decoded(clip)


def test_broken_restart_markers_spoil_the_picture():
    spec = replace(SMALL, codec="JPEG")
    whole, broken = encode(spec), encode(replace(spec, damage="restart-markers"))
    pictures = [
        cv2.imdecode(np.frombuffer(clip.access_units[0].data, np.uint8), cv2.IMREAD_COLOR)
        for clip in (whole, broken)
    ]
    assert cv2.PSNR(*pictures) < 22


def test_footage_takes_the_place_of_the_scene(tmp_path):
    path = tmp_path / "footage.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for level in range(10):
            picture = np.full((96, 160, 3), 20 * level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    spec = replace(SMALL, footage=str(path))
    shown = [encoders.picture(spec, index) for index in (0, 5, 10)]
    assert shown[0].shape == (180, 320, 3)
    assert [round(picture.mean() / 20) for picture in shown] == [0, 5, 0]


def test_the_snapshot_shows_the_light_in_the_size_of_the_main_stream():
    state = CameraState("127.10.0.1", "test")
    state.main.width, state.main.height = 640, 360
    shown = {}
    for light in ("day", "night"):
        state.light = light
        shown[light] = cv2.imdecode(
            np.frombuffer(clips.snapshot(state), np.uint8), cv2.IMREAD_COLOR
        )
    assert shown["day"].shape == (360, 640, 3)
    assert shown["day"].mean() > 1.5 * shown["night"].mean()
