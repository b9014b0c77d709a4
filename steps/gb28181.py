"""Then: what a device does towards a GB/T 28181 platform, the harness standing in for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_bdd import parsers, then

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from probes.gb28181.alarm import measure_alarm
from probes.gb28181.alarm_ports import measure_alarm_ports
from probes.gb28181.broadcast import measure_broadcast
from probes.gb28181.control import measure_control
from probes.gb28181.date_following import measure_date_following
from probes.gb28181.keepalive import measure_keepalive
from probes.gb28181.live import measure_first_picture, measure_live
from probes.gb28181.protection import measure_protection
from probes.gb28181.ptz_type import measure_ptz_type
from probes.gb28181.queries import measure_queries
from probes.gb28181.records import measure_records
from probes.gb28181.registration import (
    measure_refresh,
    measure_registration,
    measure_unregistration,
)
from probes.gb28181.weak_registration import measure_weak_registration
from steps.acceptance import HarnessError, ScenarioRun
from steps.conclusion import Conclusion
from targets.site import Point

#: Why a visit brought nothing: no device was ever pointed at the harness.
_NOT_THERE = frozenset({"visit.no-gb28181", "visit.not-registered"})


def concluded(run: ScenarioRun, measured: Measurement) -> Conclusion:
    """A measurement of ``conforms`` or ``deviates`` compared, its own reason kept."""
    found = measured.details.get("reason")
    if measured.value == "deviates" and found:
        judged = run.compare(measured)
        reason = Reason(found["code"], found["parameters"])
        return replace(judged, verdict=Verdict.FAIL, reason=reason, settle=None)
    judged = run.compare(measured)
    if judged.reason.code in _NOT_THERE:
        return replace(judged, settle=Reason("settle.register-device"))
    return judged


def judge(run: ScenarioRun, kind: str, probe: Callable[[Recording], Measurement]) -> None:
    """Judge every point by one probe on its recording of ``kind``."""

    def one(point: Point) -> Conclusion:
        return concluded(run, run.acceptance.once(probe, run.recording(kind, point)))

    run.judge_each(one)


@then("每台摄像机以20位编号注册并正确应答质询")
def registers(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:registration", measure_registration)


@then("每台摄像机在注册到期之前刷新注册")
def refreshes(scenario_run: ScenarioRun) -> None:
    governing = scenario_run.acceptance.reading("R-035")

    def one(point: Point) -> Conclusion:
        recording = scenario_run.recording("gb28181:registration", point)
        return concluded(scenario_run, measure_refresh(recording, governing=governing))

    scenario_run.judge_each(one)


@then("每台摄像机注销后不再保活")
def unregisters(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:registration", measure_unregistration)


@then("每台摄像机以自己的编号按时保活")
def keeps_alive(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:keepalive", measure_keepalive)


@then("每台摄像机的国标查询应答完整且符合标准")
def answers_queries(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:queries", measure_queries)


@then("每台摄像机送出符合标准的媒体并在结束时停止")
def shows_live(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:live", measure_live)


@then(parsers.re(r"每台摄像机的首帧时间不超过(?P<seconds>\d+)秒"))
def first_picture_is_prompt(scenario_run: ScenarioRun, seconds: str) -> None:
    limit = scenario_run.limit("gb-first-picture").value
    if float(seconds) != limit and scenario_run.acceptance.reading("R-038") == "two-seconds":
        raise HarnessError(f"the feature says {seconds} s, the catalogue another time")
    judge(scenario_run, "gb28181:live", measure_first_picture)


@then("每台摄像机按国标控制命令动作")
def obeys_commands(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:control", measure_control)


@then("每台摄像机的录像按国标检索、回放与下载")
def plays_records(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:records", measure_records)


@then("每台摄像机把报警通知平台")
def notifies_alarms(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:alarm", measure_alarm)


@then("每台摄像机的时间跟随注册应答")
def follows_the_date(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:clock", measure_date_following)


@then("每台摄像机的形态与其能力相符")
def form_agrees_with_ability(scenario_run: ScenarioRun) -> None:
    def one(point: Point) -> Conclusion:
        recording = scenario_run.recording("gb28181:control", point)
        control = scenario_run.acceptance.once(measure_control, recording)
        declared = point.declared.get("form", "")
        return concluded(scenario_run, measure_ptz_type(recording, control, declared=declared))

    scenario_run.judge_each(one)


@then("每台摄像机能拾音并接收广播")
def hears_and_speaks(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:broadcast", measure_broadcast)


@then("每台摄像机有报警输入与报警输出")
def has_alarm_ports(scenario_run: ScenarioRun) -> None:
    def one(point: Point) -> Conclusion:
        alarm, told = (
            scenario_run.recording(kind, point) for kind in ("gb28181:alarm", "description")
        )
        return concluded(scenario_run, measure_alarm_ports(alarm, told))

    scenario_run.judge_each(one)


@then("每台摄像机拒绝被改动与重放的信令")
def refuses_altered_signalling(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:protection", measure_protection)


@then("每台摄像机的国标注册口令不是弱口令")
def registration_password_is_strong(scenario_run: ScenarioRun) -> None:
    judge(scenario_run, "gb28181:registration", measure_weak_registration)
