"""When and then: the lens, the exposure, and what the sensor makes of strong light."""

from __future__ import annotations

from collections.abc import Callable

from pytest_bdd import parsers, then, when

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from probes.exposure import measure_highlights, measure_shadows
from probes.lens import measure_lens
from probes.marker import measure_marker
from probes.papers.target_pixels import (
    has_fixed_lens,
    measure_target_pixels,
    read_target,
)
from probes.sensor_functions import measure_highlight, measure_wide_dynamic
from steps.acceptance import HarnessError, ScenarioRun
from steps.conclusion import Conclusion, gravest
from steps.papers import paper_on
from targets.site import Point


@when("把每台摄像机的镜头变焦再复原")
def drive_lenses(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("lens")


@then(parsers.re(r"电动变焦的画面确有变化且清晰度不低于变焦前的(?P<percent>\d+)%"))
def lens_zooms_and_refocuses(scenario_run: ScenarioRun, percent: str) -> None:
    if float(percent) / 100 != scenario_run.limit("zoom-sharpness").value:
        raise HarnessError(f"the feature says {percent} %, the catalogue another share")

    def judge(point: Point) -> Conclusion:
        found = measure_lens(scenario_run.recording("lens", point))
        if found[0].value == "still" and _fixed_by_survey(scenario_run, point):
            return Conclusion.met("lens-zoom.fixed-by-survey", *found)
        return gravest([scenario_run.compare(one) for one in found])

    scenario_run.judge_each(judge)


@then("勘查报告中的目标像素达到其要求")
def target_has_pixels_enough(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        paper = paper_on(scenario_run, "lens-against-survey", point)
        if isinstance(paper, Reason):
            return Conclusion(Verdict.PENDING, paper)
        picture = _picture(scenario_run, point)
        computed = scenario_run.compare(measure_target_pixels(paper, point.id, picture))
        target = read_target(paper, point.id)
        if point.marker is None or isinstance(target, Reason):
            return computed
        recordings = scenario_run.acceptance.history("stream:day", point)
        if not recordings:
            return gravest([computed, Conclusion.open("target-pixels.no-recording")])
        marker = point.marker
        seen = measure_marker(recordings[-1], marker.width, marker.distance, target)
        return gravest([computed, scenario_run.compare(seen)])

    scenario_run.judge_each(judge)


def _fixed_by_survey(run: ScenarioRun, point: Point) -> bool:
    """Many devices offer a zoom for a mount that might be wired to them; the lens has none."""
    paper = paper_on(run, "lens-against-survey", point)
    return not isinstance(paper, Reason) and has_fixed_lens(paper, point.id)


def _picture(run: ScenarioRun, point: Point) -> tuple[int, int] | None:
    """The size of the main stream as the device declared it, if the lens was looked at."""
    for recording in run.acceptance.history("lens", point):
        told = recording.facts.get("profile") or {}
        if told.get("width") and told.get("height"):
            return int(told["width"]), int(told["height"])
    return None


@when("在明暗悬殊的场景下关开每台摄像机的宽动态")
def switch_wide_dynamic(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("wide-dynamic")


@then("每台摄像机的宽动态使明暗两端可辨")
def wide_dynamic_works(scenario_run: ScenarioRun) -> None:
    _judge(scenario_run, "wide-dynamic", measure_wide_dynamic)


@when("在强光场景下关开每台摄像机的强光抑制")
def switch_highlight(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("highlight")


@then("每台摄像机的强光抑制使过曝面积减小")
def highlight_is_suppressed(scenario_run: ScenarioRun) -> None:
    _judge(scenario_run, "highlight", measure_highlight)


@then("每台摄像机的画面没有大片过曝")
def not_burnt_out(scenario_run: ScenarioRun) -> None:
    _judge(scenario_run, scenario_run.main_stream, measure_highlights)


@then("每台摄像机的画面没有大片欠曝")
def not_drowned(scenario_run: ScenarioRun) -> None:
    _judge(scenario_run, scenario_run.main_stream, measure_shadows)


def _judge(run: ScenarioRun, kind: str, probe: Callable[[Recording], Measurement]) -> None:
    run.judge_each(
        lambda point: run.compare(run.acceptance.once(probe, run.recording(kind, point)))
    )
