"""``python -m simulators PLAN.json``: runs a simulated site until its standard input closes.

Prints a line of JSON as pictures are made, ``{"clips": n, "of": m}``, and one when everything
answers: ``{"ready": true, ...}``, or ``{"error": ...}`` and exit code 1 when it could not start.
From then on ``{"late_s": s, "at": t}`` whenever the site was late by ``s`` seconds with something
until ``t``, POSIX seconds, for its machine was busy.
``-`` reads the plan from the first line of standard input.
"""

from __future__ import annotations

import asyncio
import errno
import json
import sys
import time
from pathlib import Path

from protocols.lateness import Lateness
from simulators.site import SimulatedSite
from simulators.site_plan import SitePlan

_PATIENCE_SECONDS = 20.0


async def _until_input_closes() -> None:
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)


async def _open(site: SimulatedSite) -> None:
    """Open the site; a killed run's simulators may need a moment to let go of its ports."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            await site.start(lambda done, every: _say({"clips": done, "of": every}))
        except OSError as error:
            await site.stop()
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise
            await asyncio.sleep(0.5)
        else:
            return


async def _run(plan: SitePlan) -> int:
    site = SimulatedSite(plan)
    try:
        await _open(site)
    except OSError as error:
        _say({"error": f"{error.strerror or error}"})
        return 1
    _say({"ready": True, "cameras": len(plan.cameras)})
    try:
        async with Lateness(lambda late: _say({"late_s": late, "at": time.time()})):
            await _until_input_closes()
    finally:
        await site.stop()
    return 0


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run the plan named on the command line; the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m simulators PLAN.json\n")
        return 2
    try:
        content = (
            sys.stdin.readline()
            if arguments[0] == "-"
            else Path(arguments[0]).read_text(encoding="utf-8")
        )
        plan = SitePlan.from_json(content)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return 2
    return asyncio.run(_run(plan))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
