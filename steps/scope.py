"""Given: which points a scenario asks; and what becomes of those that it leaves out."""

from __future__ import annotations

from pytest_bdd import given

from steps.acceptance import SITE, ScenarioRun
from steps.conclusion import Conclusion


@given("按抽样方案抽取摄像机")
def drawn_cameras(scenario_run: ScenarioRun) -> None:
    acceptance = scenario_run.acceptance
    scenario_run.points = acceptance.in_scope(scenario_run.requirement.id, acceptance.drawn)


@given("点位清单中标为室内的全部摄像机")
def indoor_cameras(scenario_run: ScenarioRun) -> None:
    acceptance = scenario_run.acceptance
    requirement = scenario_run.requirement.id
    indoor = [point for point in acceptance.site.cameras if point.indoor]
    scenario_run.points = acceptance.in_scope(requirement, indoor)
    outdoor = [point for point in acceptance.drawn if not point.indoor]
    scenario_run.outside = acceptance.in_scope(requirement, outdoor)


def leave_other_scenes(run: ScenarioRun) -> None:
    """Points of other scenes leave the sample; a site without the scene has nothing to judge."""
    for point in run.outside:
        run.conclude(point.id, Conclusion.not_applicable("camera-choice.other-scene"))
    if not run.points and not run.outside:
        run.conclude(SITE, Conclusion.open("scenario.no-point"))
