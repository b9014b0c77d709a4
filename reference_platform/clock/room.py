"""Holds the platform's clock against its upstreams, alarms when it is off, and serves it.

The clock is the machine's; setting it is for the machine's own time service. What the platform
does is say how wrong it is, hand it on only while it is right, and call an operator otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel, Field

from protocols.errors import ProtocolError
from protocols.ntp import NtpSample, agreement
from protocols.ntp_endpoints import query_ntp, server_address
from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.clock.server import Standing, TimeServer
from reference_platform.inventory.alarms import Alarms
from reference_platform.settings import PlatformSettings
from reference_platform.times import Moment, moment

CLOCK_OFF_2S = defect("clock-off-2s", "The platform's own clock is two seconds ahead.")
#: Between two looks; the standard allows an error of a second (4.3.3.5-d).
_EVERY_S, _ALLOWED_S = 64.0, 1.0


class Upstream(BaseModel):
    """What one time server said."""

    server: str
    offset_s: float | None = Field(description="its time minus the platform's")
    error_s: float | None
    stratum: int | None
    problem: str = Field(description="`unreachable` or `unusable`, else empty")


class ClockStatus(BaseModel):
    """The platform's clock."""

    now: Moment
    ntp_port: int = Field(description="on which time is served; 0: none")
    upstreams: list[Upstream]
    checked_at: Moment | None
    offset_s: float | None = Field(description="true time minus own, by most upstreams")
    error_s: float | None
    good: bool = Field(description="whether the time is handed on")


class ClockRoom:
    """See the module.

    Args:
        upstreams: the servers that are set just now.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        upstreams: Callable[[], Awaitable[Sequence[str]]],
        alarms: Alarms,
        time_source: TimeSource,
    ) -> None:
        self._settings = settings
        self._upstreams = upstreams
        self._alarms = alarms
        self._time = time_source
        self._server = TimeServer(self._time, lambda: self._standing, settings.has)
        self._standing = Standing()
        self._found: list[Upstream] = []
        self._checked_at: float | None = None
        self._offset: tuple[float, float] | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = asyncio.Event()

    async def start(self) -> None:
        """Serve, and begin to compare.

        Raises:
            StartFailure: ``port.taken``.
        """
        if self._settings.ntp_port is not None:
            await self._server.start(self._settings.address, self._settings.ntp_port)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Serve no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._server.close()

    def look_again(self) -> None:
        """The upstreams were changed: compare now."""
        self._again.set()

    def status(self) -> ClockStatus:
        """As it is known now."""
        offset, error = self._offset or (None, None)
        return ClockStatus(
            now=moment(self._time.now()),
            ntp_port=self._server.port,
            upstreams=self._found,
            checked_at=None if self._checked_at is None else moment(self._checked_at),
            offset_s=offset,
            error_s=error,
            good=self._standing.good,
        )

    async def compare(self) -> None:
        """Ask every upstream once; alarm when most of them find the clock off."""
        servers = await self._upstreams()
        found = await asyncio.gather(
            *(query_ntp(*server_address(one), time_source=self._time) for one in servers),
            return_exceptions=True,
        )
        self._found = [_told(*pair) for pair in zip(servers, found, strict=True)]
        self._checked_at = self._time.now()
        samples = [one for one in found if isinstance(one, NtpSample)]
        self._offset, self._standing = None, Standing()
        if not samples:
            return
        interval, agreeing = agreement(samples)
        if 2 * agreeing <= len(servers):
            return
        offset, error = sum(interval) / 2, (interval[1] - interval[0]) / 2
        self._offset = round(offset, 6), round(error, 6)
        off = abs(offset) - error > _ALLOWED_S
        self._standing = Standing(
            min(one.stratum for one in samples), abs(offset) + error, good=not off
        )
        if off:
            await self._alarms.raise_alarm("clock.off", once=True, seconds=f"{-offset:+.1f}")

    async def _run(self) -> None:
        while True:
            self._again.clear()
            await self.compare()
            try:
                async with asyncio.timeout(_EVERY_S):
                    await self._again.wait()
            except TimeoutError:
                continue


class _Ahead:
    """A clock that is two seconds ahead."""

    def __init__(self, right: TimeSource) -> None:
        self._right = right

    def now(self) -> float:
        return self._right.now() + 2.0

    def monotonic(self) -> float:
        return self._right.monotonic()


def clock_of(time_source: TimeSource, settings: PlatformSettings) -> TimeSource:
    """The clock that the platform goes by."""
    return _Ahead(time_source) if settings.has(CLOCK_OFF_2S) else time_source


def _told(server: str, found: NtpSample | BaseException) -> Upstream:
    if isinstance(found, NtpSample):
        return Upstream(
            server=server,
            offset_s=round(found.offset_s, 6),
            error_s=round(found.error_s, 6),
            stratum=found.stratum,
            problem="",
        )
    if not isinstance(found, OSError | ProtocolError):
        raise found
    problem = "unusable" if isinstance(found, ProtocolError) else "unreachable"
    return Upstream(server=server, offset_s=None, error_s=None, stratum=None, problem=problem)
