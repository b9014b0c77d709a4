"""How many ONVIF cameras one process holds: time to start, memory for each, time to answer.

Run as ``python -m benchmarks.onvif_many [CAMERAS]``. Each camera has HTTP, HTTPS and discovery
sockets at a loopback address of its own; every one is asked for its time, one is read thoroughly.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState

REQUEST = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
    '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/></e:Body></e:Envelope>'
)
SIDE_BY_SIDE = 50


@dataclass(frozen=True)
class Cost:
    """What the cameras cost.

    Attributes:
        start_s: wall time to start all.
        kib_each: resident memory of one, started and asked once.
        answers_per_s: time answers a second, client included.
        median_ms: median time of an answer with 50 under way.
        cpu_ms_each: CPU time of a question and its answer, client included.
    """

    cameras: int
    start_s: float
    kib_each: float
    answers_per_s: float
    median_ms: float
    cpu_ms_each: float


def raise_file_limit(wanted: int) -> None:
    """Let the process hold that many files, as far as the system allows."""
    with contextlib.suppress(ImportError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def resident_kib() -> int:
    """Resident memory of this process (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("VmRSS is missing")


def addresses(count: int) -> list[str]:
    """Loopback addresses."""
    return [f"127.11.{200 + index // 250}.{1 + index % 250}" for index in range(count)]


async def measure(count: int) -> Cost:
    """Start cameras, ask each for its time, and stop them."""
    raise_file_limit(8 * count + 256)
    await _one_round(1)  # What is made once for a process does not count.
    before = resident_kib()
    return await _one_round(count, before)


async def _one_round(count: int, before: int = 0) -> Cost:
    servers = []
    for address in addresses(count):
        state = CameraState(address, f"point-{address}")
        state.ports = {"http": 0, "https": 0, "rtsp": 554, "rtsps": 322}
        servers.append(OnvifServer(state))
    started = time.perf_counter()
    try:
        for server in servers:
            await server.start()
        start_s = time.perf_counter() - started
        cpu, begun = time.process_time(), time.perf_counter()
        times = await _ask_all(servers)
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        kib = (resident_kib() - before) / count
    finally:
        for server in servers:
            await server.stop()
    return Cost(
        cameras=count,
        start_s=round(start_s, 2),
        kib_each=round(kib, 1),
        answers_per_s=round(count / wall),
        median_ms=round(1000 * statistics.median(times), 1),
        cpu_ms_each=round(1000 * cpu / count, 2),
    )


async def _ask_all(servers: list[OnvifServer]) -> list[float]:
    limit = asyncio.Semaphore(SIDE_BY_SIDE)
    async with aiohttp.ClientSession() as session:

        async def ask(server: OnvifServer) -> float:
            state = server.state
            url = f"http://{state.address}:{state.ports['http']}/onvif/device_service"
            async with limit:
                begun = time.perf_counter()
                async with session.post(url, data=REQUEST) as answer:
                    body = await answer.read()
                if answer.status != 200 or b"UTCDateTime" not in body:
                    raise RuntimeError(f"{state.address} did not tell its time")
                return time.perf_counter() - begun

        return await asyncio.gather(*map(ask, servers))


if __name__ == "__main__":
    cameras = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(json.dumps(asdict(asyncio.run(measure(cameras))), indent=2))
