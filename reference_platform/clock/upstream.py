"""One question to an upstream time server (RFC 5905, 8)."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from protocols.errors import ProtocolError
from protocols.ntp import PORT, NtpSample, exchange, parse_ntp, request
from protocols.time_source import TimeSource

_TRIES, _PATIENCE_S = 4, 2.0
#: Answers that are looked at for one request: a flood of foreign ones does not hold us up.
_MOST_ANSWERS = 8


def endpoint(server: str) -> tuple[str, int]:
    """``HOST`` or ``HOST:PORT`` as both."""
    host, colon, port = server.rpartition(":")
    if colon and port.isdigit() and ":" not in host:
        return host, int(port)
    return server, PORT


async def ask(server: str, time_source: TimeSource) -> NtpSample:
    """The best of a few exchanges with ``server``.

    Raises:
        OSError: not reachable, or no answer in time (``TimeoutError``).
        ProtocolError: it answers nothing that can be used.
    """
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        lambda: _Client(time_source), remote_addr=endpoint(server)
    )
    best: NtpSample | None = None
    fault: Exception = TimeoutError()
    try:
        for _ in range(_TRIES):
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    sample = await client.ask(transport)
            except (OSError, ProtocolError) as problem:
                fault = problem
                continue
            if best is None or sample.error_s < best.error_s:
                best = sample
    finally:
        transport.close()
    if best is None:
        raise fault
    return best


class _Client(asyncio.DatagramProtocol):
    def __init__(self, time_source: TimeSource) -> None:
        self._time = time_source
        self._answers: asyncio.Queue[tuple[float, bytes] | Exception] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002
        if self._answers.qsize() < _MOST_ANSWERS:
            self._answers.put_nowait((self._time.now(), data))

    def error_received(self, exc: Exception) -> None:
        if self._answers.qsize() < _MOST_ANSWERS:
            self._answers.put_nowait(exc)

    async def ask(self, transport: asyncio.DatagramTransport) -> NtpSample:
        while not self._answers.empty():
            self._answers.get_nowait()
        sent = request(secrets.randbits(64) or 1)
        left = self._time.now()
        transport.sendto(sent.encode())
        while True:
            answer = await self._answers.get()
            if isinstance(answer, Exception):
                raise answer
            returned, data = answer
            packet = parse_ntp(data)
            if packet.origin == sent.transmit:
                return exchange(sent, packet, left, returned)
