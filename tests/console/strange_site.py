"""The command line on a simulated site of our own, for tests that run it as a process.

``python -m tests.console.strange_site NETWORK COUNT ARGUMENTS...``: the bundled site is replaced
by COUNT compliant cameras in NETWORK, so that it can run beside the real bundled one.
"""

import os
import subprocess
import sys
from pathlib import Path

from console import __main__ as command_line
from console import preparation
from console.bundled_site import simulated_point

ROOT = Path(__file__).resolve().parent.parent.parent


def start(network: str, *arguments: str, count: int = 1) -> subprocess.Popen[str]:
    """The process, in a group of its own, its output in pipes."""
    words = [sys.executable, "-m", "tests.console.strange_site", network, str(count), *arguments]
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


def main(network: str, count: int, arguments: list[str]) -> None:
    def points(ground, network):
        return tuple(
            simulated_point(
                number, ground, name=f"camera {number + 1}", network=network, gb28181={}
            )
            for number in range(count)
        )

    preparation.bundled_points = points
    preparation.free_network = lambda _ground: network
    command_line.main(arguments)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
