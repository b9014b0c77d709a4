"""Given and then: what people attest, item by item of a requirement's checklist."""

from __future__ import annotations

from pytest_bdd import given, then

from assessment.evidence import checklist_findings
from steps.acceptance import ScenarioRun


@given("检查人员提交的证据记录")
def submitted_evidence(scenario_run: ScenarioRun) -> None:
    """The records were read and validated whole before the run began."""


@then("检查表的每一项都有有效且符合的记录")
def every_item_is_attested(scenario_run: ScenarioRun) -> None:
    acceptance = scenario_run.acceptance
    for finding in checklist_findings(
        scenario_run.requirement, acceptance.attestations, acceptance.today
    ):
        scenario_run.judge_attested(finding)
