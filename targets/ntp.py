"""The harness's own clock as reference: how wrong it may be, asked of NTP servers."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import secrets
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from protocols.ntp import (
    PORT,
    NtpPacket,
    NtpSample,
    agreement,
    exchange,
    parse_ntp,
    request,
)
from protocols.time_source import SystemTime, TimeSource
from targets.errors import NETWORK_FAULTS

#: Answers looked at for one request: a flood of foreign ones does not hold us up.
_MOST_ANSWERS = 8
_TIMEX = struct.Struct("@Illlli")
_TIMEX_BYTES = 512
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


@dataclass(frozen=True)
class Reference:
    """The reference of a measurement, as in the ``reference`` fact of a recording.

    Attributes:
        error_s: bound of the machine's clock against true time; ``None`` when nothing vouches
            for it.
        source: ``ntp``, ``kernel`` (the system's own synchronisation) or ``unknown``.
        servers: how many servers agree, out of how many that were asked.
        interval: true time minus own clock lies in here, seconds.
    """

    error_s: float | None
    source: str
    servers: tuple[int, int] = (0, 0)
    interval: tuple[float, float] | None = None

    def fact(self) -> dict[str, Any]:
        """JSON-able, for a recording."""
        return {
            "error_s": self.error_s,
            "source": self.source,
            "servers_agreeing": self.servers[0],
            "servers_asked": self.servers[1],
        }


async def host_reference(
    servers: Sequence[str],
    *,
    time_source: TimeSource | None = None,
    timeout_s: float = 2.0,
    tries: int = 4,
) -> Reference:
    """How far the machine's clock may be from true time.

    The servers (``host`` or ``host:port``) are asked side by side; a majority of those asked
    must agree, so one that lies is outvoted by two that do not. With no servers, or no
    majority, the system's own synchronisation vouches if it can.
    """
    time_source = time_source or SystemTime()
    outcomes = await asyncio.gather(
        *(
            query_ntp(*_endpoint(server), time_source=time_source, timeout_s=timeout_s, tries=tries)
            for server in servers
        ),
        return_exceptions=True,
    )
    samples = []
    for outcome in outcomes:
        if isinstance(outcome, NtpSample):
            samples.append(outcome)
        elif not isinstance(outcome, NETWORK_FAULTS):
            raise outcome
    if samples:
        interval, agreeing = agreement(samples)
        if 2 * agreeing > len(servers):
            error = max(abs(interval[0]), abs(interval[1]))
            return Reference(error, "ntp", (agreeing, len(servers)), interval)
    error_s = kernel_error()
    source = "unknown" if error_s is None else "kernel"
    return Reference(error_s, source, (0, len(servers)))


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
            except NETWORK_FAULTS as problem:
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


def kernel_error() -> float | None:
    """The kernel's bound of the system clock's error in seconds (Linux); ``None`` if it has none.

    The clock counts only while something keeps it synchronised (``adjtimex(2)``).
    """
    if not sys.platform.startswith("linux") or struct.calcsize("P") != 8:
        return None
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None).adjtimex(buffer)
    except (OSError, AttributeError):
        return None
    _modes, _offset, _frequency, greatest, _estimate, status = _TIMEX.unpack_from(buffer)
    if state in (-1, _TIME_ERROR) or status & _STA_UNSYNC:
        return None
    return float(greatest) / 1e6


def _endpoint(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return server, PORT
