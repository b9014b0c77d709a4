"""Picture size against what was encoded and against ffprobe."""

import json
import subprocess
from fractions import Fraction

import pytest

from assessment.reason import Reason
from probes.picture_size import measure_picture_size
from protocols.h264 import split_annex_b
from tests.stream_recordings import (
    CodedPicture,
    encode,
    moving_frames,
    sealed_stream,
    standard_clip,
    stream_recording,
    timing_recording,
    video_track,
)


@pytest.mark.parametrize("codec", ["H264", "H265", "JPEG"])
@pytest.mark.parametrize(("width", "height"), [(640, 360), (1920, 1080), (1280, 720)])
def test_the_displayed_size_is_the_one_encoded(codec, width, height, tmp_path):
    clip = encode(moving_frames(3, width, height), codec=codec)
    measured = measure_picture_size(stream_recording(clip))
    assert measured.spoilt is None
    assert measured.value == f"{width}x{height}"
    assert measured.details["displayed"] == [width, height]
    assert len(measured.details["sizes"]) == 1
    if codec == "JPEG":
        return
    stream = tmp_path / "stream"
    stream.write_bytes(b"".join(picture.data for picture in clip))
    said = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "json", stream],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert json.loads(said)["streams"][0] == {"width": width, "height": height}


def test_cropping_counts_and_coded_size_is_told():
    measured = measure_picture_size(stream_recording(encode(moving_frames(2, 1920, 1072))))
    assert measured.value == "1920x1072"
    measured = measure_picture_size(stream_recording(encode(moving_frames(2, 1920, 1080))))
    assert measured.details["coded"] == [1920, 1088]


def test_stretched_pictures_keep_their_number_of_pixels():
    clip = encode(moving_frames(2, 1440, 1080), sample_aspect=Fraction(4, 3))
    measured = measure_picture_size(stream_recording(clip))
    assert measured.value == "1440x1080"
    assert measured.details["sample_aspect"] == [4, 3]


@pytest.mark.parametrize("codec", ["H264", "H265", "JPEG"])
def test_every_change_is_seen_with_its_time_and_the_smallest_counts(codec):
    clip = [
        *encode(moving_frames(50, 640, 352), codec=codec),
        *encode(moving_frames(50, 320, 176), codec=codec),
        *encode(moving_frames(50, 640, 352), codec=codec),
    ]
    measured = measure_picture_size(stream_recording(clip))
    assert measured.value == "320x176"
    assert measured.spoilt is None
    sizes = measured.details["sizes"]
    assert [size["decoded"] for size in sizes] == [[640, 352], [320, 176], [640, 352]]
    assert [round(size["from_s"], 1) for size in sizes] == [0.0, 2.0, 4.0]
    assert (measured.details["smallest_width"], measured.details["smallest_height"]) == (320, 176)


def test_the_declaration_is_shown_but_does_not_count():
    recording = stream_recording(
        standard_clip(), profile={"width": 1920, "height": 1080, "encoding": "H264"}
    )
    measured = measure_picture_size(recording)
    assert measured.value == "320x180"
    assert measured.details["declared"] == [1920, 1080]


def test_without_key_picture_nothing_is_measured():
    measured = measure_picture_size(stream_recording(standard_clip()[1:25]))
    assert measured.value is None
    assert measured.spoilt.code == "picture-size.no-parameter-sets"


def test_parameter_sets_without_a_key_picture_are_not_believed():
    first, *rest = standard_clip()[:20]
    sets = b"".join(b"\0\0\1" + u for u in split_annex_b(first.data) if u[0] & 31 in (7, 8))
    clip = [CodedPicture(sets + rest[0].data, False, "H264"), *rest[1:]]
    measured = measure_picture_size(stream_recording(clip))
    assert measured.value is None
    assert measured.spoilt.code == "picture-size.no-key-picture"
    assert measured.details["sizes"][0]["displayed"] == [320, 180]


def test_undecodable_key_pictures_confirm_nothing():
    clip = [
        CodedPicture(
            b"".join(
                b"\0\0\1" + (u if u[0] & 31 not in (1, 5) else u[:2] + b"\xaa" * len(u))
                for u in split_annex_b(picture.data)
            ),
            picture.key,
            "H264",
        )
        for picture in standard_clip()
    ]
    measured = measure_picture_size(stream_recording(clip))
    assert measured.value is None
    assert measured.spoilt.code == "picture-size.not-decodable"


@pytest.mark.parametrize(
    ("recording", "code"),
    [
        (sealed_stream([], []), "picture-size.no-video"),
        (sealed_stream([], [video_track()]), "picture-size.no-packets"),
        (sealed_stream([], [], problem=Reason("visit.refused")), "visit.refused"),
        (timing_recording([1.0 + n for n in range(20)]), "picture-size.no-parameter-sets"),
    ],
    ids=["no-video", "no-packets", "refused", "no-parameter-sets"],
)
def test_without_data_the_reason_is_told(recording, code):
    measured = measure_picture_size(recording)
    assert measured.value is None
    assert measured.spoilt.code == code
