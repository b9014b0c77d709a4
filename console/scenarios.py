"""Runs the scenarios of one acceptance through pytest, inside this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assessment.verdicts import governing
from messages import text
from reports.allure_steps import AllureSteps
from steps.acceptance import Acceptance
from steps.outcome import Hooks, requirement_of

ROOT = Path(__file__).resolve().parent.parent


class AcceptancePlugin:
    """What pytest needs to know of the run, and what the terminal wants to know of pytest."""

    def __init__(
        self,
        acceptance: Acceptance,
        selected: frozenset[str],
        say: Callable[[str], None],
        lang: str,
    ) -> None:
        self.acceptance = acceptance
        self.selected = selected
        self.say = say
        self.lang = lang
        self.ran: set[str] = set()
        self.broken: list[str] = []

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the scenarios of the selected requirements, in the catalogue's order."""
        order = {requirement.id: n for n, requirement in enumerate(self.acceptance.catalogue)}
        kept: list[tuple[int, pytest.Item]] = []
        dropped: list[pytest.Item] = []
        for item in items:
            tags = {marker.name for marker in item.iter_markers()}
            identifier = requirement_of(tags, set(order))
            if identifier in self.selected:
                kept.append((order[identifier], item))
            else:
                dropped.append(item)
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for _, item in sorted(kept, key=lambda pair: pair[0])]

    def pytest_bdd_before_scenario(self, request: Any, scenario: Any) -> None:
        """Announce a scenario."""
        run = request.getfixturevalue("scenario_run")
        run.title = scenario.name
        self.say(f"  {run.requirement.id}  {scenario.name} ...")

    @pytest.hookimpl(tryfirst=True)
    def pytest_bdd_after_scenario(self, request: Any) -> None:
        """Announce its verdict, before the outcome hook ends the scenario by an exception."""
        if isinstance(sys.exception(), KeyboardInterrupt):
            return
        run = request.getfixturevalue("scenario_run")
        self.ran.add(run.requirement.id)
        verdict = governing(finding.verdict for finding in run.findings)
        self.say(f"      {text(f'verdict.{verdict}', self.lang)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A feature that cannot be collected is our own fault."""
        if report.failed:
            self.broken.append(str(report.longrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """So is a scenario that cannot be set up or torn down."""
        if report.when != "call" and report.failed:
            self.broken.append(str(report.longrepr))


def run_scenarios(
    acceptance: Acceptance,
    selected: frozenset[str],
    lang: str,
    say: Callable[[str], None],
    allure_folder: Path | None = None,
) -> AcceptancePlugin:
    """Run the scenarios of ``selected`` requirements; findings go to the acceptance's store.

    Raises:
        KeyboardInterrupt: the user interrupted; pytest itself would only note it.
    """
    plugin = AcceptancePlugin(acceptance, selected, say, lang)
    arguments = [
        str(ROOT / "features"),
        f"--rootdir={ROOT}",
        f"--confcutdir={ROOT}",
        "-c",
        str(ROOT / "features" / "pytest.ini"),
        "-p",
        "no:terminal",
    ]
    if allure_folder is not None:
        arguments += ["--alluredir", str(allure_folder)]
    outcome = _main(arguments, plugin, lang)
    if outcome == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if outcome in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        plugin.broken.append(f"pytest: {pytest.ExitCode(outcome).name}")
    return plugin


def _main(arguments: list[str], plugin: AcceptancePlugin, lang: str) -> int:
    class Registering:
        """Registers our plugins under names that the wiring can find."""

        def pytest_configure(self, config: pytest.Config) -> None:
            config.pluginmanager.register(plugin, "tantou-acceptance")
            config.pluginmanager.register(Hooks(lang), "tantou-outcome")
            steps = AllureSteps(lang, lambda request: request.getfixturevalue("scenario_run"))
            config.pluginmanager.register(steps, "tantou-allure-steps")

    return int(pytest.main(arguments, plugins=[Registering()]))
