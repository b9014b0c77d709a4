"""Datagrams indexed in bulk against the frame-by-frame reader."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.datagrams import index_datagrams
from protocols.errors import ProtocolError
from protocols.pcap import LINKTYPE_ETHERNET, read_capture, udp_datagram, write_pcap

FRAMES = [
    (10**18 + n, udp_datagram(("127.13.1.1", 40), ("127.13.1.2", 50 + n), b"x" * n))
    for n in range(30)
]


def test_every_datagram_is_found_with_its_time_and_ports():
    content = write_pcap(FRAMES)
    table = index_datagrams(content)
    assert len(table) == 30
    assert table.time_ns.tolist() == [time for time, _ in FRAMES]
    assert set(table.source_port.tolist()) == {40}
    assert table.destination_port.tolist() == [50 + n for n in range(30)]
    assert table.length.tolist() == list(range(30))
    assert table.time_ns.tolist() == [frame.time_ns for frame in read_capture(content)]


def test_other_packets_are_passed_over():
    other = bytearray(FRAMES[5][1])
    other[9] = 6
    fragment = bytearray(FRAMES[6][1])
    fragment[6] = 0x20
    frames = [(1, bytes(other)), (2, bytes(fragment)), (3, b"\x60" + bytes(60)), (4, b"")]
    assert len(index_datagrams(write_pcap(frames))) == 0


def test_a_cut_off_file_keeps_what_came_before():
    table = index_datagrams(write_pcap(FRAMES)[:-5])
    assert len(table) == 29
    assert table.cut_off


def test_microseconds_and_big_endian_are_read():
    header = struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    data = FRAMES[3][1]
    content = header + struct.pack(">IIII", 5, 7, len(data), len(data)) + data
    assert index_datagrams(content).time_ns.tolist() == [5_000_007_000]


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 40, write_pcap(FRAMES, link_type=LINKTYPE_ETHERNET)],
    ids=["empty", "text", "ethernet"],
)
def test_other_files_are_refused(content):
    with pytest.raises(ProtocolError):
        index_datagrams(content)


@given(st.binary(max_size=300))
def test_any_records_give_a_table(records):
    index_datagrams(write_pcap([]) + records)
