"""The harness's own clock as reference: how wrong it may be, asked of NTP servers."""

from __future__ import annotations

import asyncio
import ctypes
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from protocols.ntp import NtpSample, agreement
from protocols.ntp_endpoints import query_ntp, server_address
from protocols.time_source import SystemTime, TimeSource
from targets.errors import NETWORK_FAULTS

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
            query_ntp(
                *server_address(server), time_source=time_source, timeout_s=timeout_s, tries=tries
            )
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
