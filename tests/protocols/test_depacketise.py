"""Payloads back into pictures: our own packing, ffmpeg's and GStreamer's, and broken ones."""

import contextlib
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.streams import StreamReader
from protocols import rtp_packetise
from protocols.depacketise import access_units_of_aac, h264_units, h265_units
from protocols.depacketise_jpeg import jpeg_picture, parse_jpeg_header, size_of_extension
from protocols.errors import ProtocolError
from protocols.h264 import split_annex_b
from tests.rtp_senders import ADDRESS, receive
from tests.stream_recordings import (
    CodedPicture,
    jpeg_file,
    moving_frames,
    pack,
    standard_clip,
)

UNITS = {"H264": h264_units, "H265": h265_units}


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("mtu", [60, 400, 1400, 60_000])
def test_units_come_back_whatever_the_packet_size(codec, mtu):
    for picture in standard_clip(codec)[:3]:
        joined = UNITS[codec](pack(picture, mtu))
        assert list(joined.units) == split_annex_b(picture.data)
        assert not joined.damaged
        assert split_annex_b(joined.annex_b()) == list(joined.units)


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_the_other_packetiser_agrees(codec):
    pack_other = {
        "H264": rtp_packetise.packetise_h264,
        "H265": rtp_packetise.packetise_h265,
    }[codec]
    for picture in standard_clip(codec)[:3]:
        units = split_annex_b(picture.data)
        assert list(UNITS[codec](pack_other(units)).units) == units


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("lost", ["first", "last"])
def test_a_lost_end_of_a_fragmented_unit_is_told(codec, lost):
    payloads = pack(standard_clip(codec)[0], 200)
    flag_at = {"H264": 1, "H265": 2}[codec]
    longest = max(range(len(payloads)), key=lambda n: payloads[n][flag_at] & 0xC0 == 0x80)
    del payloads[longest if lost == "first" else -1]
    assert UNITS[codec](payloads).damaged


def test_aggregates_of_h264():
    def sized(units):
        return b"".join(struct.pack(">H", len(unit)) + unit for unit in units)

    units = [b"\x67abc", b"\x68de", b"\x65fghi"]
    assert h264_units([b"\x78" + sized(units)]).units == tuple(units)
    assert h264_units([b"\x79\0\1" + sized(units)]).units == tuple(units)
    timed = b"".join(struct.pack(">HBH", len(unit), 0, 0) + unit for unit in units)
    assert h264_units([b"\x7a\0\1" + timed]).units == tuple(units)
    timed = b"".join(struct.pack(">HBBH", len(unit), 0, 0, 0) + unit for unit in units)
    assert h264_units([b"\x7b\0\1" + timed]).units == tuple(units)


def test_aggregates_of_h265():
    units = [b"\x40\1a", b"\x42\1bc", b"\x44\1d"]
    sized = b"".join(struct.pack(">H", len(unit)) + unit for unit in units)
    assert h265_units([b"\x60\1" + sized]).units == tuple(units)
    assert h265_units([b"\x60\1" + sized[:-1]]).damaged


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_payloads_are_joined_or_told_damaged(payloads):
    for read in UNITS.values():
        read(payloads)
    for payload in payloads:
        with contextlib.suppress(ProtocolError):
            access_units_of_aac(payload)
    for first in (b"\x18", b"\x1a\0\0", b"\x7c\x85", b"\x60\1", b"\x62\1\x93"):
        h264_units([first + payload for payload in payloads])
        h265_units([first + payload for payload in payloads])


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_jpeg_payloads_give_a_picture_or_the_protocol_error(payloads):
    for head in (b"", b"\0\0\0\0\1\xff\x0a\x0a", b"\0\0\0\0\x41\x50\x0a\x0a"):
        with contextlib.suppress(ProtocolError):
            jpeg_picture([head + payload for payload in payloads])


def pixels(data):

    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("mtu", [300, 1400])
def test_a_jpeg_picture_comes_back_pixel_by_pixel(rows, mtu):
    image = jpeg_file(moving_frames(1, 320, 176)[0], restart_rows=rows)
    joined = jpeg_picture(pack(CodedPicture(image, True, "JPEG"), mtu))
    assert not joined.damaged
    assert np.array_equal(pixels(joined.data), pixels(image))


@pytest.mark.parametrize("quality", [5, 30, 50, 80, 99])
def test_tables_follow_from_the_quality_factor(quality):
    """RFC 2435 takes the same rule as the Independent JPEG Group's coder, which Pillow uses."""
    image = jpeg_file(moving_frames(1, 320, 176)[0], quality=quality)
    in_band = pack(CodedPicture(image, True, "JPEG"), 1_000_000)[0]
    without = in_band[:5] + bytes([quality]) + in_band[6:8] + in_band[8 + 4 + 128 :]
    assert np.array_equal(pixels(jpeg_picture([without]).data), pixels(image))


def test_lost_jpeg_fragments():
    payloads = pack(CodedPicture(jpeg_file(moving_frames(1)[0]), True, "JPEG"), 300)
    assert jpeg_picture(payloads[:3] + payloads[4:]).damaged
    with pytest.raises(ProtocolError):
        jpeg_picture(payloads[1:])


def test_a_large_jpeg_takes_its_size_from_the_header_extension():
    extension = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", 1440, 2560) + b"\3" * 10
    assert size_of_extension(extension) == (2560, 1440)
    assert size_of_extension(b"\xff\xc0") is None
    payload = b"\0\0\0\0\1\x50\0\0" + b"scan"
    with pytest.raises(ProtocolError):
        jpeg_picture([payload])
    assert b"\xff\xc0\0\x11\x08\5\xa0\x0a\0" in jpeg_picture([payload], (2560, 1440)).data


def test_header_of_jpeg():
    header = parse_jpeg_header(b"\0\0\1\0\x41\xff\xf0\x87\0\x10\xff\xff")
    assert (header.offset, header.width, header.height) == (256, 1920, 1080)
    assert (header.restart_interval, header.content) == (16, 12)


def test_access_units_of_aac():
    payload = struct.pack(">HHH", 32, 3 << 3, 2 << 3) + b"abcde"
    assert access_units_of_aac(payload) == [b"abc", b"de"]
    with pytest.raises(ProtocolError):
        access_units_of_aac(b"\0\x20\0")


FFMPEG = {
    "H264": "-c:v libx264 -preset ultrafast -bf 0 -g 25",
    "H265": "-c:v libx265 -preset ultrafast -g 25 -x265-params log-level=none:repeat-headers=1",
    "JPEG": "-c:v mjpeg -huffman default -pix_fmt yuvj420p -strict -1",
}


@pytest.mark.parametrize("codec", ["H264", "H265", "JPEG"])
def test_streams_of_ffmpeg_are_read_whole(codec):
    source = "ffmpeg -v error -re -f lavfi -i testsrc2=size=640x360:rate=25 -frames:v 50"
    command = f"{source} {FFMPEG[codec]} -f rtp rtp://{ADDRESS}:{{port}}"
    track = StreamReader(receive(command.split(), codec)).video
    assert track.codec == codec
    assert track.loss.lost == 0
    assert len(track.units) == 50
    pictures = list(track.pictures())
    assert len(pictures) == 50
    assert all((each.width, each.height) == (640, 360) for each in pictures)
    assert not track.decoder.refused
    assert not track.decoder.guessed


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_streams_of_gstreamer_with_aggregates_are_read_whole(codec, tmp_path):
    clip = standard_clip(codec)
    stream = tmp_path / "stream"
    stream.write_bytes(b"".join(picture.data for picture in clip))
    name = codec.lower()
    command = (
        f"gst-launch-1.0 -q filesrc location={stream} ! {name}parse config-interval=-1 "
        f"! rtp{name}pay aggregate-mode=zero-latency config-interval=-1 "
        f"! udpsink host={ADDRESS} port={{port}}"
    )
    track = StreamReader(receive(command.split(), codec)).video
    first = track.packets.payload_byte(0)
    aggregates = first & 0x1F == 24 if codec == "H264" else first >> 1 == 48
    assert aggregates.any()
    assert track.codec == codec
    assert len(track.units) == len(clip)
    assert list(track.key_units()) == [0, 25]
    assert len(list(track.pictures())) == len(clip)


def test_motion_jpeg_of_gstreamer_is_read_whole():
    command = (
        "gst-launch-1.0 -q videotestsrc num-buffers=20 pattern=ball "
        "! video/x-raw,format=I420,width=640,height=360,framerate=25/1 ! jpegenc ! rtpjpegpay "
        f"! udpsink host={ADDRESS} port={{port}}"
    )
    track = StreamReader(receive(command.split(), "JPEG")).video
    assert track.codec == "JPEG"
    assert len(list(track.pictures())) == len(track.units) == 20
    assert (track.formats[0].format.width, track.formats[0].format.height) == (640, 360)
