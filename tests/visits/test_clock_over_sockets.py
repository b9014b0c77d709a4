"""The whole way over real sockets: simulated camera, a path with delay, visit, probes."""

import asyncio
import contextlib
import random
import statistics

from probes.beijing_time import measure_time_zone
from probes.clock_offset import measure_clock_offset
from simulators.camera.clock import configure
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState
from targets.camera import CameraTarget
from visits.circumstances import Circumstances, Lengths
from visits.desk import VisitDesk


class DelayingProxy:
    """A TCP proxy that holds every chunk back: ``delay_s`` each way, with jitter."""

    def __init__(self, address, target, delay_s, jitter_s, seed=1):
        self.address, self.port = address, 0
        self._target = target
        self._delay, self._jitter = delay_s, jitter_s
        self._draws = random.Random(seed)
        self._server = None
        self._tasks = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, self.address, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            # Cancelling is how the proxy is closed; asyncio would print it as a fault.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._tasks.discard(task)
            for each in (writer, far_writer):
                each.close()

    async def _pump(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                await asyncio.sleep(max(0.0, self._draws.gauss(self._delay, self._jitter)))
                writer.write(chunk)
                await writer.drain()
            writer.write_eof()


class Shelf:
    def find(self, kind, subject):
        return None

    def save(self, recording):
        return recording


async def reference():
    return {"error_s": 0.0, "source": "same machine"}


LAN = (0.002, 0.0003)
MOBILE = (0.030, 0.014)


async def measure(address, behaviour, path, polls=12):
    state = CameraState(address, "point", ports={"http": 0})
    state.switch(on=[behaviour])
    configure(state)
    server = OnvifServer(state)
    await server.start()
    try:
        async with DelayingProxy(address, (address, state.ports["http"]), *path) as proxy:
            camera = CameraTarget("point", "camera", "onvif", address, proxy.port)
            circumstances = Circumstances(
                reference=reference, lengths=Lengths(clock=polls + 3.0, clock_polls=polls)
            )
            desk = VisitDesk(Shelf(), circumstances)
            clock = await desk.visit("clock", camera)
            return clock, state.clock.error()
    finally:
        await server.stop()


async def test_offset_over_paths_with_delay():
    cases = [
        ("", LAN, 0.010),
        ("offset-1500ms", LAN, 0.010),
        ("offset-minus-1100ms", MOBILE, 0.060),
    ]
    measured_all = await asyncio.gather(
        *(
            measure(f"127.15.7.{number}", behaviour, path)
            for number, (behaviour, path, _) in enumerate(cases, start=1)
        )
    )
    for (clock, truth), (_, (delay, _), promised) in zip(measured_all, cases, strict=True):
        assert clock.problem is None
        measured = measure_clock_offset(clock, second_convention="truncated")
        assert measured.spoilt is None
        assert measured.lower <= truth <= measured.upper
        # A busy machine lengthens the way; the promise is made for the way as it was meant.
        trips = [poll["received"] - poll["sent"] for poll in clock.facts["polls"]]
        assert measured.uncertainty <= promised * max(1.0, statistics.median(trips) / (2 * delay))
        assert measured.details["steps"] == []
        assert measure_time_zone(clock).value == "+08:00"
