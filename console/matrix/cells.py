"""The cells of the matrix, what the catalogue expects of each, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from assessment.finding import Finding
from assessment.verdicts import Verdict, governing
from standard.catalogue import Catalogue, Requirement

Kind = Literal["defect", "variant"]
Result = Literal["caught", "wrong-reason", "missed", "clean", "false-alarm", "undecided", "error"]
#: Anything else is red.
GOOD: tuple[Result, ...] = ("caught", "clean")
_OF_CHECKLISTS = "checklist."


@dataclass(frozen=True)
class Cell:
    """One requirement against one behaviour.

    Attributes:
        requirement: id in the catalogue.
        name: of the defect or variant.
        kind: which of the two.
        stage: where it is switched on: ``camera``, ``wire``, ``evidence``, ``site`` or
            ``platform``.
        verdict, reason: what a defect must come out as.
        may_stay_open: whether an inconclusive verdict on a variant is the honest one.
        visited: whether the requirement is measured as well, which no evidence folder stages.
    """

    requirement: str
    name: str
    kind: Kind
    stage: str = "camera"
    verdict: Verdict = Verdict.PASS
    reason: str = ""
    may_stay_open: bool = False
    visited: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a cell: the verdict and the reasons that governed it.

    ``looks`` is how often it was measured: an inconclusive measurement is repeated once.
    """

    cell: Cell
    result: Result
    verdict: Verdict
    reasons: tuple[str, ...]
    looks: int = 1


def cells_of(catalogue: Catalogue, selected: Iterable[str]) -> list[Cell]:
    """Every cell of the selected requirements that have a scenario."""
    chosen = set(selected)
    cells: list[Cell] = []
    for requirement in catalogue:
        if requirement.id not in chosen or requirement.scenario == "none-yet":
            continue
        for defect in requirement.defects:
            if defect.stage is None or defect.verdict is None or defect.reason is None:
                continue
            cells.append(
                Cell(
                    requirement.id,
                    defect.name,
                    "defect",
                    defect.stage,
                    Verdict(defect.verdict),
                    defect.reason,
                    visited=bool(requirement.visits),
                )
            )
        cells += [
            Cell(
                requirement.id,
                name,
                "variant",
                _stage_of_variant(requirement, name),
                may_stay_open=name in requirement.undecided,
            )
            for name in requirement.variants
        ]
    return cells


def _stage_of_variant(requirement: Requirement, name: str) -> str:
    if of_platforms(requirement):
        return "platform"
    if name.startswith("evidence-"):
        return "evidence"
    return "evidence" if requirement.scenario == "checklist" else "camera"


def of_platforms(requirement: Requirement) -> bool:
    """Whether a requirement is judged on the operator's platform."""
    return any(kind.startswith("platform:") for kind in requirement.visits)


def judge(cell: Cell, findings: Iterable[Finding]) -> Outcome:
    """Compare the findings on a cell's subject with what was expected.

    A defect is caught when the expected verdict was reached for the expected reason and for no
    other; a variant is clean when nothing was held against it.
    """
    relevant = [finding for finding in findings if finding.requirement == cell.requirement]
    of_papers = [one for one in relevant if one.reason.code.startswith(_OF_CHECKLISTS)]
    if cell.stage == "evidence":
        # What is measured beside the papers is on no stage in such a cell.
        own = cell.reason.partition(".")[0] + "."
        of_own = [one for one in relevant if one.reason.code.startswith(own)]
        beside = cell.visited or own == _OF_CHECKLISTS
        relevant = of_own if beside and of_own else relevant
    else:
        relevant = [one for one in relevant if one not in of_papers]
    verdict = governing(finding.verdict for finding in relevant)
    reasons = tuple(
        dict.fromkeys(finding.reason.code for finding in relevant if finding.verdict is verdict)
    )
    return Outcome(cell, _result(cell, verdict, reasons), verdict, reasons)


def _result(cell: Cell, verdict: Verdict, reasons: tuple[str, ...]) -> Result:
    if verdict is Verdict.ERROR:
        return "error"
    if cell.kind == "defect":
        if verdict is not cell.verdict:
            return "missed"
        return "caught" if reasons == (cell.reason,) else "wrong-reason"
    if verdict is Verdict.PASS:
        return "clean"
    if verdict in (Verdict.FAIL, Verdict.ADVISORY):
        return "false-alarm"
    return "clean" if cell.may_stay_open and verdict is Verdict.INCONCLUSIVE else "undecided"
