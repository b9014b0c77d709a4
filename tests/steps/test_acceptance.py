"""The frame of every step: what is asked, compared, kept, and how a scenario ends."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from _pytest.outcomes import Failed, Skipped

from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from standard.catalogue import catalogue
from steps.acceptance import SITE, Acceptance, HarnessError, ScenarioRun
from steps.conclusion import Conclusion, gravest
from steps.outcome import note_harness_fault, requirement_of, settle_outcome
from targets.site import Point, Site

NOW = datetime.datetime(2026, 11, 23, 8, tzinfo=datetime.UTC)
POINTS = tuple(Point(f"6101020000132000000{n}", f"camera {n}", "onvif://127.0.0.1") for n in "12")


class MemoryDesk:
    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def visit_all(self, kind: str, points: Sequence[Point]) -> Mapping[str, Recording]:
        self.asked.append((kind, tuple(point.id for point in points)))
        return {point.id: Recording(kind, point.id, NOW, NOW) for point in points}

    def history(self, kind: str, point: Point) -> Sequence[Recording]:
        return []


class MemoryStore:
    def __init__(self) -> None:
        self.kept: list[tuple[Finding, str]] = []

    def save_finding(self, finding: Finding, scenario: str) -> None:
        self.kept.append((finding, scenario))


def scenario(
    requirement: str = "4.3.1-c2", scope: Mapping[str, tuple[str, ...]] | None = None
) -> ScenarioRun:
    acceptance = Acceptance(
        site=Site("site", POINTS),
        catalogue=catalogue(),
        desk=MemoryDesk(),
        findings=MemoryStore(),
        drawn=POINTS,
        today=NOW.date(),
        scope=scope or {},
    )
    run = ScenarioRun(acceptance, catalogue()[requirement], "scenario", step="step")
    run.points = acceptance.in_scope(requirement, POINTS)
    return run


def rate(value: float | None, half_width: float = 0.01) -> Measurement:
    ends = (None, None) if value is None else (value - half_width, value + half_width)
    return Measurement(
        "frame-rate",
        value,
        "fps",
        "frame-rate/1",
        "method.frame-rate",
        POINTS[0].id,
        NOW,
        NOW,
        *ends,
    )


def test_every_point_gets_a_finding_and_it_is_committed_at_once() -> None:
    run = scenario()
    run.judge_each(lambda point: run.compare(rate(25.0 if point is POINTS[0] else 20.0)))
    store = run.acceptance.findings
    assert isinstance(store, MemoryStore)
    assert [finding.verdict for finding, _ in store.kept] == [Verdict.PASS, Verdict.FAIL]
    assert store.kept[1][0].reason.code == "frame-rate.below-limit"
    assert store.kept[0][1] == "scenario：step"


def test_a_should_that_is_not_met_is_advice() -> None:
    run = scenario("4.3.1-g2")
    run.judge_each(lambda _: Conclusion.broken("codec-h265.not-offered"))
    assert {finding.verdict for finding in run.findings} == {Verdict.ADVISORY}


@pytest.mark.parametrize(
    ("late", "value", "verdict", "reason"),
    [
        (0.1, 20.0, Verdict.FAIL, "frame-rate.below-limit"),
        (0.9, 20.0, Verdict.INCONCLUSIVE, "scenario.busy-machine"),
        (0.9, 25.0, Verdict.PASS, "frame-rate.within-limit"),
    ],
)
def test_what_a_late_harness_saw_wrong_stays_open(
    late: float, value: float, verdict: Verdict, reason: str
) -> None:
    run = scenario()
    run.points = POINTS[:1]
    made = Recording("stream:day", POINTS[0].id, NOW, NOW, {"harness_late_s": late})
    other = Recording("clock", POINTS[0].id, NOW, NOW, {"harness_late_s": 9.0})
    run.recordings = {"stream:day": {made.subject: made}, "clock": {other.subject: other}}
    run.judge_each(lambda _: run.compare(replace(rate(value), recordings=(made.digest,))))
    assert [(one.verdict, one.reason.code) for one in run.findings] == [(verdict, reason)]


def test_nothing_in_scope_is_open_and_never_green() -> None:
    run = scenario(scope={point.id: ("4.3.1-c1",) for point in POINTS})
    run.judge_each(lambda _: Conclusion.met("never.asked"))
    assert [(one.subject, one.verdict) for one in run.findings] == [(SITE, Verdict.INCONCLUSIVE)]


def test_a_scenario_that_judged_nothing_is_our_own_fault() -> None:
    with pytest.raises(HarnessError, match="judged nothing"):
        settle_outcome(scenario(), "en")


@pytest.mark.parametrize(
    ("conclude", "outcome"),
    [
        (lambda: Conclusion.broken("frame-rate.below-limit"), Failed),
        (lambda: Conclusion.open("visit.refused"), Skipped),
        (lambda: Conclusion.spoilt(rate(None)), Skipped),
    ],
)
def test_fail_fails_and_open_skips(
    conclude: Callable[[], Conclusion], outcome: type[BaseException]
) -> None:
    run = scenario()
    run.judge_each(lambda _: conclude())
    with pytest.raises(outcome):
        settle_outcome(run, "en")


def test_a_fail_among_passes_is_the_outcome() -> None:
    run = scenario()
    run.conclude(POINTS[0].id, Conclusion.met("frame-rate.steady"))
    settle_outcome(run, "en")
    run.conclude(POINTS[1].id, Conclusion.broken("frame-rate.unsteady"))
    with pytest.raises(Failed, match=POINTS[1].id):
        settle_outcome(run, "en")


def test_a_broken_step_is_an_error_without_the_exception_s_words() -> None:
    run = scenario()
    note_harness_fault(run, "some step", ValueError("the password is hunter2"))
    (finding,) = run.findings
    assert finding.verdict is Verdict.ERROR
    assert finding.reason.parameters == {"step": "some step", "kind": "ValueError"}


def test_asking_for_what_was_never_recorded_is_our_own_fault() -> None:
    run = scenario()
    with pytest.raises(HarnessError, match="never asked for"):
        run.recording("clock", POINTS[0])
    with pytest.raises(HarnessError, match="one main stream"):
        _ = run.main_stream
    run.ask_for("stream:day")
    assert run.main_stream == "stream:day"
    assert run.recording("stream:day", POINTS[0]).subject == POINTS[0].id
    with pytest.raises(HarnessError, match="no limit on loudness"):
        run.limit("loudness")


def test_what_several_scenarios_ask_is_measured_once() -> None:
    run = scenario()
    run.ask_for("stream:day")
    calls = []

    def measure(recording: Recording) -> Measurement:
        calls.append(recording.subject)
        return replace(rate(25.0), subject=recording.subject)

    for _ in range(2):
        for point in POINTS:
            run.acceptance.once(measure, run.recording("stream:day", point))
    assert calls == [point.id for point in POINTS]


def test_the_gravest_conclusion_governs_and_keeps_every_measurement() -> None:
    first, second = rate(25.0), rate(20.0)
    merged = gravest([Conclusion.met("a.b", first), Conclusion.broken("c.d", second)])
    assert (merged.verdict, merged.reason) == (Verdict.FAIL, Reason("c.d", {}))
    assert merged.measurements == (second, first) or merged.measurements == (first, second)


@pytest.mark.parametrize("tags", [set(), {"wip"}, {"4.3.1-c1", "4.3.1-c2"}])
def test_a_scenario_has_exactly_one_requirement(tags: set[str]) -> None:
    with pytest.raises(HarnessError, match="one requirement tag"):
        requirement_of(tags, {"4.3.1-c1", "4.3.1-c2"})
