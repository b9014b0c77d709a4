"""Then: what the pictures must be."""

from __future__ import annotations

from dataclasses import replace

from pytest_bdd import parsers, then

from assessment.measurement import Measurement
from probes.colour import measure_colour
from probes.picture_size import measure_picture_size
from probes.true_detail import measure_true_detail
from probes.white_light import measure_white_light
from steps.acceptance import HarnessError, ScenarioRun
from steps.conclusion import Conclusion, gravest
from targets.site import Point


def sides(size: Measurement) -> tuple[Measurement, Measurement]:
    """The long and the short side of the smallest picture, in pixels, whichever way up."""
    known = [
        size.details[f"smallest_{name}"]
        for name in ("width", "height")
        if f"smallest_{name}" in size.details
    ]
    longest, shortest = (max(known), min(known)) if known else (None, None)
    return _pixels(size, "long", longest), _pixels(size, "short", shortest)


def _pixels(size: Measurement, side: str, count: int | None) -> Measurement:
    quantity = f"picture-{side}-side"
    return replace(size, quantity=quantity, value=count, unit="px", lower=count, upper=count)


@then(parsers.re(r"每台摄像机全程的画面不低于(?P<width>\d+)×(?P<height>\d+)像素"))
def picture_is_large_enough(scenario_run: ScenarioRun, width: str, height: str) -> None:
    said = {"picture-long-side": float(width), "picture-short-side": float(height)}
    if not all(scenario_run.at_least(side, pixels) for side, pixels in said.items()):
        raise HarnessError(f"the feature says {width}x{height}, the catalogue another size")

    def judge(point: Point) -> Conclusion:
        recording = scenario_run.recording(scenario_run.main_stream, point)
        size = scenario_run.acceptance.once(measure_picture_size, recording)
        return gravest([scenario_run.compare(side) for side in sides(size)])

    scenario_run.judge_each(judge)


@then("每台摄像机的画面细节与原生1080p相符")
def detail_is_native(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        stream, sub, snapshot = (
            scenario_run.recording(kind, point)
            for kind in (scenario_run.main_stream, "stream:sub", "snapshot")
        )
        detail = measure_true_detail(
            stream,
            snapshot=None if snapshot.problem else snapshot,
            sub=None if sub.problem else sub,
        )
        return scenario_run.compare(detail)

    scenario_run.judge_each(judge)


@then("每台摄像机的画面是彩色的")
def picture_is_coloured(scenario_run: ScenarioRun) -> None:
    kind = scenario_run.main_stream

    def judge(point: Point) -> Conclusion:
        recording = scenario_run.recording(kind, point)
        return scenario_run.compare(scenario_run.acceptance.once(measure_colour, recording))

    scenario_run.judge_each(judge)


@then("每台摄像机的补光灯发出白光")
def lamp_shines_white(scenario_run: ScenarioRun) -> None:
    scenario_run.judge_each(
        lambda point: scenario_run.compare(
            measure_white_light(scenario_run.recording("white-light", point))
        )
    )
