"""RTP and RTCP as they arrive, kept cheaply, written as a pcap of UDP datagrams at the end."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from operator import itemgetter

from protocols.errors import ProtocolError
from protocols.pcap import LINKTYPE_RAW, udp_datagram, write_pcap

MAXIMUM_BYTES = 64 << 20
_HEADERS = 28
_TIME = struct.Struct("<II")
_LENGTHS = struct.Struct("<II")


@dataclass(frozen=True)
class Flow:
    """Source and destination (IPv4 address, port) that a packet has in the capture file."""

    source: tuple[str, int]
    destination: tuple[str, int]


#: Stand-ins for ends that have no IPv4 address (RFC 5737): the readers of media know no other.
_DEVICE_STAND_IN, _OWN_STAND_IN = "192.0.2.1", "192.0.2.2"


def ends_in_file(device: str, own: str) -> tuple[str, str]:
    """The addresses of both ends as they stand in the capture file."""
    return (_DEVICE_STAND_IN, _OWN_STAND_IN) if ":" in own else (device, own)


Packet = tuple[int, int, bytes]


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

    packets: list[Packet] = field(default_factory=list)
    size: int = 0
    dropped: int = 0

    def add(self, time_ns: int, flow: int, payload: bytes) -> None:
        """Keep one packet.

        Raises:
            TooMuchMediaError: the bound of the recording is reached.
        """
        self.extend([(time_ns, flow, payload)])

    def extend(self, packets: list[Packet]) -> None:
        """Keep some packets.

        Raises:
            TooMuchMediaError: the bound of the recording is reached.
        """
        self.size += sum(len(payload) for _, _, payload in packets)
        if self.size > MAXIMUM_BYTES:
            raise TooMuchMediaError(f"media: more than {MAXIMUM_BYTES} bytes")
        self.packets += packets

    def to_pcap(self, flows: list[Flow]) -> bytes:
        """The capture as a nanosecond pcap of IPv4/UDP packets, in order of time."""
        headers: dict[tuple[int, int], bytes] = {}
        out = [write_pcap((), LINKTYPE_RAW)]
        for time_ns, flow, payload in sorted(self.packets, key=itemgetter(0)):
            header = headers.get((flow, len(payload)))
            if header is None:
                header = headers[flow, len(payload)] = _headers(flows[flow], len(payload))
            out.append(_TIME.pack(*divmod(time_ns, 1_000_000_000)))
            out.append(header)
            out.append(payload)
        return b"".join(out)


def _headers(flow: Flow, length: int) -> bytes:
    """What stands between the time and the payload of a record: its lengths, IPv4, UDP."""
    total = length + _HEADERS
    datagram = udp_datagram(flow.source, flow.destination, bytes(length))
    return _LENGTHS.pack(total, total) + datagram[:_HEADERS]
