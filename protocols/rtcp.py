"""RTCP compound packets (RFC 3550 6): sender reports, descriptions, goodbyes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from protocols.errors import ProtocolError

NTP_TO_POSIX = 2_208_988_800
_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION, _GOODBYE = 200, 201, 202, 203
_CNAME = 1


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What the sender says of its clocks and counts (RFC 3550 6.4.1).

    Attributes:
        ssrc: synchronisation source of the sender.
        ntp_time: the sender's wall clock, POSIX seconds.
        ntp_timestamp: the same as it was sent, 32.32 fixed point since 1900; 0 = no wall clock.
        rtp_timestamp: the media clock at that instant, 32 bits.
        packet_count, octet_count: sent since the start, 32 bits.
    """

    ssrc: int
    ntp_time: float
    ntp_timestamp: int
    rtp_timestamp: int
    packet_count: int
    octet_count: int


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """A report without sender information (RFC 3550 6.4.2)."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """The canonical name of one source (RFC 3550 6.5.1)."""

    ssrc: int
    cname: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The source leaves (RFC 3550 6.6)."""

    ssrc: int


RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye


def parse_rtcp(data: bytes) -> list[RtcpPacket]:
    """Read a compound packet; kinds not listed here are passed over.

    Raises:
        ProtocolError: a length beyond the packet, another version, or a report too short.
    """
    packets: list[RtcpPacket] = []
    offset = 0
    while offset < len(data):
        if offset + 4 > len(data):
            raise ProtocolError("RTCP: cut off in a header")
        first, kind, words = struct.unpack_from(">BBH", data, offset)
        end = offset + 4 * (words + 1)
        if first >> 6 != 2:
            raise ProtocolError(f"RTCP: version {first >> 6}")
        if end > len(data):
            raise ProtocolError(f"RTCP: packet of {4 * (words + 1)} bytes in {len(data) - offset}")
        packets += _read(kind, first & 0x1F, data[offset + 4 : end])
        offset = end
    return packets


def _read(kind: int, count: int, body: bytes) -> list[RtcpPacket]:
    if kind == _SENDER_REPORT:
        if len(body) < 24:
            raise ProtocolError("RTCP: sender report too short")
        ssrc, ntp, rtp, packets, octets = struct.unpack_from(">IQIII", body)
        wall_clock = ntp / 2**32 - NTP_TO_POSIX
        return [SenderReport(ssrc, wall_clock, ntp, rtp, packets, octets)]
    if kind == _RECEIVER_REPORT:
        if len(body) < 4:
            raise ProtocolError("RTCP: receiver report too short")
        return [ReceiverReport(struct.unpack_from(">I", body)[0])]
    if kind == _DESCRIPTION:
        return list(_descriptions(count, body))
    if kind == _GOODBYE:
        if len(body) < 4 * count:
            raise ProtocolError("RTCP: goodbye too short")
        return [Goodbye(ssrc) for ssrc in struct.unpack_from(f">{count}I", body)]
    return []


def _descriptions(count: int, body: bytes) -> list[SourceDescription]:
    found = []
    offset = 0
    for _ in range(count):
        if offset + 5 > len(body):
            raise ProtocolError("RTCP: source description too short")
        ssrc = struct.unpack_from(">I", body, offset)[0]
        offset += 4
        while offset < len(body) and body[offset]:
            if offset + 2 > len(body) or offset + 2 + body[offset + 1] > len(body):
                raise ProtocolError("RTCP: description item beyond the packet")
            item = body[offset + 2 : offset + 2 + body[offset + 1]]
            if body[offset] == _CNAME:
                found.append(SourceDescription(ssrc, item.decode("utf-8", "replace")))
            offset += 2 + body[offset + 1]
        offset += 4 - offset % 4
    return found


def build_rtcp(report: SenderReport, cname: str = "") -> bytes:
    """A compound packet: the sender report, and the canonical name if there is one."""
    packet = struct.pack(
        ">BBHIQIII",
        0x80,
        _SENDER_REPORT,
        6,
        report.ssrc,
        report.ntp_timestamp,
        report.rtp_timestamp,
        report.packet_count & 0xFFFFFFFF,
        report.octet_count & 0xFFFFFFFF,
    )
    if cname:
        name = cname.encode()[:255]
        chunk = struct.pack(">IBB", report.ssrc, _CNAME, len(name)) + name + b"\0"
        chunk += b"\0" * (-len(chunk) % 4)
        packet += struct.pack(">BBH", 0x81, _DESCRIPTION, len(chunk) // 4) + chunk
    return packet


def ntp_timestamp(posix_seconds: float) -> int:
    """POSIX seconds as an NTP timestamp, 32.32 fixed point since 1900 (RFC 5905 6)."""
    return round((posix_seconds + NTP_TO_POSIX) * 2**32) & 0xFFFFFFFFFFFFFFFF
