"""RTP payloads back into pictures and sound.

RFC 6184 (H.264), RFC 7798 (H.265), RFC 3640 (AAC); JPEG is in ``depacketise_jpeg``, and codecs
whose payload is the coded sound itself need nothing. Loss is told, not hidden: what is missing
makes the result ``damaged``, and never raises.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from protocols.errors import ProtocolError

START_CODE = b"\0\0\0\1"
_MOST_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class NalUnits:
    """NAL units of one access unit in order, without start codes.

    Attributes:
        units: each with its NAL header.
        damaged: the first or last fragment of a unit was missing, or a payload broke its format
            and was left out. A fragment missing in between is told by sequence numbers only.
    """

    units: tuple[bytes, ...]
    damaged: bool

    def annex_b(self) -> bytes:
        """As a byte stream with start codes."""
        return b"".join(START_CODE + unit for unit in self.units)


def h264_units(payloads: Iterable[bytes]) -> NalUnits:
    """NAL units of RTP payloads in sequence: single, STAP-A/B, MTAP, FU-A/B (RFC 6184 5.2)."""
    return _Collector(_h264_payload).collect(payloads)


def h265_units(payloads: Iterable[bytes]) -> NalUnits:
    """NAL units of RTP payloads in sequence: single, AP, FU (RFC 7798 4.4)."""
    return _Collector(_h265_payload).collect(payloads)


class _Collector:
    """Joins fragments and unpacks aggregates."""

    def __init__(self, read: Callable[[_Collector, bytes], None]) -> None:
        self._read = read
        self._units: list[bytes] = []
        self._fragments: list[bytes] = []
        self.damaged = False

    def collect(self, payloads: Iterable[bytes]) -> NalUnits:
        total = 0
        for payload in payloads:
            total += len(payload)
            if total > _MOST_BYTES:
                self.damaged = True
                break
            try:
                self._read(self, payload)
            except ProtocolError:
                self.damaged = True
        self.unit(b"")
        return NalUnits(tuple(self._units), self.damaged)

    def unit(self, unit: bytes) -> None:
        """A whole unit; a fragmented one before it was never ended."""
        if self._fragments:
            self._fragments = []
            self.damaged = True
        if unit:
            self._units.append(unit)

    def fragment(self, header: bytes, content: bytes, starts: bool, ends: bool) -> None:
        if starts:
            self.unit(b"")
            self._fragments = [header]
        elif not self._fragments:
            self.damaged = True
            return
        self._fragments.append(content)
        if ends:
            self._units.append(b"".join(self._fragments))
            self._fragments = []

    def aggregate(self, payload: bytes, offset: int, skip: int = 0) -> None:
        """Units that are each preceded by 16 bits of length, and ``skip`` bytes to pass over."""
        while offset < len(payload):
            if offset + 2 > len(payload):
                raise ProtocolError("RTP: aggregate cut off")
            length = struct.unpack_from(">H", payload, offset)[0]
            offset += 2
            if length <= skip or offset + length > len(payload):
                raise ProtocolError(f"RTP: aggregated unit of {length} bytes")
            self.unit(payload[offset + skip : offset + length])
            offset += length


def _h264_payload(collector: _Collector, payload: bytes) -> None:
    if not payload:
        raise ProtocolError("RTP: empty H.264 payload")
    kind = payload[0] & 0x1F
    if 1 <= kind <= 23:
        collector.unit(payload)
    elif kind == 24:
        collector.aggregate(payload, 1)
    elif kind == 25:
        collector.aggregate(payload, 3)
    elif kind in (26, 27):
        _h264_multi_time(collector, payload, 3 if kind == 26 else 4)
    elif kind in (28, 29):
        content = 2 if kind == 28 else 4
        if len(payload) <= content:
            raise ProtocolError("RTP: FU without content")
        header = bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
        starts, ends = bool(payload[1] & 0x80), bool(payload[1] & 0x40)
        collector.fragment(header, payload[content:], starts, ends)
    else:
        raise ProtocolError(f"RTP: H.264 payload of type {kind}")


def _h264_multi_time(collector: _Collector, payload: bytes, skip: int) -> None:
    """MTAP16 and MTAP24: the length does not count the time fields (RFC 6184 5.7.2)."""
    offset = 3
    while offset < len(payload):
        if offset + 2 + skip > len(payload):
            raise ProtocolError("RTP: aggregate cut off")
        length = struct.unpack_from(">H", payload, offset)[0]
        offset += 2 + skip
        if not length or offset + length > len(payload):
            raise ProtocolError(f"RTP: aggregated unit of {length} bytes")
        collector.unit(payload[offset : offset + length])
        offset += length


def _h265_payload(collector: _Collector, payload: bytes) -> None:
    if len(payload) < 3:
        raise ProtocolError("RTP: short H.265 payload")
    kind = payload[0] >> 1 & 0x3F
    if kind == 48:
        collector.aggregate(payload, 2)
    elif kind == 49:
        if len(payload) < 4:
            raise ProtocolError("RTP: FU without content")
        header = bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]])
        starts, ends = bool(payload[2] & 0x80), bool(payload[2] & 0x40)
        collector.fragment(header, payload[3:], starts, ends)
    elif kind < 48:
        collector.unit(payload)
    else:
        raise ProtocolError(f"RTP: H.265 payload of type {kind}")


def access_units_of_aac(payload: bytes, size_bits: int = 13, index_bits: int = 3) -> list[bytes]:
    """The AAC access units of one RTP payload in mode AAC-hbr (RFC 3640 3.2, 3.3.6).

    Raises:
        ProtocolError: the headers exceed the payload.
    """
    if len(payload) < 2:
        raise ProtocolError("RTP: short AAC payload")
    header_bits = struct.unpack_from(">H", payload)[0]
    each = size_bits + index_bits
    offset = 2 + (header_bits + 7) // 8
    if each <= 0 or header_bits % each or offset > len(payload):
        raise ProtocolError(f"RTP: {header_bits} bits of AU headers")
    headers = int.from_bytes(payload[2:offset], "big") >> (-header_bits % 8)
    units = []
    for position in range(header_bits // each - 1, -1, -1):
        size = (headers >> (position * each + index_bits)) & ((1 << size_bits) - 1)
        units.append(payload[offset : offset + size])
        offset += size
    if not units:
        raise ProtocolError("RTP: AAC payload without an access unit")
    return units
