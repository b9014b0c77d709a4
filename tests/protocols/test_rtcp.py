"""RTCP compound packets, against tshark."""

import contextlib
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.pcap import udp_datagram, write_pcap
from protocols.rtcp import (
    Goodbye,
    SenderReport,
    SourceDescription,
    build_rtcp,
    ntp_timestamp,
    parse_rtcp,
)

POSIX = 1_770_000_000.125
REPORT = SenderReport(0xCAFE, POSIX, ntp_timestamp(POSIX), 123_456, 42, 4242)


def test_sender_report_and_name():
    read = parse_rtcp(build_rtcp(REPORT, "camera"))
    assert read[0] == REPORT
    assert read[1] == SourceDescription(0xCAFE, "camera")


def test_goodbye_and_unknown_kinds():
    goodbye = struct.pack(">BBHI", 0x81, 203, 1, 7)
    unknown = struct.pack(">BBHI", 0x80, 207, 1, 7)
    assert parse_rtcp(unknown + goodbye) == [Goodbye(7)]


@pytest.mark.parametrize(
    "data",
    [
        b"\x80",
        b"\x40\xc8\0\0",
        b"\x80\xc8\0\6" + b"\0" * 8,
        b"\x80\xc8\0\1" + b"\0" * 4,
        b"\x80\xc9\0\0",
        b"\x82\xcb\0\1" + b"\0" * 4,
        b"\x81\xca\0\2" + b"\0\0\0\1" + b"\1\xffab",
    ],
    ids=bytes.hex,
)
def test_broken_packets_are_refused(data):
    with pytest.raises(ProtocolError):
        parse_rtcp(data)


@given(st.binary(max_size=120))
def test_any_bytes_give_packets_or_the_protocol_error(data):
    with contextlib.suppress(ProtocolError):
        parse_rtcp(data)


def test_agrees_with_tshark(tmp_path):
    capture = tmp_path / "rtcp.pcap"
    datagram = udp_datagram(("127.13.1.1", 5005), ("127.13.1.2", 5005), build_rtcp(REPORT, "cam"))
    capture.write_bytes(write_pcap([(1, datagram)]))
    out = subprocess.run(
        [
            *("tshark", "-r", str(capture), "-d", "udp.port==5005,rtcp", "-T", "fields"),
            *("-e", "rtcp.timestamp.ntp.msw", "-e", "rtcp.timestamp.ntp.lsw"),
            *("-e", "rtcp.timestamp.rtp", "-e", "rtcp.sender.packetcount"),
            *("-e", "rtcp.sender.octetcount", "-e", "rtcp.sdes.text"),
        ],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    high, low, rtp, packets, octets, name = out.split()
    assert (int(high) << 32 | int(low)) == REPORT.ntp_timestamp
    assert (int(rtp), int(packets), int(octets)) == (123_456, 42, 4242)
    assert name.split(",")[0] == "cam"
