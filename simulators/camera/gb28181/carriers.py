"""What brings RTP to the platform: UDP, TCP in either role (RFC 4571), and SRTP over both."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from typing import Protocol as Interface

from protocols.addresses import family_of
from simulators.camera.rtp_track import Carrier, UdpCarrier

_LARGEST_BACKLOG = 8_000_000
_CONNECT_S = 5.0


class Protector(Interface):
    """What makes SRTP of RTP and SRTCP of RTCP."""

    def rtp(self, packet: bytes) -> bytes:
        """An RTP packet, protected."""

    def rtcp(self, packet: bytes) -> bytes:
        """An RTCP packet, protected."""


class FramedCarrier:
    """RTP packets with their length in front on a TCP connection; a picture is one write."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._gathered: list[bytes] = []

    def send(self, header: bytes, payload: bytes) -> None:
        """See ``Carrier``."""
        length = len(header) + len(payload)
        self._gathered += (length.to_bytes(2, "big"), header, payload)

    def report(self, data: bytes) -> None:
        """Reports would need a connection of their own (RFC 4571): none are sent."""

    def flush(self) -> None:
        """See ``Carrier``; a platform that does not read loses whole pictures."""
        transport = self._writer.transport
        if not transport.is_closing() and transport.get_write_buffer_size() < _LARGEST_BACKLOG:
            self._writer.write(b"".join(self._gathered))
        self._gathered.clear()

    @property
    def full(self) -> bool:
        """Whether the platform reads more slowly than is written."""
        return self._writer.transport.get_write_buffer_size() > 1_000_000

    def close(self) -> None:
        """See ``Carrier``."""
        self._writer.close()


class SecureCarrier:
    """Another carrier with its packets protected."""

    def __init__(self, carrier: Carrier, protector: Protector) -> None:
        self._carrier = carrier
        self._protector = protector

    def send(self, header: bytes, payload: bytes) -> None:
        """See ``Carrier``."""
        packet = self._protector.rtp(header + payload)
        self._carrier.send(packet[:12], packet[12:])

    def report(self, data: bytes) -> None:
        """See ``Carrier``."""
        self._carrier.report(self._protector.rtcp(data))

    def flush(self) -> None:
        """See ``Carrier``."""
        self._carrier.flush()

    def close(self) -> None:
        """See ``Carrier``."""
        self._carrier.close()


class MediaPath(Interface):
    """A way for media that is agreed on with the platform and then opened."""

    port: int

    async def open(self) -> Carrier:
        """The carrier, once the dialog is confirmed. OSError: it cannot be had."""

    def close(self) -> None:
        """Give up what is not yet or no longer wanted."""


class UdpPath:
    """Datagrams from a pair of ports of the camera."""

    def __init__(self, address: str, host: str, port: int) -> None:
        self._carrier = UdpCarrier(address, host, (port, port + 1), lambda: None)
        self.port = self._carrier.ports[0]
        self._given = False

    async def open(self) -> Carrier:
        """See ``MediaPath``."""
        self._given = True
        return self._carrier

    def close(self) -> None:
        """See ``MediaPath``: a carrier that was given away is closed by whoever has it."""
        if not self._given:
            self._carrier.close()


class ConnectingPath:
    """The camera connects to the platform (setup:active)."""

    def __init__(self, address: str, host: str, port: int) -> None:
        self._address = address
        self._peer = (host, port)
        self.port = 9  # RFC 4145 section 4.1: the discard port of one who connects.

    async def open(self) -> Carrier:
        """See ``MediaPath``."""
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(*self._peer, local_addr=(self._address, 0))
        return FramedCarrier(writer)

    def close(self) -> None:
        """See ``MediaPath``."""


class ListeningPath:
    """The platform connects to the camera (setup:passive); the first connection counts."""

    def __init__(self, listener: asyncio.Server, arrived: asyncio.Future[Carrier]) -> None:
        self._listener = listener
        self._arrived = arrived
        self.port: int = listener.sockets[0].getsockname()[1]

    @classmethod
    async def listen(cls, address: str) -> ListeningPath:
        """Begin to listen on a free port. OSError: none is free."""
        arrived: asyncio.Future[Carrier] = asyncio.get_running_loop().create_future()

        async def visit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if arrived.done():
                writer.close()
            else:
                arrived.set_result(FramedCarrier(writer))

        return cls(await asyncio.start_server(visit, address, 0), arrived)

    async def open(self) -> Carrier:
        """See ``MediaPath``."""
        try:
            async with asyncio.timeout(2 * _CONNECT_S):
                return await asyncio.shield(self._arrived)
        finally:
            self._listener.close()

    def close(self) -> None:
        """See ``MediaPath``."""
        self._listener.close()
        if self._arrived.done() and not self._arrived.cancelled():
            self._arrived.result().close()


class DeafPath:
    """A port that is announced and where nobody listens."""

    def __init__(self, address: str) -> None:
        with contextlib.closing(socket.socket(family_of(address), socket.SOCK_STREAM)) as trial:
            trial.bind((address, 0))
            self.port: int = trial.getsockname()[1]

    async def open(self) -> Carrier:
        """See ``MediaPath``: never."""
        raise OSError("nobody listens")

    def close(self) -> None:
        """See ``MediaPath``."""


def chunks(content: bytes, size: int) -> Sequence[bytes]:
    """``content`` in pieces of at most ``size`` bytes."""
    return [content[start : start + size] for start in range(0, len(content), size)]
