"""A tunnel as IPsec makes it: IKEv2 opens it, ESP in UDP carries every packet (RFC 3948, 4303).

The keys do not come out of the IKE exchange, whose messages have its form and random content:
what matters to a listener is that ESP really encrypts (AES-128-GCM, RFC 4106).
"""

from __future__ import annotations

import random
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from protocols.pcap import udp_datagram

PORT = 4500
_NON_ESP = bytes(4)
_IPV4 = 4
_IKE_SIZES = ((34, 0x08, 372), (34, 0x20, 380), (35, 0x08, 272), (35, 0x20, 224))


class Sealer:
    """One direction of the tunnel: whole IP packets into ESP."""

    def __init__(self, numbers: random.Random) -> None:
        self._cipher = AESGCM(numbers.randbytes(16))
        self._salt = numbers.randbytes(4)
        self._index = numbers.randrange(0x1000, 0xFFFFFFFF)
        self._sequence = 0

    def seal(self, packet: bytes) -> bytes:
        """An ESP packet around an IPv4 packet."""
        self._sequence += 1
        header = struct.pack(">II", self._index, self._sequence)
        vector = self._sequence.to_bytes(8, "big")
        padding = -(len(packet) + 2) % 4
        trailer = bytes(range(1, padding + 1)) + bytes([padding, _IPV4])
        return header + vector + self._cipher.encrypt(self._salt + vector, packet + trailer, header)


class Tunnel:
    """Both directions; ``True`` stands for what the camera sends."""

    def __init__(self, camera: str, platform: str, seed: int) -> None:
        self._numbers = random.Random(seed)
        self._ends = {True: camera, False: platform}
        self._sealers = {end: Sealer(self._numbers) for end in self._ends}

    def opening(self) -> list[tuple[bool, bytes]]:
        """The messages of IKE_SA_INIT and IKE_AUTH behind the non-ESP marker (RFC 7296 3.1)."""
        indices = self._numbers.randbytes(16)
        found = []
        for number, (exchange, flags, size) in enumerate(_IKE_SIZES):
            header = indices + struct.pack(">BBBBII", 33, 0x20, exchange, flags, number // 2, size)
            body = self._numbers.randbytes(size - 28)
            found.append((flags == 0x08, _NON_ESP + header + body))
        return found

    def seal(self, from_camera: bool, ports: tuple[int, int], payload: bytes) -> bytes:
        """A UDP datagram between the two ends, by (source, destination) port, in ESP."""
        source, destination = self._ends[from_camera], self._ends[not from_camera]
        inside = udp_datagram((source, ports[0]), (destination, ports[1]), payload)
        return self._sealers[from_camera].seal(inside)
