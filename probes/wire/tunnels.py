"""Encrypted tunnels: what marks WireGuard, ESP, OpenVPN and QUIC, and what gives them away.

A port or a first byte is no proof: a tunnel must count its packets as its protocol does, or have
been seen to be opened, and its content must be even.
"""

from __future__ import annotations

from itertools import pairwise

from probes.wire.content import Content, examine_datagrams, merge
from probes.wire.flows import Direction
from probes.wire.protection import CERTAINLY_UNEVEN, Protection
from probes.wire.statistics import uniformity
from protocols.frames import TCP, UDP, Dissector, Packet
from protocols.pcap import LINKTYPE_RAW, Frame

_LEAST_PACKETS = 8
_MOST_INDICES = 8  # SPIs of one side: a few, renewed by the hour
_CHECK_SIZES = (0, 12, 16, 24, 32)  # integrity check values of ESP (RFC 8221), 0: none
_INSIDE = frozenset({4, 6, 17, 41})
# SPI and sequence number, then the initialisation vector of AEAD ciphers: a mere counter in
# what Linux sends (RFC 4106 section 3.1), which no cipher has made even.
_BEFORE_CIPHERTEXT = 16
_HARD_RESETS = frozenset({7, 8, 10})


def judge_wireguard(direction: Direction, other: Direction) -> Protection:
    """WireGuard: its handshake seen, or transport counters that grow (paper, section 5.4)."""
    datagrams = direction.payloads() + other.payloads()
    opened = {1, 2} <= {data[0] for data in datagrams}
    transport = [
        [int.from_bytes(data[8:16], "little") for data in side.payloads() if data[:1] == b"\4"]
        for side in (direction, other)
    ]
    bodies = b"".join(data[16:] for data in datagrams if data[:1] == b"\4")
    return _tunnel("wireguard", opened or any(map(_counts, transport)), bodies)


def judge_esp(direction: Direction, other: Direction) -> Protection:
    """ESP (RFC 4303), by itself or in UDP: sequence numbers that count up for each SPI."""
    proven = False
    every: list[bytes] = []
    for side in (direction, other):
        by_index: dict[bytes, list[int]] = {}
        for data in side.payloads():
            if len(data) >= 16 and data[:4] != b"\0\0\0\0":
                by_index.setdefault(data[:4], []).append(int.from_bytes(data[4:8], "big"))
                every.append(data)
        proven |= len(by_index) <= _MOST_INDICES and any(map(_counts, by_index.values()))
    inside = _null_encrypted(every)
    if inside is not None:
        return Protection("esp", "weak", "esp-null-cipher", content=_read(inside))
    return _tunnel("esp", proven, b"".join(data[_BEFORE_CIPHERTEXT:] for data in every))


def judge_openvpn(direction: Direction, other: Direction, stream: bool) -> Protection:
    """OpenVPN whose opening was seen from both sides."""
    sides = [
        [bytes(side.stream.data[2:3])] if stream else side.payloads() for side in (direction, other)
    ]
    opened = all(any(data and data[0] >> 3 in _HARD_RESETS for data in side) for side in sides)
    bodies = b"".join(bytes(side.stream.data[4096:]) for side in (direction, other))
    if not stream:
        bodies = b"".join(data[24:] for side in sides for data in side)
    return _tunnel("openvpn", opened, bodies)


def judge_quic(direction: Direction, other: Direction) -> Protection:
    """QUIC (RFC 9000), always encrypted: long headers seen from both sides."""
    sides = [side.payloads() for side in (direction, other)]
    opened = all(any(data[0] & 0xC0 == 0xC0 for data in side if data) for side in sides)
    return _tunnel("quic", opened, b"".join(data[32:] for side in sides for data in side))


def _tunnel(name: str, proven: bool, body: bytes) -> Protection:
    if uniformity(body) > CERTAINLY_UNEVEN:
        return Protection(name, "unknown", "not-ciphertext")
    if not proven:
        return Protection(name, "unknown", "tunnel-unproven")
    return Protection(name, "protected", "tunnel-sound")


def _counts(numbers: list[int]) -> bool:
    return len(numbers) >= _LEAST_PACKETS and _steps(numbers)


def _steps(numbers: list[int]) -> bool:
    """Whether nearly all numbers exceed the one before by little."""
    near = sum(1 <= later - earlier <= 64 for earlier, later in pairwise(numbers))
    return near >= 0.9 * (len(numbers) - 1)


def _null_encrypted(packets: list[bytes]) -> list[Packet] | None:
    """The packets inside ESP whose cipher is NULL (RFC 2410), told by the clear trailer.

    The trailer counts its padding 1, 2, 3 and names the protocol inside (RFC 4303 section 2.4):
    that all packets do so by chance cannot be.
    """
    if len(packets) < _LEAST_PACKETS:
        return None
    for size in _CHECK_SIZES:
        insides = [_inside(data[8 : len(data) - size]) for data in packets]
        if sum(inside is not None for inside in insides) >= 0.95 * len(packets):
            dissector = Dissector()
            found = (dissector.dissect(inside) for inside in insides if inside is not None)
            return [packet for packet in found if packet is not None]
    return None


def _inside(body: bytes) -> Frame | None:
    if len(body) < 10:
        return None
    padding, following = body[-2], body[-1]
    if following not in _INSIDE or padding + 2 > len(body):
        return None
    if body[len(body) - 2 - padding : -2] != bytes(range(1, padding + 1)):
        return None
    content = body[: len(body) - 2 - padding]
    if following in (4, 41):
        return Frame(0, LINKTYPE_RAW, content) if content[0] >> 4 in (4, 6) else None
    if following == UDP and int.from_bytes(content[4:6], "big") != len(content):
        return None
    if following == TCP and not 20 <= (content[12] >> 4) * 4 <= len(content):
        return None
    # Transport mode: an IP header of our own makes the content a packet again.
    header = b"\x45\0" + (20 + len(content)).to_bytes(2, "big") + bytes(5)
    return Frame(0, LINKTYPE_RAW, header + bytes([following]) + bytes(10) + content)


def _read(packets: list[Packet]) -> Content | None:
    """What the datagrams inside hold, by their ports."""
    by_ports: dict[tuple[int, int], list[bytes]] = {}
    for packet in packets:
        by_ports.setdefault((packet.source_port, packet.destination_port), []).append(
            packet.payload
        )
    return merge(examine_datagrams(payloads) for payloads in by_ports.values())
