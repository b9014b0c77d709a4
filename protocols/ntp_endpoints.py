"""Thin endpoints of NTP over UDP: a client that asks a server, and a port that answers clients."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Any

from protocols.errors import ProtocolError
from protocols.ntp import PORT, NtpPacket, NtpSample, exchange, parse_ntp, request
from protocols.time_source import TimeSource

#: Answers looked at for one request: a flood of foreign ones does not hold us up.
_MOST_ANSWERS = 8


def server_address(server: str) -> tuple[str, int]:
    """``HOST``, ``HOST:PORT`` or ``[ADDRESS]:PORT`` as both."""
    host, colon, port = server.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return server, PORT


async def query_ntp(
    host: str,
    port: int = PORT,
    *,
    time_source: TimeSource,
    timeout_s: float = 2.0,
    tries: int = 4,
) -> NtpSample:
    """Ask one server ``tries`` times and keep the exchange with the least error.

    Raises:
        OSError: not reachable, not resolvable, or no answer in time.
        ProtocolError: every answer was refused; the text is that of the last one.
    """
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        lambda: _Client(time_source), remote_addr=(host, port)
    )
    best: NtpSample | None = None
    fault: Exception = TimeoutError(f"NTP: no answer from {host}")
    try:
        for _ in range(tries):
            try:
                async with asyncio.timeout(timeout_s):
                    sample = await client.ask()
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


async def answer_clients(
    address: str, port: int, answer: Callable[[bytes, str], bytes | None]
) -> asyncio.DatagramTransport:
    """Bind a UDP port (0 for any) on which ``answer`` sees each datagram and its sender's address.

    Raises:
        OSError: it is taken.
    """
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Listener(answer), local_addr=(address, port)
    )
    return transport


class _Client(asyncio.DatagramProtocol):
    def __init__(self, time_source: TimeSource) -> None:
        self._time = time_source
        self._answers: asyncio.Queue[tuple[float, bytes] | Exception] = asyncio.Queue(_MOST_ANSWERS)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002
        with contextlib.suppress(asyncio.QueueFull):
            self._answers.put_nowait((self._time.now(), data))

    def error_received(self, exc: Exception) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._answers.put_nowait(exc)

    async def ask(self) -> NtpSample:
        """One exchange; answers to other requests are passed over."""
        if self._transport is None:
            raise OSError("NTP: not connected")
        # A random transmit time tells nothing of us and cannot be guessed (RFC 8633, data
        # minimisation).
        sent: NtpPacket = request(secrets.randbits(64) | 1)
        left = self._time.now()
        self._transport.sendto(sent.encode())
        while True:
            answer = await self._answers.get()
            if isinstance(answer, Exception):
                raise answer
            returned, data = answer
            packet = parse_ntp(data)
            if packet.origin == sent.transmit:
                return exchange(sent, packet, left, returned)


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes, str], bytes | None]) -> None:
        self._answer = answer
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = self._answer(data, addr[0])
        if answer is not None:
            self._transport.sendto(answer, addr)
