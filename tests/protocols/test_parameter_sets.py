"""Parameter sets and picture headers against ffprobe and against what was encoded."""

import json
import subprocess
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import h264, h265
from protocols.bits import BitReader, unescape
from protocols.errors import ProtocolError
from protocols.jpeg import parse_jpeg
from tests.stream_recordings import encode, jpeg_file, moving_frames


def first_parameters(codec, pictures):
    module = h265 if codec == "H265" else h264
    for unit in h264.split_annex_b(pictures[0].data):
        if module.nal_type(unit) == module.SEQUENCE_PARAMETERS:
            return unit
    raise AssertionError("no sequence parameter set")


def ffprobe(path, form):
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-f", form, "-show_streams", "-of", "json", str(path)],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return json.loads(out)["streams"][0]


CASES = [
    ("H264", 1920, 1080, 25, {}, {}),
    ("H264", 1280, 720, 30, {"pixel_format": "yuv422p"}, {"profile": "high422"}),
    ("H264", 638, 358, 12.5, {}, {"profile": "baseline"}),
    ("H264", 720, 576, 25, {"sample_aspect": Fraction(16, 11)}, {}),
    ("H264", 1440, 1080, 50, {"sample_aspect": Fraction(4, 3)}, {"profile": "main"}),
    ("H264", 322, 182, 25, {"pixel_format": "yuv444p"}, {"profile": "high444"}),
    ("H264", 720, 576, 25, {}, {"x264-params": "interlaced=1"}),
    ("H264", 640, 360, 25, {}, {"x264-params": "cqm=jvt", "profile": "high"}),
    ("H264", 640, 360, 25, {}, {"x264-params": "nal-hrd=cbr:vbv-maxrate=800:vbv-bufsize=400"}),
    ("H265", 1920, 1080, 25, {}, {}),
    ("H265", 638, 358, 30, {"sample_aspect": Fraction(40, 33)}, {}),
    (
        "H265",
        640,
        360,
        25,
        {},
        {"x265-params": "log-level=error:repeat-headers=1:scaling-list=default:sar=7"},
    ),
    (
        "H265",
        640,
        362,
        15,
        {"pixel_format": "yuv420p10le"},
        {"x265-params": "repeat-headers=1:temporal-layers=3:bframes=4:rc-lookahead=9"},
    ),
]


@pytest.mark.parametrize(("codec", "width", "height", "fps", "arguments", "options"), CASES)
def test_sequence_parameters_agree_with_ffprobe(
    codec, width, height, fps, arguments, options, tmp_path
):
    pictures = encode(
        moving_frames(3, width, height), codec=codec, fps=fps, options=options, **arguments
    )
    stream = tmp_path / "stream"
    stream.write_bytes(b"".join(picture.data for picture in pictures))
    said = ffprobe(stream, "hevc" if codec == "H265" else "h264")
    unit = first_parameters(codec, pictures)
    read = (h265 if codec == "H265" else h264).parse_sequence_parameters(unit)
    assert (read.width, read.height) == (said["width"], said["height"]) == (width, height)
    assert read.level == said["level"]
    depth = 10 if "10" in said["pix_fmt"] else 8
    assert read.bit_depth == depth
    chroma = {"420": 1, "422": 2, "444": 3}
    assert read.chroma_format == next(v for k, v in chroma.items() if k in said["pix_fmt"])
    aspect = read.sample_aspect or (1, 1)
    assert "{}:{}".format(*aspect) == said.get("sample_aspect_ratio", "1:1")
    assert (
        read.frame_rate == Fraction(said["r_frame_rate"]).limit_denominator(1001) == Fraction(fps)
    )
    if codec == "H264":
        assert (read.coded_width % 16, read.coded_height % 16) == (0, 0)
        assert 0 <= read.coded_height - height < 32
        assert read.interlaced == ("interlaced=1" in options.get("x264-params", ""))
    else:
        assert (read.coded_width, read.coded_height) == (
            said["coded_width"],
            said["coded_height"],
        ) or read.coded_height - height < 16


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_damaged_parameters_give_only_the_protocol_error(codec):
    module = h265 if codec == "H265" else h264
    whole = first_parameters(codec, encode(moving_frames(1), codec=codec))
    header = 2 if codec == "H265" else 1
    random = np.random.default_rng(1)
    for _ in range(2000):
        damaged = bytearray(whole[: random.integers(0, len(whole) + 1)])
        for _ in range(random.integers(0, 4)):
            if len(damaged) > header:
                damaged[random.integers(header, len(damaged))] = random.integers(0, 256)
        try:
            module.parse_sequence_parameters(bytes(damaged))
        except ProtocolError:
            continue


@given(st.binary(max_size=200))
def test_any_bytes_give_only_the_protocol_error(data):
    for read in (
        lambda: h264.parse_sequence_parameters(b"\x67" + data),
        lambda: h265.parse_sequence_parameters(b"\x42\x01" + data),
        lambda: h264.nal_type(data),
        lambda: h265.nal_type(data),
        lambda: parse_jpeg(b"\xff\xd8" + data),
        lambda: parse_jpeg(data),
    ):
        try:
            read()
        except ProtocolError:
            continue
    h264.split_annex_b(data)


@given(st.binary(max_size=100))
def test_emulation_prevention_is_undone(data):
    escaped = bytearray()
    zeros = 0
    for value in data:
        if zeros >= 2 and value <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(value)
        zeros = zeros + 1 if value == 0 else 0
    assert unescape(bytes(escaped)) == data


def test_exp_golomb_codes():
    reader = BitReader(bytes([0b10100110, 0b01000010, 0b10000000]), "test")
    assert [reader.unsigned() for _ in range(5)] == [0, 1, 2, 3, 4]
    signed = BitReader(bytes([0b10100110, 0b01000010, 0b10000000]), "test")
    assert [signed.signed() for _ in range(5)] == [0, 1, -1, 2, -2]
    with pytest.raises(ProtocolError):
        BitReader(b"\0" * 8, "test").unsigned()
    with pytest.raises(ProtocolError):
        BitReader(b"", "test").flag()


@pytest.mark.parametrize(("width", "height"), [(320, 180), (1920, 1080), (33, 17)])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_jpeg_markers(width, height, rows):
    read = parse_jpeg(jpeg_file(moving_frames(1, width, height)[0], restart_rows=rows))
    assert (read.format.width, read.format.height) == (width, height)
    assert read.complete
    assert read.restarts_in_order is (True if rows else None)
    units = -(-width // 16) * rows
    assert read.restart_interval == units


def test_wrong_restart_markers_are_seen():
    image = bytearray(jpeg_file(moving_frames(1)[0], restart_rows=1))
    at = next(
        n for n in range(600, len(image)) if image[n] == 0xFF and 0xD0 <= image[n + 1] <= 0xD7
    )
    image[at + 1] = 0xD5
    assert parse_jpeg(bytes(image)).restarts_in_order is False


def test_a_picture_cut_off_is_not_complete():
    image = jpeg_file(moving_frames(1)[0])
    assert not parse_jpeg(image[:-100]).complete
