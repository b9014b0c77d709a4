"""Given, when, then: the operator's platform, its management, rights and protection."""

from __future__ import annotations

from collections.abc import Callable

from pytest_bdd import given, parsers, then, when

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from probes.platform.tree import measure_tree
from steps.acceptance import SITE, Conclusion, ScenarioRun
from steps.gb28181 import judge


@given("点位清单中的运营平台")
def operated_platforms(scenario_run: ScenarioRun) -> None:
    acceptance = scenario_run.acceptance
    scenario_run.points = acceptance.in_scope(
        scenario_run.requirement.id, acceptance.site.platforms
    )


#: What is done with a platform, and the recording that it makes.
_VISITS = {
    "增删改组织、设备、客户、网络、安全与业务": "management",
}


@when(parsers.re(rf"在平台上(?P<what>{'|'.join(_VISITS)})"))
def visit_platform_for(scenario_run: ScenarioRun, what: str) -> None:
    scenario_run.ask_for(f"platform:{_VISITS[what]}")


def judge_platform(run: ScenarioRun, kind: str, probe: Callable[[Recording], Measurement]) -> None:
    """Judge every platform by one probe on its recording of ``platform:kind``."""
    if run.points:
        judge(run, f"platform:{kind}", probe)
        return
    reason = Reason("platform.none")
    run.conclude(SITE, Conclusion(Verdict.PENDING, reason, settle=Reason("settle.name-platform")))


@then("平台的组织树可多级增删改且重启后不变")
def tree_is_kept(scenario_run: ScenarioRun) -> None:
    judge_platform(scenario_run, "management", measure_tree)
