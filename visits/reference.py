"""The error of the machine's own clock, asked once in a while and written into recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from protocols.time_source import TimeSource
from targets.ntp import host_reference

_KEPT_SECONDS = 120.0


class HostReference:
    """Asks NTP servers (``host`` or ``host:port``) at most every two minutes."""

    def __init__(self, servers: Sequence[str], *, time_source: TimeSource) -> None:
        self._servers = tuple(servers)
        self._time = time_source
        self._known: Mapping[str, Any] | None = None
        self._asked = 0.0
        self._lock = asyncio.Lock()

    async def __call__(self) -> Mapping[str, Any]:
        """The ``reference`` fact."""
        async with self._lock:
            now = self._time.monotonic()
            if self._known is None or now - self._asked > _KEPT_SECONDS:
                found = await host_reference(self._servers, time_source=self._time)
                self._known, self._asked = found.fact(), now
            return self._known
