"""Given and then: whether the camera of each point is the one that its scene asks for."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_bdd import given, parsers, then

from assessment.finding import Finding
from assessment.reason import Reason
from assessment.verdicts import Verdict
from probes.pan_tilt import measure_pan_tilt
from steps.acceptance import SITE, ScenarioRun
from steps.conclusion import Conclusion
from steps.scope import leave_other_scenes
from targets.site import Point

#: Scene types of an inventory by the words of the features.
_SCENES = {
    "乡村广场与活动中心": ("rural-square", "activity-place"),
    "乡村道路": ("rural-path",),
    "人车混行通道": ("mixed-lane",),
    "活动场所": ("activity-place",),
    "楼宇间通道": ("building-passage",),
}
_GENERAL = "4.3.1"
_OPEN = (Verdict.PENDING, Verdict.NOT_TESTED)


@given(parsers.re(rf"抽样方案所取点位中的(?P<scene>{'|'.join(_SCENES)})"))
def drawn_of_scene(scenario_run: ScenarioRun, scene: str) -> None:
    acceptance = scenario_run.acceptance
    drawn = acceptance.in_scope(scenario_run.requirement.id, acceptance.drawn)
    cameras = [point for point in drawn if not point.is_platform]
    of_scene = [point for point in cameras if point.scene in _SCENES[scene]]
    scenario_run.points = tuple(of_scene)
    scenario_run.outside = tuple(point for point in cameras if point not in of_scene)


@then("每台摄像机都带云台")
def cameras_turn(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        return scenario_run.compare(measure_pan_tilt(scenario_run.recording("description", point)))

    leave_other_scenes(scenario_run)
    for point in scenario_run.points:
        scenario_run.conclude(point.id, judge(point))


@then("每台摄像机都满足前端设备的通用要求")
def cameras_meet_general_requirements(scenario_run: ScenarioRun) -> None:
    leave_other_scenes(scenario_run)
    for point in scenario_run.points:
        scenario_run.conclude(point.id, _general(scenario_run, point))


def _general(run: ScenarioRun, point: Point) -> Conclusion:
    """What this run found of the point under every binding requirement of 4.3.1."""
    acceptance = run.acceptance
    binding = [one for one in acceptance.catalogue if one.chapter == _GENERAL and one.binding]
    verdicts = {
        one.id: _verdicts(acceptance.found, one.id, point) or [Verdict.NOT_TESTED]
        for one in binding
    }
    failed = [name for name, found in verdicts.items() if Verdict.FAIL in found]
    undecided = [
        name
        for name, found in verdicts.items()
        if {Verdict.INCONCLUSIVE, Verdict.ERROR} & set(found)
    ]
    left = [name for name, found in verdicts.items() if set(_OPEN) & set(found)]
    if failed:
        return Conclusion.broken("camera-choice.general-failed", requirements=", ".join(failed))
    if undecided:
        named = ", ".join(undecided)
        return Conclusion.open("camera-choice.general-undecided", requirements=named)
    if left:
        reason = Reason("camera-choice.general-open", {"requirements": ", ".join(left)})
        return Conclusion(Verdict.PENDING, reason)
    return Conclusion.met("camera-choice.general-met")


def _verdicts(found: Iterable[Finding], requirement: str, point: Point) -> list[Verdict]:
    """The verdicts on the point itself, or on the site as a whole where papers decide."""
    return [
        one.verdict
        for one in found
        if one.requirement == requirement and one.subject in (point.id, SITE)
    ]
