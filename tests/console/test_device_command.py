"""``gb28181 device`` as somebody runs it: against platforms in other processes, and in words."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from benchmarks import registrar
from benchmarks.sipp import DOMAIN
from console.device_command import DeviceOptions, settings_of
from protocols.gb28181 import ptz
from reports.manifest import changes
from simulators import certificates
from simulators.platform.upper_platform import UpperPlatform as SimulatedPlatform
from targets.credentials import Secret
from targets.gb28181 import RegisteredDevice, ServerSettings, UpperPlatform
from targets.gb28181.media_session import MediaOrder, MediaSession

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER, DEVICE = "61010200002000000001", "61010200001320000055"
PASSWORD = "Kestrel-lamp-4410"


class Stay:
    """One run of the command.

    Attributes:
        code: its exit code.
        said: everything that it printed.
        results: ``results.json``, empty without one.
    """

    def __init__(self, code: int, said: str, out: Path) -> None:
        self.code, self.said = code, said
        folders = list(out.iterdir()) if out.exists() else []
        self.folder = folders[0] if folders else None
        self.results: dict[str, Any] = {}
        if self.folder is not None:
            self.results = json.loads((self.folder / "results.json").read_text(encoding="utf-8"))

    def outcomes(self, *names: str) -> dict[str, str]:
        """What became of each rule, or of ``names``."""
        lines = {one["name"]: one["outcome"] for one in self.results["lines"]}
        return {name: lines[name] for name in names or lines}

    def reasons(self, name: str) -> list[str]:
        """Codes beside a rule."""
        (line,) = [one for one in self.results["lines"] if one["name"] == name]
        return [one["code"] for one in [*line["reasons"], *line["deviations"]]]


async def stay(
    platform: str,
    out: Path,
    *more: str,
    until: Awaitable[Any] | None = None,
    ids: tuple[str, str] = (SERVER, DEVICE),
    password: str = PASSWORD,
) -> Stay:
    """Run the command, and interrupt it as a person would: registered, and ``until`` is over."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), TANTOU_PASSWORD=password)
    command = ["-m", "console", "gb28181", "device", "--lang", "en", "--platform", platform]
    command += ["--server-id", ids[0], "--device-id", ids[1], "--seconds", "50"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, "--out", str(out), *more,
        env=environment, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    said = b""
    async with asyncio.timeout(100):
        while line := await process.stdout.readline():
            said += line
            if until is not None and b"has accepted" in line:
                await until
                process.send_signal(signal.SIGINT)
        code = await process.wait()
    return Stay(code, said.decode(), out)


@asynccontextmanager
async def simulated(
    address: str, *behaviours: str, **more: Any
) -> AsyncIterator[SimulatedPlatform]:
    """A simulated platform that listens."""
    passwords = {DEVICE: PASSWORD}
    platform = SimulatedPlatform(address, SERVER, passwords, behaviours=behaviours, **more)
    await platform.start()
    try:
        yield platform
    finally:
        await platform.stop()


async def test_a_sealed_report_in_two_languages_without_the_password(tmp_path: Path) -> None:
    async with simulated("127.90.5.1", "platform-ptz-checksum-wrong") as platform:
        address = f"127.90.5.1:{platform.endpoint.port}"
        found = await stay(address, tmp_path / "runs", until=platform.done.wait())
    assert found.code == 1, found.said
    assert "MESSAGE Catalog" in found.said  # what the platform asks is told as it comes
    assert "checksum" in found.said.lower()
    assert set(found.reasons("ptz")) == {"ptz-checksum"}
    assert found.outcomes("wrong-password", "live-offer", "playback-control") == {
        "wrong-password": "not-tried",
        "live-offer": "met",
        "playback-control": "met",
    }
    assert found.folder is not None
    assert changes(found.folder) == []
    assert {path.name for path in found.folder.iterdir()} >= {
        "report.html", "report.zh.html", "results.json", "recording.json", "manifest.json",
        "conversation.pcapng", "ladder.svg", "ladder.txt", "messages.txt", "deviations.txt",
    }  # fmt: skip
    page = (found.folder / "report.zh.html").read_text(encoding="utf-8")
    assert "云台指令（PTZCmd）与校验码正确" in page
    assert "<svg" in page
    kept = b"".join(path.read_bytes() for path in found.folder.iterdir())
    assert PASSWORD.encode() not in kept
    assert PASSWORD not in found.said


async def test_over_tls_with_the_platforms_authority(tmp_path: Path) -> None:
    context = certificates.server_context("127.90.5.2")
    async with simulated("127.90.5.2", server_tls=context) as platform:
        address = f"127.90.5.2:{platform.endpoint.tls_port}"
        secure = ("--transport", "tls", "--certificate-authority")
        found = await stay(
            address, tmp_path / "good", *secure, str(certificates.authority_file()),
            "--edition", "2022", until=platform.done.wait(),
        )  # fmt: skip
        other = await stay(address, tmp_path / "bad", "--transport", "tls")
    assert found.outcomes("registration", "ack", "bye") == {
        "registration": "met", "ack": "met", "bye": "met",
    }  # fmt: skip
    assert (other.code, other.results["problem"]["code"]) == (2, "visit.certificate")
    assert set(other.outcomes().values()) <= {"not-observed", "not-tried"}


async def test_the_upper_platform_of_the_harness_itself(tmp_path: Path) -> None:
    settings = ServerSettings(address="127.90.5.3", port=0, server_id=SERVER)
    secret = Secret(PASSWORD)
    upper = UpperPlatform(settings, lambda one: secret if one == DEVICE else None)
    await upper.start()
    try:
        watched = upper.device(DEVICE)
        address = f"127.90.5.3:{upper.port}"
        found = await stay(address, tmp_path / "runs", "--intrusive", until=_ask(watched))
    finally:
        await upper.stop()
    outcomes = found.outcomes()
    assert {name for name, one in outcomes.items() if one == "departs"} == set()
    assert outcomes.pop("clock") in ("met", "not-tried")  # whether the system vouches for its clock
    del outcomes["fresh-nonce"]  # seen only by a stay of more than two seconds
    assert set(outcomes.values()) == {"met"}


async def _ask(watched: RegisteredDevice) -> None:
    """What an operator does at a platform."""
    await watched.registered(60)
    catalog = await watched.query("Catalog")
    assert catalog.complete
    for command in ("DeviceInfo", "DeviceStatus"):
        await watched.query(command)
    await watched.query(
        "RecordInfo", [("StartTime", "2026-01-01T00:00:00"), ("EndTime", "2026-01-01T01:00:00")]
    )
    command = ptz.move(pan=20).to_hex()
    await watched.control([("PTZCmd", command)], wait=False)
    channel = watched.main_channel
    async with MediaSession(watched, MediaOrder(channel=channel)) as session:
        assert session.outcome.problem is None
    begin = int(watched.platform.time.now()) - 86_400
    order = MediaOrder("Playback", channel, start=begin, stop=begin + 600)
    async with MediaSession(watched, order) as session:
        assert await session.info(b"PAUSE RTSP/1.0\r\nCSeq: 1\r\nPauseTime: now\r\n\r\n") == 200


async def test_kamailio_as_the_registrar(tmp_path: Path) -> None:
    if shutil.which("kamailio") is None:
        pytest.fail("kamailio is missing: apt-get install kamailio")
    with registrar.kamailio("127.90.5.4") as running:
        found = await stay(
            "{}:{}".format(*running.address), tmp_path / "runs", "--intrusive",
            "--domain", DOMAIN, until=asyncio.sleep(2.5), password=registrar.PASSWORD,
        )  # fmt: skip
    assert found.code == 1, found.said
    outcomes = found.outcomes()
    # Its configuration has one password for whoever comes, and no list of devices.
    assert found.reasons("unknown-id") == ["gb-platform.unknown-id-accepted"]
    assert {name for name, one in outcomes.items() if one == "departs"} == {"unknown-id"}
    for name in (
        "challenge", "fresh-nonce", "forged-nonce", "wrong-password", "registration", "expires",
        "keepalive", "refresh", "unregister", "sip",
    ):  # fmt: skip
        assert outcomes[name] == "met", name
    assert found.reasons("date") == ["gb-platform.date-absent"]
    assert outcomes["catalog"] == outcomes["live-offer"] == "not-observed"


@pytest.mark.parametrize(("transport", "called"), [("udp", "127.0.0.1"), ("tls", "localhost")])
def test_a_name_is_kept_for_its_certificate(
    transport: Literal["udp", "tls"], called: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANTOU_PASSWORD", PASSWORD)
    options = DeviceOptions("localhost:5061", SERVER, DEVICE, transport=transport)
    settings, address = settings_of(options, "en")
    assert (settings.server_address, settings.server_port) == (called, 5061)
    assert address == "127.0.0.1"
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize(
    ("platform", "ids", "words"),
    [
        ("127.90.5.9:notaport", (SERVER, DEVICE), "is not ADDRESS[:PORT]"),
        ("127.90.5.9", ("6101", DEVICE), "no id of 20 digits"),
        ("no-such-host.invalid", (SERVER, DEVICE), "Cannot resolve"),
    ],
)
async def test_wrong_usage_is_said_in_words(
    platform: str, ids: tuple[str, str], words: str, tmp_path: Path
) -> None:
    found = await stay(platform, tmp_path / "runs", ids=ids)
    assert found.code == 4
    assert words in found.said
    assert "Traceback" not in found.said
    assert found.folder is None
