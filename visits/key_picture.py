"""A captured stream's key picture, decoded: the proof that a camera really delivers."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import av
from PIL import Image

from protocols.depacketise import h264_units, h265_units
from protocols.depacketise_jpeg import jpeg_picture
from protocols.errors import ProtocolError
from protocols.rtp import RtpPacket, is_rtcp, parse_rtp

_DECODERS = {"H264": "h264", "H265": "hevc"}
_MOST_UNITS = 600


def key_picture(
    payloads: Iterable[bytes], encoding: str, parameters: dict[str, str]
) -> bytes | None:
    """The last key picture of a video track as JPEG, or ``None`` when none can be decoded.

    Args:
        payloads: RTP packets in order of arrival.
        encoding: name in the session description, upper case.
        parameters: of its a=fmtp, by lower-case name.
    """
    units = list(_access_units(payloads))[:_MOST_UNITS]
    if encoding == "JPEG":
        return _last_jpeg(units)
    if encoding not in _DECODERS:
        return None
    read = h264_units if encoding == "H264" else h265_units
    contents = (read(unit).annex_b() for unit in reversed(units))
    return _jpeg(_decode(contents, encoding, _announced(parameters)))


def picture_of(access_unit: bytes, encoding: str) -> bytes | None:
    """A key picture in the byte stream form (with start codes) as JPEG, or ``None``."""
    if encoding not in _DECODERS:
        return None
    return _jpeg(_decode([access_unit], encoding, b""))


def _jpeg(image: Image.Image | None) -> bytes | None:
    if image is None:
        return None
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def _access_units(payloads: Iterable[bytes]) -> Iterable[list[bytes]]:
    packets: list[RtpPacket] = []
    for payload in payloads:
        try:
            if not is_rtcp(payload):
                packets.append(parse_rtp(payload))
        except ProtocolError:
            continue
    for _, group in groupby(packets, key=lambda packet: packet.timestamp):
        yield [packet.payload for packet in _in_order(list(group))]


def _in_order(packets: list[RtpPacket]) -> list[RtpPacket]:
    """By sequence number, which wraps at 16 bits, counted from the first that came."""
    origin = packets[0].sequence - 0x8000
    return sorted(packets, key=lambda packet: (packet.sequence - origin) & 0xFFFF)


def _last_jpeg(units: list[list[bytes]]) -> bytes | None:
    for unit in reversed(units):
        try:
            assembled = jpeg_picture(unit)
            with Image.open(io.BytesIO(assembled.data)) as image:
                image.load()
        except (ProtocolError, OSError, ValueError, SyntaxError):
            continue
        return assembled.data
    return None


def _announced(parameters: dict[str, str]) -> bytes:
    """Parameter sets of the session description as Annex B (RFC 6184 8.1, RFC 7798 7.1)."""
    found = b""
    for name in ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets"):
        for text in parameters.get(name, "").split(","):
            try:
                unit = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                continue
            found += b"\x00\x00\x00\x01" + unit if unit else b""
    return found


def _decode(contents: Iterable[bytes], encoding: str, announced: bytes) -> Image.Image | None:
    for content in contents:
        if not _holds_key(content, encoding):
            continue
        decoder: Any = av.CodecContext.create(_DECODERS[encoding], "r")
        try:
            frames = decoder.decode(av.Packet(announced + content))
            frames += decoder.decode(None)
        except av.FFmpegError:
            continue
        sound = [frame for frame in frames if not frame.is_corrupt]
        if sound:
            image: Image.Image = sound[0].to_image()
            return image
    return None


def _holds_key(content: bytes, encoding: str) -> bool:
    """Whether an Annex B access unit holds an IDR (H.264) or IRAP (H.265) slice."""
    position = content.find(b"\x00\x00\x01")
    while 0 <= position < len(content) - 4:
        header = content[position + 3]
        if encoding == "H264" and header & 0x1F == 5:
            return True
        if encoding == "H265" and 16 <= (header >> 1 & 0x3F) <= 21:
            return True
        position = content.find(b"\x00\x00\x01", position + 3)
    return False
