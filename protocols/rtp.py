"""RTP data packets (RFC 3550 5.1), one at a time or thousands at once."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocols.errors import ProtocolError

_VERSION = 2
_FIRST_RTCP_TYPE, _LAST_RTCP_TYPE = 192, 223


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet.

    Attributes:
        payload_type: 0 to 127.
        marker: for video, the last packet of a picture.
        sequence: 16 bits.
        timestamp: 32 bits, ticks of the media clock.
        ssrc: synchronisation source.
        payload: without padding.
        extension_profile: the profile's number of a header extension, ``None`` without one.
        extension: its content.
    """

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    extension_profile: int | None = None
    extension: bytes = b""


def is_rtcp(data: bytes) -> bool:
    """Whether a datagram on a shared port is RTCP rather than RTP (RFC 5761 4)."""
    return len(data) >= 2 and _FIRST_RTCP_TYPE <= data[1] <= _LAST_RTCP_TYPE


def parse_rtp(data: bytes) -> RtpPacket:
    """Read one RTP packet.

    Raises:
        ProtocolError: too short, another version, or lengths that exceed the packet.
    """
    if len(data) < 12:
        raise ProtocolError(f"RTP: {len(data)} bytes are shorter than a header")
    first, second, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", data)
    if first >> 6 != _VERSION:
        raise ProtocolError(f"RTP: version {first >> 6}")
    start, end = 12 + 4 * (first & 0x0F), len(data)
    profile, extension = None, b""
    if first & 0x10:
        if start + 4 > end:
            raise ProtocolError("RTP: header extension beyond the packet")
        profile, words = struct.unpack_from(">HH", data, start)
        extension = data[start + 4 : start + 4 + 4 * words]
        start += 4 + 4 * words
    if first & 0x20:
        if not 1 <= data[-1] <= end - 12:
            raise ProtocolError("RTP: padding beyond the packet")
        end -= data[-1]
    if start > end:
        raise ProtocolError("RTP: header beyond the packet")
    return RtpPacket(
        payload_type=second & 0x7F,
        marker=bool(second & 0x80),
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=bytes(data[start:end]),
        extension_profile=profile,
        extension=bytes(extension),
    )


@dataclass(frozen=True)
class HeaderTable:
    """The headers of many RTP packets, one array element each.

    Attributes:
        row: index of the packet in the arrays given to ``parse_headers``.
        payload_type, marker, sequence, timestamp, ssrc: as in ``RtpPacket``.
        payload_start, payload_end: place of the payload in the buffer.
        header_start: place of the RTP header in the buffer.
    """

    row: npt.NDArray[np.int64]
    payload_type: npt.NDArray[np.int64]
    marker: npt.NDArray[np.bool_]
    sequence: npt.NDArray[np.int64]
    timestamp: npt.NDArray[np.int64]
    ssrc: npt.NDArray[np.int64]
    payload_start: npt.NDArray[np.int64]
    payload_end: npt.NDArray[np.int64]
    header_start: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> HeaderTable:
        """The packets chosen by an index or a mask, in that order."""
        return HeaderTable(**{name: values[rows] for name, values in vars(self).items()})


def parse_headers(
    buffer: npt.NDArray[np.uint8],
    start: npt.NDArray[np.int64],
    length: npt.NDArray[np.int64],
) -> HeaderTable:
    """Read the RTP headers of packets that lie at ``start`` in ``buffer``.

    What ``parse_rtp`` would refuse, and RTCP on the same port, is left out; compare ``row``.
    """
    row = np.flatnonzero(length >= 12)
    at = start[row]
    end = at + length[row]
    first = buffer[at].astype(np.int64)
    second = buffer[at + 1].astype(np.int64)
    payload = at + 12 + 4 * (first & 0x0F)
    keep = (first >> 6 == _VERSION) & ~((second >= _FIRST_RTCP_TYPE) & (second <= _LAST_RTCP_TYPE))
    extended = first & 0x10 != 0
    keep &= ~extended | (payload + 4 <= end)
    with_extension = np.flatnonzero(extended & keep)
    payload[with_extension] += 4 + 4 * big_endian(buffer, payload[with_extension] + 2, 2)
    padded = np.flatnonzero((first & 0x20 != 0) & keep)
    padding = buffer[end[padded] - 1].astype(np.int64)
    keep[padded] &= (padding >= 1) & (padding <= end[padded] - at[padded] - 12)
    end[padded] -= padding
    keep &= payload <= end
    return HeaderTable(
        row=row,
        payload_type=second & 0x7F,
        marker=second & 0x80 != 0,
        sequence=big_endian(buffer, at + 2, 2),
        timestamp=big_endian(buffer, at + 4, 4),
        ssrc=big_endian(buffer, at + 8, 4),
        payload_start=payload,
        payload_end=end,
        header_start=at,
    ).take(keep)


def big_endian(
    buffer: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: int
) -> npt.NDArray[np.int64]:
    """Unsigned big-endian values of ``size`` bytes (1 to 7) at every offset in ``at``."""
    value = buffer[at].astype(np.int64)
    for offset in range(1, size):
        value = (value << 8) | buffer[at + offset]
    return value


def extend(values: npt.NDArray[np.int64], bits: int) -> npt.NDArray[np.int64]:
    """Unwrap a counter of ``bits`` bits: each step is the nearest one (RFC 3550 A.1).

    The first value stays as it is; a value that was reordered across the wrap before the first
    may become negative.
    """
    if len(values) == 0:
        return values.astype(np.int64)
    size = 1 << bits
    steps = (np.diff(values) + size // 2) % size - size // 2
    unwrapped: npt.NDArray[np.int64] = np.concatenate(([0], np.cumsum(steps))) + values[0]
    return unwrapped
