import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.clock_drift import measure_worst_clock_error
from probes.clock_offset import measure_clock_offset
from protocols.time_source import VirtualTime
from simulators.camera.clock import clock_for
from simulators.virtual_time import run_in_virtual_time
from tests.clock_bench import LAN, MOBILE, Bench
from visits.clock_watch import WatchPlan, watch_clocks

START = 1_770_000_000.25
DAY = 86_400.0


class FileStore:
    """One JSON line a recording: what a killed process leaves behind is what was written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[dict]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def plan(self) -> WatchPlan | None:
        lines = self.lines()
        return WatchPlan.of(lines[0]) if lines else None

    def begin(self, plan: WatchPlan) -> None:
        self._write(plan.document())

    def add(self, recording: Recording) -> None:
        self._write(recording.sealed_document())

    def recordings(self, subject: str) -> list[Recording]:
        return [
            Recording(
                line["kind"],
                line["subject"],
                datetime.fromisoformat(line["started"]),
                datetime.fromisoformat(line["ended"]),
                facts=line["facts"],
                problem=line["problem"] and Reason(**line["problem"]),
            )
            for line in self.lines()[1:]
            if line["subject"] == subject
        ]

    def _write(self, document: dict) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(document) + "\n")


class Site:
    """Cameras in one virtual time, each visited over its own path."""

    def __init__(self, behaviours: dict[str, frozenset[str]], path=LAN, polls: int = 10) -> None:
        self.time = VirtualTime(START)
        self.polls = polls
        self.benches = {}
        for seed, (name, switched) in enumerate(behaviours.items()):
            bench = Bench(path, seed, switched, self.time)
            bench.clock = clock_for(switched, self.time)
            bench.wait = asyncio.sleep
            self.benches[name] = bench
        self.visits = 0
        self.on_visit: Callable[[int], None] = lambda number: None
        self.problem: Callable[[int], Reason | None] = lambda number: None

    async def visit(self, subject: str) -> Recording:
        self.visits += 1
        number = self.visits
        self.on_visit(number)
        recording = await self.benches[subject].recording(self.polls, number, subject=subject)
        problem = self.problem(number)
        if problem is None:
            return recording
        return Recording(**{**vars(recording), "facts": {}, "problem": problem})

    def events(self, subject: str) -> list[dict]:
        return self.benches[subject].clock.corrections()

    def watch(self, store: FileStore, duration_s: float = DAY, every_s: float = 300.0) -> None:
        plan = WatchPlan(tuple(self.benches), self.time.now(), duration_s, every_s)
        work = watch_clocks(plan, self.visit, store, time_source=self.time, sync_events=self.events)
        run_in_virtual_time(work, self.time)

    def judge(self, store: FileStore, subject: str, convention="truncated") -> Measurement:
        return measure_worst_clock_error(store.recordings(subject), second_convention=convention)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "watch.jsonl")


DEFECTS = {
    "offset-1500ms": 1.5,
    "offset-minus-1100ms": 1.1,
    "camera-2s-off": 2.0,
    "drift-20ppm-unsynced": 1.728,
    "step-each-hour": 6.0,
    "sawtooth-900ms-peak-1200ms": 1.2,
    "clock-frozen": 86_400.0,
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_day_reveals_each_defect(store, defect):
    site = Site({"camera": frozenset({defect})})
    site.watch(store)
    measured = site.judge(store, "camera")
    assert measured.details["mode"] == "watched"
    assert measured.lower > 1.0
    assert measured.lower <= DEFECTS[defect] * 1.005 <= measured.upper * 1.01
    if defect != "clock-frozen":
        assert measured.upper - measured.lower < 0.15


VARIANTS = {
    "": 0.002,
    "ntp-step-small": 0.0205,
    "ntp-slew": 0.054,
    "drift-5ppm-ntp-synced": 0.018,
    "offset-500ms": 0.5,
    "clock-rounds-seconds": 0.002,
}


@pytest.mark.parametrize("path", [LAN, MOBILE])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_day_leaves_each_compliant_variant_clean(store, variant, path):
    site = Site({"camera": frozenset({variant})}, path)
    site.watch(store)
    rounds = variant == "clock-rounds-seconds"
    measured = site.judge(store, "camera", "rounded" if rounds else "truncated")
    assert measured.details["mode"] == "watched"
    assert measured.lower <= VARIANTS[variant] <= measured.upper < 1.0
    assert measured.details["longest_gap_s"] <= 600
    assert measured.details["needed_s"] == 0


@pytest.mark.parametrize("variant", ["", "ntp-step-small", "offset-500ms", "clock-rounds-seconds"])
def test_within_half_a_second_even_the_convention_need_not_be_known(store, variant):
    site = Site({"camera": frozenset({variant})})
    site.watch(store, every_s=590.0)
    measured = site.judge(store, "camera", "unknown")
    assert measured.details["mode"] == "watched"
    assert measured.upper < 1.0


def test_many_cameras_side_by_side(store):
    site = Site({f"camera-{number}": frozenset() for number in range(20)}, polls=5)
    site.watch(store, duration_s=3600.0)
    for subject in site.benches:
        kinds = [recording.kind for recording in store.recordings(subject)]
        assert kinds.count("clock") >= 13
        assert kinds[-1] == "clock-watch"


def test_a_restart_goes_on_with_the_same_watch(store):
    class Killed(BaseException):
        pass

    def kill(number: int) -> None:
        if number in (100, 101, 200):
            raise Killed

    site = Site({"camera": frozenset({"drift-20ppm-unsynced"})})
    site.on_visit = kill
    for _ in range(3):
        with pytest.raises((Killed, BaseExceptionGroup)):
            site.watch(store)
        site.time.advance(120.0)
    site.watch(store)
    measured = site.judge(store, "camera")
    assert measured.details["mode"] == "watched"
    assert store.plan().started == START
    assert measured.details["samples"] <= 292
    assert measured.lower > 1.0
    before = site.visits
    site.watch(store)
    assert site.visits == before


def test_a_long_break_starts_the_time_again(store):
    site = Site({"camera": frozenset()}, polls=5)
    lost = Reason("visit.unreachable", {"detail": "power"})
    site.problem = lambda number: lost if 50 <= number < 80 else None
    site.watch(store)
    measured = site.judge(store, "camera")
    assert measured.details["mode"] == "watched"
    assert measured.details["span_s"] > DAY + 4 * 3600
    assert measured.details["longest_gap_s"] > 600
    assert measured.details["lost"]["no-answer"] == 30


def test_a_camera_that_never_answers_is_given_up(store):
    site = Site({"camera": frozenset()})
    site.problem = lambda number: Reason("visit.refused", {})
    site.watch(store, duration_s=3600.0)
    assert site.time.now() < START + 2 * 3600 + 600
    measured = site.judge(store, "camera")
    assert measured.value is None
    assert measured.spoilt.code == "worst-clock-error.no-sample"


def short_watch(store: FileStore, behaviour: str, hours: float) -> Measurement:
    site = Site({"camera": frozenset({behaviour})})
    site.watch(store, duration_s=hours * 3600)
    return site.judge(store, "camera")


def test_short_without_resynchronisation_says_how_much_longer(store):
    measured = short_watch(store, "drift-20ppm-unsynced", 2.0)
    assert measured.details["mode"] == "short"
    assert measured.details["needed_s"] == pytest.approx(22 * 3600, abs=301)
    assert measured.upper > 1.6
    assert measured.lower < 0.2
    low, high = measured.details["drift_ppm"]
    assert low <= 20 <= high
    assert high - low < 4


def test_short_but_already_beyond_a_second(store):
    measured = short_watch(store, "offset-1500ms", 0.5)
    assert measured.details["mode"] == "short"
    assert measured.lower > 1.49


@pytest.mark.parametrize(
    ("behaviour", "hours", "interval", "worst"),
    [
        ("drift-5ppm-ntp-synced", 4.0, 3600.0, 0.018),
        ("ntp-step-small", 2.0, 1024.0, 0.0205),
        ("sawtooth-900ms-peak-1200ms", 8.0, 9000.0, 1.2),
    ],
)
def test_predicted_where_the_resynchronisation_was_seen(store, behaviour, hours, interval, worst):
    measured = short_watch(store, behaviour, hours)
    assert measured.details["mode"] == "predicted"
    assert interval - 1 <= measured.details["resync_interval_s"] <= interval + 650
    assert measured.lower <= worst <= measured.upper
    assert measured.upper - worst < 0.15


def test_requests_that_correct_nothing_are_no_resynchronisation(store):
    site = Site({"camera": frozenset({"drift-20ppm-unsynced"})})
    site.watch(store, duration_s=7200.0)
    recordings = store.recordings("camera")
    events = [{"at": START + 64.0 * n, "what": "ntp-request"} for n in range(100)]
    watch = Recording(**{**vars(recordings[-1]), "facts": {"sync_events": events}})
    measured = measure_worst_clock_error([*recordings[:-1], watch], second_convention="truncated")
    assert measured.details["resync_interval_s"] == 64.0
    assert measured.details["mode"] == "short"


def test_one_visit_is_a_short_watch(store):
    bench = Bench()
    recording = asyncio.run(bench.recording())
    measured = measure_worst_clock_error([recording])
    assert measured.details["mode"] == "short"
    assert measured.details["needed_s"] == DAY
    assert measured.upper > 8.0
    assert measured.lower == 0.0


def test_offset_and_watch_agree_on_the_convention(store):
    bench = Bench()
    offset = measure_clock_offset(asyncio.run(bench.recording()), stream=bench.stream())
    assert offset.details["assumption"] == "truncated"
