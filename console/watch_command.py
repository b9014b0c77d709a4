"""``watch``: asks every clock every few minutes for a day, then judges by the strict rule."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from assessment.reason import Reason
from assessment.recording import Recording
from assessment.store import RunStore
from console.desks import PointDesk, camera_targets, circumstances_of, log_file, open_desk
from console.preparation import (
    BadInputError,
    Preparation,
    RunOptions,
    begin,
    now,
    prepare,
    resume,
)
from console.run_command import (
    BAD_INPUT,
    INTERRUPTED,
    TOOL_FAULT,
    acceptance_of,
    finish,
    report_broken,
)
from console.scenarios import AcceptancePlugin, run_scenarios
from console.simulated_site import SimulatorsError, running
from console.summary_table import print_summary
from messages import text
from probes.clock_offset import SecondConvention, convention_of, measure_clock_offset
from protocols.time_source import SystemTime
from targets.camera import CameraTarget
from visits import clock_watch
from visits.clock_watch import WatchPlan, unbroken_s
from visits.clock_watch_store import EachVisitAnew, RunWatchStore
from visits.desk import VisitDesk

COMMAND = "watch"
REQUIREMENTS = ("4.3.3.5-b", "4.3.3.5-c", "4.3.3.5-d")
_EVERY_S = 300.0
_LEAST_VISITS = 4
_LINE_EVERY_S = 60.0
_SIDE_BY_SIDE = 50
_STRICT = {"R-011": "full-watch"}


class _Progress:
    """A ``WatchStore`` that tells how far the watch is as recordings come in."""

    def __init__(self, store: RunStore, hours: float, lang: str, console: Console) -> None:
        self._kept = RunWatchStore(store)
        self._store = store
        self._conventions: dict[str, SecondConvention] = {}
        self._lang = lang
        self._console = console
        self._duration_s = hours * 3600
        self._watched: dict[str, list[Recording]] = {}
        self._worst: float | None = None
        self._failed = 0
        self._told = float("-inf")
        self.status = console.status(text("watch.begins", lang)) if console.is_terminal else None

    def plan(self) -> WatchPlan | None:
        """See ``WatchStore``; a watch that goes on lasts as long as it was meant to."""
        plan = self._kept.plan()
        if plan is not None:
            self._duration_s = plan.duration_s
        return plan

    def begin(self, plan: WatchPlan) -> None:
        """See ``WatchStore``."""
        self._kept.begin(plan)

    def recordings(self, subject: str) -> Sequence[Recording]:
        """See ``WatchStore``."""
        found = self._kept.recordings(subject)
        self._watched[subject] = []
        for recording in found:
            self._note(recording)
        return found

    def add(self, recording: Recording) -> None:
        """See ``WatchStore``."""
        self._kept.add(recording)
        self._note(recording)
        self._tell()

    def _note(self, recording: Recording) -> None:
        if recording.kind != "clock":
            return
        if recording.problem is not None:
            self._failed += 1
            return
        self._watched.setdefault(recording.subject, []).append(replace(recording, parts={}))
        convention = self._conventions.setdefault(recording.subject, self._convention(recording))
        measured = measure_clock_offset(recording, second_convention=convention)
        if isinstance(measured.value, int | float):
            self._worst = max(abs(measured.value), self._worst or 0.0)

    def _convention(self, recording: Recording) -> SecondConvention:
        """Whether the camera truncates or rounds, by the stream seen when the watch began."""
        stream = self._store.find("stream:sub", recording.subject)
        return convention_of(measure_clock_offset(recording, stream=stream))

    def _tell(self) -> None:
        watched = [unbroken_s(found) for found in self._watched.values()] or [0.0]
        line = text(
            "watch.progress" if self._worst is not None else "watch.progress-blind",
            self._lang,
            cameras=len(watched),
            worst=self._worst,
            failed=self._failed,
            left=_clock_face(max(0.0, self._duration_s - min(watched))),
        )
        if self.status is not None:
            self.status.update(line)
        elif time.monotonic() - self._told >= _LINE_EVERY_S:
            self._told = time.monotonic()
            self._console.print(line, markup=False)


def watch_clocks(
    hours: float,
    cameras: tuple[str, ...],
    site_file: Path | None,
    resumed: Path | None,
    out: Path,
    lang: str,
    console: Console,
) -> int:
    """Watch for ``hours``, or go on with the watch in ``resumed``; the exit code.

    0 to 3 as for a run over the three requirements on clocks; 4 for wrong input; 130 when
    interrupted: what was seen is kept, and ``--resume`` goes on with it.
    """
    options = RunOptions(cameras, site_file, REQUIREMENTS, resume=resumed, out=out)
    try:
        store, prepared = _opened(options, hours, lang)
    except BadInputError as error:
        console.print(str(error), markup=False)
        return BAD_INPUT
    with store:
        try:
            with running(prepared.plan, log_file(store.folder)) if prepared.plan else nullcontext():
                _watch(store, prepared, hours, lang, console)
                plugin = _judge(store, prepared, lang, console)
            summary = finish(store, prepared.waivers, lang)
        except SimulatorsError as error:
            console.print(text("run.simulators-failed", lang, detail=str(error)), markup=False)
            return TOOL_FAULT
        except KeyboardInterrupt:
            folder = str(store.folder)
            console.print(text("watch.interrupted", lang, folder=folder), markup=False)
            return INTERRUPTED
        print_summary(summary, lang, console)
        console.print(text("run.report", lang, path=str(store.folder / "report.html")))
        if plugin.broken or not plugin.ran:
            report_broken(plugin, lang, console)
            return TOOL_FAULT
        return summary.exit_code


def _opened(options: RunOptions, hours: float, lang: str) -> tuple[RunStore, Preparation]:
    if options.resume is not None:
        return resume(replace(options, only=()), lang, command=COMMAND)
    prepared = prepare(options, lang)
    strict = replace(prepared.site, rulings=dict(prepared.site.rulings) | _STRICT)
    store, prepared = begin(options, replace(prepared, site=strict), lang, command=COMMAND)
    store.note_meta("hours", hours)
    return store, prepared


def _watch(
    store: RunStore, prepared: Preparation, hours: float, lang: str, console: Console
) -> None:
    site = prepared.site
    targets = camera_targets(site, prepared.passwords)
    for target in targets.values():
        target.secret()  # a person is asked for passwords now, not in the middle of the night
    _greet(store, prepared, lang, console)
    _see_streams(store, prepared)
    progress = _Progress(store, hours, lang, console)
    drawn = [point.id for point in site.points if point.id in set(prepared.drawn.drawn)]
    plan = plan_of(drawn, hours)
    circumstances = circumstances_of(site, prepared.intrusive)
    with (
        progress.status or nullcontext(),
        VisitDesk(EachVisitAnew(), circumstances, at_once=_SIDE_BY_SIDE) as desk,
    ):
        desk.run(lambda: _watched(plan, desk, targets, progress))
    store.note_meta("ended", now())


def plan_of(points: Sequence[str], hours: float) -> WatchPlan:
    """Visits five minutes apart, closer in a watch too short for that."""
    duration_s = hours * 3600
    every_s = min(_EVERY_S, duration_s / _LEAST_VISITS)
    return WatchPlan(tuple(points), SystemTime().now(), duration_s, every_s)


async def _watched(
    plan: WatchPlan, desk: VisitDesk, targets: Mapping[str, CameraTarget], progress: _Progress
) -> WatchPlan:
    return await clock_watch.watch_clocks(
        plan,
        lambda subject: desk.visit("clock", targets[subject]),
        progress,
        time_source=SystemTime(),
        side_by_side=_SIDE_BY_SIDE,
    )


def _greet(store: RunStore, prepared: Preparation, lang: str, console: Console) -> None:
    kept = sum(1 for _ in store.recordings())
    told = {"site": prepared.site.name, "folder": str(store.folder)}
    if kept:
        store.note_event(Reason("run.resumed", {"kept": kept}))
        console.print(text("run.resumed", lang, kept=kept, **told), markup=False)
    else:
        console.print(text("run.started", lang, **told), markup=False)


def _see_streams(store: RunStore, prepared: Preparation) -> None:
    """The second way to each clock, seen when the watch begins."""
    desk, targets = open_desk(prepared.site, store, prepared.passwords)
    with desk:
        points = [one for one in prepared.site.points if one.id in set(prepared.drawn.drawn)]
        PointDesk(desk, store, targets, lambda *_: None).visit_all("stream:sub", points)


def _judge(store: RunStore, prepared: Preparation, lang: str, console: Console) -> AcceptancePlugin:
    desk, targets = open_desk(prepared.site, store, prepared.passwords)
    with desk:
        acceptance = acceptance_of(
            prepared.site,
            store,
            PointDesk(desk, store, targets, lambda *_: None),
            prepared.drawn,
        )
        return run_scenarios(
            acceptance,
            prepared.selected,
            lang,
            lambda line: console.print(line, markup=False),
            store.folder / "allure-results",
        )


def _clock_face(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"
