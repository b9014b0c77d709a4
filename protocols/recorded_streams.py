"""IP packets for bytes that a relay forwarded, so that a recording of a relay is a capture too.

The segments are those a capture at the relay's place would have held: the stream's bytes, its
order and its times are real; acknowledgements and windows are not recorded.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

Endpoint = tuple[str, int]
_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10
_MAXIMUM_SEGMENT = 16_384


def tcp_segment(
    source: Endpoint, destination: Endpoint, sequence: int, flags: int, payload: bytes = b""
) -> bytes:
    """An IPv4 packet with one TCP segment (RFC 9293), both checksums right."""
    addresses = IPv4Address(source[0]).packed + IPv4Address(destination[0]).packed
    length = 20 + len(payload)
    segment = struct.pack(
        ">HHIIBBHHH",
        source[1],
        destination[1],
        sequence & 0xFFFFFFFF,
        1 if flags & _ACK else 0,
        0x50,
        flags,
        0xFFFF,
        0,
        0,
    )
    pseudo = addresses + struct.pack(">BBH", 0, 6, length)
    checksum = _checksum(pseudo + segment + payload)
    segment = segment[:16] + struct.pack(">H", checksum) + segment[18:]
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, 6, 0) + addresses
    header = header[:10] + struct.pack(">H", _checksum(header)) + header[12:]
    return header + segment + payload


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class RecordedStream:
    """One direction of a forwarded connection as TCP segments."""

    def __init__(self, source: Endpoint, destination: Endpoint, answers: bool) -> None:
        self._ends = source, destination
        self._sequence = 1
        self._opening = _SYN | _ACK if answers else _SYN

    def open(self) -> bytes:
        """The segment that opens this direction."""
        return tcp_segment(*self._ends, 0, self._opening)

    def data(self, payload: bytes) -> list[bytes]:
        """The segments that carry ``payload``."""
        segments = []
        for start in range(0, len(payload), _MAXIMUM_SEGMENT):
            piece = payload[start : start + _MAXIMUM_SEGMENT]
            segments.append(tcp_segment(*self._ends, self._sequence, _PSH | _ACK, piece))
            self._sequence += len(piece)
        return segments

    def close(self) -> bytes:
        """The segment that ends this direction."""
        return tcp_segment(*self._ends, self._sequence, _FIN | _ACK)
