"""How a program stream lies in RTP packets (RFC 3550, GB/T 28181-2016 C.1, -2022 4.3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from protocols.deviation import Deviation
from protocols.mpeg_ps.codes import FIRST_VIDEO, PACK, next_start
from protocols.mpeg_ps.findings import ANNEX_C, Findings
from protocols.mpeg_ps.parse import PesPacket, parse_program_stream
from protocols.rtp import RtpPacket
from protocols.wrap import pts_difference, rtp_time_difference

_PACK_START = bytes([0, 0, 1, PACK])
_VIDEO_START = bytes([0, 0, 1, FIRST_VIDEO])
_TIMES = "GB/T 28181-2022 4.3.6"
_LARGEST_UDP = 1472
_LEAST_STEPS = 5


def judge_ps_packets(
    packets: Sequence[RtpPacket], *, datagrams: bool = True
) -> tuple[Deviation, ...]:
    """What is wrong or unusual in how packets of one source, in order, carry packs.

    Details count packets from 0. Places behind lost packets are passed over.

    Args:
        packets: ``OrderedPackets.packets``.
        datagrams: they came by UDP, where large ones are cut to pieces by the network.
    """
    findings = Findings()
    frames = _frames(packets)
    for index, packet in enumerate(packets):
        if datagrams and len(packet.payload) + 12 > _LARGEST_UDP:
            told = f"{len(packet.payload) + 12} bytes"
            findings.add("rtp-packet-large", "RFC 3550 11", index, told)
    marked = [frame for frame in frames if packets[frame[1] - 1].marker]
    if len(frames) >= _LEAST_STEPS and not marked:
        findings.add("rtp-marker-missing", ANNEX_C, frames[0][0])
    pictures: list[tuple[int, int]] = []
    for start, end in frames:
        first = packets[start]
        if any(packet.timestamp != first.timestamp for packet in packets[start:end]):
            findings.add("rtp-time-within-picture", _TIMES, start)
        if _headers_apart(packets, start, end):
            findings.add("rtp-headers-apart", ANNEX_C, start)
        pts = _picture_time(packets[start:end])
        if pts is not None:
            if pictures and first.timestamp == pictures[-1][0] and pts != pictures[-1][1]:
                findings.add("rtp-time-shared", _TIMES, start)
            pictures.append((first.timestamp, pts))
    _judge_rate(findings, pictures)
    return findings.deviations()


def _frames(packets: Sequence[RtpPacket]) -> list[tuple[int, int]]:
    """Runs of packets from one pack start to the next without loss between."""
    found: list[tuple[int, int]] = []
    start = -1
    for index, packet in enumerate(packets):
        lost = bool(index) and (packet.sequence - packets[index - 1].sequence) & 0xFFFF != 1
        begins = packet.payload.startswith(_PACK_START)
        if start >= 0 and (begins or lost):
            if not lost:
                found.append((start, index))
            start = -1
        if begins:
            start = index
    return found


def _headers_apart(packets: Sequence[RtpPacket], start: int, end: int) -> bool:
    """Whether the pack's headers stand in packets of their own."""
    if end - start < 2:
        return False
    first = packets[start].payload
    at = next_start(first, 4)
    while at >= 0:
        if first[at + 3] >= 0xBD:
            return False
        at = next_start(first, at + 4)
    return packets[start + 1].payload.startswith(b"\0\0\1")


def _picture_time(packets: Sequence[RtpPacket]) -> int | None:
    """PTS of the first video packet of a pack, read from the packets that hold its headers."""
    head = b"".join(packet.payload for packet in packets[:4])
    at = head.find(_VIDEO_START)
    if at < 0:
        return None
    # The packet is cut after its header: its time is all that is wanted.
    for unit in parse_program_stream(head[at : at + 32]):
        if isinstance(unit, PesPacket):
            return unit.pts
    return None


def _judge_rate(findings: Findings, pictures: Sequence[tuple[int, int]]) -> None:
    """RTP time stamps advance as the pictures' own times do: by 90 kHz."""
    ratios = []
    for (time, pts), (later, later_pts) in pairwise(pictures):
        step = pts_difference(later_pts, pts)
        if step > 0:
            ratios.append(rtp_time_difference(later, time) / step)
    if len(ratios) >= _LEAST_STEPS and abs(median(ratios) - 1) > 0.1:
        told = f"{median(ratios) * 90_000:.0f} Hz"
        findings.add("rtp-clock", ANNEX_C, 0, told)
