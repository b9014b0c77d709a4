"""Then: how right the clocks are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pytest_bdd import then

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from probes.beijing_time import measure_time_zone
from probes.clock_drift import measure_worst_clock_error
from probes.clock_offset import convention_of, measure_clock_offset
from probes.picture_clock import measure_picture_clock
from probes.resynchronisation import allowing_for_jumps
from steps.acceptance import ScenarioRun
from steps.conclusion import Conclusion
from targets.site import Point


def offset_of(run: ScenarioRun, point: Point, clock: Recording) -> Measurement:
    """The clock offset by every path that was recorded."""
    streams = _streams(run, point)
    sub = run.recording("stream:sub", point)
    if sub.problem is not None:
        # A camera that only streams has the one stream, which other scenarios record.
        sub = next((one for one in reversed(streams) if one.problem is None), sub)
    if sub.problem is not None:
        measured = measure_clock_offset(clock)
    else:
        picture = measure_picture_clock(sub)
        measured = measure_clock_offset(clock, stream=sub, picture_clock=picture)
    return allowing_for_jumps(measured, streams)


def _compared(run: ScenarioRun, offset: Measurement) -> Conclusion:
    """An offset against its limit; sender reports alone may be of another clock (RFC 3550 4).

    What agrees with the reference to a second is hardly so by chance; what does not may be the
    clock of the streaming part only.
    """
    judged = run.compare(offset)
    if judged.verdict is Verdict.FAIL and _by_reports_alone(offset.details.get("paths", {})):
        return Conclusion.open("clock-offset.reports-alone", offset)
    return judged


def _by_reports_alone(paths: Mapping[str, Sequence[float]]) -> bool:
    """Whether nothing else was asked, and no clock in the picture says the same."""
    if not {"rtcp"} <= set(paths) <= {"rtcp", "picture"}:
        return False
    if "picture" not in paths:
        return True
    (low, high), (least, most) = paths["rtcp"], paths["picture"]
    return high < least or most < low


def _streams(run: ScenarioRun, point: Point) -> list[Recording]:
    """Streams that show whether the clock was set meanwhile; none is recorded for that alone."""
    kinds = ("stream:day", "stream:night", "stream:sub")
    return [found for kind in kinds for found in run.acceptance.history(kind, point)]


@then("每台摄像机的时钟与基准相差小于1秒")
def clock_agrees_with_platform(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        measured = offset_of(scenario_run, point, scenario_run.recording("clock", point))
        return _compared(scenario_run, replace(measured, quantity="camera-platform-offset"))

    scenario_run.judge_each(judge)


@then("每台摄像机采用北京时间")
def beijing_time_is_kept(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        clock = scenario_run.recording("clock", point)
        sub = scenario_run.recording("stream:sub", point)
        picture = (
            None
            if sub.problem is not None
            else scenario_run.acceptance.once(measure_picture_clock, sub)
        )
        offset = offset_of(scenario_run, point, clock)
        measured = measure_time_zone(clock, picture_clock=picture, clock_offset=offset)
        if measured.spoilt is not None:
            return Conclusion.spoilt(measured)
        if hours := measured.details.get("utc_hours"):
            return Conclusion.broken("time-zone.local-as-utc", measured, hours=hours)
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
    """The error found first, then the worst within the day as far as it can be told."""
    watched = _clock_recordings(run, point)
    first = offset_of(run, point, watched[0])
    if first.details.get("frozen_s"):
        return Conclusion.broken("clock-offset.frozen", first, seconds=first.details["frozen_s"])
    began = _compared(run, first)
    if began.verdict is Verdict.FAIL or began.reason.code == "clock-offset.reports-alone":
        return began
    worst = measure_worst_clock_error(
        [*watched, *_witnesses(run, point)],
        second_convention=convention_of(first),
        offset=first,
    )
    mode = worst.details.get("mode")
    if mode is None and first.value is None and first.spoilt is not None:
        return Conclusion.spoilt(
            first
        )  # nothing was seen of the clock: a longer watch sees no more
    judged = run.compare(worst).with_more(first)
    if judged.verdict is Verdict.FAIL or mode == "watched":
        return judged
    may_predict = run.acceptance.reading("R-011") == "predicted"
    if mode == "predicted" and may_predict and judged.verdict is Verdict.PASS:
        return replace(judged, reason=_as_predicted(judged.reason))
    hours = float(worst.details.get("needed_s") or 86_400) / 3600
    return replace(
        Conclusion.open("worst-clock-error.short-watch", worst, first, hours=hours),
        settle=Reason("settle.watch-longer", {"hours": hours}),
    )


def _clock_recordings(run: ScenarioRun, point: Point) -> Sequence[Recording]:
    return run.acceptance.history("clock", point) or [run.recording("clock", point)]


def _witnesses(run: ScenarioRun, point: Point) -> Iterator[Recording]:
    """What may show how the clock is kept right; nothing is recorded for that alone."""
    for kind in ("clock-watch", "wire"):
        yield from run.acceptance.history(kind, point)
    yield from _streams(run, point)


def _as_predicted(reason: Reason) -> Reason:
    """The same reason, marked as resting on a prediction."""
    return Reason("worst-clock-error.predicted-within-limit", reason.parameters)
