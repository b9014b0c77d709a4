"""The transport layer of an endpoint (RFC 3261 section 18): sockets opened, found, bounded."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Any

from protocols.addresses import UNSPECIFIED, family_of
from protocols.sip.endpoint_connections import TLS_HANDSHAKE_SECONDS, Connection, Datagrams
from protocols.sip.endpoint_parts import Limits, Peer, Transport
from protocols.sip.timers import TimerHeap

_LOG = logging.getLogger(__name__)
_CONNECT_SECONDS = 10.0
_MAXIMUM_DATAGRAM = 65_507
_RECEIVE_BUFFER = 8 << 20
_PORT_ATTEMPTS = 20
# A device that does not take TCP is not asked again for so long (18.1.1 lets us go on over UDP);
# one whose firewall swallows the attempt must not hold a request up for long.
_NO_STREAM_SECONDS = 600.0
_STREAM_CONNECT_SECONDS = 2.0
_MOST_WITHOUT_STREAM = 4_096

ServerTls = ssl.SSLContext | Callable[[tuple[str, int]], ssl.SSLContext]
Receive = Callable[[bytes, Peer, tuple[str, int]], None]


class Sockets:
    """Every socket of one endpoint; whole messages go to ``receive``."""

    def __init__(
        self,
        address: str,
        *,
        limits: Limits,
        heap: TimerHeap,
        receive: Receive,
        on_connection: Callable[[Peer, bool], None],
        rearm: Callable[[], None],
        server_tls: ServerTls | None,
        client_tls: ssl.SSLContext | None,
    ) -> None:
        self.address = address
        self.limits = limits
        self.received = receive
        self._heap = heap
        self._on_connection = on_connection
        self._rearm = rearm
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._datagrams: asyncio.DatagramTransport | None = None
        self._servers: list[asyncio.Server] = []
        self._connections: dict[int, Connection] = {}
        self._by_remote: dict[tuple[Transport, str, int], Connection] = {}
        self._opening: dict[tuple[Transport, str, int], asyncio.Task[Peer]] = {}
        self._per_host: Counter[str] = Counter()
        self._half_open: Counter[str] = Counter()
        self._without_stream: dict[tuple[str, int], float] = {}
        self._number = 0
        self._routes: dict[str, str] = {}

    # Starting and stopping

    async def open(self, port: int, transports: tuple[str, ...]) -> int:
        """Bind the datagram socket and the TCP listener to one port; 0 picks. The port."""
        for attempt in range(_PORT_ATTEMPTS):
            chosen = port
            try:
                if "udp" in transports:
                    chosen = await self._open_datagrams(port)
                if "tcp" in transports:
                    chosen = await self._listen(chosen, "tcp")
            except OSError:
                await self.close()
                if port or attempt + 1 == _PORT_ATTEMPTS:
                    raise
            else:
                return chosen
        raise OSError("no free port")

    async def open_tls(self, port: int) -> int:
        """Listen for TLS; 0 picks. The port."""
        return await self._listen(port, "tls")

    async def _open_datagrams(self, port: int) -> int:
        made = socket.socket(family_of(self.address), socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            if made.family == socket.AF_INET6:
                # As the listener for TCP: addresses of IPv4 are another endpoint's.
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            made.bind((self.address, port))
            local = (self.address, int(made.getsockname()[1]))
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                lambda: Datagrams(self, local), sock=made
            )
        except OSError:
            made.close()
            raise
        self._datagrams = transport
        return local[1]

    async def _listen(self, port: int, name: Transport) -> int:
        def accept() -> Connection:
            return self._new_connection(name, outbound=False)

        server = await asyncio.get_running_loop().create_server(
            accept, self.address, port, backlog=1024
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Close every socket at once."""
        if self._datagrams is not None:
            self._datagrams.close()
            self._datagrams = None
        for server in self._servers:
            server.close()
        for task in list(self._opening.values()):
            task.cancel()
        for connection in list(self._connections.values()):
            connection.close()
        await asyncio.sleep(0)
        for connection in list(self._connections.values()):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        await asyncio.sleep(0)

    # What connections tell

    def _new_connection(self, name: Transport, *, outbound: bool) -> Connection:
        self._number += 1
        return Connection(self, self._number, name, outbound=outbound)

    def opened(self, connection: Connection) -> bool:
        """Count a connection; False beyond the bounds."""
        host = connection.peer.host
        if len(self._connections) >= self.limits.connections:
            return False
        if self._per_host[host] >= self.limits.connections_per_host:
            return False
        if not connection.has_spoken and self._half_open[host] >= self.limits.half_open_per_host:
            return False
        if connection.transport_name == "tls" and not connection.outbound:
            context = self._server_context((host, connection.peer.port))
            if context is None:
                return False
            connection.server_context = context
        self._per_host[host] += 1
        if not connection.has_spoken:
            self._half_open[host] += 1
        self._connections[connection.number] = connection
        return True

    def spoke(self, connection: Connection) -> None:
        """It no longer counts among the half-open ones."""
        connection.has_spoken = True
        _one_less(self._half_open, connection.peer.host)

    def _server_context(self, remote: tuple[str, int]) -> ssl.SSLContext | None:
        given = self._server_tls
        if given is None or isinstance(given, ssl.SSLContext):
            return given
        try:
            return given(remote)
        except Exception:  # noqa: BLE001
            _LOG.exception("no TLS context could be made for a connection")
            return None

    def ready(self, connection: Connection) -> None:
        """The connection may be used by its address."""
        peer = connection.peer
        connection.was_ready = True
        self._by_remote[(peer.transport, peer.host, peer.port)] = connection
        self._on_connection(peer, True)

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        if self._connections.pop(connection.number, None) is None:
            return
        peer = connection.peer
        _one_less(self._per_host, peer.host)
        if not connection.has_spoken:
            _one_less(self._half_open, peer.host)
        key = (peer.transport, peer.host, peer.port)
        if self._by_remote.get(key) is connection:
            del self._by_remote[key]
        if connection.was_ready:
            # Told too when another connection to the same end has taken over meanwhile: what was
            # asked over this one is not answered over that one.
            self._on_connection(peer, False)

    def watch(self, connection: Connection) -> None:
        """Mind the connection's deadline."""
        if self._heap.schedule(connection):
            self._rearm()

    # Sending

    def find(self, peer: Peer) -> Connection | None:
        """The open connection to a peer: its own, or another to the same address and port."""
        connection = self._connections.get(peer.connection)
        if connection is not None and connection.is_usable:
            return connection
        key = (peer.transport, peer.host, peer.port)
        connection = self._by_remote.get(key)
        if connection is not None and not connection.is_usable:
            del self._by_remote[key]
            return None
        return connection

    def open_peer(self, peer: Peer) -> Peer | None:
        """The peer with the connection that would carry a message; None: connect first."""
        if peer.transport == "udp":
            return peer
        connection = self.find(peer)
        return None if connection is None else connection.peer

    async def connect(self, peer: Peer) -> Peer:
        """The peer with an open connection, reused or new.

        Raises:
            OSError: it cannot be reached, or TLS failed.
        """
        if peer.transport == "udp":
            return peer
        found = self.find(peer)
        if found is not None:
            return found.peer
        key = (peer.transport, peer.host, peer.port)
        task = self._opening.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._connect(*key))
            self._opening[key] = task
            task.add_done_callback(lambda done: self._opened(key, done))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise ConnectionAbortedError("the endpoint was stopped") from None
            raise

    async def stream_to(self, peer: Peer) -> Peer | None:
        """A TCP connection to where ``peer`` hears datagrams, ``None`` where nobody takes one."""
        loop, there = asyncio.get_running_loop(), (peer.host, peer.port)
        if self._without_stream.get(there, 0.0) > loop.time():
            return None
        try:
            async with asyncio.timeout(_STREAM_CONNECT_SECONDS):
                return await self.connect(Peer("tcp", *there))
        except OSError:  # TimeoutError is one
            if len(self._without_stream) >= _MOST_WITHOUT_STREAM:
                self._without_stream.clear()
            self._without_stream[there] = loop.time() + _NO_STREAM_SECONDS
            return None

    def _opened(self, key: tuple[Transport, str, int], done: asyncio.Task[Peer]) -> None:
        self._opening.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever asked may have gone: then nobody else takes it

    async def _connect(self, name: Transport, host: str, port: int) -> Peer:
        connection = self._new_connection(name, outbound=True)
        more: dict[str, Any] = {}
        if self.address not in UNSPECIFIED:
            more["local_addr"] = (self.address, 0)
        if name == "tls":
            more["ssl"] = self._client_tls or ssl.create_default_context()
            more["server_hostname"] = host
            more["ssl_handshake_timeout"] = TLS_HANDSHAKE_SECONDS
        opening = asyncio.get_running_loop().create_connection(
            lambda: connection, host, port, **more
        )
        try:
            await asyncio.wait_for(opening, _CONNECT_SECONDS)
        except TimeoutError:
            raise ConnectionError("the peer does not answer the connection") from None
        if connection.is_closed:
            raise ConnectionAbortedError("the connection was refused or bounded")
        self._by_remote[(name, host, port)] = connection
        return connection.peer

    def send(self, data: bytes, peer: Peer) -> tuple[str, int]:
        """Send bytes to an open peer; the local end they left from.

        Raises:
            OSError: no open connection, or beyond the size of a datagram.
        """
        if peer.transport == "udp":
            if self._datagrams is None or self._datagrams.is_closing():
                raise ConnectionAbortedError("no datagram socket is open")
            if len(data) > _MAXIMUM_DATAGRAM:
                raise OSError(f"{len(data)} bytes do not fit into a datagram")
            self._datagrams.sendto(data, (peer.host, peer.port))
            return self.local(peer)
        connection = self.find(peer)
        if connection is None:
            raise ConnectionResetError("no connection to the peer is open")
        connection.write(data)
        return connection.local

    def local(self, peer: Peer) -> tuple[str, int]:
        """Our end towards a peer; an unspecified address is replaced by the one routed."""
        if peer.transport != "udp":
            connection = self.find(peer)
            if connection is not None:
                return connection.local
        port = 0
        if self._datagrams is not None:
            port = int(self._datagrams.get_extra_info("sockname")[1])
        if self.address not in UNSPECIFIED:
            return self.address, port
        if peer.host not in self._routes:
            if len(self._routes) > 1024:
                self._routes.clear()
            self._routes[peer.host] = _routed_address(peer.host)
        return self._routes[peer.host], port

    def security(self, peer: Peer) -> tuple[str, str] | None:
        """TLS version and cipher suite of the peer's connection, None when there is none."""
        connection = self.find(peer)
        return None if connection is None else connection.security()

    def drop(self, peer: Peer) -> None:
        """Close the peer's connection."""
        connection = self.find(peer)
        if connection is not None:
            connection.close()


def _one_less(counted: Counter[str], host: str) -> None:
    counted[host] -= 1
    if counted[host] <= 0:
        del counted[host]


def _routed_address(host: str) -> str:
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError:
            return "::1" if probe.family == socket.AF_INET6 else "127.0.0.1"
        return str(probe.getsockname()[0])
