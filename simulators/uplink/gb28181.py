"""A GB/T 28181 uplink on real sockets: the camera registers, is invited, and sends its stream.

Both ends play their parts of one conversation; every message is really sent and awaited at the
other end before the next one goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from protocols.mpeg_ps import ProgramStreamBuilder
from protocols.rtcp import SenderReport, build_rtcp, ntp_timestamp
from protocols.rtp_packetise import rtp_header
from protocols.rtp_stream import frame, packetise_program_stream
from protocols.srtp import CryptoLine, SrtpSender, new_crypto_line
from simulators.camera.encoders import Clip
from simulators.uplink import tunnel
from simulators.uplink.gb28181_words import STREAM, Speaker
from simulators.uplink.media import TimedPackets, paced
from simulators.uplink.transport import client_side, server_side, udp_endpoint

_PAYLOAD_TYPE = 96
_MAXIMUM_PAYLOAD = 1200
_CLOCK = 90_000
_SOUND_BYTES_A_SECOND = 8000
_ANSWER_SECONDS = 5.0
_PASSWORD = secrets.token_hex(8)
_SUITE = "AES_CM_128_HMAC_SHA1_80"
_TUNNELLED_PORTS = 15_060, 30_000


@dataclass(frozen=True)
class RegisteredPlan:
    """How one registration and its stream go.

    Attributes:
        sip: what carries the messages.
        media: what carries the stream; ``srtp`` and ``null-srtp`` are keyed by SDES in the SIP.
        tunnel: everything goes inside ESP, whatever ``sip`` and ``media`` are (both ``udp``).
    """

    sip: Literal["udp", "tcp", "tls"] = "tls"
    media: Literal["udp", "tcp", "srtp", "null-srtp"] = "srtp"
    tunnel: bool = False


class ProgramStreamSource:
    """A clip as a program stream with A-law sound in RTP, over and over."""

    def __init__(self, clip: Clip, seed: int) -> None:
        numbers = random.Random(seed)
        self._clip = clip
        self._sequence = numbers.getrandbits(15)
        self._first = numbers.getrandbits(31)
        self._sound = numbers.randbytes(round(_SOUND_BYTES_A_SECOND / clip.fps))
        self._builder = ProgramStreamBuilder(clip.codec, "PCMA")

    def pictures(self, wall_clock: float) -> Iterator[TimedPackets]:
        """Pictures without end; a sender report goes with each second's first."""
        units = self._clip.access_units
        ssrc = int(STREAM)
        sent = octets = 0
        for number in itertools.count():
            at = number / self._clip.fps
            pts = self._first + round(at * _CLOCK)
            unit = units[number % len(units)]
            packs = self._builder.picture(unit.data, pts, unit.key)
            payloads = packetise_program_stream(packs, _MAXIMUM_PAYLOAD)
            payloads.append(self._builder.sound(self._sound, pts))
            packets = []
            for position, payload in enumerate(payloads):
                marker = position >= len(payloads) - 2
                header = rtp_header(_PAYLOAD_TYPE, marker, self._sequence, pts, ssrc)
                self._sequence += 1
                packets.append(header + payload)
                octets += len(payload)
            sent += len(packets)
            report = b""
            if number % round(self._clip.fps) == 0:
                ntp = ntp_timestamp(wall_clock + at)
                told = SenderReport(ssrc, 0.0, ntp, pts & 0xFFFFFFFF, sent, octets)
                report = build_rtcp(told, cname="camera")
            yield TimedPackets(at, tuple(packets), report)


class _Heard(asyncio.DatagramProtocol):
    """The receiving side of a UDP socket."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, _sender: object) -> None:
        """Keep it for whoever waits."""
        self.queue.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        """A refused datagram changes nothing."""


class _Datagrams:
    """Messages by UDP."""

    transport = "UDP"

    def __init__(self) -> None:
        self._ends: dict[bool, tuple[asyncio.DatagramTransport, _Heard]] = {}

    async def open(self, camera: str, platform: str, port: int = 0) -> None:
        """One socket at each end."""
        loop = asyncio.get_running_loop()
        for end, address in ((True, camera), (False, platform)):
            self._ends[end] = await loop.create_datagram_endpoint(
                _Heard, local_addr=(address, port)
            )

    def port(self, end: bool) -> int:
        """Of the camera's end (``True``) or the platform's."""
        return int(self._ends[end][0].get_extra_info("sockname")[1])

    def send(self, from_camera: bool, data: bytes) -> None:
        """Send and do not wait."""
        other = self._ends[not from_camera][0].get_extra_info("sockname")
        self._ends[from_camera][0].sendto(data, other)

    async def say(self, from_camera: bool, message: bytes) -> None:
        """Send, and wait until the other end has it."""
        self.send(from_camera, message)
        await asyncio.wait_for(self._ends[not from_camera][1].queue.get(), _ANSWER_SECONDS)

    async def close(self) -> None:
        """Give the sockets back."""
        for end, _ in self._ends.values():
            end.close()
        await asyncio.sleep(0)  # a socket is given back in the loop's next round


class _Connection:
    """Messages by TCP or TLS: the camera connects, and all goes over that connection."""

    def __init__(self, tls: bool) -> None:
        self.transport = "TLS" if tls else "TCP"
        self._tls = "sound" if tls else "none"
        self._server: asyncio.Server | None = None
        self._ends: dict[bool, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def open(self, camera: str, platform: str) -> None:
        """Connect; the camera checks the platform's certificate."""
        accepted: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        accepted = asyncio.get_running_loop().create_future()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not accepted.done():
                accepted.set_result((reader, writer))

        self._server = await asyncio.start_server(
            accept, platform, 0, ssl=server_side(platform, self._tls)
        )
        port = self._server.sockets[0].getsockname()[1]
        self._ends[True] = await asyncio.open_connection(
            platform, port, ssl=client_side(self._tls), local_addr=(camera, 0)
        )
        self._ends[False] = await asyncio.wait_for(accepted, _ANSWER_SECONDS)

    async def say(self, from_camera: bool, message: bytes) -> None:
        """Send, and wait until the other end has it."""
        self._ends[from_camera][1].write(message)
        await self._ends[from_camera][1].drain()
        reading = self._ends[not from_camera][0].readexactly(len(message))
        await asyncio.wait_for(reading, _ANSWER_SECONDS)

    async def close(self) -> None:
        """Hang up."""
        for _, writer in self._ends.values():
            writer.close()
        for _, writer in self._ends.values():
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        if self._server is not None:
            self._server.close()


class _Tunnelled(_Datagrams):
    """Messages and media of UDP inside ESP."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self._tunnel: tunnel.Tunnel | None = None

    async def open(self, camera: str, platform: str, port: int = tunnel.PORT) -> None:
        await super().open(camera, platform, port)
        self._tunnel = tunnel.Tunnel(camera, platform, self._seed)
        for from_camera, message in self._tunnel.opening():
            await super().say(from_camera, message)

    async def say(self, from_camera: bool, message: bytes) -> None:
        assert self._tunnel is not None
        await super().say(from_camera, self._tunnel.seal(from_camera, (5060, 5060), message))

    def media(self, packet: bytes, offset: int) -> None:
        """A packet of the stream (``offset`` 0) or of RTCP (1) from the camera."""
        assert self._tunnel is not None
        source, sink = _TUNNELLED_PORTS
        ports = source + offset, sink + offset
        self.send(True, self._tunnel.seal(True, ports, packet))


async def converse(
    plan: RegisteredPlan,
    source: ProgramStreamSource,
    seconds: float,
    camera: str,
    platform: str,
    seed: int,
) -> None:
    """One registration with a live stream of ``seconds``."""
    if plan.tunnel:
        road: _Datagrams | _Connection = _Tunnelled(seed)
    else:
        road = _Datagrams() if plan.sip == "udp" else _Connection(plan.sip == "tls")
    try:
        await road.open(camera, platform)
        speaker = Speaker(camera, platform, road.transport)
        await _register(road, speaker)
        await _stream(plan, road, speaker, source, seconds)
    finally:
        await road.close()


async def _register(road: _Datagrams | _Connection, speaker: Speaker) -> None:
    await road.say(True, speaker.register())
    await road.say(False, speaker.challenge())
    await road.say(True, speaker.register(_PASSWORD))
    await road.say(False, speaker.registered())
    await road.say(False, speaker.catalog_query())
    await road.say(True, speaker.ok(False, "catalog", "11 MESSAGE"))
    await road.say(True, speaker.catalog())
    await road.say(False, speaker.ok(True, "catalog-answer", "12 MESSAGE"))


async def _stream(
    plan: RegisteredPlan,
    road: _Datagrams | _Connection,
    speaker: Speaker,
    source: ProgramStreamSource,
    seconds: float,
) -> None:
    line = _crypto(plan)
    told = line.build() if line is not None else ""
    outlet = _outlet(plan, road)
    try:
        ports = await outlet.open(speaker.camera, speaker.platform)
        media = "tcp" if plan.media == "tcp" else "udp"
        await road.say(False, speaker.invite(media, ports[1], told))
        await road.say(True, speaker.invited(media, ports[0], told))
        await road.say(False, speaker.acknowledge())
        sender = SrtpSender(line) if line is not None else None
        beat = 0
        async for packets, report in paced(source.pictures(time.time()), seconds):
            for packet in packets:
                await outlet.rtp(sender.rtp(packet) if sender else packet)
            if report:
                await outlet.rtcp(sender.rtcp(report) if sender else report)
                beat += 1
                await road.say(True, speaker.keepalive(beat))
                await road.say(False, speaker.ok(True, f"keepalive{beat}", f"{beat} MESSAGE"))
        await road.say(False, speaker.bye())
        await road.say(True, speaker.ok(False, "live", "21 BYE"))
    finally:
        await outlet.close()


def _crypto(plan: RegisteredPlan) -> CryptoLine | None:
    if plan.media not in ("srtp", "null-srtp"):
        return None
    line = new_crypto_line(_SUITE)
    if plan.media == "srtp":
        return line
    return CryptoLine(line.tag, line.suite, line.key, ("UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP"))


def _outlet(plan: RegisteredPlan, road: _Datagrams | _Connection) -> _Outlet:
    if isinstance(road, _Tunnelled):
        return _ThroughTunnel(road)
    return _ByConnection() if plan.media == "tcp" else _ByDatagrams()


class _Outlet(Protocol):
    """Where the stream goes."""

    async def open(self, camera: str, platform: str) -> tuple[int, int]:
        """Ports of the camera and of the platform, for the SDP."""

    async def rtp(self, packet: bytes) -> None:
        """Send a packet of the stream."""

    async def rtcp(self, packet: bytes) -> None:
        """Send a packet of RTCP."""

    async def close(self) -> None:
        """Give back what was opened."""


class _ThroughTunnel:
    def __init__(self, road: _Tunnelled) -> None:
        self._road = road

    async def open(self, _camera: str, _platform: str) -> tuple[int, int]:
        return _TUNNELLED_PORTS

    async def close(self) -> None:
        pass

    async def rtp(self, packet: bytes) -> None:
        self._road.media(packet, 0)

    async def rtcp(self, packet: bytes) -> None:
        self._road.media(packet, 1)


class _ByDatagrams:
    def __init__(self) -> None:
        self._ends: list[asyncio.DatagramTransport] = []

    async def open(self, camera: str, platform: str) -> tuple[int, int]:
        for address in (camera, camera, platform, platform):
            self._ends.append(await udp_endpoint(address))
        return self._port(0), self._port(2)

    def _port(self, end: int) -> int:
        return int(self._ends[end].get_extra_info("sockname")[1])

    async def rtp(self, packet: bytes) -> None:
        self._ends[0].sendto(packet, self._ends[2].get_extra_info("sockname"))

    async def rtcp(self, packet: bytes) -> None:
        self._ends[1].sendto(packet, self._ends[3].get_extra_info("sockname"))

    async def close(self) -> None:
        for end in self._ends:
            end.close()


class _ByConnection:
    """RFC 4571: the camera connects to the platform; RTCP goes in the same connection."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, camera: str, platform: str) -> tuple[int, int]:
        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                while await reader.read(65_536):
                    pass
            writer.close()

        self._server = await asyncio.start_server(swallow, platform, 0)
        port = self._server.sockets[0].getsockname()[1]
        _, self._writer = await asyncio.open_connection(platform, port, local_addr=(camera, 0))
        return 9, port

    async def rtp(self, packet: bytes) -> None:
        assert self._writer is not None
        self._writer.write(frame(packet))
        await self._writer.drain()

    async def rtcp(self, packet: bytes) -> None:
        await self.rtp(packet)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        if self._server is not None:
            self._server.close()
