"""Given, when, then: the operator's platform, its management, rights and protection."""

from __future__ import annotations

from collections.abc import Callable

from pytest_bdd import given, parsers, then, when

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from probes.platform.absence import measure_absence
from probes.platform.areas import measure_areas
from probes.platform.cameras import measure_cameras
from probes.platform.crossing import measure_crossing
from probes.platform.modes import measure_cascade, measure_docking, measure_pages
from probes.platform.regions import measure_regions
from probes.platform.rights import measure_grain, measure_levels, measure_rights
from probes.platform.roles import measure_roles
from probes.platform.time_service import measure_time_service
from probes.platform.tokens import measure_tokens
from probes.platform.transport import measure_session_privacy, measure_transport
from probes.platform.tree import measure_tree
from probes.platform.user_fields import measure_user_fields
from probes.platform.users import measure_users
from steps.acceptance import SITE, ScenarioRun
from steps.conclusion import Conclusion, gravest
from steps.gb28181 import concluded, judge
from targets.site import Point


@given("点位清单中的运营平台")
def operated_platforms(scenario_run: ScenarioRun) -> None:
    acceptance = scenario_run.acceptance
    scenario_run.points = acceptance.in_scope(
        scenario_run.requirement.id, acceptance.site.platforms
    )


#: What is done with a platform, and the recording that it makes.
_VISITS = {
    "增删改组织、设备、客户、网络、安全与业务": "management",
    "增删改角色与用户并停用、过期、删除": "accounts",
    "以每一种身份对每一项接口操作逐一提问": "rights",
    "扫描端口并试探加密": "wire",
    "并列建立两个区域": "regions",
    "以他人的地址、编号与令牌逐一试用": "crossing",
    "试用移动访问的令牌": "tokens",
    "搜索分析功能": "absence",
    "对接本工具": "docking",
    "以桌面与手机打开页面": "pages",
    "询问时间": "clock",
}


@when(parsers.re(rf"在平台上(?P<what>{'|'.join(_VISITS)})"))
def visit_platform_for(scenario_run: ScenarioRun, what: str) -> None:
    scenario_run.ask_for(f"platform:{_VISITS[what]}")


def none_to_judge(run: ScenarioRun) -> bool:
    """Whether there is no platform; then that is the finding."""
    if run.points:
        return False
    reason = Reason("platform.none")
    run.conclude(SITE, Conclusion(Verdict.PENDING, reason, settle=Reason("settle.name-platform")))
    return True


def judge_platform(run: ScenarioRun, kind: str, probe: Callable[[Recording], Measurement]) -> None:
    """Judge every platform by one probe on its recording of ``platform:kind``."""
    if not none_to_judge(run):
        judge(run, f"platform:{kind}", probe)


@then("平台的组织树可多级增删改且重启后不变")
def tree_is_kept(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "management", measure_tree)


@then("平台的前端设备可增删改且删除后各处不见")
def cameras_are_kept(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "management", measure_cameras)


@then("平台对五个方面都能查看和修改")
def areas_are_managed(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "management", measure_areas)


@then("平台的角色可定义、修改、删除且对运行中的会话立即生效")
def roles_are_kept(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "accounts", measure_roles)


@then("平台的用户可增删改、关联角色、查询且不泄露口令")
def users_are_kept(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "accounts", measure_users)


@then("平台保存并执行用户的每一项信息")
def user_fields_are_enforced(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "accounts", measure_user_fields)


@then("平台的三级权限互不越级")
def levels_hold(scenario_run: ScenarioRun) -> None:
    if none_to_judge(scenario_run):
        return
    governing = scenario_run.acceptance.reading("R-016")

    def one(point: Point) -> Conclusion:
        recording = scenario_run.recording("platform:rights", point)
        return concluded(scenario_run, measure_levels(recording, governing=governing))

    scenario_run.judge_each(one)


@then("平台对不同用户执行不同权限")
def rights_hold(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "rights", measure_rights)


@then("平台的授权精确到每一路")
def grain_is_fine(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "rights", measure_grain)


@then("平台对用户的服务全部加密")
def service_is_encrypted(scenario_run: ScenarioRun) -> None:
    if none_to_judge(scenario_run):
        return

    def one(point: Point) -> Conclusion:
        recording = scenario_run.recording("platform:wire", point)
        once = scenario_run.acceptance.once
        judged = concluded(scenario_run, once(measure_transport, recording))
        seen = measure_session_privacy(recording)
        if seen is None:
            return judged
        if seen.value not in ("plain", "weak"):
            return judged.with_more(seen)
        found = seen.details.get("reason") or {}
        code = found.get("code", f"wire-privacy.{seen.value}")
        broken = Conclusion.broken(code, seen, **found.get("parameters", {}))
        return gravest([judged, broken])

    scenario_run.judge_each(one)


@then("平台的两个区域互不可见")
def regions_are_apart(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "regions", measure_regions)


@then("平台禁止一切跨账号访问")
def accounts_are_apart(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "crossing", measure_crossing)


@then("平台的移动访问令牌受保护")
def tokens_are_protected(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "tokens", measure_tokens)


@then("平台不具备分析功能")
def nothing_is_analysed(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "absence", measure_absence)


@then("平台以对接方式提供服务")
def docking_serves(scenario_run: ScenarioRun) -> None:
    if none_to_judge(scenario_run):
        return

    def one(point: Point) -> Conclusion:
        if point.platform is not None and not _agreed(point.platform.modes, "docking"):
            return Conclusion.not_applicable("platform.mode-not-agreed", mode="docking")
        recording = scenario_run.recording("platform:docking", point)
        return concluded(scenario_run, scenario_run.acceptance.once(measure_docking, recording))

    scenario_run.judge_each(one)


def _agreed(modes: tuple[str, ...], mode: str) -> bool:
    """Whether the contract names a mode; one that names none is taken to name all."""
    return not modes or mode in modes


@then("平台的页面适合所约定的屏幕")
def pages_serve(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "pages", measure_pages)


@then("平台对接的信令与媒体受保护")
def cascade_is_protected(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "docking", measure_cascade)


@then("平台提供网络校时且自身时钟准确")
def time_is_served(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "clock", measure_time_service)
