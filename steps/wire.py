"""Then: what a bystander on the wire can make of the traffic."""

from __future__ import annotations

from pytest_bdd import then

from probes.wire_privacy import measure_wire_privacy
from steps.acceptance import ScenarioRun
from steps.conclusion import Conclusion
from targets.site import Point


@then("每台摄像机的每一条流都受加密保护")
def every_flow_is_protected(scenario_run: ScenarioRun) -> None:
    for point in scenario_run.outside:
        scenario_run.conclude(point.id, Conclusion.not_applicable("wire-privacy.outdoor-camera"))
    if not scenario_run.points and scenario_run.outside:
        return

    def judge(point: Point) -> Conclusion:
        measured = scenario_run.acceptance.once(
            measure_wire_privacy, scenario_run.recording("wire", point)
        )
        if measured.spoilt is not None:
            return Conclusion.spoilt(measured)
        found = measured.details.get("reason") or {}
        if measured.value == "encrypted":
            return Conclusion.met("wire-privacy.encrypted", measured)
        code = found.get("code", f"wire-privacy.{measured.value}")
        return Conclusion.broken(code, measured, **found.get("parameters", {}))

    scenario_run.judge_each(judge)
