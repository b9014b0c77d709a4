"""A relay that records: for machines on which sniffing is not permitted.

The camera (or the platform) is told to talk to the relay, which forwards every byte to the other
side and writes it down as packets between the two real ends. It opens nothing and changes nothing,
so TLS passes through as it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, cast

from protocols.pcap import LINKTYPE_RAW, udp_datagram, write_pcap
from protocols.recorded_streams import Endpoint, RecordedStream
from visits.wire import MAXIMUM_CAPTURE, Captured, WireScope

_PIECE = 65_536
_MAXIMUM_PEERS = 256
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class RelayRoute:
    """One port that is forwarded.

    Attributes:
        transport: ``tcp`` or ``udp``.
        listen: where the relay listens; port 0 takes a free one.
        forward: the real other side.
        leave_from: local address for the connection to the other side, "" for any.
    """

    transport: Literal["tcp", "udp"]
    listen: Endpoint
    forward: Endpoint
    leave_from: str = ""


@dataclass
class _Book:
    """The packets recorded so far."""

    frames: list[tuple[int, bytes]] = field(default_factory=list)
    octets: int = 0
    full: bool = False

    def note(self, packet: bytes) -> None:
        """Write one packet down, unless the bound is reached."""
        if self.octets + len(packet) > MAXIMUM_CAPTURE:
            self.full = True
            return
        self.octets += len(packet)
        self.frames.append((time.time_ns(), packet))


@dataclass
class Relay:
    """A recording relay over ``routes``.

    Attributes:
        ports: where each route really listens, in their order, once it runs.
    """

    routes: tuple[RelayRoute, ...]
    method: str = "relay"
    ports: list[Endpoint] = field(default_factory=list)

    def where(self) -> str:
        """The listening addresses."""
        return ", ".join(f"{route.listen[0]}:{route.listen[1]}" for route in self.routes)

    def filter(self, _scope: WireScope) -> str:
        """A relay needs none."""
        return ""

    @asynccontextmanager
    async def capturing(self, _scope: WireScope) -> AsyncIterator[Callable[[], Captured]]:
        """See ``WireSource``."""
        book = _Book()
        self.ports.clear()
        async with AsyncExitStack() as stack:
            for route in self.routes:
                opening = _relay_tcp if route.transport == "tcp" else _relay_udp
                self.ports.append(await stack.enter_async_context(opening(route, book)))
            yield lambda: Captured(write_pcap(book.frames, LINKTYPE_RAW), 0, book.full)


@asynccontextmanager
async def _relay_tcp(route: RelayRoute, book: _Book) -> AsyncIterator[Endpoint]:
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            running.add(task)
            task.add_done_callback(running.discard)
        # Cancelled when the capture ends: that closes the connection and is no fault.
        with suppress(OSError, TimeoutError, asyncio.CancelledError):
            await _forward(route, book, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, *route.listen)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _forward(
    route: RelayRoute, book: _Book, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection through to the other side, both directions recorded."""
    peer: Endpoint = writer.get_extra_info("peername")[:2]
    leave = (route.leave_from, 0) if route.leave_from else None
    async with asyncio.timeout(_CONNECT_SECONDS):
        far_reader, far_writer = await asyncio.open_connection(*route.forward, local_addr=leave)
    there = RecordedStream(peer, route.forward, answers=False)
    back = RecordedStream(route.forward, peer, answers=True)
    book.note(there.open())
    book.note(back.open())
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, far_writer, there, book))
            group.create_task(_pump(far_reader, writer, back, book))
    except* OSError:
        # One end hung up: the connection is over, what came before is recorded.
        pass
    finally:
        far_writer.close()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: RecordedStream, book: _Book
) -> None:
    while piece := await reader.read(_PIECE):
        for packet in stream.data(piece):
            book.note(packet)
        writer.write(piece)
        await writer.drain()
    book.note(stream.close())
    with suppress(OSError, NotImplementedError):
        writer.write_eof()


@asynccontextmanager
async def _relay_udp(route: RelayRoute, book: _Book) -> AsyncIterator[Endpoint]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _Listening(route, book), local_addr=route.listen
    )
    try:
        yield transport.get_extra_info("sockname")[:2]
    finally:
        transport.close()
        protocol.close()


class _Listening(asyncio.DatagramProtocol):
    """The side that peers send to; each peer gets a socket of its own to the other side."""

    def __init__(self, route: RelayRoute, book: _Book) -> None:
        self._route = route
        self._book = book
        self._transport: asyncio.DatagramTransport | None = None
        self._peers: dict[Endpoint, asyncio.Future[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.DatagramProtocol``."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Endpoint) -> None:
        """Record and forward what a peer sent."""
        peer = addr[0], addr[1]
        self._book.note(udp_datagram(peer, self._route.forward, data))
        opening = self._peers.get(peer)
        if opening is None:
            if len(self._peers) >= _MAXIMUM_PEERS:
                return
            opening = asyncio.ensure_future(self._open(peer))
            self._peers[peer] = opening
        opening.add_done_callback(lambda done: self._send(done, data))

    @staticmethod
    def _send(opened: asyncio.Future[asyncio.DatagramTransport], data: bytes) -> None:
        if not opened.cancelled() and opened.exception() is None:
            opened.result().sendto(data)

    async def _open(self, peer: Endpoint) -> asyncio.DatagramTransport:
        leave = (self._route.leave_from, 0) if self._route.leave_from else None
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Answering(self, peer), local_addr=leave, remote_addr=self._route.forward
        )
        return transport

    def answer(self, peer: Endpoint, data: bytes) -> None:
        """Record and pass on what the other side answered."""
        self._book.note(udp_datagram(self._route.forward, peer, data))
        if self._transport is not None:
            self._transport.sendto(data, peer)

    def close(self) -> None:
        """Close the sockets to the other side."""
        for opening in self._peers.values():
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                opening.result().close()
            else:
                opening.cancel()


class _Answering(asyncio.DatagramProtocol):
    """The socket towards the other side on behalf of one peer."""

    def __init__(self, listening: _Listening, peer: Endpoint) -> None:
        self._listening = listening
        self._peer = peer

    def datagram_received(self, data: bytes, addr: Endpoint) -> None:  # noqa: ARG002
        """See ``asyncio.DatagramProtocol``."""
        self._listening.answer(self._peer, data)

    def error_received(self, exc: Exception) -> None:
        """The other side refused a datagram: what a capture would have shown as well."""
