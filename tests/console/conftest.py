import json
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from assessment.store import RunStore, RunStoreError
from tests.console import strange_site

NETWORK = "127.19"
ONLY = ("4.3.1-b", "4.4.1-a", "5.3-a")
_PATIENCE_S = 90.0


@dataclass
class Leg:
    """One process of a run that took several."""

    code: int
    output: str
    kept: list[tuple[str, str]]


@dataclass
class TroubledRun:
    """A run that was interrupted from the keyboard, gone on with, killed, and finished."""

    folder: Path
    interrupted: Leg
    killed: Leg
    finished: Leg


def recordings_in(folder: Path) -> list[tuple[str, str]]:
    """Kind and digest of every recording of the run, in order."""
    try:
        with RunStore.open(folder) as store:
            return [(recording.kind, recording.digest) for recording in store.recordings()]
    except RunStoreError:
        return []


def until(process, out: Path, count: int) -> Path:
    """The run's folder, once it holds ``count`` recordings."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        for folder in out.iterdir() if out.exists() else ():
            if len(recordings_in(folder)) >= count:
                return folder
        time.sleep(0.02)
    process.kill()
    raise AssertionError(process.communicate()[0])


def _leg(process, folder: Path) -> Leg:
    output, _ = process.communicate(timeout=_PATIENCE_S)
    return Leg(process.returncode, output, recordings_in(folder))


@pytest.fixture(scope="session")
def troubled_run(tmp_path_factory) -> TroubledRun:
    out = tmp_path_factory.mktemp("troubled")
    hold = tmp_path_factory.mktemp("hold") / "hold"
    hold.touch()
    only = [word for identifier in ONLY for word in ("--only", identifier)]
    first = strange_site.start(NETWORK, "run", "--lang", "en", *only, "--out", str(out), hold=hold)
    folder = until(first, out, 1)
    os.killpg(first.pid, signal.SIGINT)
    hold.unlink()
    interrupted = _leg(first, folder)
    hold.touch()
    again = ("run", "--lang", "en", "--resume", str(folder))
    second = strange_site.start(NETWORK, *again, hold=hold)
    until(second, out, len(interrupted.kept) + 1)
    second.kill()
    killed = _leg(second, folder)
    finished = _leg(strange_site.start(NETWORK, *again), folder)
    return TroubledRun(folder, interrupted, killed, finished)


def results_of(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def kinds(leg: Leg) -> Counter:
    return Counter(kind for kind, _ in leg.kept)
