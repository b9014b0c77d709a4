"""RTCP packets written (RFC 3550 section 6): sender and receiver reports, SDES, BYE."""

from __future__ import annotations

import struct

_SECONDS_1900_TO_1970 = 2_208_988_800


def sender_report(
    ssrc: int, wall_clock: float, rtp_timestamp: int, packet_count: int, octet_count: int
) -> bytes:
    """A sender report without report blocks.

    Args:
        wall_clock: the sender's clock in POSIX seconds, sent as an NTP timestamp.
        rtp_timestamp: the media clock at the same instant.
        packet_count, octet_count: RTP packets and payload octets sent so far.
    """
    whole = int(wall_clock // 1)
    fraction = min(int((wall_clock - whole) * (1 << 32)), (1 << 32) - 1)
    return struct.pack(
        ">BBHIIIIII",
        0x80,
        200,
        6,
        ssrc,
        (whole + _SECONDS_1900_TO_1970) & 0xFFFFFFFF,
        fraction,
        rtp_timestamp & 0xFFFFFFFF,
        packet_count & 0xFFFFFFFF,
        octet_count & 0xFFFFFFFF,
    )


def receiver_report(ssrc: int) -> bytes:
    """A receiver report without report blocks: a sign of life."""
    return struct.pack(">BBHI", 0x80, 201, 1, ssrc)


def source_description(ssrc: int, name: str) -> bytes:
    """A source description with the canonical name. ValueError: longer than 255 bytes."""
    text = name.encode()
    if len(text) > 255:
        raise ValueError("a canonical name has at most 255 bytes")
    item = bytes([1, len(text)]) + text
    item += bytes(4 - len(item) % 4)
    return struct.pack(">BBHI", 0x81, 202, 1 + len(item) // 4, ssrc) + item


def goodbye(ssrc: int) -> bytes:
    """A goodbye of one source."""
    return struct.pack(">BBHI", 0x81, 203, 1, ssrc)
