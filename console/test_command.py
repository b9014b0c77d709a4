"""``test``: the tools, then every tox environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from console import system_tools
from messages import text

ROOT = Path(__file__).resolve().parent.parent


def run_tests(lang: str, console: Console, arguments: Sequence[str] = ()) -> int:
    """Install what is missing where that is possible, then run tox; its exit code."""
    absent = system_tools.missing()
    if absent and system_tools.can_install():
        console.print(text("test.installing", lang, tools=", ".join(tool.name for tool in absent)))
        system_tools.install(absent)
        absent = system_tools.missing()
    if absent:
        console.print(
            text(
                "test.tools-missing",
                lang,
                tools=", ".join(tool.name for tool in absent),
                command=system_tools.install_command(absent),
            )
        )
        if os.environ.get("CI"):
            console.print(text("test.tools-missing-in-ci", lang))
            return 3
    environment = dict(os.environ, TANTOU_PYTHON=sys.executable)
    finished = subprocess.run(
        [sys.executable, "-m", "tox", *_way(arguments), *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
    )
    return finished.returncode


def _way(arguments: Sequence[str]) -> tuple[str, ...]:
    """How tox runs: whoever asks for something special watches it.

    The whole runs two environments at a time where tox.ini lets it, and keeps the output of
    those that failed.
    """
    if arguments:
        return ("run",)
    return ("run-parallel", "--parallel", "2", "--parallel-no-spinner")
