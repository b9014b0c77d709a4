"""Starts a simulated site, or hosted platforms, in a process of its own; ends it with the run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread, Timer
from typing import Protocol

ROOT = Path(__file__).resolve().parent.parent
#: The first start renders and encodes the scenes and says so after every few.
_SILENT_SECONDS = 120.0


class Plan(Protocol):
    """What the process is to run."""

    def to_json(self) -> str:
        """The plan as JSON on one line."""
        ...


class Simulators:
    """A process that runs simulators, and when it was late with something."""

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []

    @property
    def late_s(self) -> float:
        """The longest time, in seconds, by which it was late so far."""
        return max((late for late, _ in self._late), default=0.0)

    def late_between(self, since: float, until: float) -> float:
        """The longest time by which it was late with anything from ``since`` to ``until``."""
        return max(
            (late for late, at in self._late if at >= since and at - late <= until), default=0.0
        )

    def listen(self, lines: Iterable[str]) -> None:
        """Take in what the process says until it ends."""
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):  # half a line of one killed
                told = json.loads(line)
                self._late.append((float(told["late_s"]), float(told["at"])))


class SimulatorsError(Exception):
    """The simulated site did not start; the text says why, in the words of the system."""


@contextmanager
def running(plan: Plan, log: Path, module: str = "simulators") -> Iterator[Simulators]:
    """What ``plan`` says, run by ``module`` while the block lasts; its messages go to ``log``.

    Raises:
        SimulatorsError: it did not come up.
    """
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    simulators = Simulators()
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd=ROOT,
            text=True,
            encoding="utf-8",
            # An interrupt from the keyboard is for the harness: were the devices to die of it
            # too, visits under way would keep that as their outcome.
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        listener = Thread(target=simulators.listen, args=(process.stdout,), daemon=True)
        try:
            process.stdin.write(plan.to_json() + "\n")
            process.stdin.flush()
            while not _ready(_line_in_time(process), log):
                pass  # it is still making pictures
            listener.start()
            yield simulators
        except BrokenPipeError as error:
            raise SimulatorsError(_last_line(log)) from error
        finally:
            _end(process)
            if listener.ident is not None:
                listener.join()
            process.stdout.close()


def _line_in_time(process: subprocess.Popen[str]) -> str:
    """The next line; a process that says nothing for too long is ended."""
    assert process.stdout is not None
    watchdog = Timer(_SILENT_SECONDS, process.kill)
    watchdog.start()
    try:
        return process.stdout.readline()
    finally:
        watchdog.cancel()


def _ready(line: str, log: Path) -> bool:
    answer = json.loads(line) if line.strip() else {}
    if answer.get("ready"):
        return True
    if "clips" in answer:
        return False
    raise SimulatorsError(str(answer.get("error") or _last_line(log)))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "the process ended without a word"


def _end(process: subprocess.Popen[str]) -> None:
    """End the process."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it may be gone already
        process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
