"""Given and then: what people attest, item by item, and what stands in the papers they hand in."""

from __future__ import annotations

from dataclasses import replace

from pytest_bdd import given, then

from assessment.checklists import (
    WHOLE_SITE,
    Subject,
    checklist_findings,
    paper_of,
    period_of,
)
from assessment.contract import least_terms
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.verdicts import Verdict
from probes.papers.contract import measure_contract
from probes.papers.judging import Paper
from probes.papers.survey import measure_survey
from probes.papers.survey_given import measure_survey_given
from probes.papers.tickets import measure_tickets
from standard.catalogue import catalogue
from steps.acceptance import SITE, ScenarioRun
from steps.conclusion import Conclusion, gravest
from steps.gb28181 import concluded
from steps.scope import leave_other_scenes
from steps.subjects import subject_of
from targets.site import Point


@given("检查人员提交的证据记录")
def submitted_evidence(scenario_run: ScenarioRun) -> None:
    """The records were read and validated whole before the run began."""


@then("检查表的每一项都有有效且符合的记录")
def every_item_is_attested(scenario_run: ScenarioRun) -> None:
    acceptance = scenario_run.acceptance
    subjects: tuple[Subject, ...] = (WHOLE_SITE,)
    if scenario_run.requirement.attested_by_point:
        leave_other_scenes(scenario_run)
        subjects = tuple(subject_of(scenario_run, point) for point in scenario_run.points)
    for finding in checklist_findings(
        scenario_run.requirement, acceptance.attestations, acceptance.today, subjects
    ):
        scenario_run.judge_attested(finding)


@then("勘查报告写明本场所与日期")
def survey_names_the_site(scenario_run: ScenarioRun) -> None:
    paper = _paper(scenario_run, "survey-report")
    if isinstance(paper, Reason):
        scenario_run.conclude(SITE, Conclusion(Verdict.PENDING, paper))
        return
    site = scenario_run.acceptance.site
    names = [site.name, *(word for point in site.cameras for word in (point.id, point.name))]
    measured = measure_survey_given(paper, names)
    if measured is None:
        reason = Reason("survey-given.not-readable", {"file": paper.name})
        scenario_run.conclude(SITE, Conclusion(Verdict.PASS, reason, rule="nominal"))
        return
    scenario_run.conclude(SITE, concluded(scenario_run, measured))


@then("勘查报告逐点列出所需信息且数值可信")
def survey_holds_every_point(scenario_run: ScenarioRun) -> None:
    paper = _paper(scenario_run, "survey-contents")
    if isinstance(paper, Reason):
        scenario_run.conclude(SITE, Conclusion(Verdict.PENDING, paper))
        return
    site = scenario_run.acceptance.site
    cameras = [point.id for point in site.cameras]
    found = measure_survey(paper, cameras, site.region)
    scenario_run.conclude(SITE, gravest([_of_paper(scenario_run, one) for one in found]))


@then("每张故障单都在时限内修复")
def every_ticket_in_time(scenario_run: ScenarioRun) -> None:
    paper = _paper(scenario_run, "repair-tickets")
    if isinstance(paper, Reason):
        scenario_run.conclude(SITE, Conclusion(Verdict.PENDING, paper))
        return
    allowed = float(scenario_run.limit("longest-repair").value)  # type: ignore[arg-type]
    found = measure_tickets(paper, allowed)
    scenario_run.conclude(SITE, gravest([_of_paper(scenario_run, one) for one in found]))


@then("合同记录逐项注明页码且不低于标准")
def contract_is_cited_and_strict_enough(scenario_run: ScenarioRun) -> None:
    acceptance = scenario_run.acceptance
    measured = measure_contract(
        scenario_run.requirement,
        acceptance.attestations,
        acceptance.today,
        least=least_terms(catalogue()),  # the standard's, whatever the contract asks
    )
    scenario_run.conclude(SITE, concluded(scenario_run, measured))


def paper_on(run: ScenarioRun, item: str, point: Point) -> Paper | Reason:
    """The file of a checklist item of a point, or why it is not there to be read."""
    return _paper(run, item, subject_of(run, point))


def _paper(run: ScenarioRun, item: str, subject: Subject = WHOLE_SITE) -> Paper | Reason:
    """The file of a checklist item, or why it is not there to be read."""
    acceptance = run.acceptance
    record, missing = paper_of(
        run.requirement, item, acceptance.attestations, acceptance.today, subject
    )
    if record is None or record.file is None:
        return missing or Reason("checklist.evidence-missing")
    started, ended = period_of(record)
    return Paper(record.file, record.file_name, started, ended, subject.id)


def _of_paper(run: ScenarioRun, measured: Measurement) -> Conclusion:
    """A reading compared; its reason names the point that it is of."""
    judged = concluded(run, measured)
    point = measured.details.get("point")
    if point is None:
        return judged
    reason = Reason(judged.reason.code, {**judged.reason.parameters, "point": point})
    return replace(judged, reason=reason)
