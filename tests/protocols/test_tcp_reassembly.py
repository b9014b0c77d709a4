"""Streams put together whatever the wire did to their segments."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.frames import FIN, SYN, TCP, Packet
from protocols.tcp_reassembly import TcpStream


def segment(sequence: int, payload: bytes = b"", flags: int = 0x10, time_ns: int = 0) -> Packet:
    return Packet(time_ns, TCP, "a", "b", 1, 2, payload, sequence & 0xFFFFFFFF, flags)


def stream(*segments: Packet, limit: int = 1 << 20) -> TcpStream:
    found = TcpStream(limit)
    for one in segments:
        found.add(one)
    found.finish()
    return found


@settings(max_examples=150, deadline=None)
@given(
    st.binary(min_size=1, max_size=400),
    st.lists(st.integers(1, 40), min_size=1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 1000),
)
def test_disorder_duplicates_and_overlaps(data, sizes, initial, seed):
    numbers = random.Random(seed)
    segments, offset = [], 0
    while offset < len(data):
        size = sizes[len(segments) % len(sizes)]
        back = min(numbers.randrange(3), offset)
        start = offset - back
        segments.append(segment(initial + 1 + start, data[start : offset + size]))
        offset += size
    segments += numbers.choices(segments, k=len(segments) // 2)
    numbers.shuffle(segments)
    found = stream(segment(initial, flags=SYN), *segments)
    assert bytes(found.data) == data
    assert found.gaps == []
    assert found.began


def test_a_gap_is_kept_as_one():
    found = stream(segment(1, b"abc"), segment(7, b"ghi"), segment(10, b"jkl"))
    assert bytes(found.data) == b"abcghijkl"
    assert found.gaps == [3]


def test_a_capture_from_the_middle():
    found = stream(segment(500, b"abc"), segment(503, b"def", flags=FIN | 0x10))
    assert (bytes(found.data), found.began, found.ended) == (b"abcdef", False, True)


def test_the_bound_counts_what_it_leaves_out():
    found = stream(segment(0, b"a" * 50), segment(50, b"b" * 50), limit=60)
    assert (len(found.data), found.discarded) == (60, 40)


def test_times_of_bytes():
    found = stream(segment(0, b"abc", time_ns=5), segment(3, b"def", time_ns=9))
    assert [found.time_at(place) for place in (0, 2, 3, 5)] == [5, 5, 9, 9]
    assert stream().time_at(0) == 0


def test_much_behind_a_gap_does_not_wait_for_ever():
    found = TcpStream(1 << 24)
    found.add(segment(0, b"x"))
    for number in range(80):
        found.add(segment(1000 + number * 60_000, b"y" * 60_000))
    assert len(found.data) > 4_000_000
    assert found.gaps == [1]
