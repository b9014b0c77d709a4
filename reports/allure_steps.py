"""What allure-pytest leaves out of a scenario: its title, its Gherkin steps, its findings.

allure-pytest knows tests only, and allure-pytest-bdd cannot be installed beside it; both speak
through the hooks of ``allure_commons``, which do nothing while no ``--alluredir`` is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import uuid4

import allure
import pytest
from allure_commons import plugin_manager

from assessment.finding import Finding
from assessment.verdicts import Verdict, governing
from messages import text
from reports.plain import plain
from standard.catalogue import Requirement

#: More findings of one step are counted, not listed; results.json has them all.
_MOST_FINDINGS = 100
_MOST_PICTURES = 10
_PICTURES = {
    "image/jpeg": allure.attachment_type.JPG,
    "image/png": allure.attachment_type.PNG,
}
#: allure is typed in parts only.
_TEST: Any = allure.dynamic
_QUIET = (Verdict.PASS, Verdict.ADVISORY, Verdict.NOT_APPLICABLE)


class Run(Protocol):
    """A scenario while it runs."""

    @property
    def requirement(self) -> Requirement:
        """What it judges."""

    @property
    def points(self) -> Sequence[Any]:
        """The cameras that it asks, each with ``id`` and ``name``."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What its steps found so far."""


class AllureSteps:
    """The pytest-bdd hooks that tell allure of steps; ``run_of`` gives a request's scenario."""

    def __init__(self, lang: str, run_of: Callable[[Any], Run]) -> None:
        self.lang = lang
        self._run_of = run_of
        self._step: str | None = None
        self._told = 0
        self._pictures = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_bdd_before_scenario(self, request: Any, feature: Any, scenario: Any) -> None:
        """Name the test as the feature does."""
        self._step, self._told, self._pictures = None, 0, 0
        requirement = self._run_of(request).requirement
        _TEST.title(scenario.name)
        _TEST.description((feature.description or "").strip())
        _TEST.parent_suite(requirement.chapter)
        _TEST.suite(feature.name)
        _TEST.feature(feature.name)
        _TEST.story(scenario.name)
        _TEST.label("requirement", requirement.id)

    def pytest_bdd_before_step(self, step: Any) -> None:
        """Open the step."""
        self._step = self._open(f"{step.keyword} {step.name}")

    @pytest.hookimpl(trylast=True)
    def pytest_bdd_after_step(self, request: Any) -> None:
        """Close the step with what it found."""
        run = self._run_of(request)
        names = {point.id: str(point.name) for point in run.points}
        findings = run.findings[self._told :]
        self._told += len(findings)
        for finding in findings[:_MOST_FINDINGS]:
            self._tell(finding, names.get(finding.subject, finding.subject))
        if (hidden := len(findings) - _MOST_FINDINGS) > 0:
            title = text("report.hidden-findings", self.lang, count=hidden)
            self._close(self._open(title), None)
        self._close(self._step, _outcome([one.verdict for one in findings], ""))
        self._step = None

    @pytest.hookimpl(trylast=True)
    def pytest_bdd_step_error(self, exception: BaseException) -> None:
        """Close a step that broke; only the kind of the fault is told, never its values."""
        self._close(self._step, RuntimeError(type(exception).__name__))
        self._step = None

    def pytest_bdd_step_func_lookup_error(self, step: Any, exception: BaseException) -> None:
        """A step that nobody wrote was never opened."""
        opened = self._open(f"{step.keyword} {step.name}")
        self._close(opened, RuntimeError(type(exception).__name__))

    def _tell(self, finding: Finding, subject: str) -> None:
        verdict = text(f"verdict.{finding.verdict}", self.lang)
        reason = plain(text(finding.reason.key, self.lang, **finding.reason.parameters))
        opened = self._open(f"{plain(subject)}: {verdict} - {reason}")
        if finding.verdict not in _QUIET:
            self._attach_pictures(finding)
        self._close(opened, _outcome([finding.verdict], reason))

    def _attach_pictures(self, finding: Finding) -> None:
        for measurement in finding.measurements:
            for name, part in measurement.evidence.items():
                if part.media_type in _PICTURES and self._pictures < _MOST_PICTURES:
                    self._pictures += 1
                    allure.attach(part.read(), plain(name), _PICTURES[part.media_type])

    def _open(self, title: str) -> str:
        uuid = str(uuid4())
        plugin_manager.hook.start_step(uuid=uuid, title=plain(title), params={})
        return uuid

    def _close(self, uuid: str | None, outcome: BaseException | None) -> None:
        if uuid is not None:
            kind = None if outcome is None else type(outcome)
            plugin_manager.hook.stop_step(uuid=uuid, exc_type=kind, exc_val=outcome, exc_tb=None)


def _outcome(verdicts: Sequence[Verdict], message: str) -> BaseException | None:
    """What allure takes for failed, broken and skipped; ``None`` for passed."""
    verdict = governing(verdicts) if verdicts else Verdict.PASS
    if verdict in _QUIET:
        return None
    if verdict is Verdict.FAIL:
        return pytest.fail.Exception(message or verdict.value, pytrace=False)
    if verdict is Verdict.ERROR:
        return RuntimeError(message or verdict.value)
    return pytest.skip.Exception(message or verdict.value)
