"""A vendor's way: the harness says where to register, waits, and judges the device that came."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from console.simulated_site import running
from simulators import certificates
from simulators.site_plan import CameraPlan, SitePlan

ROOT = Path(__file__).resolve().parent.parent.parent
DEVICE = "61010200001320000077"
PASSWORD = "a-long-enough-word-for-tests"
ADDRESS, PORT = "127.89.0.5", 15_060


def listen(*more: str, wait: float = 60.0) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, PYTHONPATH=str(ROOT), TANTOU_PASSWORD=PASSWORD)
    command = [sys.executable, "-m", "console", "gb28181", "listen", "--lang", "en"]
    command += ["--address", ADDRESS, "--port", str(PORT), "--wait", str(wait), *more]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )


def test_a_device_that_comes_is_judged_and_the_password_stays_unsaid(tmp_path: Path) -> None:
    page = {
        "server_address": ADDRESS,
        "server_port": PORT,
        "server_id": "61010200002000000001",
        "password": PASSWORD,
        "retry_s": 0.5,
    }
    camera = CameraPlan(DEVICE, "127.89.0.7", gb28181=page, scenes=())
    plan = SitePlan((camera,), ("127.89.0.1", 18_099))
    with running(plan, tmp_path / "simulators.log"):
        done = listen("--only", "4.3.1-j3", "--out", str(tmp_path / "runs"))
    assert done.returncode == 0, done.stdout + done.stderr
    for word in (ADDRESS, str(PORT), "6101020000", f"Device {DEVICE} has registered"):
        assert word in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    (judged,) = [one for one in results["requirements"] if one["findings"]]
    assert (judged["id"], judged["verdict"]) == ("4.3.1-j3", "pass")
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert PASSWORD.encode() not in kept


def test_a_device_comes_over_tls_to_the_site_s_own_certificate(tmp_path: Path) -> None:
    address = "127.89.0.6"
    certificates.server_context(address)
    authority = certificates.authority_file()
    (chain,) = authority.parent.glob(f"{address}-sound.pem")
    key, end = chain.read_bytes().partition(b"-----END PRIVATE KEY-----\n")[:2]
    (tmp_path / "key.pem").write_bytes(key + end)
    (tmp_path / "chain.pem").write_bytes(chain.read_bytes().removeprefix(key + end))
    page = {
        "server_address": address,
        "server_port": PORT + 1,
        "server_id": "61010200002000000001",
        "password": PASSWORD,
        "retry_s": 0.5,
        "transport": "tls",
        "ca_file": str(authority),
    }
    camera = CameraPlan(DEVICE, "127.89.0.8", gb28181=page, scenes=())
    with running(SitePlan((camera,), ("127.89.0.2", 18_099)), tmp_path / "simulators.log"):
        done = listen(
            "--address", address, "--only", "4.3.1-j3", "--out", str(tmp_path / "runs"),
            "--certificate", str(tmp_path / "chain.pem"), "--key", str(tmp_path / "key.pem"),
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"TLS port            {PORT + 1}" in done.stdout
    (folder,) = (tmp_path / "runs").iterdir()
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    (judged,) = [one for one in results["requirements"] if one["findings"]]
    assert judged["verdict"] == "pass"


def test_a_certificate_without_its_key_is_refused_in_words(tmp_path: Path) -> None:
    done = listen("--certificate", str(certificates.authority_file()))
    assert done.returncode == 4
    assert "no matching key" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_nobody_coming_and_a_wrong_address_are_said_in_words() -> None:
    done = listen(wait=1.0)
    assert done.returncode == 2
    assert "No device registered within 1 s" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
