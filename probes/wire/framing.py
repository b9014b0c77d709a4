"""RTP packets and messages cut out of TCP byte streams.

RTSP interleaved binary data (RFC 2326 section 10.12), RTP framed by its length (RFC 4571), HTTP
message bodies (RFC 9112). A capture may begin in the middle and have gaps, so each reader finds
its place again.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from protocols.flow_signatures import looks_like_rtcp, looks_like_rtp

_MAXIMUM_BODY = 16 * 2**20
_MAXIMUM_SEARCH = 131_072
_CHAIN = 4
_HTTP_ANSWER = re.compile(rb"HTTP/\d\.\d \d{3}[^\r\n]*\r\n")
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"


def interleaved_packets(data: bytes) -> list[bytes]:
    """The RTP and RTCP packets between ``$`` headers, the messages between them passed over."""
    packets: list[bytes] = []
    offset = 0
    while True:
        offset = data.find(b"$", offset)
        if offset < 0 or offset + 4 > len(data):
            return packets
        length = int.from_bytes(data[offset + 2 : offset + 4], "big")
        packet = data[offset + 4 : offset + 4 + length]
        if len(packet) == length and _is_packet(packet) and _goes_on(data, offset + 4 + length):
            packets.append(packet)
            offset += 4 + length
        else:
            offset += 1


def _is_packet(packet: bytes) -> bool:
    return looks_like_rtp(packet) or looks_like_rtcp(packet)


def _goes_on(data: bytes, offset: int) -> bool:
    """Whether another frame, a message, or the end of the data follows."""
    return offset >= len(data) or data[offset] == 0x24 or data[offset : offset + 1].isalpha()


def length_framed_packets(data: bytes) -> list[bytes]:
    """The RTP packets of a stream in which each has two bytes of length in front (RFC 4571)."""
    start = _chain_start(data)
    packets: list[bytes] = []
    while 0 <= start < len(data):
        offset = start
        while (packet := _framed(data, offset)) is not None:
            packets.append(packet)
            offset += 2 + len(packet)
        start = _chain_start(data, offset)
    return packets


def _framed(data: bytes, offset: int) -> bytes | None:
    length = int.from_bytes(data[offset : offset + 2], "big")
    packet = data[offset + 2 : offset + 2 + length]
    return packet if length >= 12 and len(packet) == length and _is_packet(packet) else None


def _chain_start(data: bytes, start: int = 0) -> int:
    """Where several framed packets stand in a row, -1 when nowhere near ``start``.

    Lengths and version bits come together by chance now and then; that one of four packets also
    has the source of another does not.
    """
    for offset in range(start, min(len(data) - 16, start + _MAXIMUM_SEARCH)):
        if data[offset + 2] >> 6 != 2:
            continue
        position = offset
        sources: set[bytes] = set()
        for _ in range(_CHAIN):
            packet = _framed(data, position)
            if packet is None:
                break
            sources.add(packet[4:8] if looks_like_rtcp(packet) else packet[8:12])
            position += 2 + len(packet)
        else:
            if len(sources) < _CHAIN:
                return offset
    return -1


def http_bodies(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(header, body) of the HTTP answers in a stream, transfer and content coding undone."""
    offset = 0
    while answer := _HTTP_ANSWER.search(data, offset):
        end = data.find(b"\r\n\r\n", answer.start())
        if end < 0:
            return
        header = data[answer.start() : end].lower()
        start = end + 4
        following = _HTTP_ANSWER.search(data, start)
        limit = following.start() if following else len(data)
        length = re.search(rb"\ncontent-length:\s*(\d{1,10})", header)
        if length:
            limit = min(start + int(length.group(1)), len(data))
        body = data[start:limit]
        if b"chunked" in header:
            body = _unchunked(body)
        if b"content-encoding: gzip" in header or b"content-encoding: deflate" in header:
            body = inflated(body)
        yield header, body[:_MAXIMUM_BODY]
        offset = max(limit, start)


def _unchunked(body: bytes) -> bytes:
    joined = bytearray()
    offset = 0
    while match := re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,64}\r\n").match(body, offset):
        size = int(match.group(1), 16)
        if not size:
            break
        joined += body[match.end() : match.end() + size]
        offset = match.end() + size + 2
    return bytes(joined)


def inflated(data: bytes) -> bytes:
    """The content behind gzip or zlib compression, as far as it can be had; b"" for neither."""
    for window in (47, -15):
        inflater = zlib.decompressobj(window)
        try:
            content = inflater.decompress(data, _MAXIMUM_BODY)
        except zlib.error:
            continue
        if content:
            return content
    return b""


def jpeg_files(data: bytes, most: int = 8) -> list[bytes]:
    """JPEG files in a stream, from start to end marker."""
    found: list[bytes] = []
    start = data.find(_JPEG_START)
    while start >= 0 and len(found) < most:
        end = data.find(_JPEG_END, start)
        following = data.find(_JPEG_START, start + 3)
        # A thumbnail inside the file has markers of its own: the last end before the next file.
        while end >= 0 and data[end + 2 : end + 4] not in (b"", b"\r\n", b"--", b"\xff\xd8"):
            later = data.find(_JPEG_END, end + 2)
            if later < 0 or (0 <= following < later):
                break
            end = later
        if end < 0:
            break
        found.append(data[start : end + 2])
        start = data.find(_JPEG_START, end + 2)
    return found
