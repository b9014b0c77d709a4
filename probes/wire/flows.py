"""Packets of a capture grouped into flows: connections, datagram exchanges, other IP traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from protocols.errors import ProtocolError
from protocols.frames import SYN, TCP, UDP, DissectionCounts, Dissector, Packet
from protocols.pcap import Frame, read_capture
from protocols.tcp_reassembly import TcpStream

_MAXIMUM_STREAM = 64 * 2**20
_MAXIMUM_FLOWS = 20_000
_ECHO_NS = 2_000_000
_REMEMBERED = 1024
_ACK = 0x10
Endpoint = tuple[str, int]


@dataclass
class Direction:
    """What one end of a flow sent.

    Attributes:
        packets, octets: captured packets and their transport payload bytes.
        datagrams: (time in ns, payload) of everything but TCP.
        stream: the bytes of TCP.
        seconds: whole seconds of POSIX time in which payload was sent.
    """

    packets: int = 0
    octets: int = 0
    datagrams: list[tuple[int, bytes]] = field(default_factory=list)
    stream: TcpStream = field(default_factory=lambda: TcpStream(_MAXIMUM_STREAM))
    seconds: set[int] = field(default_factory=set)
    truncated: int = 0
    _recent: dict[bytes, int] = field(default_factory=dict)

    def add(self, packet: Packet) -> None:
        """Take one packet of this direction."""
        if packet.protocol == TCP:
            self.stream.add(packet)
        elif self._is_echo(packet):
            return
        elif self.octets < _MAXIMUM_STREAM:
            self.datagrams.append((packet.time_ns, packet.payload))
        self.packets += 1
        self.octets += len(packet.payload)
        self.truncated += packet.truncated
        if packet.payload:
            self.seconds.add(packet.time_ns // 1_000_000_000)

    def _is_echo(self, packet: Packet) -> bool:
        """The same datagram captured twice: on its way out and in, or on two interfaces."""
        seen = self._recent.get(packet.payload)
        if len(self._recent) > _REMEMBERED:
            self._recent.clear()
        self._recent[packet.payload] = packet.time_ns
        return seen is not None and packet.time_ns - seen < _ECHO_NS

    def payloads(self) -> list[bytes]:
        """The datagrams without their times."""
        return [payload for _, payload in self.datagrams]


@dataclass
class Flow:
    """Traffic between two endpoints; ``opener`` sent the first captured packet or the SYN."""

    protocol: int
    opener: Endpoint
    answerer: Endpoint
    first_ns: int
    last_ns: int
    forward: Direction = field(default_factory=Direction)
    backward: Direction = field(default_factory=Direction)

    @property
    def octets(self) -> int:
        """Transport payload bytes of both directions."""
        return self.forward.octets + self.backward.octets

    def addresses(self) -> frozenset[str]:
        """Both addresses."""
        return frozenset((self.opener[0], self.answerer[0]))

    def sent_by(self, address: str) -> Direction:
        """The direction whose sender is ``address``."""
        return self.forward if self.opener[0] == address else self.backward

    def directions(self) -> tuple[Direction, Direction]:
        """Forward and backward."""
        return self.forward, self.backward


@dataclass
class Capture:
    """The flows of a capture file.

    Attributes:
        flows: in order of their first packet.
        counts: frames and what could not be dissected.
        fault: what is wrong with the file, "" when it is whole.
    """

    flows: list[Flow]
    counts: DissectionCounts
    fault: str = ""


def read_flows(content: bytes) -> Capture:
    """The flows of a pcap or pcapng file; a cut-off file gives what stands before the cut."""
    dissector = Dissector()
    fault: list[str] = []
    flows = group(dissector.packets(_tolerant(content, fault)))
    return Capture(flows, dissector.finish(), fault[0] if fault else "")


def _tolerant(content: bytes, fault: list[str]) -> Iterator[Frame]:
    try:
        yield from read_capture(content)
    except ProtocolError as error:
        fault.append(str(error))


def group(packets: Iterable[Packet]) -> list[Flow]:
    """Group packets by protocol and endpoints; a new SYN opens a new connection."""
    flows: list[Flow] = []
    current: dict[tuple[int, Endpoint, Endpoint], Flow] = {}
    for packet in packets:
        source = packet.source, packet.source_port
        destination = packet.destination, packet.destination_port
        low, high = min(source, destination), max(source, destination)
        key = packet.protocol, low, high
        flow = current.get(key)
        if flow is None or _reopened(flow, packet, source):
            if len(flows) >= _MAXIMUM_FLOWS:
                continue
            answered = packet.protocol == TCP and packet.flags & (SYN | _ACK) == SYN | _ACK
            ends = (destination, source) if answered else (source, destination)
            flow = Flow(packet.protocol, *ends, packet.time_ns, packet.time_ns)
            current[key] = flow
            flows.append(flow)
        flow.last_ns = max(flow.last_ns, packet.time_ns)
        (flow.forward if source == flow.opener else flow.backward).add(packet)
    for flow in flows:
        for direction in flow.directions():
            direction.stream.finish()
    return flows


def _reopened(flow: Flow, packet: Packet, source: Endpoint) -> bool:
    """Whether ``packet`` opens a new connection between endpoints that were used before."""
    if packet.protocol != TCP or packet.flags & (SYN | _ACK) != SYN:
        return False
    sent = flow.forward if source == flow.opener else flow.backward
    return sent.stream.ended or bool(sent.stream.data)


__all__ = ["TCP", "UDP", "Capture", "Direction", "Endpoint", "Flow", "group", "read_flows"]
