"""When, then: pictures of a platform, live and recorded, saved, steered, carried and kept."""

from __future__ import annotations

from collections.abc import Callable

from pytest_bdd import parsers, then, when

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.platform.browser import (
    measure_page_file,
    measure_page_h264,
    measure_page_h265,
    measure_page_pace,
    measure_page_pause,
    measure_page_seek,
)
from probes.platform.capacity import measure_load, measure_storage, within_promise
from probes.platform.download import (
    measure_download_mark,
    measure_fields,
    measure_file,
    measure_history,
)
from probes.platform.live import measure_h264, measure_h265, measure_live
from probes.platform.playback import measure_pace, measure_pause, measure_place, measure_seek
from probes.platform.sharing import measure_live_mark, measure_playback_mark, measure_sharing
from probes.platform.steering import (
    measure_effect,
    measure_home,
    measure_patrol,
    measure_priority,
)
from steps.acceptance import ScenarioRun
from steps.conclusion import Conclusion, gravest
from steps.gb28181 import concluded
from steps.platform import judge_platform, none_to_judge
from targets.site import Point

#: What is done with a platform's pictures, and the recording that it makes.
_VISITS = {
    "逐路实时点播": "live",
    "以多名用户同时点播同一路": "viewers",
    "逐级增加同时点播的人数": "ramp",
    "回放、变速、暂停与拖放": "playback",
    "下载、取消下载并查看下载历史": "download",
    "检索录像并随机抽取画面": "storage",
    "以高低级别的用户控制摄像机": "control",
    "运行预置位轮巡组": "patrol",
    "用浏览器打开页面观看并保存": "browser",
    "用浏览器打开页面回放": "browser-playback",
}


@when(parsers.re(rf"在平台上(?P<what>{'|'.join(_VISITS)})"))
def visit_platform_pictures(scenario_run: ScenarioRun, what: str) -> None:
    scenario_run.ask_for(f"platform:{_VISITS[what]}")


def judge_with_page(
    run: ScenarioRun,
    kind: str,
    probe: Callable[[Recording], Measurement],
    page: str,
    page_probe: Callable[[Recording], Measurement],
) -> None:
    """Judge every platform by its stream and by what a user sees of it in its page.

    The page counts where it is one that can be worked; the graver of the two governs.
    """
    if none_to_judge(run):
        return
    once = run.acceptance.once

    def one(point: Point) -> Conclusion:
        streamed = concluded(run, once(probe, run.recording(f"platform:{kind}", point)))
        seen = run.recording(f"platform:{page}", point)
        if seen.problem is not None and seen.problem.parameters.get("what") == "pages":
            return streamed
        return gravest([streamed, concluded(run, once(page_probe, seen))])

    run.judge_each(one)


@then("平台及时给出所点通道正在变化的图像")
def shows_the_channel(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "live", measure_live)


@then("平台及其页面播放 H.264 图像")
def plays_h264(scenario_run: ScenarioRun) -> None:
    judge_with_page(scenario_run, "live", measure_h264, "browser", measure_page_h264)


@then("平台及其页面播放 H.265 图像")
def plays_h265(scenario_run: ScenarioRun) -> None:
    judge_with_page(scenario_run, "live", measure_h265, "browser", measure_page_h265)


@then("平台让多名用户同看一路且互不影响")
def is_shared(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "viewers", measure_sharing)


@then("实时图像叠加点播用户自己的水印")
def live_is_marked(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "viewers", measure_live_mark)


@then("回放图像叠加回放用户自己的水印")
def playback_is_marked(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "playback", measure_playback_mark)


@then("平台从所定通道的所定时间开始回放")
def plays_the_place(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "playback", measure_place)


@then("平台及其页面按所定倍速回放且慢放不丢画面")
def keeps_the_pace(scenario_run: ScenarioRun) -> None:
    judge_with_page(scenario_run, "playback", measure_pace, "browser-playback", measure_page_pace)


@then("暂停时画面停住且继续时从原处播放，页面上也是")
def pauses(scenario_run: ScenarioRun) -> None:
    judge_with_page(scenario_run, "playback", measure_pause, "browser-playback", measure_page_pause)


@then("拖放后从所定时间播放且能跨过录像缺口，页面上也是")
def seeks(scenario_run: ScenarioRun) -> None:
    judge_with_page(scenario_run, "playback", measure_seek, "browser-playback", measure_page_seek)


@then("下载的文件完整可播、时段相符且可续传，从页面保存的也相符")
def file_is_whole(scenario_run: ScenarioRun) -> None:
    judge_with_page(scenario_run, "download", measure_file, "browser", measure_page_file)


@then("下载的视频叠加下载用户的水印")
def file_is_marked(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "download", measure_download_mark)


@then("每次下载都留有记录且下载者删不掉")
def history_is_kept(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "download", measure_history)


@then("下载记录的用户、设备与时段都正确")
def history_is_right(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "download", measure_fields)


@then("摄像机的转动、变倍与预置位从图像可见")
def orders_are_seen(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "control", measure_effect)


@then("高级别用户优先控制且低级别用户被说明原因地拒绝")
def levels_decide(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "control", measure_priority)


@then("低级别用户操作后摄像机回到看守位")
def returns_home(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "control", measure_home)


@then("摄像机按顺序与停留时间轮巡且能停止")
def patrols(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "patrol", measure_patrol)


@then("合同路数以内人人按时得到不停顿的图像")
def carries_the_load(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "ramp", measure_load)


@then("承诺天数内的录像都能检索到并取出")
def keeps_the_days(scenario_run: ScenarioRun) -> None:
    platforms = scenario_run.acceptance.site.platforms
    promised = {one.id: one.platform.retention_days for one in platforms if one.platform}

    def measure(recording: Recording) -> Measurement:
        # Papers that came after the run may promise more than was looked at.
        return within_promise(measure_storage(recording), promised.get(recording.subject, 0))

    judge_platform(scenario_run, "storage", measure)
