"""One RTSP connection: requests and their answers in order, interleaved frames beside them."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import statistics
from collections.abc import Callable

from protocols.errors import ProtocolError
from protocols.rtsp import Headers, InterleavedFrame, Request, Response, RtspParser
from protocols.time_source import TimeSource
from targets.camera import CameraOptions
from targets.credentials import Secret
from targets.errors import NETWORK_FAULTS, VisitProblem, problem_of
from targets.login import Login

Frames = list[tuple[int, bytes]]
FramesTaker = Callable[[int, Frames], None]
_USER_AGENT = "tantou"
_READ_BYTES = 65_536


class RtspConnection(asyncio.BufferedProtocol):
    """Made by ``connect``; bounded by its options.

    Attributes:
        closed: done when the connection has ended; its result is the fault or ``None``.
        on_frames: takes the arrival in ns and (channel, payload) of interleaved data.
    """

    def __init__(
        self, options: CameraOptions, time_source: TimeSource, login: Login, secure: bool
    ) -> None:
        self._options = options
        self._time = time_source
        self._login = login
        self._secure = secure
        self._parser = RtspParser()
        self._received = memoryview(bytearray(_READ_BYTES))
        self._transport: asyncio.Transport | None = None
        self._pending: dict[int, asyncio.Future[Response]] = {}
        self._sequence = 0
        self._round_trips: list[float] = []
        self.closed: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.on_frames: FramesTaker | None = None

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        *,
        secure: bool,
        options: CameraOptions,
        time_source: TimeSource,
        user: str = "",
        secret: Secret | None = None,
        basic_in_clear: bool = False,
    ) -> RtspConnection:
        """Connect by TCP, or by TLS when ``secure``.

        Raises:
            VisitProblem: no connection.
        """
        context = options.tls_context() if secure else None
        login = Login(user, secret, basic_in_clear=basic_in_clear)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(options.connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: cls(options, time_source, login, secure),
                    host,
                    port,
                    ssl=context,
                    server_hostname=host if context else None,
                )
        except NETWORK_FAULTS as fault:
            seconds = options.connect_seconds
            raise problem_of(fault, waiting_for="RTSP", seconds=seconds) from None
        return connection

    @property
    def addresses(self) -> tuple[str, str]:
        """Own and peer IP address of the connection."""
        assert self._transport is not None
        own = self._transport.get_extra_info("sockname")[0]
        peer = self._transport.get_extra_info("peername")[0]
        return _plain(own), _plain(peer)

    @property
    def round_trip(self) -> float | None:
        """Median time from request to answer in seconds."""
        return statistics.median(self._round_trips) if self._round_trips else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.BufferedProtocol``."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.BufferedProtocol``."""
        self._end(exc)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- the interface
        """See ``asyncio.BufferedProtocol``: one buffer for the whole connection."""
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        """See ``asyncio.BufferedProtocol``."""
        now_ns = int(self._time.now() * 1e9)
        parser = self._parser
        try:
            parser.feed(self._received[:nbytes])
            self._hand_over(now_ns, parser.next_frames())
            while (message := parser.next_message()) is not None:
                if isinstance(message, InterleavedFrame):
                    self._hand_over(now_ns, [(message.channel, message.data)])
                elif isinstance(message, Response):
                    self._answered(message)
                else:
                    self._decline(message)
                self._hand_over(now_ns, parser.next_frames())
        except ProtocolError as fault:
            self._end(fault)
            self.abort()

    def _hand_over(self, now_ns: int, frames: Frames) -> None:
        if frames and self.on_frames is not None:
            self.on_frames(now_ns, frames)

    def _answered(self, response: Response) -> None:
        sequence = response.sequence
        if sequence is None and len(self._pending) == 1:
            sequence = next(iter(self._pending))
        waiting = self._pending.pop(sequence, None) if sequence is not None else None
        if waiting is not None and not waiting.done():
            waiting.set_result(response)

    def _decline(self, request: Request) -> None:
        """A server may ask too (RFC 2326, 10); we offer nothing but say so."""
        if self._transport is not None:
            headers = (("CSeq", request.header("CSeq")),)
            with contextlib.suppress(ValueError):
                self._transport.write(Response(501, headers).to_bytes())

    def _end(self, fault: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(fault)
        for waiting in self._pending.values():
            if not waiting.done():
                waiting.set_exception(fault or EOFError())
        self._pending.clear()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def request(
        self, method: str, uri: str, headers: Headers = (), *, seconds: float | None = None
    ) -> Response:
        """Ask and wait for the answer, logging in once when challenged.

        Raises:
            VisitProblem: no answer, or the password refused.
        """
        for repeated in range(8):
            login = self._login.headers(method, uri)
            response = await self._ask_once(method, uri, (*headers, *login), seconds)
            if response.status != 401:
                self._login.succeeded()
                return response
            fields = response.all_headers("WWW-Authenticate")
            if not self._login.challenged(
                fields, secure=self._secure, where=method, repeated=repeated
            ):
                break
        raise VisitProblem("visit.unauthorised", where=method)

    async def _ask_once(
        self, method: str, uri: str, headers: Headers, seconds: float | None
    ) -> Response:
        bound = self._options.answer_seconds if seconds is None else seconds
        self._sequence += 1
        sequence = self._sequence
        fields = (("CSeq", str(sequence)), ("User-Agent", _USER_AGENT), *headers)
        try:
            content = Request(method, uri, fields).to_bytes()
        except ValueError:
            raise VisitProblem("visit.malformed", where=method, detail="address") from None
        if self.closed.done() or self._transport is None:
            fault = self.closed.result() if self.closed.done() else None
            raise problem_of(fault or EOFError(), waiting_for=method)
        waiting: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._pending[sequence] = waiting
        sent = self._time.monotonic()
        self._transport.write(content)
        try:
            async with asyncio.timeout(bound):
                response = await waiting
        except NETWORK_FAULTS as fault:
            raise problem_of(fault, waiting_for=f"RTSP {method}", seconds=bound) from None
        finally:
            self._pending.pop(sequence, None)
        self._round_trips.append(self._time.monotonic() - sent)
        return response


def _plain(address: str) -> str:
    """``address`` without an IPv6 zone, a mapped IPv4 address as such."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
