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


#: What is done with a GB/T 28181 device, and the recording that it makes.
_GB28181 = {
    "走完国标注册的全过程": "registration",
    "守听国标保活": "keepalive",
    "国标查询目录、设备信息与状态": "queries",
    "国标实时点播": "live",
    "国标控制云台与设备": "control",
    "国标检索、回放与下载录像": "records",
    "国标布防并等待报警": "alarm",
    "国标语音广播": "broadcast",
    "国标注册校时": "clock",
    "改动并重放国标信令": "protection",
}


@when(parsers.re(rf"对每台摄像机(?P<what>{'|'.join(_GB28181)})"))
def visit_by_gb28181(scenario_run: ScenarioRun, what: str) -> None:
    scenario_run.ask_for(f"gb28181:{_GB28181[what]}")


@when("经平台取目录与画面")
def visit_platform(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("gb28181:platform")
