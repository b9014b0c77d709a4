"""Given and then: the parts of the system, where they stand, and how cameras reach the platform."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from pytest_bdd import given, then

from assessment.reason import Reason
from assessment.verdicts import Verdict
from probes.access_type import measure_access_type
from probes.gb28181.system import measure_system
from probes.network_side import measure_network_side
from steps.acceptance import SITE, ScenarioRun
from steps.conclusion import Conclusion
from steps.gb28181 import concluded
from targets.site import Point


@given("点位清单中向本工具注册的平台")
def registering_platforms(scenario_run: ScenarioRun) -> None:
    acceptance = scenario_run.acceptance
    platforms = [one for one in acceptance.site.points if one.registers_as_platform]
    scenario_run.points = acceptance.in_scope(scenario_run.requirement.id, platforms)


@then("平台列出前端并转发其画面")
def platform_passes_pictures_on(scenario_run: ScenarioRun) -> None:
    if not scenario_run.points:
        scenario_run.conclude(SITE, Conclusion(Verdict.PENDING, Reason("gb-system.no-platform")))
        return
    scenario_run.judge_each(
        lambda point: concluded(
            scenario_run, measure_system(scenario_run.recording("gb28181:platform", point))
        )
    )


@then("前端与平台的地址都不在公安网内")
def nothing_stands_inside(scenario_run: ScenarioRun) -> None:
    site = scenario_run.acceptance.site
    platforms = [("platform", address) for address in site.platform_addresses]

    def one(point: Point) -> Conclusion:
        declared = [*platforms, ("camera", _host(point))]
        recording = scenario_run.recording("wire", point)
        return concluded(
            scenario_run, measure_network_side(recording, declared, site.police_networks)
        )

    scenario_run.judge_each(one)


def _host(point: Point) -> str:
    """The address in the point's URI, "" when it is a name."""
    host = urlsplit(point.uri).hostname or ""
    try:
        return str(ip_address(host))
    except ValueError:
        return ""


@then("每台摄像机的接入方式与登记相符")
def access_is_as_declared(scenario_run: ScenarioRun) -> None:
    scenario_run.judge_each(
        lambda point: concluded(
            scenario_run,
            measure_access_type(scenario_run.recording("description", point), point.access),
        )
    )
