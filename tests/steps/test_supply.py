"""A declaration stands in the place of a data sheet; where it is silent the sheet counts."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from assessment.declaration import Declaration
from assessment.evidence import Attestation
from assessment.recording import Part
from assessment.verdicts import Verdict
from steps.acceptance import ScenarioRun
from steps.supply import ac_supply_is_stated, supply_is_stated
from targets.site import Site
from tests.steps.test_acceptance import POINTS, scenario

DAY = datetime.date(2026, 11, 20)


def stated(
    requirement: str, declared: dict[str, bool] | None, paper: str | None = None
) -> ScenarioRun:
    run = scenario(requirement)
    point = replace(POINTS[0], declared={"model": "A"})
    declarations = () if declared is None else (Declaration("a.yaml", ("A",), values=declared),)
    run.acceptance.site = Site("site", (point,), declarations=declarations)
    run.points = (point,)
    if paper is not None:
        item = run.requirement.checklist[0].item
        sheet = Attestation(
            requirement,
            item,
            (),
            who="n",
            when=DAY,
            result=paper,
            model="A",
            file=Part.of(b"sheet", "text/plain"),
            file_name="sheet.txt",
        )
        run.acceptance.attestations = (sheet,)
    (supply_is_stated if requirement == "4.3.1-m1" else ac_supply_is_stated)(run)
    return run


@pytest.mark.parametrize(
    ("requirement", "declared", "paper", "verdict", "code"),
    [
        ("4.3.1-m2", {"supply.ac": True}, None, "pass", "declared-ac.holds"),
        ("4.3.1-m2", {"supply.ac": False}, "conforms", "advisory", "declared-ac.does-not-hold"),
        ("4.3.1-m2", {"supply.poe": True}, None, "pending", "declared-ac.undeclared"),
        ("4.3.1-m2", {"supply.poe": True}, "conforms", "pass", "checklist.conforms"),
        ("4.3.1-m2", None, None, "pending", "checklist.evidence-missing"),
        ("4.3.1-m2", None, "does-not-conform", "advisory", "checklist.does-not-conform"),
        ("4.3.1-m1", {"supply.poe": True}, None, "pending", "declared-supply.incomplete"),
        ("4.3.1-m1", {"supply.poe": True}, "conforms", "pass", "checklist.conforms"),
        ("4.3.1-m1", {"supply.poe": False}, "conforms", "fail", "declared-supply.no-poe"),
    ],
)
def test_what_is_stated_decides(
    requirement: str,
    declared: dict[str, bool] | None,
    paper: str | None,
    verdict: str,
    code: str,
) -> None:
    (finding,) = stated(requirement, declared, paper).findings
    assert (finding.verdict, finding.reason.code) == (Verdict(verdict), code)
    assert finding.subject == POINTS[0].id
