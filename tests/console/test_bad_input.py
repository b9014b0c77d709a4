"""One acceptance over cameras that misbehave, side by side with good ones."""

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from console.bundled_site import CACHE, simulated_point
from protocols.http_digest import DigestGuard
from simulators.camera.onvif.security import Guard, NotAuthorizedError
from simulators.certificates import authority_file
from simulators.site import SimulatedSite
from simulators.site_plan import Ground, SitePlan
from tests.console.strange_site import ROOT

pytestmark = pytest.mark.timeout(240)

NETWORK = "127.17.100"
PASSWORD = "Kq7-bad-input-proof"
WRONG = "Zx9-not-the-password"
#: What each camera does, and the codes that its description and its main stream must come to.
CAMERAS = {
    "good-1": (None, None),
    "onvif-refuses": ("visit.refused", "visit.refused"),
    "onvif-garbage": ("visit.malformed", "visit.malformed"),
    "onvif-endless-xml": ("visit.too-much", "visit.too-much"),
    "onvif-wrong-length": ("visit.malformed", "visit.malformed"),
    "onvif-stalls": ("visit.timeout", "visit.timeout"),
    "onvif-entity-bomb": ("visit.malformed", "visit.malformed"),
    "certificate-expired": ("visit.certificate", "visit.certificate"),
    "wrong-password": ("visit.unauthorised", "visit.unauthorised"),
    "unresolvable": ("visit.unresolvable", "visit.unresolvable"),
    "no-key-picture": (None, None),
    "stall-after-play": (None, "visit.timeout"),
    "rtsp-garbage": (None, "visit.malformed"),
    "rtsp-endless-header": (None, "visit.malformed"),
    "rtsp-wrong-content-length": (None, "visit.timeout"),
    "rtsp-refuses": (None, "visit.refused"),
    "good-2": (None, None),
}
GOOD = ("good-1", "good-2")
#: A visit that is answered by nothing at all: the bound of one answer, once a kind, side by side.
LONGEST_S = 110.0


@dataclass
class Outcome:
    """What became of the run."""

    code: int
    output: str
    seconds: float
    folder: Path
    results: dict
    wrong_tries: int

    def findings(self, requirement):
        """The findings of a requirement by camera."""
        (one,) = (one for one in self.results["requirements"] if one["id"] == requirement)
        return {self.name(finding["subject"]): finding for finding in one["findings"]}

    def name(self, subject):
        return next((p["name"] for p in self.results["points"] if p["id"] == subject), subject)

    def problems(self, kind):
        """The problem of each camera's recording of ``kind``."""
        return {
            self.name(one["subject"]): one["problem"] and one["problem"]["code"]
            for one in self.results["recordings"]
            if one["kind"] == kind
        }


@contextmanager
def standing(plan):
    """The simulated site of ``plan`` in a thread of this process."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    site = SimulatedSite(plan)
    try:
        asyncio.run_coroutine_threadsafe(site.start(), loop).result(120)
        yield
    finally:
        asyncio.run_coroutine_threadsafe(site.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def points():
    ground = Ground.of_this_machine("127.17.100.250")
    for number, name in enumerate(CAMERAS):
        behaviours = () if name.startswith(("good", "wrong", "unres")) else (name,)
        made = simulated_point(
            number,
            ground,
            name=name,
            network="127.17",
            behaviours=behaviours,
            password=PASSWORD,
            uplink=False,
        )
        yield name, made


def entry(name, point):
    uri = point.uri
    if name == "certificate-expired":
        uri = uri.replace("onvif://", "onvifs://").partition(":10080")[0]
    if name == "unresolvable":
        uri = "onvif://admin@camera.invalid"
    return {
        "id": point.id,
        "name": name,
        "uri": uri,
        "declared": dict(point.declared),
        "certificate": {
            "code": "IP66",
            "model": "SIM-2M",
            "laboratory_mark": "CNAS",
            "valid_until": "2031-12-31",
        },
    }


@contextmanager
def counted_wrong_tries(monkeypatch):
    """Counts, at the devices, every proof of a password that was wrong."""
    refused = Counter()
    verify, token = DigestGuard.verify, Guard.user_of_token

    def counting_verify(self, *arguments, **more):
        verdict = verify(self, *arguments, **more)
        refused["digest"] += verdict == "refused"
        return verdict

    def counting_token(self, *arguments, **more):
        try:
            return token(self, *arguments, **more)
        except NotAuthorizedError:
            refused["token"] += 1
            raise

    monkeypatch.setattr(DigestGuard, "verify", counting_verify)
    monkeypatch.setattr(Guard, "user_of_token", counting_token)
    yield refused


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    work = tmp_path_factory.mktemp("bad-input")
    made = dict(points())
    plan = SitePlan(
        cameras=tuple(one.camera for one in made.values()),
        control=("127.17.0.1", 8099),
        cache=str(CACHE),
    )
    site_file = work / "site.yaml"
    site_file.write_text(
        yaml.safe_dump(
            {
                "name": "misbehaving",
                "cameras": [entry(name, one.point) for name, one in made.items()],
                "certificate_authority": str(authority_file()),
                "light": {"http": "http://127.17.0.1:8099"},
            },
            allow_unicode=True,
        )
    )
    environment = dict(os.environ, TANTOU_PASSWORD=PASSWORD, PYTHONUTF8="1")
    environment[f"TANTOU_PASSWORD_{made['wrong-password'].point.id}"] = WRONG
    only = ("4.3.1-b", "4.3.1-c3")
    command = [sys.executable, "-m", "console", "run", "--lang", "en", "--site", str(site_file)]
    command += [word for one in only for word in ("--only", one)] + ["--out", str(work / "runs")]
    with (
        pytest.MonkeyPatch.context() as patch,
        counted_wrong_tries(patch) as refused,
        standing(plan),
    ):
        started = time.monotonic()
        process = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200
        )
        seconds = time.monotonic() - started
    (folder,) = (work / "runs").iterdir()
    results = json.loads((folder / "results.json").read_text())
    said = process.stdout + process.stderr
    return Outcome(process.returncode, said, seconds, folder, results, refused.total())


@pytest.mark.parametrize("name", CAMERAS)
def test_what_a_camera_does_becomes_its_own_finding(outcome, name):
    description, stream = CAMERAS[name]
    assert outcome.problems("description")[name] == description
    assert outcome.problems("stream:day")[name] == stream
    assert outcome.problems("stream:night")[name] == stream
    paper, colour = outcome.findings("4.3.1-b")[name], outcome.findings("4.3.1-c3")[name]
    assert paper["verdict"] == ("pass" if description is None else "inconclusive")
    assert colour["verdict"] == ("pass" if name in GOOD else "inconclusive")


@pytest.mark.parametrize("name", [name for name in CAMERAS if name not in GOOD])
def test_the_reason_is_a_plain_sentence(outcome, name):
    for lang in ("zh", "en"):
        worded = outcome.findings("4.3.1-c3")[name]["reason"][lang]
        assert worded
        assert "{" not in worded
        assert "visit." not in worded
        assert "Error" not in worded


def test_the_run_goes_on_and_ends_in_time(outcome):
    assert outcome.code == 2, outcome.output
    assert outcome.seconds < LONGEST_S
    assert "Traceback" not in outcome.output
    errors = [one for one in outcome.results["requirements"] if one["verdict"] == "error"]
    assert errors == []


def test_a_wrong_password_is_tried_once(outcome):
    assert outcome.wrong_tries == 1


def test_no_password_is_kept(outcome):
    words = [PASSWORD.encode(), WRONG.encode()]
    words += [base64.b64encode(word)[:-4] for word in words]
    words += [word.decode().encode("utf-16-le") for word in words[:2]]
    files = [path for path in outcome.folder.rglob("*") if path.is_file()]
    assert {"run.sqlite", "report.html"} <= {path.name for path in files}
    assert any("allure-results" in path.parts for path in files)
    content = {path: path.read_bytes() for path in files}
    assert [p for p, found in content.items() if any(word in found for word in words)] == []
    assert not any(word.decode() in outcome.output for word in words[:2])
