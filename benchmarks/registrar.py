"""What a registration and a keepalive cost the registrar, beside Kamailio, under the same load.

Run as ``python -m benchmarks.registrar [--devices 50000] [--registrations 500]``. Debian's sipp
(package ``sip-tester``) plays the devices from one socket: each registers with its password
(REGISTER, 401, REGISTER, 200), then each says once that it lives (MESSAGE, 200), as many a
second as 50,000 devices do in a minute. The registrar is bound to one core, sipp to another.
Kamailio (Debian package ``kamailio``) does the same in the same run: digest with one password,
locations in memory, one process that receives; a keepalive of a device that is not registered
gets 404.

CPU is that of the registrar's processes, user and system. The command fails when 50,000 devices
that live in one process at keepalives every 60 s would need more than one core.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.sipp import DOMAIN, SERVER, Outcome, Sipp

WANTED_DEVICES = 50_000
KEEPALIVE_S = 60.0
REFRESH_S = 0.7 * 3600
PASSWORD = "Kq7-marsh-lantern"
TICKS = os.sysconf("SC_CLK_TCK")
PACKAGES = {"sipp": "sip-tester", "kamailio": "kamailio", "taskset": "util-linux"}


@dataclass(frozen=True)
class Running:
    """A registrar that runs.

    Attributes:
        process: leader of its process group (Kamailio has several processes).
    """

    name: str
    address: tuple[str, int]
    process: int

    def cpu_s(self) -> float:
        """CPU seconds of all its processes, user and system."""
        ticks = sum(int(one) for fields in self._stat() for one in fields[11:13])
        return ticks / TICKS

    def resident_kib(self) -> float:
        """Resident memory of all its processes (pages that they share count each time)."""
        pages = sum(int(fields[21]) for fields in self._stat())
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024

    def _stat(self) -> Iterator[list[str]]:
        """Fields of /proc/PID/stat from the third on, of each process of the group."""
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[2]) == self.process:
                yield fields


@dataclass(frozen=True)
class Cost:
    """What one registrar needed.

    Attributes:
        registration_us, keepalive_us: CPU microseconds each.
        kib_each: resident memory for each device that is registered.
        devices: so many were registered at the end.
    """

    name: str
    devices: int
    registration_us: float
    keepalive_us: float
    kib_each: float
    registering: Outcome
    living: Outcome

    @property
    def share(self) -> float:
        """Of one core, for 50,000 devices: keepalives, and registrations refreshed."""
        keepalives = WANTED_DEVICES / KEEPALIVE_S * self.keepalive_us
        refreshes = WANTED_DEVICES / REFRESH_S * self.registration_us
        return (keepalives + refreshes) / 1e6


def _serve(address: str, pipe: Connection) -> None:
    """Our registrar, in a process of its own."""
    os.setpgid(0, 0)
    os.sched_setaffinity(0, {0})
    asyncio.run(_registrar(address, pipe))


async def _registrar(address: str, pipe: Connection) -> None:
    from targets.credentials import Secret
    from targets.gb28181.upper_platform import UpperPlatform
    from targets.site import Gb28181Listen

    settings = Gb28181Listen(address=address, port=0, server_id=SERVER, domain=DOMAIN)
    secret = Secret(PASSWORD)
    platform = UpperPlatform(settings, password_of=lambda _: secret)
    await platform.start()
    pipe.send(platform.port)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), ended.set)
    await ended.wait()
    await platform.stop()


@contextmanager
def ours(address: str) -> Iterator[Running]:
    """The registrar of the harness."""
    mine, other = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(address, other))
    process.start()
    try:
        if not mine.poll(20):
            raise RuntimeError("the registrar did not start")
        assert process.pid is not None
        yield Running("tantou", (address, mine.recv()), process.pid)
    finally:
        mine.send("end")
        process.join(20)
        process.kill()


KAMAILIO = """#!KAMAILIO
debug=-1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:{address}:5060
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "hash_size", 14)
modparam("registrar", "max_expires", 86400)
request_route {{
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("{domain}", "{password}", "0")) {{
      www_challenge("{domain}", "0");
      exit;
    }}
    save("location");
    exit;
  }}
  if (is_method("MESSAGE")) {{
    if (registered("location", "$fu")) {{
      sl_send_reply("200", "OK");
    }} else {{
      sl_send_reply("404", "Not Found");
    }}
    exit;
  }}
  sl_send_reply("405", "Method Not Allowed");
}}
"""


@contextmanager
def kamailio(address: str) -> Iterator[Running]:
    """Kamailio as a registrar with the same password, in memory."""
    with tempfile.TemporaryDirectory(prefix="kamailio-") as folder:
        path = Path(folder, "kamailio.cfg")
        path.write_text(KAMAILIO.format(address=address, domain=DOMAIN, password=PASSWORD))
        command = ["taskset", "-c", "0", "kamailio", "-DD", "-m", "1024", "-M", "16"]
        command += ["-f", str(path), "-Y", folder, "-P", str(Path(folder, "pid"))]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, stderr=log, stdout=log, process_group=0)
        try:
            _wait_for_udp(address, 5060, process)
            yield Running("Kamailio", (address, 5060), process.pid)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _wait_for_udp(address: str, port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody has the port."""
    wanted = f"{int.from_bytes(bytes(map(int, address.split('.'))), 'little'):08X}:{port:04X}"
    for _ in range(200):
        if process.poll() is not None:
            break
        if wanted in Path("/proc/net/udp").read_text():
            return
        time.sleep(0.05)
    raise RuntimeError("kamailio did not start")


def measure(registrar: Running, devices: int, registrations: float, local: str) -> Cost:
    """Register all devices, then let each live once, at the pace of 50,000."""
    sipp = Sipp(remote=registrar.address, local=(local, 5060), password=PASSWORD)
    sipp.run("register", 20, devices=devices)
    sipp.run("keepalive", 20, devices=devices)
    memory, begun = registrar.resident_kib(), registrar.cpu_s()
    registering = sipp.run(
        "register", devices, devices=devices, rate=registrations, core=1,
        timeout_s=60 + 3 * devices / registrations,
    )  # fmt: skip
    between = registrar.cpu_s()
    kib = (registrar.resident_kib() - memory) / devices
    living = sipp.run(
        "keepalive", devices, devices=devices, rate=WANTED_DEVICES / KEEPALIVE_S, core=1,
        timeout_s=4 * KEEPALIVE_S,
    )  # fmt: skip
    return Cost(
        name=registrar.name,
        devices=devices,
        registration_us=1e6 * (between - begun) / devices,
        keepalive_us=1e6 * (registrar.cpu_s() - between) / devices,
        kib_each=kib,
        registering=registering,
        living=living,
    )


def _print(costs: list[Cost]) -> None:
    print(
        "registrar  registration µs  keepalive µs  registrations/s  keepalives/s  "
        "KiB/device  core for 50,000  repeated"
    )
    for one in costs:
        print(
            f"{one.name:9} {one.registration_us:16.0f} {one.keepalive_us:13.0f}"
            f"{1e6 / one.registration_us:17.0f}{1e6 / one.keepalive_us:14.0f}"
            f"{one.kib_each:12.2f}{one.share:17.3f}"
            f"{one.registering.retransmissions + one.living.retransmissions:10}"
        )
    mine, *others = costs
    for other in others:
        print(
            f"{mine.name} / {other.name}: registration "
            f"{mine.registration_us / other.registration_us:.1f}, "
            f"keepalive {mine.keepalive_us / other.keepalive_us:.1f}"
        )


def main() -> int:
    """Measure both and print the ratio; 1 when 50,000 devices do not fit in one core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=WANTED_DEVICES)
    parser.add_argument("--registrations", type=float, default=500.0, help="a second")
    parser.add_argument("--network", default="127.67.20", help="the first three bytes")
    parser.add_argument("--alone", action="store_true", help="without Kamailio")
    options = parser.parse_args()
    needed = [one for one in PACKAGES if one != "kamailio" or not options.alone]
    missing = [PACKAGES[one] for one in needed if shutil.which(one) is None]
    if missing:
        print(f"needs Debian packages: {' '.join(missing)}", file=sys.stderr)
        return 2
    costs = []
    for registrar in (ours,) if options.alone else (ours, kamailio):
        with registrar(f"{options.network}.1") as running:
            costs.append(
                measure(running, options.devices, options.registrations, f"{options.network}.9")
            )
    print(f"{options.devices} devices registered and alive, {os.cpu_count()} cores")
    _print(costs)
    print(f"{WANTED_DEVICES} devices must need at most one core")
    return 0 if costs[0].share <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
