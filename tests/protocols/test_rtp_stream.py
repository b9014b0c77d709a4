"""RTP out of TCP in every framing met in the field, and packets back in order."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.rtp import parse_rtp
from protocols.rtp_packetise import rtp_header
from protocols.rtp_stream import (
    FrameSplitter,
    Reorderer,
    frame,
    in_order,
    payload_of_packets,
    read_packets,
    split_frames,
)

PACKETS = [
    rtp_header(96, True, number, 3600 * number, 0x01020304) + bytes([number]) * (20 + number)
    for number in range(60)
]
FRAMED = b"".join(map(frame, PACKETS))
MARKED = b"".join(b"$\0" + len(packet).to_bytes(2, "big") + packet for packet in PACKETS)


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
@pytest.mark.parametrize(
    ("data", "framing", "codes"),
    [
        (FRAMED, "rfc4571", []),
        (MARKED, "interleaved", ["rtp-framing-interleaved"]),
        (b"\x07" * 256 + FRAMED, "rfc4571", ["rtp-private-header"]),
        (bytes(256) + MARKED, "interleaved", ["rtp-framing-interleaved", "rtp-private-header"]),
    ],
    ids=["standard", "interleaved", "private", "private-interleaved"],
)
def test_every_framing_is_read(data, framing, codes, size):
    splitter = FrameSplitter()
    found = []
    for start in range(0, len(data), size):
        found += splitter.feed(data[start : start + size])
    assert found == PACKETS
    assert splitter.framing == framing
    assert sorted(known.code for known in splitter.deviations) == sorted(codes)


@pytest.mark.parametrize("seed", range(40))
def test_private_headers_of_any_content_are_passed_over(seed):
    header = random.Random(seed).randbytes(256)
    splitter = FrameSplitter()
    found = []
    data = header + FRAMED
    for start in range(0, len(data), 300):
        found += splitter.feed(data[start : start + 300])
    assert found == PACKETS
    assert splitter.framing == "rfc4571"
    assert [known.code for known in splitter.deviations] == ["rtp-private-header"]


def test_a_single_packet_is_enough():
    assert split_frames(frame(PACKETS[0])) == PACKETS[:1]
    splitter = FrameSplitter()
    assert splitter.feed(frame(PACKETS[0])[:10]) == []
    assert splitter.feed(frame(PACKETS[0])[10:]) == PACKETS[:1]


def test_a_frame_of_nine_kib_is_not_taken_for_interleaved():
    packet = rtp_header(96, True, 1, 2, 3) + bytes(0x2400 + 90 - 12)
    data = frame(packet) * 2
    assert data[0] == ord("$")
    assert split_frames(data) == [packet, packet]


def test_rubbish_between_frames_is_passed_over():
    splitter = FrameSplitter()
    rubbish = b"\x00\x03abc" * 20
    middle = sum(len(packet) + 2 for packet in PACKETS[:30])
    data = FRAMED[:middle] + rubbish + FRAMED[middle:]
    found = []
    for start in range(0, len(data), 100):
        found += splitter.feed(data[start : start + 100])
    assert found == PACKETS
    assert splitter.skipped == len(rubbish)
    assert [known.code for known in splitter.deviations] == ["rtp-framing-lost"]


def test_what_is_no_rtp_is_refused():
    with pytest.raises(ProtocolError):
        split_frames(b"GET / HTTP/1.1\r\n" * 40)
    splitter = FrameSplitter()
    splitter.feed(FRAMED)
    rubbish = b"x" * 300_000
    with pytest.raises(ProtocolError):
        splitter.feed(rubbish)


def test_empty_frames_are_allowed():
    assert split_frames(FRAMED + b"\0\0" + FRAMED) == PACKETS * 2


def test_too_long_a_packet_cannot_be_framed():
    with pytest.raises(ValueError, match="65536"):
        frame(bytes(65_536))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 300))
def test_no_bytes_raise_anything_else(data, size):
    for whole in (data, FRAMED[:700] + data):
        splitter = FrameSplitter()
        try:
            for start in range(0, len(whole), size):
                splitter.feed(whole[start : start + size])
        except ProtocolError:
            pass


def numbered(numbers):
    return [parse_rtp(rtp_header(96, False, number, 0, 9) + b"%d," % number) for number in numbers]


@pytest.mark.parametrize("first", [0, 65_500])
def test_packets_come_back_in_order_over_the_wrap(first):
    numbers = [(first + number) & 0xFFFF for number in range(100)]
    mixed = list(numbers)
    generator = random.Random(5)
    for start in range(1, 90, 8):
        piece = mixed[start : start + 8]
        generator.shuffle(piece)
        mixed[start : start + 8] = piece
    found = in_order(numbered([*mixed[:50], mixed[40], *mixed[50:]]))
    assert [packet.sequence for packet in found.packets] == numbers
    assert (found.lost, found.duplicates) == (0, 1)
    assert found.reordered > 10
    reorderer = Reorderer()
    ready = [packet for one in numbered(mixed) for packet in reorderer.push(one)]
    ready += reorderer.flush()
    assert [packet.sequence for packet in ready] == numbers
    assert reorderer.lost == reorderer.late == 0


def test_lost_packets_are_counted_and_their_places_told():
    packets = numbered([1, 2, 5, 6])
    carried = payload_of_packets(packets)
    assert carried.data == b"1,2,5,6,"
    assert carried.gaps == (4,)
    assert carried.starts == (0, 2, 4, 6)
    assert carried.ordered.lost == 2
    reorderer = Reorderer(depth=3)
    ready = [one for packet in numbered([1, 3, 4, 5, 6, 7, 2]) for one in reorderer.push(packet)]
    assert [packet.sequence for packet in ready] == [1, 3, 4, 5, 6, 7]
    assert (reorderer.lost, reorderer.late) == (1, 1)


def test_nothing_is_nothing():
    assert payload_of_packets([]).data == b""
    assert read_packets([b"x", b""]) == []
    assert Reorderer().flush() == []


def test_the_source_with_the_most_packets_is_taken():
    other = rtp_header(96, True, 1, 1, 77) + b"?"
    found = read_packets([other, *PACKETS, b"\x80\xc8\0\x06" + bytes(24)])
    assert {packet.ssrc for packet in found} == {0x01020304}
    assert [packet.ssrc for packet in read_packets([other, *PACKETS], 77)] == [77]
