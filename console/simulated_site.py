"""Starts a simulated site in a process of its own and ends it with the run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from simulators.site_plan import SitePlan

ROOT = Path(__file__).resolve().parent.parent
#: The first start renders and encodes the scenes.
_START_SECONDS = 180.0


class SimulatorsError(Exception):
    """The simulated site did not start; the text says why, in the words of the system."""


@contextmanager
def running(plan: SitePlan, log: Path) -> Iterator[None]:
    """The site of ``plan`` while the block runs; its own messages go to the file ``log``.

    Raises:
        SimulatorsError: it did not come up.
    """
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulators", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd=ROOT,
            text=True,
            encoding="utf-8",
        )
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = Timer(_START_SECONDS, process.kill)
        watchdog.start()
        try:
            process.stdin.write(plan.to_json() + "\n")
            process.stdin.flush()
            _await_ready(process.stdout.readline(), log)
            watchdog.cancel()
            yield
        except BrokenPipeError as error:
            raise SimulatorsError(_last_line(log)) from error
        finally:
            watchdog.cancel()
            _end(process)


def _await_ready(line: str, log: Path) -> None:
    answer = json.loads(line) if line.strip() else {}
    if not answer.get("ready"):
        raise SimulatorsError(str(answer.get("error") or _last_line(log)))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "the process ended without a word"


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):  # it may be gone already
        process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
