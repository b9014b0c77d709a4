"""RTP headers, one by one and in bulk, against scapy and tshark."""

import contextlib
import struct
import subprocess
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.rtp import RTP, RTPExtension

from probes.streams import StreamReader
from protocols.errors import ProtocolError
from protocols.rtp import extend, is_rtcp, parse_headers, parse_rtp
from tests.stream_recordings import standard_clip, stream_recording


def packet(sequence=7, timestamp=9, payload=b"abc", first=0x80, second=96):
    return struct.pack(">BBHII", first, second, sequence, timestamp, 0xCAFE) + payload


def test_plain_packet():
    read = parse_rtp(packet(second=0x80 | 96))
    assert (read.payload_type, read.marker, read.sequence, read.timestamp) == (96, True, 7, 9)
    assert (read.ssrc, read.payload, read.extension_profile) == (0xCAFE, b"abc", None)


def test_padding_extension_and_contributing_sources():
    data = packet(first=0x80 | 0x20 | 0x10 | 2, payload=b"")
    data += b"\0" * 8 + struct.pack(">HH", 0xABAC, 1) + b"wxyz" + b"media" + b"\0\0\3"
    read = parse_rtp(data)
    assert read.payload == b"media"
    assert (read.extension_profile, read.extension) == (0xABAC, b"wxyz")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        packet()[:11],
        packet(first=0x40),
        packet(first=0x90, payload=b""),
        packet(first=0x90, payload=b"\0\0\xff\xff"),
        packet(first=0x8F, payload=b"short"),
        packet(first=0xA0, payload=b"\0"),
        packet(first=0xA0, payload=b"\x50"),
    ],
    ids=bytes.hex,
)
def test_broken_packets_are_refused(data):
    with pytest.raises(ProtocolError):
        parse_rtp(data)


@given(st.binary(max_size=80))
def test_any_bytes_give_a_packet_or_the_protocol_error(data):
    with contextlib.suppress(ProtocolError):
        parse_rtp(data)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_bulk_reading_agrees_with_reading_one_by_one(datagrams):
    buffer = np.frombuffer(b"".join(datagrams) + b"\0", np.uint8)
    lengths = np.array([len(data) for data in datagrams], np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths)))[: len(datagrams)].astype(np.int64)
    table = parse_headers(buffer, starts, lengths)
    expected = {}
    for row, data in enumerate(datagrams):
        try:
            if not is_rtcp(data):
                expected[row] = parse_rtp(data)
        except ProtocolError:
            continue
    assert list(table.row) == list(expected)
    for index, read in enumerate(expected.values()):
        assert table.sequence[index] == read.sequence
        assert table.timestamp[index] == read.timestamp
        assert table.ssrc[index] == read.ssrc
        assert table.payload_type[index] == read.payload_type
        assert table.marker[index] == read.marker
        payload = buffer[table.payload_start[index] : table.payload_end[index]].tobytes()
        assert payload == read.payload


@given(
    payload_type=st.integers(0, 127),
    marker=st.booleans(),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=30),
    extended=st.booleans(),
)
def test_agrees_with_scapy(payload_type, marker, sequence, timestamp, ssrc, payload, extended):
    built = RTP(
        payload_type=payload_type,
        marker=marker,
        sequence=sequence,
        timestamp=timestamp,
        sourcesync=ssrc,
        extension=extended,
    )
    if extended:
        built = built / RTPExtension(header_id=5, header=[1, 2])
    read = parse_rtp(bytes(built) + payload)
    assert (read.payload_type, read.marker) == (payload_type, marker)
    assert (read.sequence, read.timestamp, read.ssrc) == (sequence, timestamp, ssrc)
    assert read.payload == payload
    assert read.extension_profile == (5 if extended else None)


def test_agrees_with_tshark(tmp_path):
    recording = stream_recording(standard_clip(), reports=False)
    capture = tmp_path / "packets.pcap"
    capture.write_bytes(recording.read("packets.pcap"))
    out = subprocess.run(
        [
            *("tshark", "-r", str(capture), "-d", "udp.port==50000,rtp", "-T", "fields"),
            *("-e", "rtp.seq", "-e", "rtp.timestamp", "-e", "rtp.marker", "-e", "frame.time_epoch"),
        ],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    packets = StreamReader(recording).video.packets
    assert [int(row[0]) for row in rows] == packets.headers.sequence.tolist()
    assert [int(row[1]) for row in rows] == packets.headers.timestamp.tolist()
    assert [row[2] in ("1", "True") for row in rows] == packets.headers.marker.tolist()
    times = [int(row[3].replace(".", "")) for row in rows]
    assert times == packets.time_ns.tolist()


def test_thousands_of_headers_take_milliseconds():
    count = 3600
    data = b"".join(packet(sequence=n, payload=b"x" * 1400) for n in range(count))
    buffer = np.frombuffer(data, np.uint8)
    starts = np.arange(count, dtype=np.int64) * 1412
    lengths = np.full(count, 1412, np.int64)
    parse_headers(buffer, starts, lengths)
    begun = time.process_time()
    for _ in range(10):
        parse_headers(buffer, starts, lengths)
    assert (time.process_time() - begun) / 10 < 0.02


def test_counters_unwrap_forward_and_across_reordering():
    values = np.array([65534, 65535, 1, 0, 2], np.int64)
    assert extend(values, 16).tolist() == [65534, 65535, 65537, 65536, 65538]
    assert extend(np.array([], np.int64), 16).tolist() == []
    assert extend(np.array([1, 65535], np.int64), 16).tolist() == [1, -1]
