"""Captured frames dissected down to TCP segments, UDP datagrams and other IP payloads.

Link layers: Ethernet with VLAN tags, PPPoE and MPLS, Linux cooked (SLL, SLL2), BSD loopback, raw
IP (LINKTYPE registry of tcpdump.org). Network: IPv4 (RFC 791) and IPv6 (RFC 8200) with their
fragments put together again; IP-in-IP and GRE, which do not encrypt, are looked through.
A capture holds whatever was on the wire, so what cannot be dissected is counted, never raised.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from protocols.errors import ProtocolError
from protocols.pcap import Frame

TCP, UDP, ESP, AH, ICMP, ICMPV6 = 6, 17, 50, 51, 1, 58
FIN, SYN, RST = 0x01, 0x02, 0x04
_ETHERTYPE_OFFSET = {113: 14, 276: 0}
_LINK_HEADER = {1: 14, 113: 16, 276: 20}
_RAW_LINKS = frozenset({12, 14, 101, 228, 229})
_LOOPBACK_LINKS = frozenset({0, 108})
_KNOWN_LINKS = _RAW_LINKS | _LOOPBACK_LINKS | _LINK_HEADER.keys()
_MAXIMUM_DEPTH = 6
_MAXIMUM_FRAGMENTED = 256
_MAXIMUM_DATAGRAM = 65_535


@dataclass(frozen=True, slots=True)
class Packet:
    """One IP packet as the endpoints meant it.

    Attributes:
        time_ns: POSIX time of its (last) frame.
        protocol: IP protocol number; ``TCP`` and ``UDP`` carry ports, others have port 0.
        source, destination: addresses as text, of the outermost IP header.
        payload: what the transport carries; for other protocols the whole IP payload.
        sequence, flags: of TCP, else 0.
        truncated: the capture kept fewer bytes than the wire carried.
    """

    time_ns: int
    protocol: int
    source: str
    destination: str
    source_port: int
    destination_port: int
    payload: bytes
    sequence: int = 0
    flags: int = 0
    truncated: bool = False


@dataclass
class DissectionCounts:
    """What a capture held besides the packets that were returned."""

    frames: int = 0
    not_ip: int = 0
    malformed: int = 0
    incomplete_fragments: int = 0
    unknown_link: int = 0


@dataclass
class _Fragments:
    pieces: dict[int, bytes] = field(default_factory=dict)
    total: int | None = None
    received: int = 0
    truncated: bool = False

    def add(self, offset: int, more: bool, data: bytes) -> bytes | None:
        """The whole payload once its last missing fragment is in."""
        if offset + len(data) > _MAXIMUM_DATAGRAM:
            return None
        if offset not in self.pieces:
            self.pieces[offset] = data
            self.received += len(data)
        if not more:
            self.total = offset + len(data)
        if self.total is None or self.received < self.total:
            return None
        whole = bytearray()
        for start in sorted(self.pieces):
            if start > len(whole):
                return None
            whole[start:] = self.pieces[start]
        return bytes(whole[: self.total])


class Dissector:
    """Dissects the frames of one capture; remembers fragments between frames."""

    def __init__(self) -> None:
        self.counts = DissectionCounts()
        self._fragments: OrderedDict[tuple[object, ...], _Fragments] = OrderedDict()

    def packets(self, frames: Iterable[Frame]) -> Iterator[Packet]:
        """The packets of ``frames`` in their order."""
        for frame in frames:
            packet = self.dissect(frame)
            if packet is not None:
                yield packet

    def dissect(self, frame: Frame) -> Packet | None:
        """The packet that ``frame`` carries or completes, else ``None`` (counted)."""
        self.counts.frames += 1
        try:
            network = _network_layer(frame)
            if network is None:
                self._count_other(frame)
                return None
            return self._internet(frame.time_ns, network, None, 0)
        except (ProtocolError, struct.error, IndexError):
            self.counts.malformed += 1
            return None

    def finish(self) -> DissectionCounts:
        """The counts, with the datagrams whose fragments never came together."""
        self.counts.incomplete_fragments += len(self._fragments)
        self._fragments.clear()
        return self.counts

    def _count_other(self, frame: Frame) -> None:
        if frame.link_type in _KNOWN_LINKS:
            self.counts.not_ip += 1
        else:
            self.counts.unknown_link += 1

    def _internet(
        self, time_ns: int, data: bytes, outer: tuple[str, str] | None, depth: int
    ) -> Packet | None:
        if not data or depth > _MAXIMUM_DEPTH:
            raise ProtocolError("frame: malformed header")
        version = data[0] >> 4
        if version == 4:
            return self._ipv4(time_ns, data, outer, depth)
        if version == 6:
            return self._ipv6(time_ns, data, outer, depth)
        raise ProtocolError("frame: malformed header")

    def _ipv4(
        self, time_ns: int, data: bytes, outer: tuple[str, str] | None, depth: int
    ) -> Packet | None:
        header = (data[0] & 0x0F) * 4
        total, identification, fragment = struct.unpack_from(">HHH", data, 2)
        protocol = data[9]
        if header < 20 or len(data) < header:
            raise ProtocolError("frame: malformed header")
        # Segmentation offload leaves the total length 0 in frames captured before the adapter.
        total = total or len(data)
        truncated = total > len(data)
        payload = data[header:total]
        ends = outer or (_ipv4_text(data[12:16]), _ipv4_text(data[16:20]))
        offset, more = (fragment & 0x1FFF) * 8, bool(fragment & 0x2000)
        if offset or more:
            key = (data[12:20], identification, protocol)
            whole = self._fragment(key, offset, more, payload, truncated)
            if whole is None:
                return None
            payload = whole
        return self._transport(time_ns, protocol, payload, ends, truncated, depth)

    def _ipv6(
        self, time_ns: int, data: bytes, outer: tuple[str, str] | None, depth: int
    ) -> Packet | None:
        length, following = struct.unpack_from(">HB", data, 4)
        if len(data) < 40:
            raise ProtocolError("frame: malformed header")
        truncated = bool(length) and 40 + length > len(data)
        ends = outer or (_ipv6_text(data[8:24]), _ipv6_text(data[24:40]))
        payload = data[40 : 40 + length] if length else data[40:]
        for _ in range(_MAXIMUM_DEPTH):
            if following in (0, 43, 60):
                following, size = payload[0], (payload[1] + 1) * 8
                payload = payload[size:]
            elif following == 44:
                following, _, word, identification = struct.unpack_from(">BBHI", payload)
                key = (data[8:40], identification, following)
                whole = self._fragment(key, word & 0xFFF8, bool(word & 1), payload[8:], truncated)
                if whole is None:
                    return None
                payload = whole
            else:
                break
        return self._transport(time_ns, following, payload, ends, truncated, depth)

    def _fragment(
        self, key: tuple[object, ...], offset: int, more: bool, data: bytes, truncated: bool
    ) -> bytes | None:
        fragments = self._fragments.get(key)
        if fragments is None:
            fragments = self._fragments[key] = _Fragments()
            if len(self._fragments) > _MAXIMUM_FRAGMENTED:
                self._fragments.popitem(last=False)
                self.counts.incomplete_fragments += 1
        fragments.truncated |= truncated
        whole = fragments.add(offset, more, data)
        if whole is not None:
            del self._fragments[key]
        return whole

    def _transport(
        self,
        time_ns: int,
        protocol: int,
        payload: bytes,
        ends: tuple[str, str],
        truncated: bool,
        depth: int,
    ) -> Packet | None:
        if protocol == UDP:
            source, destination, length = struct.unpack_from(">HHH", payload)
            if len(payload) < 8:
                raise ProtocolError("frame: malformed header")
            body = payload[8:length] if length >= 8 else payload[8:]
            return Packet(time_ns, UDP, *ends, source, destination, body, truncated=truncated)
        if protocol == TCP:
            source, destination, sequence, _, offset, flags = struct.unpack_from(">HHIIBB", payload)
            header = (offset >> 4) * 4
            if header < 20 or header > len(payload):
                raise ProtocolError("frame: malformed header")
            body = payload[header:]
            return Packet(
                time_ns, TCP, *ends, source, destination, body, sequence, flags, truncated
            )
        if protocol in (4, 41):
            return self._internet(time_ns, payload, ends, depth + 1)
        if protocol == 47:
            inner = _inside_gre(payload)
            if inner is not None:
                return self._internet(time_ns, inner, ends, depth + 1)
        return Packet(time_ns, protocol, *ends, 0, 0, payload, truncated=truncated)


@lru_cache(maxsize=4096)
def _ipv4_text(packed: bytes) -> str:
    return str(IPv4Address(packed))


@lru_cache(maxsize=4096)
def _ipv6_text(packed: bytes) -> str:
    return str(IPv6Address(packed))


def _network_layer(frame: Frame) -> bytes | None:
    """The IP packet inside the link layer, or ``None`` when there is none."""
    data, link = frame.data, frame.link_type
    if link in _RAW_LINKS:
        return data
    if link in _LOOPBACK_LINKS:
        return data[4:] if len(data) > 4 and data[4] >> 4 in (4, 6) else None
    header = _LINK_HEADER.get(link)
    if header is None:
        return None
    kind = struct.unpack_from(">H", data, _ETHERTYPE_OFFSET.get(link, 12))[0]
    return _inside(kind, data[header:])


def _inside(kind: int, data: bytes) -> bytes | None:
    for _ in range(_MAXIMUM_DEPTH):
        if kind in (0x0800, 0x86DD):
            return data
        if kind in (0x8100, 0x88A8, 0x9100):
            kind, data = struct.unpack_from(">H", data, 2)[0], data[4:]
        elif kind == 0x8864:
            point_to_point = struct.unpack_from(">H", data, 6)[0]
            kind = {0x0021: 0x0800, 0x0057: 0x86DD}.get(point_to_point, 0)
            data = data[8:]
        elif kind in (0x8847, 0x8848):
            while not data[2] & 1:
                data = data[4:]
            data = data[4:]
            kind = {4: 0x0800, 6: 0x86DD}.get(data[0] >> 4, 0)
        else:
            return None
    return None


def _inside_gre(payload: bytes) -> bytes | None:
    """The IP packet inside GRE (RFC 2784, RFC 2890), or ``None`` when it carries another."""
    flags, kind = struct.unpack_from(">HH", payload)
    if flags & 0x0007 or kind not in (0x0800, 0x86DD):
        return None
    size = 4 + sum(4 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
    return payload[size:]
