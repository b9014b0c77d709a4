"""A SIP user agent on sockets (asyncio): transport and transaction layers over one timer heap.

No task exists per message or per device: messages are handled where they arrive, and every
timer of every transaction and connection stands in one heap.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import ssl
from collections.abc import Awaitable, Callable, Iterable

from protocols.sip.endpoint_parts import IncomingRequest, Limits, Peer, SipTimeoutError, Transport
from protocols.sip.endpoint_sockets import ServerTls, Sockets
from protocols.sip.endpoint_transactions import Transactions
from protocols.sip.fields import new_branch, new_call_id, new_tag
from protocols.sip.message import (
    LARGEST_OVER_UDP,
    Headers,
    SipMessage,
    SipRequest,
    SipResponse,
)
from protocols.sip.passed import PassedMessage
from protocols.sip.timers import TimerHeap, Timers
from protocols.sip.uri import NameAddress, SipUri, host_text
from protocols.time_source import SystemTime, TimeSource

__all__ = [
    "IncomingRequest",
    "Limits",
    "PassedMessage",
    "Peer",
    "SipEndpoint",
    "SipTimeoutError",
    "Timers",
]

_LOG = logging.getLogger(__name__)
_LONGEST_INVITE = 180.0


class SipEndpoint:
    """One user agent: listens, answers, asks.

    ``on_request`` is called for every new request (retransmissions are answered here) and for
    the ACK to a 2xx and a CANCEL, which is already answered; what it returns is awaited when it
    can be. ``on_response`` sees responses that belong to no request any more. ``on_passed`` sees
    every message's bytes in both directions, before they are understood; it must mask
    credentials before it keeps them (``authentication.mask_credentials``).

    Attributes:
        large_over_tcp: whether a request that would not fit into a datagram of 1300 bytes goes
            over TCP instead (18.1.1), and over UDP where the peer takes no connection, as many
            devices do. False: always as the peer says.
        refuses_merged: whether a request that comes again by another path is a loop (8.2.2.2).
    """

    def __init__(
        self,
        address: str,
        port: int = 5060,
        *,
        transports: tuple[str, ...] = ("udp", "tcp"),
        tls_port: int | None = None,
        on_request: Callable[[IncomingRequest], Awaitable[None] | None],
        on_passed: Callable[[PassedMessage], None] | None = None,
        on_connection: Callable[[Peer, bool], None] | None = None,
        on_response: Callable[[SipResponse, Peer], None] | None = None,
        time_source: TimeSource | None = None,
        server_tls: ServerTls | None = None,
        client_tls: ssl.SSLContext | None = None,
        timers: Timers | None = None,
        limits: Limits | None = None,
        seed: int | None = None,
    ) -> None:
        self.address = address
        self.port = port
        self.tls_port = tls_port
        self.user_agent = ""
        self.large_over_tcp = True
        self.refuses_merged = True
        self.timers = timers or Timers()
        self.limits = limits or Limits()
        self.random = random.Random(secrets.randbits(64) if seed is None else seed)
        self._transports = transports
        self._time = time_source or SystemTime()
        self._on_request = on_request
        self._on_passed = on_passed
        self._on_connection = on_connection
        self._heap = TimerHeap()
        self._wake: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Future[None]] = set()
        self._sockets = Sockets(
            address,
            limits=self.limits,
            heap=self._heap,
            receive=self._received,
            on_connection=self._connection,
            rearm=self._rearm,
            server_tls=server_tls,
            client_tls=client_tls,
        )
        self._transactions = Transactions(self, self._heap, on_response)
        self._running = False

    # Life

    async def start(self) -> None:
        """Bind and listen.

        Raises:
            OSError: an address or port is not free.
        """
        self._running = True
        try:
            self.port = await self._sockets.open(self.port, self._transports)
            if self.tls_port is not None:
                self.tls_port = await self._sockets.open_tls(self.tls_port)
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every socket; requests under way fail with ConnectionAbortedError."""
        self._running = False
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        self._transactions.abort(ConnectionAbortedError("the endpoint was stopped"))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._sockets.close()

    async def __aenter__(self) -> SipEndpoint:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # Sending

    def new_request(
        self,
        method: str,
        uri: str | SipUri,
        *,
        from_: str | NameAddress,
        to: str | NameAddress,
        call_id: str | None = None,
        cseq: int = 1,
        contact: str | NameAddress | None = None,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> SipRequest:
        """A request outside any dialog; From gets a tag when it has none."""
        sender = str(from_)
        if ";tag=" not in sender.lower():
            sender += f";tag={new_tag(self.random)}"
        made = Headers([("Max-Forwards", "70"), ("From", sender), ("To", str(to))])
        made.add("Call-ID", call_id or new_call_id(self.random, self.address))
        made.add("CSeq", f"{cseq} {method}")
        if contact is not None:
            made.add("Contact", str(contact))
        for name, value in headers:
            made.add(name, value)
        if self.user_agent:
            made.add("User-Agent", self.user_agent)
        if content_type:
            made.add("Content-Type", content_type)
        return SipRequest(method, str(uri), made, body)

    async def connect(self, host: str, port: int, transport: Transport) -> Peer:
        """A peer that messages can be sent to; TCP and TLS connections are reused.

        Raises:
            OSError: it cannot be reached, or TLS failed.
        """
        return await self._sockets.connect(Peer(transport, host, port))

    def reaches(self, peer: Peer) -> bool:
        """Whether a message to the peer needs no new connection."""
        return self._sockets.open_peer(peer) is not None

    def disconnect(self, peer: Peer) -> None:
        """Close the peer's TCP or TLS connection."""
        self._sockets.drop(peer)

    def local(self, peer: Peer) -> tuple[str, int]:
        """Our own address and port as ``peer`` sees them, as far as the machine's routes tell."""
        return self._sockets.local(peer)

    def security(self, peer: Peer) -> tuple[str, str] | None:
        """TLS version and cipher suite towards a peer (``TLSv1.3``, ``TLS_AES_…``), or None."""
        return self._sockets.security(peer)

    async def request(
        self,
        request: SipRequest,
        peer: Peer,
        *,
        on_provisional: Callable[[SipResponse], None] | None = None,
        timeout: float | None = None,
    ) -> SipResponse:
        """Send a request and wait for its final response.

        Via (with a fresh branch) and Max-Forwards are added to a copy. The caller acknowledges
        a 2xx to an INVITE through ``Dialog`` and ``send``; other final responses to an INVITE
        are acknowledged here.

        Raises:
            SipTimeoutError: no final response within ``timeout`` seconds or 64 x T1.
            OSError: the peer cannot be reached, or its connection broke.
            ValueError: a header holds a line break.
        """
        peer = self._sockets.open_peer(peer) or await self._sockets.connect(peer)
        sent = self.prepared(request, peer)
        if peer.transport == "udp" and self.large_over_tcp and sent.size > LARGEST_OVER_UDP:
            stream = await self._sockets.stream_to(peer)
            if stream is not None:
                peer, sent = stream, self.prepared(request, stream)
        answer = self._transactions.start(sent, peer, on_provisional)
        if timeout is None and request.method == "INVITE":
            timeout = max(_LONGEST_INVITE, self.timers.transaction)
        try:
            # Not wait_for: a cancellation that meets the answer would be swallowed there.
            async with asyncio.timeout(timeout):
                return await answer
        except SipTimeoutError:
            raise
        except TimeoutError:
            raise SipTimeoutError(f"no final response to {sent.method} in {timeout} s") from None

    async def cancel(self, request: SipRequest) -> SipResponse:
        """Cancel an INVITE that ``request`` is waiting for (section 9.1); the answer to CANCEL.

        Raises:
            LookupError: no such INVITE is waiting.
            SipTimeoutError, OSError: as ``request``.
        """
        cancel, peer = self._transactions.cancelling(request)
        return await self._transactions.start(cancel, peer, None)

    def prepared(self, request: SipRequest, peer: Peer) -> SipRequest:
        """A copy of a request as it is sent to ``peer``: with Via and Max-Forwards."""
        headers = request.headers.copy()
        if "Max-Forwards" not in headers:
            headers.insert_first("Max-Forwards", "70")
        host, port = self._sockets.local(peer)
        if peer.transport == "tls":
            port = self.tls_port or port
        elif peer.transport in self._transports:
            port = self.port
        branch = new_branch(self.random)
        headers.insert_first(
            "Via",
            f"SIP/2.0/{peer.transport.upper()} {host_text(host)}:{port};rport;branch={branch}",
        )
        return SipRequest(request.method, request.uri, headers, request.body)

    def send(self, message: SipMessage, peer: Peer) -> None:
        """Send a message outside every transaction: the ACK to a 2xx, or what a test wants.

        A request without Via gets one.

        Raises:
            OSError: no open connection.
            ValueError: a header holds a line break.
        """
        if isinstance(message, SipRequest) and "Via" not in message.headers:
            message = self.prepared(message, peer)
        data = message.to_bytes()
        if isinstance(message, SipRequest) and message.method == "ACK":
            self._transactions.acknowledging(message, data)
        self.send_raw(data, peer)

    def send_raw(self, data: bytes, peer: Peer) -> None:
        """Send bytes as they are.

        Raises:
            OSError: no open connection, or beyond the size of a datagram.
        """
        local = self._sockets.send(data, peer)
        if self._on_passed is not None:
            remote = (peer.host, peer.port)
            self._on_passed(
                PassedMessage(self._time.now(), True, peer.transport, local, remote, data)
            )

    # Receiving

    def _received(self, data: bytes, peer: Peer, local: tuple[str, int]) -> None:
        if not self._running:
            return
        at = self._time.now()
        if peer.transport == "udp":
            local = self._sockets.local(peer)
        if self._on_passed is not None:
            remote = (peer.host, peer.port)
            self._on_passed(PassedMessage(at, False, peer.transport, local, remote, data))
        self._transactions.received(data, peer, local, at)

    def handle(self, incoming: IncomingRequest) -> None:
        """Give a request to ``on_request``; a fault there becomes 500."""
        try:
            awaitable = self._on_request(incoming)
        except Exception:  # noqa: BLE001
            _LOG.exception("a SIP request could not be handled")
            incoming.respond(500)
            return
        if awaitable is not None:
            # A task of its own, within no other coroutine: when ``stop`` ends it before it has
            # begun, it is closed and not left unawaited.
            task = asyncio.ensure_future(awaitable)
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._handled(done, incoming))

    def _handled(self, done: asyncio.Future[None], incoming: IncomingRequest) -> None:
        self._tasks.discard(done)
        fault = None if done.cancelled() else done.exception()
        if fault is not None:
            _LOG.error("a SIP request could not be handled", exc_info=fault)
            incoming.respond(500)

    def _connection(self, peer: Peer, opened: bool) -> None:
        if not opened:
            self._transactions.disconnected(peer)
        if self._on_connection is not None:
            self._on_connection(peer, opened)

    # Timers

    def _rearm(self) -> None:
        """Sleep until the earliest deadline."""
        deadline = self._heap.next_deadline()
        if deadline is None or not self._running:
            return
        if self._wake is not None:
            if self._wake.when() <= deadline:
                return
            self._wake.cancel()
        self._wake = asyncio.get_running_loop().call_at(deadline, self._tick)

    def rearm(self) -> None:
        """The earliest deadline may have changed."""
        self._rearm()

    def _tick(self) -> None:
        self._wake = None
        now = asyncio.get_running_loop().time()
        self._transactions.due(self._heap.due(now + 0.001), now + 0.001)
        self._rearm()
