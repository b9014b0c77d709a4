"""The camera as NTP client: real requests from its own address; the answers set its clock."""

from __future__ import annotations

import asyncio
import math
import secrets
from ipaddress import ip_address
from typing import Any

from protocols.errors import ProtocolError
from protocols.ntp import PORT, exchange, parse_ntp, request
from simulators.behaviours import defect
from simulators.camera.clock import CameraClock
from simulators.camera.state import CameraState

ASKED_NOT_FOLLOWED = defect(
    "ntp-asked-not-followed", "The camera asks NTP servers and never corrects its clock."
)

_ANSWER_S = 2.0


class NtpFollower:
    """A service of the camera: asks ``server`` every ``interval_s`` seconds and steps the clock.

    Args:
        state: the camera's state; its clock is stepped if it is a ``CameraClock``.
        server, port: the upstream, until somebody sets another one (``state.time_server``); one
            that is named, and not numbered, is never found, for a simulated site asks no resolver.
        interval_s: seconds between two requests; the first leaves at the start.
        resolution_s: of the steps in which the camera can set its clock: it is set to the last
            whole one, as simple clients do that set the time in whole units; 0 is exact.
        largest_step_s: an answer farther from the camera's clock is not believed, as by clients
            that trust what set their clock before (the platform's Date of GB/T 28181).

    Attributes:
        answered: requests that brought an acceptable answer so far.
    """

    def __init__(
        self,
        state: CameraState,
        server: str,
        port: int = PORT,
        *,
        interval_s: float = 64.0,
        resolution_s: float = 0.0,
        largest_step_s: float = math.inf,
    ) -> None:
        self._state = state
        self._server = (server, port)
        self._interval_s = interval_s
        self._resolution_s = resolution_s
        self._largest_step_s = largest_step_s
        self._task: asyncio.Task[None] | None = None
        self.answered = 0

    async def start(self) -> None:
        """Begin to ask."""
        if isinstance(self._state.clock, CameraClock):
            self._state.clock.run_free()
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _follow(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    await self.ask_once()
            except (OSError, TimeoutError, ProtocolError):
                pass  # as a camera does: it asks again next time
            await asyncio.sleep(self._interval_s)

    async def ask_once(self) -> None:
        """One request, and the clock set by its answer.

        Raises:
            OSError, ProtocolError: no answer, or one that must not be followed.
        """
        loop = asyncio.get_running_loop()
        clock = self._state.clock
        host, port = self._state.time_server or self._server[0], self._server[1]
        try:
            ip_address(host)
        except ValueError:
            raise OSError(f"{host} is not found") from None
        answers: asyncio.Future[bytes] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answers(answers),
            local_addr=(self._state.address, 0),
            remote_addr=(host, port),
        )
        try:
            sent, left = request(secrets.randbits(64) | 1), clock.now()
            transport.sendto(sent.encode())
            answer = parse_ntp(await answers)
            sample = exchange(sent, answer, left, clock.now())
        finally:
            transport.close()
        self.answered += 1
        if abs(sample.offset_s) > self._largest_step_s:
            return
        if isinstance(clock, CameraClock) and ASKED_NOT_FOLLOWED not in self._state.behaviours:
            right = clock.now() + sample.offset_s
            clock.set(right - (right % self._resolution_s if self._resolution_s else 0.0))


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, first: asyncio.Future[bytes]) -> None:
        self._first = first

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002
        if not self._first.done():
            self._first.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._first.done():
            self._first.set_exception(exc)
