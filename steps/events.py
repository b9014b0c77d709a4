"""When and then: something is played before each camera, and what it tells of it."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from assessment.reason import Reason
from probes.alarm_output import measure_alarm_output
from probes.scene_event import measure_scene_event
from steps.acceptance import HarnessError, ScenarioRun
from steps.conclusion import Conclusion
from targets.site import Point

#: As features call them, and as visits do.
_EVENTS = {
    "越界": "line-crossing",
    "区域入侵": "intrusion",
    "异常声音": "sound",
    "虚焦": "defocus",
    "移动": "motion",
}


@when(parsers.re(rf"在每台摄像机前演示(?P<event>{'|'.join(_EVENTS)})"))
def play_event(scenario_run: ScenarioRun, event: str) -> None:
    scenario_run.ask_for(f"events:{_EVENTS[event]}")


@then(parsers.re(r"每台摄像机在(?P<seconds>\d+)秒内通知(?P<event>\w+)，且无事不报"))
def tells_in_time(scenario_run: ScenarioRun, seconds: str, event: str) -> None:
    if float(seconds) != scenario_run.limit("event-delay").value:
        raise HarnessError(f"the feature says {seconds} s, the catalogue another time")
    kind = f"events:{_EVENTS[event]}"

    def judge(point: Point) -> Conclusion:
        measured = scenario_run.acceptance.once(
            measure_scene_event, scenario_run.recording(kind, point)
        )
        fault = measured.details["reason"]
        if fault is not None:
            return Conclusion.broken(fault["code"], measured, **fault["parameters"])
        concluded = scenario_run.compare(measured)
        if concluded.reason.code == "visit.no-scene-rig":
            return Conclusion(
                concluded.verdict,
                concluded.reason,
                concluded.measurements,
                settle=Reason("settle.play-the-event"),
            )
        return concluded

    scenario_run.judge_each(judge)


@when("命令每台摄像机的报警输出并读回")
def command_outputs(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("alarm-output")


@then("每台摄像机的报警输出随命令动作")
def outputs_follow(scenario_run: ScenarioRun) -> None:
    scenario_run.judge_each(
        lambda point: scenario_run.compare(
            measure_alarm_output(scenario_run.recording("alarm-output", point))
        )
    )
