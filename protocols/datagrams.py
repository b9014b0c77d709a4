"""The UDP datagrams of a capture, indexed in bulk without copying a payload.

A ten-second stream holds thousands of packets; one Python object each would cost more than
everything else a probe does with it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocols.errors import ProtocolError
from protocols.pcap import LINKTYPE_RAW

_MAGIC_NANOSECONDS = 0xA1B23C4D
_MAGIC_MICROSECONDS = 0xA1B2C3D4
_MAXIMUM_FRAME = 262_144
_UDP = 17


@dataclass(frozen=True)
class DatagramTable:
    """UDP datagrams in capture order, one array element each.

    Attributes:
        buffer: the whole capture file as bytes.
        time_ns: arrival, POSIX nanoseconds.
        source_port, destination_port: UDP ports.
        start, length: place of the UDP payload in ``buffer``.
        cut_off: the file ended inside a record; the datagrams before it are here.
    """

    buffer: npt.NDArray[np.uint8]
    time_ns: npt.NDArray[np.int64]
    source_port: npt.NDArray[np.int64]
    destination_port: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    cut_off: bool

    def __len__(self) -> int:
        return len(self.time_ns)


def index_datagrams(content: bytes) -> DatagramTable:
    """Index the IPv4/UDP datagrams of a classic pcap file of link type RAW.

    Frames that are not unfragmented IPv4/UDP are passed over.

    Raises:
        ProtocolError: not such a file.
    """
    order, unit = _byte_order(content)
    if struct.unpack_from(order + "I", content, 20)[0] & 0x0FFFFFFF != LINKTYPE_RAW:
        raise ProtocolError("capture file: link type is not RAW")
    times, starts, lengths, cut_off = _records(content, order, unit)
    buffer = np.frombuffer(content, np.uint8)
    enough = lengths >= 28
    times, starts, lengths = times[enough], starts[enough], lengths[enough]
    header = (buffer[starts] & 0x0F).astype(np.int64) * 4
    usable = (
        (buffer[starts] >> 4 == 4)
        & (buffer[starts + 9] == _UDP)
        & (header >= 20)
        & (header + 8 <= lengths)
        & (_word(buffer, starts + 6) & 0x3FFF == 0)
    )
    times, starts, lengths, header = (
        times[usable],
        starts[usable],
        lengths[usable],
        header[usable],
    )
    udp = starts + header
    announced = _word(buffer, udp + 4) - 8
    payload = np.minimum(np.where(announced >= 0, announced, 0), lengths - header - 8)
    return DatagramTable(
        buffer=buffer,
        time_ns=times,
        source_port=_word(buffer, udp),
        destination_port=_word(buffer, udp + 2),
        start=udp + 8,
        length=payload,
        cut_off=cut_off,
    )


def _byte_order(content: bytes) -> tuple[str, int]:
    if len(content) < 24:
        raise ProtocolError("capture file: shorter than a file header")
    for order in "<", ">":
        magic = struct.unpack_from(order + "I", content)[0]
        if magic == _MAGIC_NANOSECONDS:
            return order, 1
        if magic == _MAGIC_MICROSECONDS:
            return order, 1000
    raise ProtocolError("capture file: not a classic pcap")


def _records(
    content: bytes, order: str, unit: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], bool]:
    """Time, start and captured length of every record."""
    captured_length = struct.Struct(order + "I").unpack_from
    records: list[int] = []
    offset, end = 24, len(content)
    while offset + 16 <= end:
        captured = captured_length(content, offset + 8)[0]
        if captured > _MAXIMUM_FRAME or offset + 16 + captured > end:
            break
        records.append(offset)
        offset += 16 + captured
    at = np.array(records, np.int64)
    seconds, fraction, lengths = (_field(content, order, at + skip) for skip in (0, 4, 8))
    return seconds * 1_000_000_000 + fraction * unit, at + 16, lengths, offset < end


def _field(content: bytes, order: str, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Unsigned 32-bit values of ``content`` at every offset in ``at``."""
    octets = np.frombuffer(content, np.uint8)[at[:, None] + np.arange(4)]
    values: npt.NDArray[np.uint32] = octets.view(order + "u4").ravel()
    return values.astype(np.int64)


def _word(buffer: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Big-endian 16-bit values of ``buffer`` at every offset in ``at``."""
    return (buffer[at].astype(np.int64) << 8) | buffer[at + 1]
