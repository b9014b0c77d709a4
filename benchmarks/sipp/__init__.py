"""Debian's sipp as a load of GB/T 28181 devices, or as one device, from the scenarios beside."""

from __future__ import annotations

import csv
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCENARIOS = Path(__file__).parent
SERVER = "61010000002000000001"
DOMAIN = "6101000000"
DEVICES = "61010000001320"
"""Where device IDs begin; six digits of a number follow."""


class SippError(RuntimeError):
    """Debian's sipp did not get through its scenario; the message holds its screen."""


@dataclass(frozen=True)
class Outcome:
    """What sipp counted.

    Attributes:
        wall_s: from its start to its end.
    """

    successful: int
    failed: int
    retransmissions: int
    unexpected: int
    wall_s: float

    @property
    def clean(self) -> bool:
        """Whether every call got through at once."""
        return not (self.failed or self.retransmissions or self.unexpected)


@dataclass(frozen=True)
class Sipp:
    """One run of a scenario.

    Attributes:
        remote: the registrar.
        local: address and port of the devices; all share it.
        password: of every device.
        transport: ``u1`` (UDP) or ``t1`` (TCP), one socket for all calls.
    """

    remote: tuple[str, int]
    local: tuple[str, int]
    password: str = ""
    transport: str = "u1"

    def run(
        self,
        scenario: str,
        calls: int,
        *,
        rate: float = 10.0,
        devices: int = 1,
        keys: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        core: int | None = None,
    ) -> Outcome:
        """Make ``calls`` calls of ``scenario`` (a name beside this file), ``rate`` a second.

        Call n is of device n modulo ``devices``. ``core`` binds sipp to one core.

        Raises:
            SippError: a call failed, or sipp did not end within ``timeout_s``.
            FileNotFoundError: sipp is not there (Debian package ``sip-tester``).
        """
        with tempfile.TemporaryDirectory(prefix="sipp-") as folder:
            place = Path(folder)
            command = ["taskset", "-c", str(core)] if core is not None else []
            command += self._command(scenario, calls, rate, place, keys or {})
            self._write_devices(place / "devices.csv", devices)
            begun = time.monotonic()
            try:
                done = subprocess.run(
                    command, cwd=place, capture_output=True, timeout=timeout_s, check=False
                )
            except subprocess.TimeoutExpired as gone:
                raise SippError(f"sipp, {scenario}: not done after {timeout_s:g} s") from gone
            wall = time.monotonic() - begun
            if done.returncode not in (0, 1):
                raise SippError(f"sipp, {scenario}: {_told(place, done.stdout + done.stderr)}")
            outcome = _read(place / "counts.csv", wall)
            if done.returncode or outcome.successful < calls:
                raise SippError(f"sipp, {scenario}: {outcome}\n{_told(place, done.stdout)}")
            return outcome

    def _command(
        self, scenario: str, calls: int, rate: float, place: Path, keys: Mapping[str, str]
    ) -> list[str]:
        pairs = {"server": SERVER, "domain": DOMAIN, "expires": "3600", **keys}
        command = ["sipp", f"{self.remote[0]}:{self.remote[1]}"]
        command += ["-sf", str(SCENARIOS / f"{scenario}.xml"), "-inf", str(place / "devices.csv")]
        command += ["-i", self.local[0], "-p", str(self.local[1]), "-t", self.transport]
        command += ["-m", str(calls), "-r", f"{rate:g}", "-l", str(max(10, int(2 * rate)))]
        command += ["-nostdin", "-timeout_error", "-trace_err", "-error_file", "errors.log"]
        command += ["-trace_stat", "-stf", "counts.csv", "-fd", "1"]
        for name, value in pairs.items():
            command += ["-key", name, value]
        return command

    def _write_devices(self, path: Path, count: int) -> None:
        device = f"{DEVICES}%06d"
        answer = f"[authentication username={device} password={self.password}]"
        path.write_text(f"SEQUENTIAL,PRINTF={count}\n{device};{answer}\n")


def device_id(number: int) -> str:
    """The ID of device ``number``."""
    return f"{DEVICES}{number:06d}"


def _read(path: Path, wall: float) -> Outcome:
    """The last line of sipp's statistics."""
    with path.open(newline="") as lines:
        last = list(csv.DictReader(lines, delimiter=";"))[-1]
    return Outcome(
        successful=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        retransmissions=int(last["Retransmissions(C)"]),
        unexpected=int(last["FailedUnexpectedMessage(C)"]),
        wall_s=wall,
    )


def _told(place: Path, screen: bytes) -> str:
    errors = place / "errors.log"
    told = errors.read_text(errors="replace")[:2000] if errors.exists() else ""
    return told or screen.decode(errors="replace")[-2000:]
