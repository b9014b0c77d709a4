"""When: which visits a scenario asks for."""

from __future__ import annotations

from pytest_bdd import parsers, when

from steps.acceptance import ScenarioRun


@when("读取每台摄像机的自述信息")
def read_descriptions(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("description")


@when("在白天录制每台摄像机主码流10秒")
def record_main_stream_by_day(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("stream:day")


@when("在夜晚录制每台摄像机主码流10秒")
def record_main_stream_by_night(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("stream:night")


@when("录制每台摄像机的子码流")
def record_sub_stream(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("stream:sub")


@when("取每台摄像机的抓图")
def take_snapshots(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("snapshot")


@when("在夜晚开关每台摄像机的补光灯")
def switch_white_lights(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("white-light")


@when(parsers.re(r"录制每台摄像机的(?P<codec>H\.264|MJPEG|H\.265)码流"))
def record_stream_in_codec(scenario_run: ScenarioRun, codec: str) -> None:
    scenario_run.ask_for(f"stream:codec-{codec.replace('.', '').lower()}")


@when("对每台摄像机的时钟连续询问")
def watch_clocks(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("clock")


@when("抓取每台摄像机与平台之间的全部流量")
def capture_traffic(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("wire")


@when("在观察期内反复询问每台摄像机是否在线")
def watch_online(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("online")


@when("在每台摄像机的各项服务上试探弱口令")
def try_weak_passwords(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("passwords")
