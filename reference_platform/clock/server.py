"""The platform as a time server of its cameras (4.3.3.5-a): NTP version 4 over UDP (RFC 5905)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.ntp import CLIENT, SERVER, UNSYNCHRONISED, NtpPacket, from_posix, parse_ntp
from protocols.ntp_endpoints import answer_clients
from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import StartFailure

NTP_NOT_SERVED = defect("ntp-not-served", "No time is served over NTP, though the port is named.")
NTP_UNSYNCHRONISED = defect(
    "ntp-unsynchronised", "The time server says for ever that its clock is not synchronised."
)
#: A clock that nobody compares; clients prefer any other.
_ALONE, _NO_STRATUM = 10, 16
_PRECISION = -20


@dataclass(frozen=True, slots=True)
class Standing:
    """What the platform may say of its own clock.

    Attributes:
        stratum: of its upstream; ``None`` when it follows none.
        error_s: how wrong its clock may be.
        good: whether its clock may be handed on.
    """

    stratum: int | None = None
    error_s: float = 0.5
    good: bool = True


class TimeServer:
    """Answers clients on one UDP port.

    Args:
        time_source: the clock that is handed on.
        standing: what may be said of it just now.
        has: whether a named behaviour is on.
    """

    def __init__(
        self,
        time_source: TimeSource,
        standing: Callable[[], Standing],
        has: Callable[[str], bool],
    ) -> None:
        self._time = time_source
        self._standing = standing
        self._has = has
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    async def start(self, address: str, port: int) -> None:
        """Bind the port (0 picks one).

        Raises:
            StartFailure: ``port.taken``.
        """
        if self._has(NTP_NOT_SERVED):
            return
        try:
            self._transport = await answer_clients(address, port, self.answer)
        except OSError as error:
            raise StartFailure("port.taken", address=address, port=port) from error
        self.port = self._transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        """Free the port."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def answer(self, data: bytes, _client: str) -> bytes | None:
        """The answer to a client, ``None`` to anything else."""
        received = self._time.now()
        try:
            asked = parse_ntp(data)
        except ProtocolError:
            return None
        if asked.mode != CLIENT:
            return None
        standing = self._standing()
        good = standing.good and not self._has(NTP_UNSYNCHRONISED)
        stratum = _ALONE if standing.stratum is None else min(standing.stratum + 1, _NO_STRATUM - 1)
        return NtpPacket(
            leap=0 if good else UNSYNCHRONISED,
            version=asked.version,
            mode=SERVER,
            stratum=stratum if good else _NO_STRATUM,
            poll=asked.poll,
            precision=_PRECISION,
            root_dispersion_s=standing.error_s,
            reference_id=b"LOCL",
            reference=from_posix(received),
            origin=asked.transmit,
            receive=from_posix(received),
            transmit=from_posix(self._time.now()),
        ).encode()
