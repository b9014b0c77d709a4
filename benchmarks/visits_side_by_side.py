"""How the cost of visits grows from one camera to a hundred visited side by side.

A simulated site runs in a process of its own. For each number of cameras a fresh process of
the harness visits that many at once, every kind of visit after the other, then judges size,
rate, colour and detail of all, one quantity after the other as the scenarios do; it tells wall
time, its own CPU and its own memory. Recordings go to a run store on disk, as in a real run.

Run: python -m benchmarks.visits_side_by_side [--cameras 1 10 30 100] [--network 127.22]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from assessment.recording import Recording
from assessment.store import RunStore
from benchmarks.onvif_many import raise_file_limit, resident_kib
from console.simulated_site import running
from hardware_rigs.http_rig import HttpLightBox
from probes.colour import measure_colour
from probes.frame_rate import measure_frame_rate
from probes.picture_size import measure_picture_size
from probes.true_detail import measure_true_detail
from protocols.time_source import SystemTime
from simulators.site_plan import CameraPlan, SitePlan
from steps.acceptance import Acceptance
from targets.camera import CameraTarget, parse_camera
from targets.credentials import Secret
from visits.circumstances import Circumstances
from visits.desk import VisitDesk

KINDS = ("description", "snapshot", "stream:day")
_FILES_EACH = 16
_MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """What one kind of visit, or judging, cost.

    Attributes:
        wall_s: until the last camera was visited.
        cpu_s: of the harness, all cameras together.
        memory_mib: by which the most memory ever held grew over that before the visits.
        kept_mib: still held afterwards, over that before.
        recorded_mib: size of the recordings.
        well: visits without a problem.
        lost: packets that the harness or the path lost.
    """

    wall_s: float
    cpu_s: float
    memory_mib: float
    kept_mib: float
    recorded_mib: float
    well: int
    lost: int


def _plan(cameras: int, network: str) -> SitePlan:
    return SitePlan(
        cameras=tuple(
            CameraPlan(
                point=f"{number:020d}",
                address=f"{network}.{1 + number // 200}.{1 + number % 200}",
                scenes=("day",),
            )
            for number in range(cameras)
        ),
        control=(f"{network}.250.1", 8080),
        cache=str(Path(__file__).resolve().parent.parent / ".cache"),
    )


def _targets(plan: SitePlan) -> list[CameraTarget]:
    return [
        parse_camera(
            f"onvif://{one.user}@{one.address}",
            point=one.point,
            name=one.point,
            secret=partial(Secret, one.password),
        )
        for one in plan.cameras
    ]


def _visit(plan: SitePlan, pipe: Connection) -> None:
    """In the process of the harness: visit all cameras of ``plan``, send the costs by kind."""
    raise_file_limit(_FILES_EACH * len(plan.cameras) + 256)
    cameras = _targets(plan)
    host, port = plan.control
    circumstances = Circumstances(
        time_source=SystemTime(),
        light=HttpLightBox(f"http://{host}:{port}", time_source=SystemTime(), settle_seconds=0.5),
    )
    costs = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        RunStore.create(Path(folder) / "run", {}) as store,
        VisitDesk(store, circumstances, at_once=len(cameras)) as desk,
    ):
        for kind in KINDS:
            costs[kind] = _cost(partial(_visit_all, desk, kind, cameras))
        streams = [store.find(KINDS[-1], camera.point) for camera in cameras]
        costs["judging"] = _cost(partial(_judge_all, [one for one in streams if one]))
    pipe.send(costs)


def _visit_all(
    desk: VisitDesk, kind: str, cameras: Sequence[CameraTarget]
) -> Collection[Recording]:
    return desk.visit_all(kind, cameras).values()


def _judge_all(recordings: Sequence[Recording]) -> Collection[Recording]:
    """One quantity after the other; what is measured together is measured once."""
    acceptance = Acceptance(
        site=cast(Any, None),
        catalogue=cast(Any, None),
        desk=cast(Any, None),
        findings=cast(Any, None),
        drawn=(),
        today=date.today(),
    )
    for probe in (measure_picture_size, measure_frame_rate, measure_colour, measure_true_detail):
        for recording in recordings:
            acceptance.once(probe, recording)
    return recordings


def _cost(work: Callable[[], Collection[Recording]]) -> Cost:
    before = resident_kib()
    cpu, wall = time.process_time(), time.perf_counter()
    recordings = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    problems = {one.problem.code for one in recordings if one.problem is not None}
    if problems:
        print(f"  {', '.join(sorted(problems))}")
    return Cost(
        wall_s=wall,
        cpu_s=cpu,
        memory_mib=max(0, peak - before) / 1024,
        kept_mib=(resident_kib() - before) / 1024,
        recorded_mib=sum(map(_size, recordings)) / _MIB,
        well=sum(one.problem is None for one in recordings),
        lost=sum(int(one.facts.get("dropped_by_receiver") or 0) for one in recordings),
    )


def _size(recording: Recording) -> int:
    return sum(part.size for part in recording.parts.values())


def _measure(plan: SitePlan, cameras: int) -> Mapping[str, Cost]:
    here, there = multiprocessing.Pipe()
    some = SitePlan(plan.cameras[:cameras], plan.control)
    harness = multiprocessing.get_context("spawn").Process(target=_visit, args=(some, there))
    harness.start()
    there.close()
    try:
        costs: Mapping[str, Cost] = here.recv()
    finally:
        harness.join()
    return costs


def main() -> int:
    """Print the table; 1 when a visit failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 10, 30, 100])
    parser.add_argument("--network", default="127.22")
    options = parser.parse_args()
    plan = _plan(max(options.cameras), options.network)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, running(plan, Path(folder) / "site.log"):
        print("| visit | cameras | wall s | CPU s | CPU ms each | memory MiB each | kept MiB |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        for cameras in options.cameras:
            for kind, cost in _measure(plan, cameras).items():
                failed += cameras - cost.well
                print(
                    f"| {kind} | {cameras} | {cost.wall_s:.1f} | {cost.cpu_s:.2f} "
                    f"| {1000 * cost.cpu_s / cameras:.0f} | {cost.memory_mib / cameras:.1f} "
                    f"| {cost.kept_mib:.0f} |",
                    flush=True,
                )
                if cost.lost:
                    print(f"  {cost.lost} packets lost by the harness")
    print(f"{failed} visits failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
