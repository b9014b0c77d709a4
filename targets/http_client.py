"""A bounded HTTP/1.1 client for one device: kept-alive connection, one password try, no detours.

Every request is bounded in time from the first byte asked to the last received, and in bytes.
Times of sending and receiving are taken next to the socket, because clocks are measured by it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from protocols.errors import ProtocolError
from protocols.http_response import HttpResponse, HttpResponseReader
from protocols.time_source import TimeSource
from targets.camera import CameraOptions, bracketed
from targets.credentials import Secret
from targets.errors import NETWORK_FAULTS, VisitProblem, problem_of
from targets.login import Login

MAXIMUM_BODY = 1 << 20
_REDIRECTS = (301, 302, 303, 307, 308)
_MAXIMUM_REDIRECTS = 3

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A response with the reference times around it.

    Attributes:
        sent, received: POSIX seconds just before the request was handed to the socket and just
            after its answer was complete.
        sent_mono, received_mono: the same on the monotonic clock.
    """

    response: HttpResponse
    sent: float
    received: float
    sent_mono: float
    received_mono: float


class _Connection(asyncio.Protocol):
    """One connection that carries one request at a time."""

    def __init__(self, time_source: TimeSource) -> None:
        self._time = time_source
        self._transport: asyncio.Transport | None = None
        self._reader: HttpResponseReader | None = None
        self._answer: asyncio.Future[Exchange] | None = None
        self._sent = (0.0, 0.0)
        self.usable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        now, mono = self._time.now(), self._time.monotonic()
        if self._answer is None or self._answer.done() or self._reader is None:
            self.close()  # bytes nobody asked for: the next answer could not be trusted
            return
        try:
            response = self._reader.feed(data)
        except ProtocolError as fault:
            self._fail(fault)
            return
        if response is not None:
            self._finish(response, now, mono)

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._answer is None or self._answer.done() or self._reader is None:
            return
        if exc is not None or not self._reader.started:
            self._answer.set_exception(exc or EOFError())
            return
        try:
            self._finish(self._reader.close(), self._time.now(), self._time.monotonic())
        except ProtocolError as fault:
            self._fail(fault)

    def _finish(self, response: HttpResponse, now: float, mono: float) -> None:
        if not response.reusable:
            self.close()
        assert self._answer is not None
        self._answer.set_result(Exchange(response, self._sent[0], now, self._sent[1], mono))

    def _fail(self, fault: Exception) -> None:
        self.close()
        assert self._answer is not None
        self._answer.set_exception(fault)

    @property
    def answered_anything(self) -> bool:
        return self._reader is not None and self._reader.started

    async def ask(self, request: bytes, reader: HttpResponseReader) -> Exchange:
        assert self._transport is not None
        self._reader = reader
        self._answer = asyncio.get_running_loop().create_future()
        self._sent = (self._time.now(), self._time.monotonic())
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            if not self._answer.done() or self._answer.cancelled():
                self.close()

    def close(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.abort()


class HttpClient:
    """Speaks to one device by HTTP and HTTPS.

    Args:
        host: the only host that is ever contacted, whatever an answer says.
        user, secret: account for digest authentication; ``None`` answers no challenge.
        basic_in_clear: see ``Login``.
        options: bounds and TLS.
        time_source: reference time.
    """

    def __init__(
        self,
        host: str,
        *,
        options: CameraOptions,
        time_source: TimeSource,
        user: str = "",
        secret: Secret | None = None,
        basic_in_clear: bool = False,
    ) -> None:
        self._host = host
        self._options = options
        self._time = time_source
        self._login = Login(user, secret, basic_in_clear=basic_in_clear)
        self._connections: dict[tuple[bool, int], _Connection] = {}

    @property
    def logged_in(self) -> bool:
        """Whether the device has accepted the password."""
        return self._login.accepted

    def close(self) -> None:
        """Drop all connections."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers = (),
        body: bytes = b"",
        maximum: int = MAXIMUM_BODY,
        waiting_for: str = "http",
        log_in: bool = True,
    ) -> Exchange:
        """Ask, follow redirections on the same host, and answer one digest challenge if need be.

        Raises:
            VisitProblem: no complete answer (see docs/recordings.md), or a redirection
                elsewhere, or the password refused (it is tried once for the client's life).
        """
        for _ in range(_MAXIMUM_REDIRECTS + 1):
            exchange = await self._request_with_login(
                method, url, headers, body, maximum, waiting_for, log_in
            )
            if exchange.response.status not in _REDIRECTS:
                return exchange
            url = self._redirection(url, exchange.response, waiting_for)
        raise VisitProblem("visit.malformed", where=waiting_for, detail="endless redirection")

    def _redirection(self, url: str, response: HttpResponse, waiting_for: str) -> str:
        try:
            target = urljoin(url, response.header("Location") or "")
            parts = urlsplit(target)
            elsewhere = parts.hostname != urlsplit(url).hostname
        except ValueError:
            elsewhere = True
        if elsewhere or parts.scheme not in ("http", "https"):
            raise VisitProblem(
                "visit.malformed", where=waiting_for, detail="redirection to another host"
            )
        return target

    async def _request_with_login(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes,
        maximum: int,
        waiting_for: str,
        log_in: bool,
    ) -> Exchange:
        for repeated in itertools.count():
            login = self._login.headers(method, _request_target(url)) if log_in else ()
            exchange = await self.ask_once(
                method, url, headers=[*headers, *login], body=body, maximum=maximum,
                waiting_for=waiting_for,
            )  # fmt: skip
            if not log_in:
                break
            if exchange.response.status != 401:
                self._login.succeeded()
                break
            fields = exchange.response.fields("WWW-Authenticate")
            secure = url.startswith("https:")
            if not self._login.challenged(
                fields, secure=secure, where=waiting_for, repeated=repeated
            ):
                break
        return exchange

    async def ask_once(
        self,
        method: str,
        url: str,
        *,
        headers: Headers = (),
        body: bytes = b"",
        maximum: int = MAXIMUM_BODY,
        waiting_for: str = "http",
    ) -> Exchange:
        """One request and its answer, whatever its status.

        Raises:
            VisitProblem: no complete answer within the bounds.
        """
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        request = self._bytes_of(method, url, headers, body, port, secure)
        seconds = self._options.answer_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._send(request, (secure, port), maximum, method == "HEAD")
        except NETWORK_FAULTS as fault:
            raise problem_of(fault, waiting_for=waiting_for, seconds=seconds) from None

    async def _send(
        self, request: bytes, origin: tuple[bool, int], maximum: int, bodiless: bool
    ) -> Exchange:
        connection = self._connections.get(origin)
        if connection is not None and connection.usable:
            try:
                return await connection.ask(request, HttpResponseReader(maximum, bodiless=bodiless))
            except (EOFError, ConnectionError):
                if connection.answered_anything:
                    raise  # else the device had closed an idle connection: ask on a fresh one
        connection = self._connections[origin] = await self._connect(*origin)
        return await connection.ask(request, HttpResponseReader(maximum, bodiless=bodiless))

    async def _connect(self, secure: bool, port: int) -> _Connection:
        context = self._options.tls_context() if secure else None
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._options.connect_seconds):
            _, connection = await loop.create_connection(
                lambda: _Connection(self._time),
                self._host,
                port,
                ssl=context,
                server_hostname=self._host if context else None,
            )
        return connection

    def _bytes_of(
        self, method: str, url: str, headers: Headers, body: bytes, port: int, secure: bool
    ) -> bytes:
        default = 443 if secure else 80
        host = bracketed(self._host) + ("" if port == default else f":{port}")
        lines = [f"{method} {_request_target(url)} HTTP/1.1", f"Host: {host}"]
        lines += ["User-Agent: tantou", "Accept-Encoding: identity"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        if any("\r" in line or "\n" in line for line in lines):
            raise ProtocolError("HTTP: line break in an address")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def _request_target(url: str) -> str:
    parts = urlsplit(url)
    path = "".join(c if "!" <= c <= "~" else "%20" for c in parts.path) or "/"
    return f"{path}?{parts.query}" if parts.query else path
