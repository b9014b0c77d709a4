"""How a scenario's findings become a test outcome, and how a broken step becomes our own fault."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from assessment.finding import Finding
from assessment.reason import Reason
from assessment.verdicts import Verdict, governing
from messages import text
from steps.acceptance import SITE, HarnessError, ScenarioRun


def requirement_of(tags: set[str], known: set[str]) -> str:
    """The one requirement id among a scenario's tags.

    Raises:
        HarnessError: none, or more than one.
    """
    ids = sorted(tags & known)
    if len(ids) != 1:
        raise HarnessError(f"a scenario carries one requirement tag, found {ids or sorted(tags)}")
    return ids[0]


def worded(finding: Finding, lang: str) -> str:
    """One line on one finding."""
    reason = text(finding.reason.key, lang, **finding.reason.parameters)
    return f"{finding.subject}: {text(f'verdict.{finding.verdict}', lang)} - {reason}"


def settle_outcome(run: ScenarioRun, lang: str) -> None:
    """End a scenario whose steps all ran: pass quietly, or fail or skip with the findings worded.

    Raises:
        HarnessError: the scenario judged nothing, which must never look green.
    """
    if not run.findings:
        raise HarnessError(f"{run.requirement.id} {run.title}: the scenario judged nothing")
    verdict = governing(finding.verdict for finding in run.findings)
    if verdict in (Verdict.PASS, Verdict.ADVISORY, Verdict.NOT_APPLICABLE):
        return
    lines = [worded(one, lang) for one in run.findings if one.verdict == verdict]
    if verdict in (Verdict.FAIL, Verdict.ERROR):
        pytest.fail("\n".join(lines), pytrace=False)
    pytest.skip("\n".join(lines))


def note_harness_fault(run: ScenarioRun, step: str, error: BaseException) -> None:
    """Keep our own fault as an ``error`` finding; its text never carries the exception's values."""
    finding = Finding(
        requirement=run.requirement.id,
        subject=SITE,
        verdict=Verdict.ERROR,
        reason=Reason("scenario.harness-fault", {"step": step, "kind": type(error).__name__}),
        check_version=run.requirement.version,
    )
    run.keep(finding)


class Hooks:
    """The pytest-bdd hooks that turn findings into outcomes; registered for a run."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def pytest_bdd_before_step(self, request: Any, step: Any) -> None:
        """Findings carry the step that made them."""
        request.getfixturevalue("scenario_run").step = step.name

    def pytest_bdd_step_error(self, request: Any, step: Any, exception: BaseException) -> None:
        """A step raised: steps never raise for a device, so the harness broke."""
        note_harness_fault(request.getfixturevalue("scenario_run"), step.name, exception)

    def pytest_bdd_step_func_lookup_error(
        self, request: Any, step: Any, exception: BaseException
    ) -> None:
        """A step that nobody wrote."""
        note_harness_fault(request.getfixturevalue("scenario_run"), step.name, exception)

    def pytest_bdd_after_scenario(self, request: Any) -> None:
        """All steps ran, or one broke: give the scenario its outcome."""
        if isinstance(sys.exception(), KeyboardInterrupt):
            return
        run = request.getfixturevalue("scenario_run")
        if not any(finding.verdict is Verdict.ERROR for finding in run.findings):
            settle_outcome(run, self.lang)
