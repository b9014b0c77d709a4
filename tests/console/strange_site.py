"""The command line on a simulated site of our own, for tests that run it as a process.

``python -m tests.console.strange_site NETWORK COUNT HOLD ARGUMENTS...``: the bundled site is
replaced by COUNT compliant cameras in NETWORK, so that it can run beside the real bundled one.
After each recording the run waits while the file HOLD is there ("" for none): it is disturbed then.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from assessment.store import RunStore
from console import __main__ as command_line
from console import preparation
from console.bundled_site import simulated_point

ROOT = Path(__file__).resolve().parent.parent.parent


def start(
    network: str, *arguments: str, count: int = 1, hold: Path | None = None
) -> subprocess.Popen[str]:
    """The process, in a group of its own, its output in pipes."""
    module = "tests.console.strange_site"
    words = [sys.executable, "-m", module, network, str(count), str(hold or ""), *arguments]
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=dict(os.environ, PYTHONUTF8="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def main(network: str, count: int, hold: str, arguments: list[str]) -> None:
    def points(ground, network):
        return tuple(
            simulated_point(
                number, ground, name=f"camera {number + 1}", network=network, gb28181={}
            )
            for number in range(count)
        )

    save = RunStore.save

    def save_and_wait(store, recording):
        kept = save(store, recording)
        while hold and Path(hold).exists():
            time.sleep(0.02)  # another process lets go: there is nothing to await here
        return kept

    RunStore.save = save_and_wait
    # Whoever runs the tests in the background of a shell has interrupts ignored from there on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    preparation.bundled_points = points
    preparation.free_network = lambda _ground: network
    command_line.main(arguments)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])
