"""What the steps of the clock conclude when there is nothing to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from assessment.finding import Finding
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from steps import clock as clock_steps
from steps.clock import clock_agrees_with_platform, worst_error_stays_small
from targets.site import Point
from tests.clock_bench import Bench, Path, clock_recording
from tests.steps.test_acceptance import NOW, POINTS, scenario


def test_a_clock_that_cannot_be_asked_is_not_told_to_be_watched_longer() -> None:
    run = scenario("4.3.3.5-d")
    run.points = POINTS[:1]
    for kind in ("clock", "stream:sub"):
        problem = Reason("visit.needs-onvif")
        recording = Recording(kind, POINTS[0].id, NOW, NOW, problem=problem)
        run.recordings[kind] = {POINTS[0].id: recording}
    worst_error_stays_small(run)
    (finding,) = run.findings
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.reason.parameters["problem"]["code"] == "visit.needs-onvif"
    assert finding.settle is None


def judged_by_its_stream(
    offset: float, requirement: str = "4.3.3.5-b", picture: tuple[float, float] | None = None
) -> Finding:
    """A camera that only streams, with the clock of its sender reports off by ``offset``."""
    bench = Bench(Path(0.010, 0.010, 0.0))
    bench.clock.step(offset)
    nothing = replace(
        clock_recording([], bench.time.now(), bench.time.now(), 0.01),
        problem=Reason("visit.needs-onvif"),
    )
    stream = bench.stream()
    run = scenario(requirement)
    run.points = POINTS[:1]
    sub = Recording("stream:sub", POINTS[0].id, NOW, NOW, problem=Reason("visit.needs-onvif"))
    run.recordings = {"clock": {POINTS[0].id: nothing}, "stream:sub": {POINTS[0].id: sub}}

    def history(kind: str, _: Point) -> Sequence[Recording]:
        return [stream] if kind == "stream:day" else []

    run.acceptance.desk.history = history
    judge = clock_agrees_with_platform if requirement.endswith("b") else worst_error_stays_small
    with pytest.MonkeyPatch.context() as patch:
        measured = clock_steps.measure_picture_clock(stream)
        if picture is not None:
            measured = replace(
                measured, value=sum(picture) / 2, lower=picture[0], upper=picture[1], spoilt=None
            )
        patch.setattr(clock_steps, "measure_picture_clock", lambda _: measured)
        judge(run)
    (finding,) = run.findings
    return finding


@pytest.mark.parametrize(
    ("offset", "picture", "verdict", "code"),
    [
        (0.2, None, Verdict.PASS, "camera-platform-offset.within-limit"),
        (2.5, None, Verdict.INCONCLUSIVE, "clock-offset.reports-alone"),
        (2.5, (0.0, 0.5), Verdict.INCONCLUSIVE, "clock-offset.reports-alone"),
        (2.5, (2.3, 2.8), Verdict.FAIL, "camera-platform-offset.above-limit"),
    ],
    ids=["right", "perhaps another clock", "picture says no", "picture says so too"],
)
def test_a_camera_that_only_streams_is_judged_by_its_sender_reports(
    offset: float, picture: tuple[float, float] | None, verdict: Verdict, code: str
) -> None:
    finding = judged_by_its_stream(offset, picture=picture)
    assert (finding.verdict, finding.reason.code) == (verdict, code)


def test_within_24_hours_sender_reports_alone_prove_no_error_either() -> None:
    assert judged_by_its_stream(2.5, "4.3.3.5-d").reason.code == "clock-offset.reports-alone"
    assert judged_by_its_stream(0.2, "4.3.3.5-d").verdict is Verdict.INCONCLUSIVE
