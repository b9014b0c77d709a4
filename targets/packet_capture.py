"""RTP and RTCP as they arrive, kept cheaply, written as a pcap of UDP datagrams at the end."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from protocols.errors import ProtocolError
from protocols.pcap import LINKTYPE_RAW, udp_datagram, write_pcap

MAXIMUM_BYTES = 64 << 20
_HEADERS = 28
_RECORD = struct.Struct("<IIII")


@dataclass(frozen=True)
class Flow:
    """Source and destination (IPv4 address, port) that a packet has in the capture file."""

    source: tuple[str, int]
    destination: tuple[str, int]


class TooMuchMediaError(ProtocolError):
    """The device sent more than a recording may hold."""


@dataclass
class PacketCapture:
    """Packets in order of arrival.

    Attributes:
        packets: (arrival in ns of reference time, number of the flow, payload).
        dropped: packets the receiving socket is known to have lost for want of buffer; they
            are the harness's loss, not the device's.
    """

    packets: list[tuple[int, int, bytes]] = field(default_factory=list)
    size: int = 0
    dropped: int = 0

    def add(self, time_ns: int, flow: int, payload: bytes) -> None:
        """Keep one packet.

        Raises:
            TooMuchMediaError: the bound of the recording is reached.
        """
        self.size += len(payload)
        if self.size > MAXIMUM_BYTES:
            raise TooMuchMediaError(f"media: more than {MAXIMUM_BYTES} bytes")
        self.packets.append((time_ns, flow, payload))

    def to_pcap(self, flows: list[Flow]) -> bytes:
        """The capture as a nanosecond pcap of IPv4/UDP packets, in order of time."""
        headers: dict[tuple[int, int], bytes] = {}
        out = [write_pcap((), LINKTYPE_RAW)]
        for time_ns, flow, payload in sorted(self.packets, key=lambda packet: packet[0]):
            length = len(payload)
            header = headers.get((flow, length))
            if header is None:
                one = flows[flow]
                datagram = udp_datagram(one.source, one.destination, bytes(length))
                header = headers[flow, length] = datagram[:_HEADERS]
            seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
            total = length + _HEADERS
            out += (_RECORD.pack(seconds, nanoseconds, total, total), header, payload)
        return b"".join(out)
