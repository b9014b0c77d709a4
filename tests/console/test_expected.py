"""What guards the reference build: nothing may fail, and what was left open is measured again."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from assessment.reason import Reason
from assessment.summary import RequirementSummary, RunSummary
from assessment.verdicts import Verdict
from console import run_command
from console.preparation import RunOptions
from standard.catalogue import catalogue


def summary(verdicts: dict[str, Verdict]) -> RunSummary:
    """Everything passed, but for ``verdicts``."""
    requirements = tuple(
        RequirementSummary(one, verdicts.get(one.id, Verdict.PASS), Reason("reason.of-the-test"))
        for one in catalogue()
    )
    return RunSummary(requirements, Verdict.PASS, {}, 0, (), (), ())


@pytest.mark.parametrize(
    ("verdicts", "code", "again"),
    [
        ({}, 0, None),
        ({"4.3.1-c1": Verdict.INCONCLUSIVE}, 7, ("4.3.1-c1",)),
        ({"4.3.1-c1": Verdict.INCONCLUSIVE, "4.3.1-c2": Verdict.FAIL}, 1, None),
        ({"4.3.1-c1": Verdict.NOT_TESTED}, 1, None),
        ({"5.1-b": Verdict.PENDING}, 0, None),
        ({"4.3.1-c1": Verdict.PENDING}, 1, None),
    ],
    ids=["green", "open", "open and failed", "not tested", "no papers", "papers in the way"],
)
def test_only_what_was_left_open_is_measured_again(monkeypatch, verdicts, code, again):
    asked = []

    def run_again(options, lang, console):
        asked.append(options.only)
        return 7

    monkeypatch.setattr(run_command, "run_acceptance", run_again)
    said = io.StringIO()
    options = RunOptions(expect_bundled=True)
    told = run_command._bundled_as_expected(summary(verdicts), options, "en", Console(file=said))
    assert told == code
    assert asked == ([again] if again else [])
    assert all(name in said.getvalue() for name in verdicts if code)


def test_what_stays_open_is_not_measured_for_ever(monkeypatch):
    monkeypatch.setattr(run_command, "run_acceptance", lambda *_: pytest.fail("a third time"))
    options = replace(RunOptions(expect_bundled=True), only=("4.3.1-c1",))
    found = summary({"4.3.1-c1": Verdict.INCONCLUSIVE})
    assert run_command._bundled_as_expected(found, options, "en", Console(file=io.StringIO())) == 1
