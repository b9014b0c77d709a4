"""A process of simulators tells when it was late, so that no device is blamed for its machine."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from console.simulated_site import Simulators, running
from simulators.site_plan import CameraPlan, SitePlan

STOPPED_S = 0.8


def test_lateness_is_told_for_the_moment_in_which_it_was() -> None:
    one = Simulators()
    one.listen(['{"late_s": 0.7, "at": 100.0}\n', '{"late_s": 2.0, "at": 200.0}\n', '{"late'])
    assert one.late_s == 2.0
    assert one.late_between(90.0, 110.0) == 0.7
    assert one.late_between(99.8, 99.9) == 0.7  # while it went on
    assert one.late_between(100.1, 197.9) == 0.0
    assert one.late_between(0.0, 300.0) == 2.0


def test_a_process_that_stood_still_says_so_while_it_runs(tmp_path: Path) -> None:
    plan = SitePlan((CameraPlan("one", "127.89.3.7", scenes=()),), ("127.89.3.1", 18_097))
    with running(plan, tmp_path / "simulators.log") as simulators:
        (process,) = _children_that_run("simulators")
        begun = time.time()
        os.kill(process, signal.SIGSTOP)
        time.sleep(STOPPED_S)  # that it stands still is the fault that is made
        os.kill(process, signal.SIGCONT)
        while simulators.late_s < STOPPED_S / 2:
            assert time.time() < begun + 20
            time.sleep(0.01)
        assert STOPPED_S / 2 < simulators.late_between(begun, time.time()) < 20
        assert simulators.late_between(begun - 60, begun - 1) == 0.0


def _children_that_run(module: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if parent == os.getpid() and module.encode() in words:
            found.append(int(folder.name))
    return found
