"""Then: how right the clocks are."""

from __future__ import annotations

from dataclasses import replace

from pytest_bdd import then

from assessment.measurement import Measurement
from assessment.reason import Reason
from probes.beijing_time import measure_time_zone
from probes.clock_drift import measure_worst_clock_error
from probes.clock_offset import measure_clock_offset
from probes.picture_clock import measure_picture_clock
from steps.acceptance import Conclusion, ScenarioRun, gravest
from targets.site import Point


def offset_of(run: ScenarioRun, point: Point) -> Measurement:
    """The clock offset by every path that was recorded."""
    clock = run.recording("clock", point)
    sub = run.recordings.get("stream:sub", {}).get(point.id)
    if sub is None or sub.problem is not None:
        return measure_clock_offset(clock)
    return measure_clock_offset(clock, stream=sub, picture_clock=measure_picture_clock(sub))


@then("每台摄像机的时钟与基准相差小于1秒")
def clock_agrees_with_platform(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        measured = offset_of(scenario_run, point)
        return scenario_run.compare(replace(measured, quantity="camera-platform-offset"))

    scenario_run.judge_each(judge)


@then("每台摄像机采用北京时间")
def beijing_time_is_kept(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        clock = scenario_run.recording("clock", point)
        sub = scenario_run.recording("stream:sub", point)
        picture = None if sub.problem is not None else measure_picture_clock(sub)
        offset = measure_clock_offset(clock)
        measured = measure_time_zone(clock, picture_clock=picture, clock_offset=offset)
        if measured.spoilt is not None:
            return Conclusion.spoilt(measured)
        wanted = scenario_run.limit("time-zone").value
        if measured.value == wanted:
            return Conclusion.met("time-zone.beijing", measured)
        outcome = "mixed" if measured.value == "mixed" else "other"
        return Conclusion.broken(f"time-zone.{outcome}", measured, found=str(measured.value))

    scenario_run.judge_each(judge)


@then("每台摄像机24小时内的时钟误差小于1秒")
def worst_error_stays_small(scenario_run: ScenarioRun) -> None:
    scenario_run.judge_each(lambda point: _worst_error(scenario_run, point))


def _worst_error(run: ScenarioRun, point: Point) -> Conclusion:
    recordings = [run.recording("clock", point)]
    watched = run.acceptance.history("clock-watch", point)
    now = measure_clock_offset(recordings[0])
    worst = measure_worst_clock_error([*watched, *recordings])
    today = run.compare(now)
    if today.verdict == "fail":
        return replace(today, measurements=(now, worst))
    judged = run.compare(worst)
    mode = worst.details.get("mode")
    if mode == "watched" or judged.verdict == "fail":
        return gravest([judged, replace(today, verdict=judged.verdict)])
    if mode == "predicted" and run.acceptance.reading("R-011") == "predicted":
        return replace(judged, measurements=(worst, now))
    hours = float(worst.details.get("needed_s", 86_400)) / 3600
    return replace(
        Conclusion.open("worst-clock-error.short-watch", worst, now, hours=hours),
        settle=Reason("settle.watch-longer", {"hours": hours}),
    )
