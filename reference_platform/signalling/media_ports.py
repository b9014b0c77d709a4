"""Where the media of a session arrive: UDP, or a TCP connection of either side (annex L)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Literal, Protocol

from protocols.errors import ProtocolError
from protocols.rtp_stream import FrameSplitter

#: Who connects: ``tcp-passive`` is our port to which the device connects, as devices expect.
MediaTransport = Literal["udp", "tcp-passive", "tcp-active"]
Receive = Callable[[bytes], None]

_RECEIVE_BUFFER = 4 << 20
_PAIR_ATTEMPTS = 50
_CONNECT_SECONDS = 5.0
#: A TCP client tries three times, a second apart (GB/T 28181-2022, annex D).
_CONNECT_TRIES = 3
_TRY_EVERY = 1.0


class MediaPort(Protocol):
    """One way for media to arrive; packets go to the callback that it was made with.

    Attributes:
        port: named in the offer.
    """

    port: int

    async def connect(self, hosts: tuple[str, ...], port: int) -> None:
        """The answer is known: accept from ``hosts``, or go to ``port`` of the first of them.

        Raises:
            OSError: it cannot be reached.
        """

    def close(self) -> None:
        """Receive no more."""


async def open_port(
    transport: MediaTransport,
    address: str,
    host: str,
    receive: Receive,
    broken: Callable[[str], None],
) -> MediaPort:
    """A port of ours.

    Args:
        transport: which way.
        address: of ours.
        host: of the device, as far as it is known before its answer.
        receive: gets each packet.
        broken: told why no more packets can come.

    Raises:
        OSError: no port is free.
    """
    if transport == "udp":
        return await UdpPort.open(address, host, receive)
    port = TcpPort(address, host, receive, broken, active=transport == "tcp-active")
    await port.open()
    return port


class _Packets(asyncio.DatagramProtocol):
    """Datagrams of the expected hosts."""

    def __init__(self, host: str, receive: Receive) -> None:
        self._receive = receive
        self.hosts: tuple[str, ...] = (host,)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand on what the device sends, and nothing of anybody else."""
        if addr[0] in self.hosts:
            self._receive(data)


class UdpPort:
    """RTP on an even port; the next one is held for RTCP."""

    def __init__(self, rtp: asyncio.DatagramTransport, rtcp: socket.socket) -> None:
        self._rtp = rtp
        self._rtcp = rtcp
        self.remote_port = 0
        self.port = int(rtp.get_extra_info("sockname")[1])

    @classmethod
    async def open(cls, address: str, host: str, receive: Receive) -> UdpPort:
        """A free pair of ports.

        Raises:
            OSError: none is free.
        """
        first, second = _pair(address)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Packets(host, receive), sock=first
        )
        return cls(transport, second)

    async def connect(self, hosts: tuple[str, ...], port: int) -> None:
        """See ``MediaPort``; devices send from whatever port they like, ``port`` is told only."""
        protocol = self._rtp.get_protocol()
        assert isinstance(protocol, _Packets)
        protocol.hosts, self.remote_port = hosts, port

    def close(self) -> None:
        """See ``MediaPort``."""
        self._rtp.close()
        self._rtcp.close()


def _pair(address: str) -> tuple[socket.socket, socket.socket]:
    """Two sockets on an even port and the next."""
    for attempt in range(_PAIR_ATTEMPTS):
        first = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            first.setblocking(False)
            second.setblocking(False)
            first.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            first.bind((address, 0))
            port = int(first.getsockname()[1])
            if port % 2 == 0:
                second.bind((address, port + 1))
                return first, second
        except OSError:
            if attempt + 1 == _PAIR_ATTEMPTS:
                first.close()
                second.close()
                raise
        first.close()
        second.close()
    raise OSError("no free pair of ports")


class TcpPort:
    """One TCP connection with RTP framed by RFC 4571."""

    def __init__(
        self,
        address: str,
        host: str,
        receive: Receive,
        broken: Callable[[str], None],
        *,
        active: bool,
    ) -> None:
        self._address = address
        self._receive = receive
        self._broken = broken
        self._active = active
        self._hosts: tuple[str, ...] = (host,)
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._connection: asyncio.BaseTransport | None = None
        self._closed = False
        self.port = 0

    async def open(self) -> None:
        """Listen, or take a port to connect from.

        Raises:
            OSError: none is free.
        """
        if self._active:
            self._reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._reserved.bind((self._address, 0))
            self.port = int(self._reserved.getsockname()[1])
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Framed(self), self._address, 0, backlog=4)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def connect(self, hosts: tuple[str, ...], port: int) -> None:
        """See ``MediaPort``."""
        self._hosts = hosts
        if not self._active:
            return
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        loop = asyncio.get_running_loop()
        for number in range(_CONNECT_TRIES):
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await loop.create_connection(
                        lambda: _Framed(self), hosts[0], port, local_addr=(self._address, 0)
                    )
            except TimeoutError:
                if number + 1 == _CONNECT_TRIES:
                    raise ConnectionError("the media port does not answer") from None
            except OSError:
                if number + 1 == _CONNECT_TRIES:
                    raise
                await asyncio.sleep(_TRY_EVERY)
            else:
                return

    def close(self) -> None:
        """See ``MediaPort``."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        if self._reserved is not None:
            self._reserved.close()
        if self._connection is not None:
            self._connection.close()

    # What the connection tells

    def opened(self, transport: asyncio.Transport) -> bool:
        """Whether a connection is taken: the first one, and the device's."""
        host = str((transport.get_extra_info("peername") or ("",))[0])
        if self._closed or self._connection is not None or host not in self._hosts:
            return False
        self._connection = transport
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER
            )
        return True

    def packet(self, data: bytes) -> None:
        """One packet came."""
        if not self._closed:
            self._receive(data)

    def lost(self, transport: asyncio.BaseTransport, why: str) -> None:
        """The connection is gone."""
        if transport is self._connection and not self._closed:
            self._broken(why)


class _Framed(asyncio.Protocol):
    """The bytes of a media connection cut into packets."""

    def __init__(self, owner: TcpPort) -> None:
        self._owner = owner
        self._splitter = FrameSplitter()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it or leave it."""
        assert isinstance(transport, asyncio.Transport)
        if self._owner.opened(transport):
            self._transport = transport
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Cut; what cannot be framed ends the connection."""
        if self._transport is None:
            return
        try:
            for packet in self._splitter.feed(data):
                self._owner.packet(packet)
        except ProtocolError:
            self._owner.lost(self._transport, "framing")
            self._transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """Tell the owner."""
        if self._transport is not None:
            self._owner.lost(self._transport, "disconnected")
