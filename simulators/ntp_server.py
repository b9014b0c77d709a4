"""An NTP upstream: a small server on a loopback address, honest or not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from protocols.errors import ProtocolError
from protocols.ntp import CLIENT, SERVER, UNSYNCHRONISED, NtpPacket, from_posix, parse_ntp
from protocols.ntp_endpoints import answer_clients
from protocols.time_source import SystemTime, TimeSource
from simulators.behaviours import defect, variant

FALSETICKER = defect("ntp-falseticker", "The NTP server tells a time that is 5 s ahead.")
STRATUM_0 = defect("ntp-stratum-0", "The NTP server answers with stratum 0 and no valid time.")
NO_ANSWER = defect("ntp-no-answer", "The NTP server takes requests and never answers.")
NOT_SYNCHRONISED = defect(
    "ntp-not-synchronised", "The NTP server says that its own clock is not synchronised."
)
DEEP = variant("ntp-stratum-10", "The NTP server is ten steps from its source, 40 ms away.")

_REMEMBERED = 10_000
_FALSE_BY_S = 5.0
_PRECISION = -20


@dataclass(frozen=True)
class NtpRequest:
    """A request that came in: reference time and the client's address."""

    at: float
    client: str


class NtpServer:
    """Answers requests on ``address``:``port`` (0 = any free one; ``port`` then tells which).

    Args:
        address: a loopback address.
        port: UDP port.
        time_source: what the server believes to be the time.
        behaviours: names declared in this module.
    """

    def __init__(
        self,
        address: str,
        port: int = 123,
        *,
        time_source: TimeSource | None = None,
        behaviours: Iterable[str] = (),
    ) -> None:
        self.address = address
        self.port = port
        self.behaviours = set(behaviours)
        self.requests: deque[NtpRequest] = deque(maxlen=_REMEMBERED)
        self._time = time_source or SystemTime()
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Bind the port.

        Raises:
            OSError: it is taken.
        """
        self._transport = await answer_clients(self.address, self.port, self.answer)
        self.port = self._transport.get_extra_info("sockname")[1]

    async def stop(self) -> None:
        """Free the port."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
            await asyncio.sleep(0)

    def sync_events(self, client: str) -> list[dict[str, Any]]:
        """The requests of ``client`` in the form of a ``clock-watch`` recording."""
        return [
            {"at": seen.at, "what": "ntp-request", "from": client, "to": self.address}
            for seen in self.requests
            if seen.client == client
        ]

    def answer(self, data: bytes, client: str) -> bytes | None:
        """The answer to one datagram, or ``None``: requests of clients only, no garbage."""
        received = self._now()
        try:
            asked = parse_ntp(data)
        except ProtocolError:
            return None
        if asked.mode != CLIENT:
            return None
        self.requests.append(NtpRequest(self._time.now(), client))
        if NO_ANSWER in self.behaviours:
            return None
        return self._packet(asked, received).encode()

    def _packet(self, asked: NtpPacket, received: float) -> NtpPacket:
        leap, stratum, delay, dispersion, source = 0, 1, 0.0, 0.0005, b"GPS\0"
        if DEEP in self.behaviours:
            stratum, delay, dispersion, source = 10, 0.040, 0.010, b"\x7f\x0f\0\x01"
        if STRATUM_0 in self.behaviours:
            leap, stratum, source = UNSYNCHRONISED, 0, b"INIT"
        if NOT_SYNCHRONISED in self.behaviours:
            leap, stratum, source = UNSYNCHRONISED, 16, b"\0\0\0\0"
        return NtpPacket(
            leap=leap,
            version=asked.version,
            mode=SERVER,
            stratum=stratum,
            poll=asked.poll,
            precision=_PRECISION,
            root_delay_s=delay,
            root_dispersion_s=dispersion,
            reference_id=source,
            reference=from_posix(received - 16.0),
            origin=asked.transmit,
            receive=from_posix(received),
            transmit=from_posix(self._now()),
        )

    def _now(self) -> float:
        return self._time.now() + (_FALSE_BY_S if FALSETICKER in self.behaviours else 0.0)
