"""Pictures on their way to an upper platform: PS in RTP over UDP or TCP, and SRTP (annex C, L)."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from typing import Protocol

from protocols.mpeg_ps.build import ProgramStreamBuilder
from protocols.rtp_packetise import rtp_header
from protocols.rtp_stream import frame, packetise_program_stream
from protocols.srtp import CryptoLine, SrtpSender
from reference_platform.media.units import AccessUnit, VideoCodec

_CODECS: dict[VideoCodec, str] = {"h264": "H264", "h265": "H265"}
_CONNECT_SECONDS = 5.0
_SEND_BUFFER = 2 << 20
#: Unsent bytes of a connection beyond which pictures are left out until the next key picture.
_LARGEST_BACKLOG = 4 << 20
_BURST = 30
_BETWEEN_BURSTS_S = 0.002
#: So that the first time stamp is not that of the camera.
_LEAD = 900_000


class Way(Protocol):
    """One way for packets."""

    port: int

    async def open(self) -> None:
        """Ready to send. OSError or TimeoutError: it cannot be."""

    def send(self, packet: bytes) -> None:
        """Send one packet."""

    @property
    def clogged(self) -> bool:
        """Whether the other side takes nothing."""

    def close(self) -> None:
        """Send no more."""


class UdpWay:
    """Datagrams from a port of ours."""

    def __init__(self, own: str, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._socket.bind((own, 0))
        self._peer = (host, port)
        self.port = int(self._socket.getsockname()[1])

    async def open(self) -> None:
        """See ``Way``."""

    def send(self, packet: bytes) -> None:
        """See ``Way``; what does not fit is lost, as on any network."""
        with contextlib.suppress(OSError):
            self._socket.sendto(packet, self._peer)

    @property
    def clogged(self) -> bool:
        """See ``Way``."""
        return False

    def close(self) -> None:
        """See ``Way``."""
        self._socket.close()


class TcpWay:
    """One TCP connection: ours to them, or theirs to us."""

    def __init__(self, own: str, host: str, port: int) -> None:
        self._own = own
        self._peer = (host, port)
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._arrived = asyncio.Event()
        #: RFC 4145 section 4.1: the discard port of one who connects.
        self.port = 9

    async def listen(self) -> None:
        """Await the other side's connection.

        Raises:
            OSError: no port is free.
        """
        self._server = await asyncio.start_server(self._accept, self._own, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _accept(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = str((writer.get_extra_info("peername") or ("",))[0])
        if self._writer is not None or host != self._peer[0]:
            writer.close()
            return
        self._writer = writer
        self._arrived.set()

    async def open(self) -> None:
        """See ``Way``."""
        async with asyncio.timeout(_CONNECT_SECONDS):
            if self._server is not None:
                await self._arrived.wait()
            else:
                local = (self._own, 0)
                _, self._writer = await asyncio.open_connection(*self._peer, local_addr=local)

    def send(self, packet: bytes) -> None:
        """See ``Way``."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame(packet))

    @property
    def clogged(self) -> bool:
        """See ``Way``."""
        if self._writer is None:
            return False
        return self._writer.transport.get_write_buffer_size() > _LARGEST_BACKLOG

    @property
    def broken(self) -> bool:
        """Whether the other side closed it."""
        return self._writer is not None and self._writer.is_closing()

    def close(self) -> None:
        """See ``Way``."""
        if self._server is not None:
            self._server.close()
        if self._writer is not None:
            self._writer.close()


class PictureSender:
    """Sends pictures as a program stream.

    Args:
        way: what brings the packets.
        ssrc, payload_type: as agreed.
        crypto: our key; ``None`` sends in clear.
    """

    def __init__(self, way: Way, ssrc: int, payload_type: int, crypto: CryptoLine | None) -> None:
        self.way = way
        self._ssrc = ssrc
        self._payload_type = payload_type
        self._srtp = SrtpSender(crypto) if crypto is not None else None
        self._sequence = secrets.randbelow(1 << 15)
        self._builder: ProgramStreamBuilder | None = None
        self._codec: VideoCodec | None = None
        self._need_key = True

    async def send(self, unit: AccessUnit) -> None:
        """Send one picture, beginning with a key picture; without room up to the next one."""
        if self.way.clogged:
            self._need_key = True
        if self._need_key and not unit.key:
            return
        self._need_key = False
        if self._builder is None or unit.codec != self._codec:
            self._builder, self._codec = ProgramStreamBuilder(_CODECS[unit.codec]), unit.codec
        ticks = unit.pts + _LEAD
        payloads = packetise_program_stream(self._builder.picture(unit.data, ticks, unit.key))
        for number, payload in enumerate(payloads):
            last = number + 1 == len(payloads)
            header = rtp_header(self._payload_type, last, self._sequence, ticks, self._ssrc)
            self._sequence = (self._sequence + 1) & 0xFFFF
            packet = header + payload
            self.way.send(packet if self._srtp is None else self._srtp.rtp(packet))
            if number % _BURST == _BURST - 1 and not last:
                await asyncio.sleep(_BETWEEN_BURSTS_S)
