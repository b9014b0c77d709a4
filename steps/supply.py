"""Then: what feeds a camera and which interfaces it has, declared and observed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time

from pytest_bdd import then, when

from assessment.checklists import checklist_findings
from assessment.declaration import Declaration
from assessment.measurement import Measurement
from assessment.verdicts import Verdict
from probes.declared_supply import (
    measure_declared_ac,
    measure_declared_supply,
    measure_second_interface,
    measure_wired_interface,
)
from probes.poe_supply import measure_poe_return, measure_poe_supply
from steps.acceptance import ScenarioRun
from steps.conclusion import Conclusion, gravest
from steps.subjects import subject_of
from targets.site import Point


@when("读取每台摄像机所接供电端口并断电再供")
def read_and_cut_the_supply(scenario_run: ScenarioRun) -> None:
    scenario_run.ask_for("power")


@then("厂商声明或说明书写明每台摄像机支持5V或12V直流与PoE供电")
def supply_is_stated(scenario_run: ScenarioRun) -> None:
    _judge_statements(scenario_run, measure_declared_supply)


@then("厂商声明或说明书写明每台摄像机支持交流供电")
def ac_supply_is_stated(scenario_run: ScenarioRun) -> None:
    _judge_statements(scenario_run, measure_declared_ac)


@then("每台摄像机由端口供电且示出等级，断电再供后自行恢复")
def fed_over_ethernet(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        recording = scenario_run.recording("power", point)
        return gravest(
            [
                scenario_run.compare(measure_poe_supply(recording)),
                scenario_run.compare(measure_poe_return(recording)),
            ]
        )

    scenario_run.judge_each(judge)


@then("每台摄像机列出有线网络接口")
def wired_interface_is_listed(scenario_run: ScenarioRun) -> None:
    scenario_run.judge_each(
        lambda point: scenario_run.compare(
            measure_wired_interface(
                scenario_run.recording("description", point), _declaration(scenario_run, point)
            )
        )
    )


@then("每台摄像机另有Wi-Fi、4G/5G或光口，见其自述、厂商声明或照片")
def second_interface_is_there(scenario_run: ScenarioRun) -> None:
    for point in scenario_run.each_point():
        declared = _declaration(scenario_run, point)
        recording = scenario_run.recording("description", point)
        _judge_stated(scenario_run, point, measure_second_interface(recording, declared), declared)


def _judge_statements(
    run: ScenarioRun, measure: Callable[[Declaration | None, str, datetime], Measurement]
) -> None:
    """Each point by what is declared of it, else by its papers."""
    at = datetime.combine(run.acceptance.today, time(), UTC)
    for point in run.each_point():
        declared = _declaration(run, point)
        _judge_stated(run, point, measure(declared, point.id, at), declared)


def _judge_stated(
    run: ScenarioRun, point: Point, measured: Measurement, declared: Declaration | None
) -> None:
    """By the measurement; where nothing is stated, a paper of the checklist counts instead."""
    if measured.spoilt is None:
        run.conclude(point.id, run.compare(measured))
        return
    acceptance = run.acceptance
    (paper,) = checklist_findings(
        run.requirement,
        acceptance.attestations,
        acceptance.today,
        (subject_of(run, point),),
    )
    if declared is not None and paper.verdict is Verdict.PENDING:
        run.conclude(point.id, run.compare(measured))
    else:
        run.judge_attested(paper)


def _declaration(run: ScenarioRun, point: Point) -> Declaration | None:
    """What is declared of a point, by the inventory's model or what its device told."""
    return run.acceptance.site.declaration(point, subject_of(run, point).model)
