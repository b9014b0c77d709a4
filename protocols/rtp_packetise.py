"""Coded pictures and sound into RTP payloads, and the RTP header (RFC 3550).

H.264 by RFC 6184, H.265 by RFC 7798, JPEG by RFC 2435, AAC by RFC 3640 (``AAC-hbr``). The
marker bit belongs on the last payload of a picture.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from protocols.errors import ProtocolError

MAXIMUM_PAYLOAD = 1400
_HEADER = struct.Struct(">BBHII")
_FRAGMENT_A = 28
_AGGREGATE_A = 24
_H265_FRAGMENT = 49
_H265_AGGREGATE = 48


def rtp_header(payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int) -> bytes:
    """The 12 bytes of an RTP header; sequence and timestamp are cut to their width."""
    return _HEADER.pack(
        0x80,
        payload_type | (0x80 if marker else 0),
        sequence & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc,
    )


def nal_units(stream: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream, without start codes and trailing zeros."""
    pieces = stream.split(b"\0\0\1")[1:]
    last = len(pieces) - 1
    units = [piece if index == last else piece.rstrip(b"\0") for index, piece in enumerate(pieces)]
    return [unit for unit in units if unit]


def packetise_h264(
    units: Sequence[bytes], maximum: int = MAXIMUM_PAYLOAD, *, aggregate: bool = False
) -> list[bytes]:
    """The payloads of one access unit: single NAL units and FU-A.

    Args:
        units: NAL units without start codes.
        maximum: longest payload in bytes.
        aggregate: put the parameter sets in front of a picture into one STAP-A.
    """
    payloads: list[bytes] = []
    rest = list(units)
    if aggregate:
        sets = [unit for unit in rest if unit[0] & 31 in (7, 8)]
        if len(sets) > 1 and sum(len(unit) + 2 for unit in sets) < maximum:
            header = bytes([max(unit[0] & 0x60 for unit in sets) | _AGGREGATE_A])
            payloads.append(header + _sized(sets))
            rest = [unit for unit in rest if unit[0] & 31 not in (7, 8)]
    for unit in rest:
        if len(unit) <= maximum:
            payloads.append(unit)
            continue
        indicator = unit[0] & 0xE0 | _FRAGMENT_A
        kind = unit[0] & 31
        pieces = _pieces(unit[1:], maximum - 2)
        for number, piece in enumerate(pieces):
            payloads.append(bytes([indicator, _fragment_bits(number, len(pieces)) | kind]) + piece)
    return payloads


def packetise_h265(units: Sequence[bytes], maximum: int = MAXIMUM_PAYLOAD) -> list[bytes]:
    """The payloads of one access unit: parameter sets aggregated, long units fragmented."""
    payloads: list[bytes] = []
    sets = [unit for unit in units if unit[0] >> 1 & 63 in (32, 33, 34)]
    rest = list(units)
    if len(sets) > 1 and sum(len(unit) + 2 for unit in sets) < maximum - 2:
        payloads.append(bytes([_H265_AGGREGATE << 1, sets[0][1]]) + _sized(sets))
        rest = [unit for unit in rest if unit[0] >> 1 & 63 not in (32, 33, 34)]
    for unit in rest:
        if len(unit) <= maximum:
            payloads.append(unit)
            continue
        header = bytes([unit[0] & 0x81 | _H265_FRAGMENT << 1, unit[1]])
        kind = unit[0] >> 1 & 63
        pieces = _pieces(unit[2:], maximum - 3)
        for number, piece in enumerate(pieces):
            payloads.append(header + bytes([_fragment_bits(number, len(pieces)) | kind]) + piece)
    return payloads


def _sized(units: Sequence[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def _pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def _fragment_bits(number: int, count: int) -> int:
    return (0x80 if number == 0 else 0) | (0x40 if number == count - 1 else 0)


def packetise_jpeg(image: bytes, maximum: int = MAXIMUM_PAYLOAD) -> list[bytes]:
    """The payloads of one baseline JPEG picture (RFC 2435), quantisation tables in band.

    Raises:
        ProtocolError: not a JPEG that RFC 2435 can carry (baseline, three components, 4:2:0 or
            4:2:2, at most 2040 x 2040).
    """
    segments, scan = _jpeg_segments(image)
    kind, width, height = _jpeg_frame(segments)
    tables = _quantisers(segments)
    interval = int.from_bytes(segments.get(0xDD, b"")[:2], "big")
    restart = b""
    if interval:
        kind += 64
        restart = struct.pack(">HH", interval, 0xFFFF)
    payloads = []
    offset = 0
    while offset < len(scan):
        header = struct.pack(">I", offset)
        header += bytes([kind, 255, (width + 7) // 8, (height + 7) // 8]) + restart
        if offset == 0:
            header += struct.pack(">BBH", 0, 0, len(tables)) + tables
        piece = scan[offset : offset + maximum - len(header)]
        payloads.append(header + piece)
        offset += len(piece)
    return payloads


def _jpeg_segments(image: bytes) -> tuple[dict[int, bytes], bytes]:
    """Marker segments by marker (those of one kind joined), and the entropy-coded scan."""
    if image[:2] != b"\xff\xd8":
        raise ProtocolError("JPEG: no start of image")
    segments: dict[int, bytes] = {}
    position = 2
    while position + 4 <= len(image):
        if image[position] != 0xFF:
            break
        marker = image[position + 1]
        length = int.from_bytes(image[position + 2 : position + 4], "big")
        if length < 2 or position + 2 + length > len(image):
            break
        segments[marker] = segments.get(marker, b"") + image[position + 4 : position + 2 + length]
        position += 2 + length
        if marker == 0xDA:
            scan = image[position:]
            return segments, scan[:-2] if scan.endswith(b"\xff\xd9") else scan
    raise ProtocolError("JPEG: no scan")


def _jpeg_frame(segments: dict[int, bytes]) -> tuple[int, int, int]:
    """RTP/JPEG type, width and height."""
    frame = segments.get(0xC0, b"")
    if len(frame) < 15 or frame[5] != 3:
        raise ProtocolError("JPEG: not baseline with three components")
    height, width = struct.unpack_from(">HH", frame, 1)
    if not (0 < width <= 2040 and 0 < height <= 2040):
        raise ProtocolError("JPEG: RFC 2435 carries at most 2040 x 2040")
    sampling = (frame[7], frame[10], frame[13])
    kinds = {(0x21, 0x11, 0x11): 0, (0x22, 0x11, 0x11): 1}
    if sampling not in kinds:
        raise ProtocolError("JPEG: neither 4:2:0 nor 4:2:2")
    return kinds[sampling], width, height


def _quantisers(segments: dict[int, bytes]) -> bytes:
    """The two 8-bit quantisation tables, luma first."""
    content = segments.get(0xDB, b"")
    tables: dict[int, bytes] = {}
    while len(content) >= 65:
        if content[0] >> 4:
            raise ProtocolError("JPEG: 16-bit quantisation tables")
        tables[content[0] & 15] = content[1:65]
        content = content[65:]
    if 0 not in tables:
        raise ProtocolError("JPEG: no quantisation table")
    return tables[0] + tables.get(1, tables[0])


def packetise_aac(frames: Sequence[bytes]) -> bytes:
    """One payload of whole AAC frames (RFC 3640, sizeLength=13, indexLength=3).

    Raises:
        ValueError: a frame is longer than 8191 bytes.
    """
    if any(len(frame) > 8191 for frame in frames):
        raise ValueError("an AAC frame is longer than its length field can tell")
    headers = b"".join((len(frame) << 3).to_bytes(2, "big") for frame in frames)
    return (16 * len(frames)).to_bytes(2, "big") + headers + b"".join(frames)
