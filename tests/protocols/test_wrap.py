"""A whole day and more in virtual time: RTP wraps after 13.26 h, PTS after 26.51 h."""

import numpy as np
import pytest

from protocols.mpeg_ps import ProgramStreamBuilder, demultiplex
from protocols.mpeg_ps.conformance import judge_program_stream
from protocols.rtp import RtpPacket, extend, parse_rtp
from protocols.rtp_packetise import rtp_header
from protocols.rtp_stream import payload_of_packets
from protocols.wrap import (
    PTS_BITS,
    RTP_TIME_BITS,
    Unwrapper,
    pts_difference,
    rtp_time_difference,
)

HOUR = 3600 * 90_000
KEY = b"\0\0\0\1\x67\x64\0\x1f\0\0\0\1\x68\xee\0\0\0\1\x65\x88\x84"
OTHER = b"\0\0\0\1\x41\x9a\x24"


def test_the_known_wrap_of_pts_is_no_jump():
    assert pts_difference(1490, 8589932482) == 3600
    assert pts_difference(8589932482, 1490) == -3600


@pytest.mark.parametrize(("bits", "hours"), [(RTP_TIME_BITS, 13.26), (PTS_BITS, 26.51)])
def test_the_wraps_are_where_they_are_said_to_be(bits, hours):
    assert (1 << bits) / HOUR == pytest.approx(hours, abs=0.005)


def test_reordered_values_round_the_wrap_keep_their_place():
    unwrap = Unwrapper(PTS_BITS)
    top = (1 << 33) - 3600
    assert [unwrap.next(value) - top for value in (top, 0, (1 << 33) - 1800, 3600)] == [
        0,
        3600,
        1800,
        7200,
    ]


def test_a_day_of_packets_unwraps_exactly():
    """24 h at 25 pictures a second, as a receiver sees their time stamps."""
    first = 3_000_000_000
    true = first + 3600 * np.arange(24 * 3600 * 25, dtype=np.int64)
    assert np.array_equal(extend(true & 0xFFFFFFFF, 32), true)


def test_27_hours_of_a_program_stream_run_through_both_wraps():
    """A picture every 2 s, built, carried by RTP, read and unwrapped: nothing jumps."""
    builder = ProgramStreamBuilder("H264")
    first = 90_000
    wanted = [first + 180_000 * number for number in range(27 * 1800)]
    packets: list[RtpPacket] = []
    for number, pts in enumerate(wanted):
        key = number % 4 == 0
        pack = builder.picture(KEY if key else OTHER, pts, key)
        packets.append(RtpPacket(96, True, number & 0xFFFF, pts & 0xFFFFFFFF, 7, pack))
    carried = payload_of_packets(packets)
    assert carried.gaps == ()
    assert carried.ordered.lost == carried.ordered.reordered == 0
    times, stamps = Unwrapper(PTS_BITS), Unwrapper(RTP_TIME_BITS)
    streams = demultiplex(carried.data)
    assert [times.next(unit.pts or 0) for unit in streams.access_units] == wanted
    assert [stamps.next(packet.timestamp) for packet in carried.ordered.packets] == wanted
    assert min(unit.pts for unit in streams.access_units[-800:] if unit.pts) < HOUR


def test_the_judge_finds_nothing_at_the_wraps():
    builder = ProgramStreamBuilder("H264")
    for wrap in (1 << 32, 1 << 33):
        packs = [
            builder.picture(KEY if n % 25 == 0 else OTHER, wrap - 90_000 + 3600 * n, n % 25 == 0)
            for n in range(60)
        ]
        assert judge_program_stream(b"".join(packs)) == ()


def test_headers_take_any_time():
    packet = parse_rtp(rtp_header(96, False, 70_000, (1 << 32) + 5, 1))
    assert (packet.sequence, packet.timestamp) == (70_000 & 0xFFFF, 5)
    assert rtp_time_difference(5, (1 << 32) - 5) == 10
