import cv2
import numpy as np
import pytest
from scapy.layers.rtp import RTP

from protocols.depacketise import h264_units, h265_units
from protocols.depacketise_jpeg import jpeg_picture
from protocols.errors import ProtocolError
from protocols.rtcp import Goodbye, SenderReport, SourceDescription, parse_rtcp
from protocols.rtcp_build import goodbye, receiver_report, sender_report, source_description
from protocols.rtp_packetise import (
    nal_units,
    packetise_aac,
    packetise_h264,
    packetise_h265,
    packetise_jpeg,
    rtp_header,
)

SETS = [b"\x67\x42\x00\x1f\x01", b"\x68\xce\x06\xe2"]
SLICE = b"\x65" + bytes(range(256)) * 20


def test_nal_units_of_both_start_codes():
    stream = b"\0\0\0\1" + SETS[0] + b"\0\0\0\1" + SETS[1] + b"\0\0\1" + SLICE
    assert nal_units(stream) == [*SETS, SLICE]


@pytest.mark.parametrize("aggregate", [False, True])
def test_h264_comes_back_whole(aggregate):
    payloads = packetise_h264([*SETS, SLICE], 500, aggregate=aggregate)
    assert max(map(len, payloads)) <= 500
    assert h264_units(payloads).units == (*SETS, SLICE)
    assert (payloads[0][0] & 31 == 24) is aggregate


def test_h265_comes_back_whole():
    sets = [bytes([kind << 1, 1, 9, 9]) for kind in (32, 33, 34)]
    picture = bytes([19 << 1, 1]) + bytes(range(256)) * 20
    payloads = packetise_h265([*sets, picture], 500)
    assert max(map(len, payloads)) <= 500
    assert h265_units(payloads).units == (*sets, picture)


@pytest.mark.parametrize("interval", [0, 10])
def test_a_jpeg_comes_back_with_the_same_picture(interval):
    noise = np.random.default_rng(1).integers(0, 255, (48, 80, 3), np.uint8)
    picture = cv2.resize(noise, (320, 192))
    options = [cv2.IMWRITE_JPEG_RST_INTERVAL, interval] if interval else []
    image = cv2.imencode(".jpg", picture, options)[1].tobytes()
    payloads = packetise_jpeg(image, 700)
    assert max(map(len, payloads)) <= 700
    rebuilt = jpeg_picture(payloads)
    shown = cv2.imdecode(np.frombuffer(rebuilt.data, np.uint8), cv2.IMREAD_COLOR)
    wanted = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(shown, wanted)


@pytest.mark.parametrize("image", [b"", b"\xff\xd8", b"\xff\xd8\xff\xda\0\2scan"], ids=range(3))
def test_what_rfc_2435_cannot_carry_is_refused(image):
    with pytest.raises(ProtocolError):
        packetise_jpeg(image)


def test_the_rtp_header_as_scapy_reads_it():
    packet = RTP(rtp_header(96, True, 70_000, 1 << 32 | 5, 0xDEADBEEF) + b"x")
    assert (packet.version, packet.payload_type, packet.marker) == (2, 96, 1)
    assert (packet.sequence, packet.timestamp) == (70_000 & 0xFFFF, 5)
    assert packet.sourcesync == 0xDEADBEEF


def test_rtcp_comes_back():
    compound = sender_report(7, 1_770_000_000.25, 90_000, 3, 99) + source_description(7, "camera")
    report, description, bye = parse_rtcp(compound + goodbye(7))
    assert isinstance(report, SenderReport)
    assert report.ntp_time == pytest.approx(1_770_000_000.25, abs=1e-6)
    assert (report.rtp_timestamp, report.packet_count, report.octet_count) == (90_000, 3, 99)
    assert description == SourceDescription(7, "camera")
    assert bye == Goodbye(7)
    assert len(receiver_report(1)) == 8


def test_aac_frames_carry_their_lengths():
    assert packetise_aac([b"abc"]) == b"\x00\x10\x00\x18abc"
