"""RTP packets of a clip, and the ways in which they are protected or only seem to be."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pylibsrtp

from protocols.rtcp import SenderReport, build_rtcp, ntp_timestamp
from protocols.rtp_packetise import nal_units, packetise_h264, packetise_h265, rtp_header
from simulators.camera.encoders import Clip

_PAYLOAD_TYPE = 96
_CLOCK = 90_000
_TAG = 10
_MAXIMUM_PAYLOAD = 1200  # room for what SRTP adds
_MASTER_KEY = 30


@dataclass(frozen=True)
class TimedPackets:
    """The packets of one picture, due ``at`` seconds after the start."""

    at: float
    packets: tuple[bytes, ...]
    report: bytes


class RtpSource:
    """A clip as RTP and RTCP, over and over."""

    def __init__(self, clip: Clip, seed: int) -> None:
        numbers = random.Random(seed)
        self._clip = clip
        self._ssrc = numbers.getrandbits(32)
        self._sequence = numbers.getrandbits(15)
        self._timestamp = numbers.getrandbits(31)
        packetise = packetise_h265 if clip.codec == "H265" else packetise_h264
        self._payloads = [
            packetise(nal_units(unit.data), _MAXIMUM_PAYLOAD) for unit in clip.access_units
        ]

    def pictures(self, wall_clock: float) -> Iterator[TimedPackets]:
        """Pictures without end; a sender report goes with each second's first."""
        sent = octets = 0
        for number in itertools.count():
            at = number / self._clip.fps
            timestamp = self._timestamp + round(at * _CLOCK)
            payloads = self._payloads[number % len(self._payloads)]
            packets = []
            for position, payload in enumerate(payloads):
                marker = position == len(payloads) - 1
                header = rtp_header(_PAYLOAD_TYPE, marker, self._sequence, timestamp, self._ssrc)
                self._sequence += 1
                packets.append(header + payload)
                octets += len(payload)
            sent += len(packets)
            report = b""
            if number % round(self._clip.fps) == 0:
                ntp = ntp_timestamp(wall_clock + at)
                report = build_rtcp(
                    SenderReport(self._ssrc, 0.0, ntp, timestamp & 0xFFFFFFFF, sent, octets),
                    cname="camera",
                )
            yield TimedPackets(at, tuple(packets), report)


class Clear:
    """No protection."""

    def rtp(self, packet: bytes) -> bytes:
        """The RTP packet as it is sent."""
        return packet

    def rtcp(self, packet: bytes) -> bytes:
        """The RTCP packet as it is sent."""
        return packet


class Secure(Clear):
    """SRTP with AES-128 in counter mode and an 80-bit tag (RFC 3711), by libsrtp."""

    def __init__(self, seed: int) -> None:
        self.key = random.Random(seed).randbytes(_MASTER_KEY)
        policy = pylibsrtp.Policy(
            key=self.key,
            ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
        )
        self._session = pylibsrtp.Session(policy)

    def rtp(self, packet: bytes) -> bytes:
        """See ``Clear``."""
        return self._session.protect(packet)

    def rtcp(self, packet: bytes) -> bytes:
        """See ``Clear``."""
        return self._session.protect_rtcp(packet)


class Unencrypted(Clear):
    """SRTP with the NULL cipher: clear payload with an 80-bit HMAC-SHA1 tag (RFC 3711 4.1.3)."""

    def __init__(self, seed: int) -> None:
        self._key = random.Random(seed).randbytes(20)
        self._index = 0

    def rtp(self, packet: bytes) -> bytes:
        """See ``Clear``. The roll-over counter stays 0 for as long as a test lasts."""
        return packet + self._tag(packet + bytes(4))

    def rtcp(self, packet: bytes) -> bytes:
        """See ``Clear``. The encryption bit of the index is 0."""
        self._index += 1
        indexed = packet + self._index.to_bytes(4, "big")
        return indexed + self._tag(indexed)

    def _tag(self, message: bytes) -> bytes:
        return hmac.new(self._key, message, hashlib.sha1).digest()[:_TAG]


class Masked(Clear):
    """Payloads XORed with a repeating key."""

    def __init__(self, seed: int, key_size: int = 4) -> None:
        self._key = random.Random(seed).randbytes(key_size)

    def rtp(self, packet: bytes) -> bytes:
        """See ``Clear``."""
        payload = bytes(
            byte ^ mask for byte, mask in zip(packet[12:], itertools.cycle(self._key), strict=False)
        )
        return packet[:12] + payload


def interleaved(channel: int, packet: bytes) -> bytes:
    """A packet inside an RTSP connection (RFC 2326 10.12)."""
    return b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet


def base64_line(packet: bytes) -> bytes:
    """A packet as one line of base64."""
    return base64.b64encode(packet) + b"\r\n"


async def paced(
    pictures: Iterator[TimedPackets], seconds: float
) -> AsyncIterator[tuple[tuple[bytes, ...], bytes]]:
    """(packets, report) of each picture when it is due, for ``seconds``."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for due in pictures:
        if due.at > seconds:
            return
        wait = start + due.at - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        yield due.packets, due.report
