"""Capture files: classic pcap and pcapng written in nanoseconds, both read.

Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng. Only what a recording needs: frames
with time and link type. Dissection is left to the callers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from protocols.errors import ProtocolError

LINKTYPE_ETHERNET = 1
LINKTYPE_RAW = 101
_MAGIC_NANOSECONDS = 0xA1B23C4D
_MAGIC_MICROSECONDS = 0xA1B2C3D4
_SECTION_HEADER = 0x0A0D0D0A
_MAXIMUM_FRAME = 262_144
_MAXIMUM_COMMENT = 1024
# Options of pcapng blocks (draft-ietf-opsawg-pcapng, 3.5, 4.2 and 4.3).
_COMMENT, _PACKET_FLAGS, _TIME_RESOLUTION = 1, 2, 9


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured frame: POSIX time in nanoseconds, link type, bytes.

    Attributes:
        comment: what pcapng says of this packet (opt_comment), "" if nothing.
        outbound: its direction (epb_flags), ``None`` where the file does not tell.
    """

    time_ns: int
    link_type: int
    data: bytes
    comment: str = ""
    outbound: bool | None = None


def write_pcap(frames: Iterable[tuple[int, bytes]], link_type: int = LINKTYPE_RAW) -> bytes:
    """A pcap file of ``(time in ns, bytes)`` frames of one link type."""
    out = [struct.pack("<IHHiIII", _MAGIC_NANOSECONDS, 2, 4, 0, 0, _MAXIMUM_FRAME, link_type)]
    for time_ns, data in frames:
        seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
        out.append(struct.pack("<IIII", seconds, nanoseconds, len(data), len(data)))
        out.append(data)
    return b"".join(out)


def write_pcapng(frames: Iterable[Frame], link_type: int = LINKTYPE_RAW) -> bytes:
    """A pcapng file of frames of one link type, in nanoseconds, with comments and directions."""
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    interface = struct.pack("<HHI", link_type, 0, _MAXIMUM_FRAME) + _option(
        _TIME_RESOLUTION, b"\x09"
    )
    out = [_block(_SECTION_HEADER, section), _block(1, interface + _option(0, b""))]
    for frame in frames:
        high, low = divmod(frame.time_ns, 1 << 32)
        length = len(frame.data)
        body = struct.pack("<IIIII", 0, high, low, length, length) + _padded(frame.data)
        if frame.comment:
            body += _option(_COMMENT, frame.comment.encode()[:_MAXIMUM_COMMENT])
        if frame.outbound is not None:
            body += _option(_PACKET_FLAGS, struct.pack("<I", 2 if frame.outbound else 1))
        out.append(_block(6, body + _option(0, b"")))
    return b"".join(out)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def _option(code: int, content: bytes) -> bytes:
    return struct.pack("<HH", code, len(content)) + _padded(content)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def udp_datagram(source: tuple[str, int], destination: tuple[str, int], payload: bytes) -> bytes:
    """An IP/UDP packet around ``payload``, of version 6 when ``source`` is such an address.

    Over IPv4 the UDP checksum is 0: not used (RFC 768). Over IPv6 it is there (RFC 8200 8.1).
    """
    length = 8 + len(payload)
    if ":" in source[0]:
        return _udp_datagram_6(source, destination, payload)
    header = struct.pack(
        ">BBHHHBBH4s4s",
        0x45,
        0,
        20 + length,
        0,
        0,
        64,
        17,
        0,
        _packed(source[0]),
        _packed(destination[0]),
    )
    checksum = sum(struct.unpack(">10H", header))
    checksum = (checksum & 0xFFFF) + (checksum >> 16)
    checksum = ~((checksum & 0xFFFF) + (checksum >> 16)) & 0xFFFF
    return (
        header[:10]
        + struct.pack(">H", checksum)
        + header[12:]
        + struct.pack(">HHHH", source[1], destination[1], length, 0)
        + payload
    )


def _udp_datagram_6(source: tuple[str, int], destination: tuple[str, int], payload: bytes) -> bytes:
    length = 8 + len(payload)
    ends = _packed(source[0]) + _packed(destination[0])
    summed = struct.pack(">IIHHH", length, 17, source[1], destination[1], length)
    checked = ends + summed + payload + bytes(len(payload) % 2)
    checksum = sum(struct.unpack(f">{len(checked) // 2}H", checked))
    while checksum >> 16:
        checksum = (checksum & 0xFFFF) + (checksum >> 16)
    checksum = ~checksum & 0xFFFF or 0xFFFF
    header = struct.pack(">IHBB", 6 << 28, length, 17, 64)
    udp = struct.pack(">HHHH", source[1], destination[1], length, checksum)
    return header + ends + udp + payload


@lru_cache(maxsize=256)
def _packed(address: str) -> bytes:
    return ip_address(address.partition("%")[0]).packed


def read_capture(content: bytes) -> Iterator[Frame]:
    """The frames of a pcap or pcapng file.

    Raises:
        ProtocolError: not a capture file, or cut off or inconsistent; the frames before the
            fault have been yielded.
    """
    if len(content) < 24:
        raise ProtocolError("capture file: shorter than a file header")
    if struct.unpack_from("<I", content)[0] == _SECTION_HEADER:
        yield from _read_pcapng(content)
    else:
        yield from _read_pcap(content)


def _read_pcap(content: bytes) -> Iterator[Frame]:
    for order in "<", ">":
        magic = struct.unpack_from(order + "I", content)[0]
        if magic in (_MAGIC_NANOSECONDS, _MAGIC_MICROSECONDS):
            break
    else:
        raise ProtocolError("capture file: neither pcap nor pcapng")
    unit = 1 if magic == _MAGIC_NANOSECONDS else 1000
    link_type = struct.unpack_from(order + "I", content, 20)[0] & 0x0FFFFFFF
    record = struct.Struct(order + "IIII")
    offset = 24
    while offset < len(content):
        if offset + 16 > len(content):
            raise ProtocolError(f"capture file: cut off in a record header at byte {offset}")
        seconds, fraction, captured, _original = record.unpack_from(content, offset)
        offset += 16
        if captured > _MAXIMUM_FRAME or offset + captured > len(content):
            raise ProtocolError(f"capture file: frame of {captured} bytes at byte {offset}")
        time_ns = seconds * 1_000_000_000 + fraction * unit
        yield Frame(time_ns, link_type, content[offset : offset + captured])
        offset += captured


def _read_pcapng(content: bytes) -> Iterator[Frame]:
    order = "<"
    interfaces: list[tuple[int, int]] = []
    offset = 0
    while offset < len(content):
        if offset + 12 > len(content):
            raise ProtocolError(f"capture file: cut off in a block header at byte {offset}")
        kind = struct.unpack_from(order + "I", content, offset)[0]
        if kind == _SECTION_HEADER:
            order = "<" if content[offset + 8 : offset + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        length = struct.unpack_from(order + "I", content, offset + 4)[0]
        if length < 12 or length % 4 or offset + length > len(content):
            raise ProtocolError(f"capture file: block of {length} bytes at byte {offset}")
        body = content[offset + 8 : offset + length - 4]
        if kind == 1:
            interfaces.append(_interface(body, order, offset))
        elif kind == 6:
            yield _enhanced_packet(body, order, interfaces, offset)
        offset += length


def _interface(body: bytes, order: str, offset: int) -> tuple[int, int]:
    """Link type and ticks per second of an Interface Description Block."""
    if len(body) < 8:
        raise ProtocolError(f"capture file: short interface block at byte {offset}")
    link_type = struct.unpack_from(order + "H", body)[0]
    ticks = 1_000_000
    for code, value in _options(body, 8, order):
        if code == _TIME_RESOLUTION and value:
            resolution = value[0]
            ticks = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    return link_type, ticks


def _options(body: bytes, position: int, order: str) -> Iterator[tuple[int, bytes]]:
    """Code and value of the options from ``position`` on."""
    while position + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, position)
        if code == 0:
            return
        yield code, body[position + 4 : position + 4 + length]
        position += 4 + (length + 3) // 4 * 4


def _enhanced_packet(
    body: bytes, order: str, interfaces: list[tuple[int, int]], offset: int
) -> Frame:
    if len(body) < 20:
        raise ProtocolError(f"capture file: short packet block at byte {offset}")
    interface, high, low, captured, _original = struct.unpack_from(order + "IIIII", body)
    if interface >= len(interfaces) or captured > len(body) - 20:
        raise ProtocolError(f"capture file: inconsistent packet block at byte {offset}")
    link_type, ticks = interfaces[interface]
    time_ns = ((high << 32) | low) * 1_000_000_000 // ticks
    comment, outbound = "", None
    for code, value in _options(body, 20 + (captured + 3) // 4 * 4, order):
        if code == _COMMENT and not comment:
            comment = value.decode("utf-8", "replace")
        elif code == _PACKET_FLAGS and len(value) == 4:
            direction = struct.unpack(order + "I", value)[0] & 3
            outbound = {1: False, 2: True}.get(direction)
    return Frame(time_ns, link_type, body[20 : 20 + captured], comment, outbound)
