"""Video codec by the bitstream itself: good, mislabelled, damaged, and nothing at all."""

import numpy as np
import pytest

from assessment.reason import Reason
from probes.video_codec import measure_video_codec
from protocols.h264 import split_annex_b
from tests.stream_recordings import (
    CodedPicture,
    Sender,
    encode,
    jpeg_file,
    moving_frames,
    pack,
    sealed_stream,
    standard_clip,
    stream_recording,
    video_track,
)


@pytest.mark.parametrize("codec", ["H264", "H265", "JPEG"])
def test_each_codec_is_identified_and_decodes(codec):
    measured = measure_video_codec(stream_recording(standard_clip(codec)))
    assert measured.value == codec
    assert measured.spoilt is None
    details = measured.details
    assert details["agrees"]
    assert details["decodable_share"] == 1.0
    assert details["examined"] == details["decoded"] > 5
    assert (details["refused"], details["guessed"]) == (0, 0)


@pytest.mark.parametrize("options", [{"preset": "slow"}, {"x264-params": "slices=4"}])
def test_unusual_but_sound_streams_decode(options):
    clip = encode(moving_frames(30), options={"tune": "film", **options})
    assert measure_video_codec(stream_recording(clip)).details["decodable_share"] == 1.0


@pytest.mark.parametrize(
    ("codec", "claimed"), [("H265", "H264"), ("H264", "H265"), ("JPEG", "H264"), ("H264", "JPEG")]
)
def test_the_session_description_is_not_believed(codec, claimed):
    measured = measure_video_codec(stream_recording(standard_clip(codec), encoding=claimed))
    assert measured.value == codec
    assert not measured.details["agrees"]
    assert measured.details["decodable_share"] == 1.0


@pytest.mark.parametrize("name", ["MJPEG", "JPEG"])
def test_names_of_the_same_codec_agree(name):
    measured = measure_video_codec(stream_recording(standard_clip("JPEG"), encoding=name))
    assert measured.details["agrees"]


def scrambled(picture, random):
    """The slices of a picture replaced by noise, their headers kept."""
    kinds = (1, 5) if picture.codec == "H264" else range(32)
    units = []
    for unit in split_annex_b(picture.data):
        kind = unit[0] & 31 if picture.codec == "H264" else unit[0] >> 1
        noise = random.integers(1, 255, max(0, len(unit) - 4), np.uint8).tobytes()
        units.append(unit[:4] + noise if kind in kinds else unit)
    return CodedPicture(b"".join(b"\0\0\1" + unit for unit in units), picture.key, picture.codec)


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_scrambled_slices_do_not_decode(codec):
    random = np.random.default_rng(1)
    clip = [scrambled(picture, random) for picture in standard_clip(codec)]
    measured = measure_video_codec(stream_recording(clip))
    assert measured.value == codec
    assert measured.details["decodable_share"] < 0.2
    assert measured.details["examined"] > 20


def test_some_broken_pictures_are_counted():
    random = np.random.default_rng(1)
    clip = [
        scrambled(picture, random) if index in (3, 7) else picture
        for index, picture in enumerate(standard_clip())
    ]
    details = measure_video_codec(stream_recording(clip)).details
    assert 1 <= details["refused"] + details["doubtful"] <= 6
    assert 0.85 < details["decodable_share"] < 1


def test_broken_slice_headers_alone_leave_it_open():
    """A lenient decoder repeats the picture before: not sound, and not shown to be broken."""
    clip = []
    for index, picture in enumerate(standard_clip()):
        units = split_annex_b(picture.data)
        if index == 3:
            units = [unit[:2] + b"\x01\x01" + unit[4:] for unit in units]
        clip.append(CodedPicture(b"".join(b"\0\0\1" + u for u in units), picture.key, "H264"))
    measured = measure_video_codec(stream_recording(clip))
    assert measured.details["decodable_share"] < 1
    assert measured.spoilt is None or measured.spoilt.code == "video-codec.doubtful-pictures"


def test_vendor_messages_do_not_make_a_picture_undecodable():
    clip = []
    for picture in standard_clip():
        junk = b"\0\0\1\x06\x04\xff\xff\x80\0\0\1\x66\x05\x90abc"
        clip.append(CodedPicture(junk + picture.data, picture.key, "H264"))
    measured = measure_video_codec(stream_recording(clip))
    assert measured.value == "H264"
    assert measured.details["decodable_share"] == 1.0


def test_noise_is_no_codec():
    random, sender = np.random.default_rng(2), Sender()
    for index in range(300):
        sender.packet(index * 10**7, index * 3600, random.bytes(900), True)
    measured = measure_video_codec(sealed_stream([sender], [video_track()]))
    assert measured.value == "unknown"
    assert not measured.details["agrees"]


@pytest.mark.parametrize("rows", [1, 4])
def test_sound_restart_markers_of_jpeg(rows):
    images = [jpeg_file(frame, restart_rows=rows) for frame in moving_frames(10, 320, 176)]
    clip = [CodedPicture(image, True, "JPEG") for image in images]
    details = measure_video_codec(stream_recording(clip)).details
    assert details["restart_markers"] == {"looked_at": 5, "wrong": 0}
    assert details["decodable_share"] == 1.0


@pytest.mark.parametrize("broken", ["order", "missing"])
def test_broken_restart_markers_of_jpeg(broken):
    clip = []
    for frame in moving_frames(10, 320, 176):
        image = bytearray(jpeg_file(frame, restart_rows=1))
        marks = [
            at
            for at in range(620, len(image))
            if image[at] == 0xFF and image[at + 1] & 0xF8 == 0xD0
        ]
        for mark in reversed(marks):
            if broken == "order":
                image[mark + 1] = 0xD0 | (image[mark + 1] + 3) & 7
            else:
                del image[mark : mark + 2]
        clip.append(CodedPicture(bytes(image), True, "JPEG"))
    details = measure_video_codec(stream_recording(clip)).details
    assert details["restart_markers"] == {"looked_at": 5, "wrong": 5}


def test_lost_packets_are_not_held_against_the_stream():
    total = sum(len(pack(picture)) for picture in standard_clip())
    lose = set(np.flatnonzero(np.random.default_rng(3).random(total) < 0.03).tolist())
    measured = measure_video_codec(stream_recording(standard_clip(), lose=lose))
    assert measured.value == "H264"
    assert measured.details["refused"] == measured.details["guessed"] == 0


def test_a_stream_without_key_picture_cannot_be_judged():
    measured = measure_video_codec(stream_recording(standard_clip()[1:25]))
    assert measured.value == "H264"
    assert measured.spoilt.code == "video-codec.no-key-picture"
    assert measured.details["decodable_share"] is None


def test_a_path_that_loses_much_spoils_it():
    total = sum(len(pack(picture)) for picture in standard_clip())
    lose = set(np.flatnonzero(np.random.default_rng(3).random(total) < 0.4).tolist())
    measured = measure_video_codec(stream_recording(standard_clip(), lose=lose))
    assert measured.spoilt.code == "video-codec.lossy-path"


@pytest.mark.parametrize(
    ("recording", "code"),
    [
        (sealed_stream([], []), "video-codec.no-video"),
        (sealed_stream([], [video_track()]), "video-codec.no-packets"),
        (sealed_stream([], [], problem=Reason("visit.not-offered")), "visit.not-offered"),
        (stream_recording(standard_clip()[1:4]), "video-codec.too-few-packets"),
    ],
    ids=["no-video", "no-packets", "not-offered", "too-few"],
)
def test_without_data_the_reason_is_told(recording, code):
    measured = measure_video_codec(recording)
    assert measured.value is None
    assert measured.spoilt.code == code
