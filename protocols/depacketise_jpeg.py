"""JPEG pictures out of RTP payloads (RFC 2435): the headers that were left out are put back.

Types 0 and 1, with their restart variants 64 and 65, name the headers; the quantisation tables
come in band (Q 128 to 255) or follow from the quality factor (Q 1 to 99).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from protocols.errors import ProtocolError

_MOST_BYTES = 32 * 2**20
_FIRST_IN_BAND_QUALITY = 128

# Quantisers (zigzag order) and Huffman tables (class and number, counts, symbols) of ITU-T T.81
# annex K, which RFC 2435 prescribes.
_QUANTISERS = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e404457453738"
    "506d51575f626768673e4d71797064785c656763"
    "1112121815182f1a1a2f63423842636363636363636363636363636363636363636363636363636363636363"
    "6363636363636363636363636363636363636363"
)
_HUFFMAN_TABLES = tuple(
    bytes.fromhex(table)
    for table in (
        "0000010501010101010100000000000000000102030405060708090a0b",
        "100002010303020403050504040000017d01020300041105122131410613516107227114328191a1"
        "082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748"
        "494a535455565758595a636465666768696a737475767778797a838485868788898a929394959697"
        "98999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1"
        "e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
        "0100030101010101010101010000000000000102030405060708090a0b",
        "11000201020404030407050404000102770001020311040521310612415107617113223281081442"
        "91a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a4344454647"
        "48494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495"
        "969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9"
        "dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
    )
)


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """The main and restart headers of one payload (RFC 2435 3.1).

    Attributes:
        offset: place of this fragment in the scan, in bytes.
        kind: 0 or 1 (chroma sampling), 64 or 65 with restart markers.
        quality: 1 to 99 or 128 to 255.
        width, height: in pixels; 0 when larger than 2040 (then see the header extension).
        restart_interval: units between restart markers, 0 = none.
        content: where the rest of the payload begins.
    """

    offset: int
    kind: int
    quality: int
    width: int
    height: int
    restart_interval: int
    content: int


@dataclass(frozen=True, slots=True)
class JpegAssembly:
    """One picture with its headers; ``damaged`` when a fragment of it is missing."""

    data: bytes
    damaged: bool


def parse_jpeg_header(payload: bytes) -> JpegHeader:
    """Read the headers of one payload.

    Raises:
        ProtocolError: too short, or a type or quality that RFC 2435 does not define.
    """
    if len(payload) < 8:
        raise ProtocolError("RTP/JPEG: short header")
    first, kind, quality, width, height = struct.unpack_from(">IBBBB", payload)
    if kind not in (0, 1, 64, 65) or quality == 0 or 100 <= quality < _FIRST_IN_BAND_QUALITY:
        raise ProtocolError(f"RTP/JPEG: type {kind}, quality {quality}")
    interval, content = 0, 8
    if kind >= 64:
        if len(payload) < 12:
            raise ProtocolError("RTP/JPEG: short restart header")
        interval, content = struct.unpack_from(">H", payload, 8)[0], 12
    return JpegHeader(first & 0xFFFFFF, kind, quality, 8 * width, 8 * height, interval, content)


def jpeg_picture(payloads: Iterable[bytes], size: tuple[int, int] | None = None) -> JpegAssembly:
    """One picture out of the payloads of its access unit, in sequence.

    ``size`` stands in where the payload cannot tell it (more than 2040 pixels a side).

    Raises:
        ProtocolError: the first fragment is missing or breaks its format.
    """
    scan = bytearray()
    first: JpegHeader | None = None
    tables = b""
    damaged = False
    for payload in payloads:
        header = parse_jpeg_header(payload)
        content = payload[header.content :]
        if header.offset == 0 and first is None:
            first = header
            tables, content = _quantisers(header.quality, content)
        elif first is None or header.offset != len(scan):
            damaged = True
            continue
        if len(scan) + len(content) > _MOST_BYTES:
            raise ProtocolError("RTP/JPEG: picture too large")
        scan += content
    if first is None:
        raise ProtocolError("RTP/JPEG: the first fragment is missing")
    width, height = (first.width or (size or (0, 0))[0], first.height or (size or (0, 0))[1])
    if not (width and height):
        raise ProtocolError("RTP/JPEG: no size")
    head = _headers(first, width, height, tables)
    tail = b"" if scan[-2:] == b"\xff\xd9" else b"\xff\xd9"
    return JpegAssembly(head + bytes(scan) + tail, damaged)


def size_of_extension(extension: bytes) -> tuple[int, int] | None:
    """Width and height from a frame header in an RTP header extension (ONVIF Streaming 5.1.4)."""
    found = extension.find(b"\xff\xc0")
    if found < 0 or found + 9 > len(extension):
        return None
    height, width = struct.unpack_from(">HH", extension, found + 5)
    return width, height


def _quantisers(quality: int, content: bytes) -> tuple[bytes, bytes]:
    """Luma and chroma tables of 64 bytes each, and the content behind them."""
    if quality < _FIRST_IN_BAND_QUALITY:
        scale = 5000 // quality if quality < 50 else 200 - 2 * quality
        scaled = bytes(min(max((value * scale + 50) // 100, 1), 255) for value in _QUANTISERS)
        return scaled, content
    if len(content) < 4:
        raise ProtocolError("RTP/JPEG: short quantisation header")
    precision, length = struct.unpack_from(">xBH", content)
    tables = content[4 : 4 + length]
    if precision or len(tables) != length or length not in (64, 128):
        raise ProtocolError(f"RTP/JPEG: quantisation tables of {length} bytes")
    return (tables if length == 128 else tables * 2), content[4 + length :]


def _headers(first: JpegHeader, width: int, height: int, tables: bytes) -> bytes:
    sampling = 0x22 if first.kind & 1 else 0x21
    out = [b"\xff\xd8"]
    for number in range(2):
        out.append(_segment(0xDB, bytes([number]) + tables[64 * number : 64 * number + 64]))
    components = bytes([3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1])
    out.append(_segment(0xC0, struct.pack(">BHH", 8, height, width) + components))
    out += [_segment(0xC4, table) for table in _HUFFMAN_TABLES]
    if first.restart_interval:
        out.append(_segment(0xDD, struct.pack(">H", first.restart_interval)))
    out.append(_segment(0xDA, bytes([3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0])))
    return b"".join(out)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
