"""Sockets of an endpoint: one datagram socket, TCP and TLS connections cut into messages."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Protocol

from protocols.errors import ProtocolError
from protocols.sip.endpoint_parts import Limits, Peer, Transport
from protocols.sip.framing import Keepalive, StreamSplitter

TLS_HANDSHAKE_SECONDS = 10.0


class Owner(Protocol):
    """What a socket tells its endpoint."""

    limits: Limits

    def received(self, data: bytes, peer: Peer, local: tuple[str, int]) -> None:
        """One whole message came."""

    def opened(self, connection: Connection) -> bool:
        """A connection was accepted; False: refuse it."""

    def ready(self, connection: Connection) -> None:
        """A connection can carry messages."""

    def spoke(self, connection: Connection) -> None:
        """A connection has brought its first whole message."""

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""

    def watch(self, connection: Connection) -> None:
        """The connection's deadline moved."""


class Datagrams(asyncio.DatagramProtocol):
    """The datagram socket."""

    def __init__(self, owner: Owner, local: tuple[str, int]) -> None:
        self._owner = owner
        self.local = local

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """One datagram is one message; empty ones and bare line ends are keepalives."""
        if len(data) > 4:
            self._owner.received(data, Peer("udp", addr[0], addr[1]), self.local)

    def error_received(self, exc: Exception) -> None:
        """An unreachable peer is told by its transaction's timer."""


class Connection(asyncio.Protocol):
    """One TCP or TLS connection, accepted or opened by us."""

    def __init__(
        self, owner: Owner, number: int, transport_name: Transport, *, outbound: bool
    ) -> None:
        self._owner = owner
        self._splitter = StreamSplitter(owner.limits.header_bytes, owner.limits.body_bytes)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self.number = number
        self.outbound = outbound
        self.transport_name = transport_name
        self.peer = Peer(transport_name, "", 0, number)
        self.local = ("", 0)
        self.deadline: float | None = None
        self.scheduled: float | None = None
        self.is_closed = self.was_ready = False
        self.has_spoken = outbound
        self.server_context: ssl.SSLContext | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._early: bytearray | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the addresses; an accepted TLS connection shakes hands first."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        remote = transport.get_extra_info("peername") or ("", 0)
        local = transport.get_extra_info("sockname") or ("", 0)
        self.peer = Peer(self.transport_name, str(remote[0]), int(remote[1]), self.number)
        self.local = (str(local[0]), int(local[1]))
        if not self._owner.opened(self):
            self.is_closed = True
            transport.abort()
            return
        if self.server_context is not None:
            transport.pause_reading()
            self._early = bytearray()
            self._handshake = self._loop.create_task(self._start_tls(self.server_context))
        else:
            self._begin()

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        assert self._transport is not None
        try:
            secured = await self._loop.start_tls(
                self._transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=min(
                    TLS_HANDSHAKE_SECONDS, self._owner.limits.first_message_s
                ),
            )
        except OSError:
            self.abort()
            return
        if secured is None or self.is_closed:
            self.abort()
            return
        self._transport = secured
        early, self._early = self._early, None
        self._begin()
        if early:
            self.data_received(bytes(early))

    def _begin(self) -> None:
        limits = self._owner.limits
        assert self._transport is not None
        self._transport.set_write_buffer_limits(high=limits.output_bytes)
        wait = limits.idle_s if self.outbound else limits.first_message_s
        self.deadline = self._loop.time() + wait
        self._owner.watch(self)
        self._owner.ready(self)

    def data_received(self, data: bytes) -> None:
        """Cut what came into messages; nonsense ends the connection."""
        if self._early is not None:
            # A message that came in one packet with the end of the handshake is here before the
            # encrypting transport is: an answer now would go out in the clear.
            self._early += data
            return
        try:
            found = self._splitter.feed(data)
        except ProtocolError:
            self.abort()
            return
        limits = self._owner.limits
        now = self._loop.time()
        for one in found:
            if isinstance(one, Keepalive):
                if one is Keepalive.PING and not self.outbound:
                    self.write(Keepalive.PONG.value)
                continue
            if not self.has_spoken:
                self._owner.spoke(self)
            self._owner.received(one, self.peer, self.local)
        if not self._splitter.pending:
            if found:
                self.deadline = now + limits.idle_s
        elif found or self.deadline is None or self.deadline > now + limits.partial_message_s:
            self.deadline = now + limits.partial_message_s
        self._owner.watch(self)

    @property
    def is_usable(self) -> bool:
        """Whether it is open and not closing: over TLS, saying farewell takes a while."""
        closing = self._transport is not None and self._transport.is_closing()
        return not self.is_closed and not closing

    def eof_received(self) -> bool:
        """The peer closed its side: so do we."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Tell the endpoint once."""
        self._gone()

    def _gone(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.deadline = None
            self._owner.closed(self)

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ConnectionError: the connection is closed, or the peer does not read.
        """
        if self.is_closed or self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        if self._transport.get_write_buffer_size() > self._owner.limits.output_bytes:
            self.abort()
            raise ConnectionAbortedError("the peer does not read")
        self._transport.write(data)

    def security(self) -> tuple[str, str] | None:
        """TLS version and cipher suite, None when nothing is encrypted."""
        if self._transport is None:
            return None
        shaken = self._transport.get_extra_info("ssl_object")
        if not isinstance(shaken, ssl.SSLObject):
            return None
        version, cipher = shaken.version(), shaken.cipher()
        return (version, cipher[0]) if version and cipher else None

    def close(self) -> None:
        """Close after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._handshake is not None and self._handshake is not asyncio.current_task():
            self._handshake.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._gone()
