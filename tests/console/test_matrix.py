"""The matrix judges its cells strictly, and the published table is the catalogue's own."""

from __future__ import annotations

import datetime
import json

import pytest

from assessment.finding import Finding
from assessment.reason import Reason
from assessment.verdicts import Verdict
from console.bundled_site import simulated_point
from console.detection import PUBLISHED
from console.matrix.cells import GOOD, Cell, cells_of, judge
from console.matrix.document import matrix_document
from console.matrix.papers import stage_papers
from console.matrix.platforms import stage_platforms
from console.matrix.staging import (
    online_pool,
    scope_of,
    stage_parts,
    stage_points,
    stage_sites,
    staged_platforms,
)
from simulators.behaviours import registry
from simulators.site_plan import Ground
from standard.catalogue import catalogue

DEFECT = Cell("4.3.1-c2", "20fps", "defect", "camera", Verdict.FAIL, "frame-rate.below-limit")
VARIANT = Cell("4.3.1-c2", "30fps", "variant")
GROUND = Ground(own_addresses=True, standard_ports=True)
EVERY = [requirement.id for requirement in catalogue()]


def finding(verdict: Verdict, reason: str, requirement: str = "4.3.1-c2") -> Finding:
    return Finding(requirement, "point", verdict, Reason(reason))


@pytest.mark.parametrize(
    ("cell", "findings", "result"),
    [
        (DEFECT, [finding(Verdict.FAIL, "frame-rate.below-limit")], "caught"),
        (DEFECT, [finding(Verdict.FAIL, "frame-rate.unsteady")], "wrong-reason"),
        (
            DEFECT,
            [
                finding(Verdict.FAIL, "frame-rate.below-limit"),
                finding(Verdict.FAIL, "frame-rate.unsteady"),
            ],
            "wrong-reason",
        ),
        (DEFECT, [finding(Verdict.PASS, "frame-rate.within-limit")], "missed"),
        (DEFECT, [finding(Verdict.INCONCLUSIVE, "frame-rate.straddles-limit")], "missed"),
        (DEFECT, [finding(Verdict.FAIL, "frame-rate.below-limit", "4.3.1-c1")], "missed"),
        (DEFECT, [], "missed"),
        (DEFECT, [finding(Verdict.ERROR, "scenario.harness-fault")], "error"),
        (VARIANT, [finding(Verdict.PASS, "frame-rate.within-limit")], "clean"),
        (VARIANT, [finding(Verdict.FAIL, "frame-rate.below-limit")], "false-alarm"),
        (VARIANT, [finding(Verdict.ADVISORY, "frame-rate.below-limit")], "false-alarm"),
        (VARIANT, [finding(Verdict.INCONCLUSIVE, "visit.refused")], "undecided"),
        (VARIANT, [], "undecided"),
    ],
)
def test_a_cell_is_judged_strictly(cell: Cell, findings: list[Finding], result: str) -> None:
    outcome = judge(cell, findings)
    assert outcome.result == result
    assert (outcome.result in GOOD) == (result in ("caught", "clean"))


def test_an_open_variant_is_clean_only_where_the_catalogue_says_so() -> None:
    cell = Cell("4.3.1-c2", "static-scene", "variant", may_stay_open=True)
    assert judge(cell, [finding(Verdict.INCONCLUSIVE, "a.b")]).result == "clean"
    assert judge(cell, [finding(Verdict.FAIL, "a.b")]).result == "false-alarm"


def test_every_cell_of_the_catalogue_is_put_on_stage_exactly_once() -> None:
    cells = cells_of(catalogue(), EVERY)
    points = stage_points([cell for cell in cells if cell.requirement != "4.3.3.5-d"], GROUND)
    staged = [id(cell) for one in points for cell in one.cells]
    staged += [id(one.cell) for one in stage_sites(cells, online_pool(500, GROUND))]
    place = simulated_point(0, GROUND, name="anywhere").point
    platforms = {name: one.point for name, one in staged_platforms(cells, GROUND).items()}
    staged += [id(one.cell) for one in stage_parts(cells, platforms, place, "127.20.0.9")]
    staged += [
        id(cell)
        for one in stage_papers(cells, catalogue(), datetime.date(2026, 11, 23))
        for cell in one.cells
    ]
    staged += [id(cell) for cell in cells if cell.requirement == "4.3.3.5-d"]
    staged += [id(cell) for one in stage_platforms(cells, GROUND, "127.21") for cell in one.cells]
    assert sorted(staged) == sorted(id(cell) for cell in cells)


def test_every_staged_behaviour_is_one_the_simulators_declare() -> None:
    import simulators.site  # noqa: F401 - declares the behaviours

    cells = [cell for cell in cells_of(catalogue(), EVERY) if cell.requirement != "4.3.3.5-d"]
    for one in stage_points(cells, GROUND):
        assert set(one.simulated.camera.behaviours) <= registry().keys()


def test_each_defect_stands_alone() -> None:
    cells = [cell for cell in cells_of(catalogue(), EVERY) if cell.requirement != "4.3.3.5-d"]
    points = stage_points(cells, GROUND)
    assert len({one.simulated.camera.address for one in points}) == len(points)
    for one in points:
        assert len(one.simulated.camera.behaviours) <= 1
    scopes = scope_of(points)
    assert all(scopes[one.simulated.point.id] for one in points)


def test_the_published_table_is_of_this_catalogue_and_all_good() -> None:
    document = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    published = {(cell["requirement"], cell["name"], cell["kind"]) for cell in document["cells"]}
    assert published == {
        (cell.requirement, cell.name, cell.kind) for cell in cells_of(catalogue(), EVERY)
    }
    assert {cell["result"] for cell in document["cells"]} <= set(GOOD)
    summary = document["summary"]
    assert (summary["caught"], summary["clean"]) == (summary["defects"], summary["variants"])


def test_the_document_counts_what_it_lists() -> None:
    outcomes = [
        judge(DEFECT, [finding(Verdict.FAIL, "frame-rate.below-limit")]),
        judge(VARIANT, [finding(Verdict.FAIL, "frame-rate.below-limit")]),
    ]
    summary = matrix_document(outcomes)["summary"]
    assert (summary["caught"], summary["clean"], summary["false_alarms"]) == (1, 0, 1)
    assert summary["rows"][0]["requirement"] == "4.3.1-c2"
