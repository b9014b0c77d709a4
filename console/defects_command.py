"""``defects``: runs the matrix as acceptances over a strange simulated site, and prints it."""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from assessment.evidence import Attestation
from assessment.recording import Recording
from assessment.store import RunStore
from console.bundled_site import simulated_site
from console.desks import PointDesk, kinds_in_order, log_file, open_desk, simulated_passwords
from console.matrix.cells import GOOD, Cell, Outcome, cells_of, judge
from console.matrix.papers import stage_papers
from console.matrix.staging import (
    StagedPoint,
    camera_plan,
    online_pool,
    scope_of,
    stage_points,
    stage_sites,
    with_points,
)
from console.scenarios import run_scenarios
from console.selection import SelectionError, select
from console.simulated_site import SimulatorsError, running
from messages import text
from simulators.site_plan import Ground
from standard.catalogue import catalogue
from steps.acceptance import SITE, Acceptance
from targets.site import Point, Site

_BAD_INPUT = 4
_TOOL_FAULT = 3
_NETWORK = "127.21"
_SIDE_BY_SIDE = 16


@dataclass
class _Matrix:
    """The matrix while it runs."""

    store: RunStore
    site: Site
    desk: PointDesk
    lang: str
    console: Console

    def acceptance(
        self,
        points: Sequence[Point],
        requirements: frozenset[str],
        *,
        site: Site | None = None,
        scope: Mapping[str, tuple[str, ...]] | None = None,
        attestations: tuple[Attestation, ...] = (),
    ) -> None:
        """Run the scenarios of ``requirements`` over ``points`` as one judgement of the store."""
        self.store.new_judgement("defect matrix")
        run_scenarios(
            Acceptance(
                site=site or self.site,
                catalogue=catalogue(),
                desk=self.desk,
                findings=self.store,
                drawn=tuple(points),
                today=datetime.date.today(),
                scope=scope or {},
                attestations=attestations,
            ),
            requirements,
            self.lang,
            lambda line: self.console.print(line, markup=False),
        )

    def outcome(self, cell: Cell, subject: str) -> Outcome:
        """What became of ``cell`` on ``subject`` in the latest judgement."""
        findings = [
            stored.finding
            for stored in self.store.findings()
            if stored.finding.subject in (subject, SITE)
            and (stored.finding.subject == subject or stored.finding.verdict == "error")
        ]
        return judge(cell, findings)


def run_defect_matrix(
    only: tuple[str, ...], json_file: Path | None, lang: str, console: Console
) -> int:
    """Run the matrix; 0 when everything is caught and clean, 1 otherwise."""
    try:
        selected = select(only)
    except SelectionError as error:
        console.print(error.worded(lang))
        return _BAD_INPUT
    cells = cells_of(catalogue(), selected)
    if not cells:
        console.print(text("matrix.nothing", lang))
        return _BAD_INPUT
    with tempfile.TemporaryDirectory(prefix="tantou-matrix-") as folder:
        try:
            outcomes = _run(cells, Path(folder), lang, console)
        except SimulatorsError as error:
            console.print(text("run.simulators-failed", lang, detail=str(error)), markup=False)
            return _TOOL_FAULT
    print_outcomes(outcomes, lang, console)
    if json_file is not None:
        document = matrix_document(outcomes)
        json_file.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    return 0 if all(one.result in GOOD for one in outcomes) else 1


def _run(cells: list[Cell], folder: Path, lang: str, console: Console) -> list[Outcome]:
    ground = Ground.of_this_machine()
    staged = stage_points(cells, ground)
    sites = [cell for cell in cells if cell.requirement == "5.3-a"]
    pool = online_pool(len(staged), ground) if sites else None
    simulated = tuple(
        replace(one.simulated, camera=camera_plan(one, catalogue()))
        for one in staged
        if not one.virtual
    ) + (pool.simulated() if pool else ())
    site, plan = simulated_site("matrix", simulated, ground, network=_NETWORK)
    points = [one.simulated.point for one in staged] + (
        [*(one.point for one in pool.simulated()), *pool.absent] if pool else []
    )
    site = with_points(site, tuple(points), {})
    passwords = simulated_passwords(
        {one.point.id: one.camera.password for one in simulated}
        | {point.id: "-" for point in (pool.absent if pool else ())}
    )
    outcomes: list[Outcome] = []
    with (
        running(plan, log_file(folder)),
        RunStore.create(folder / "run", {}) as store,
    ):
        for one in staged:
            for recording in one.virtual:
                store.save(recording)
        desk, targets = open_desk(site, store, passwords, intrusive=True, at_once=_SIDE_BY_SIDE)
        with desk:

            def visited(kind: str, name: str, recording: Recording) -> None:
                if recording.problem is not None:
                    problem = recording.problem
                    worded = text(problem.key, lang, **problem.parameters)
                    console.print(f"      {kind} · {name}: {worded}", markup=False)

            point_desk = PointDesk(desk, store, targets, visited)
            point_desk.begin(_kinds(staged, [one.id for one in points]))
            matrix = _Matrix(store, site, point_desk, lang, console)
            outcomes += _judge_points(matrix, staged)
            if pool is not None:
                outcomes += _judge_sites(matrix, [*stage_sites(sites, pool)])
            outcomes += _judge_papers(matrix, cells)
    order = {id(cell): number for number, cell in enumerate(cells)}
    return sorted(outcomes, key=lambda outcome: order[id(outcome.cell)])


def _kinds(staged: list[StagedPoint], points: list[str]) -> dict[str, tuple[str, ...]]:
    """The visits that each point will need: its cells' or, in the pool, the online watch."""
    of_cells = {
        one.simulated.point.id: kinds_in_order(catalogue()[cell.requirement] for cell in one.cells)
        for one in staged
        if not one.virtual
    }
    virtual = {one.simulated.point.id for one in staged if one.virtual}
    return {point: of_cells.get(point, ("online",)) for point in points if point not in virtual}


def _judge_points(matrix: _Matrix, staged: list[StagedPoint]) -> list[Outcome]:
    requirements = frozenset(cell.requirement for one in staged for cell in one.cells)
    if not requirements:
        return []
    points = [one.simulated.point for one in staged]
    matrix.acceptance(points, requirements, scope=scope_of(staged))
    return [matrix.outcome(cell, one.simulated.point.id) for one in staged for cell in one.cells]


def _judge_sites(matrix: _Matrix, sites: list[Any]) -> list[Outcome]:
    outcomes = []
    for staged in sites:
        site = with_points(matrix.site, staged.points, staged.platform_reports)
        matrix.acceptance(staged.points, frozenset({staged.cell.requirement}), site=site)
        outcomes.append(matrix.outcome(staged.cell, SITE))
    return outcomes


def _judge_papers(matrix: _Matrix, cells: list[Cell]) -> list[Outcome]:
    outcomes = []
    for staged in stage_papers(cells, catalogue(), datetime.date.today()):
        requirements = frozenset(cell.requirement for cell in staged.cells)
        matrix.acceptance((), requirements, attestations=staged.attestations)
        outcomes += [matrix.outcome(cell, SITE) for cell in staged.cells]
    return outcomes


def print_outcomes(outcomes: list[Outcome], lang: str, console: Console) -> None:
    """The matrix by requirement, then everything that is red."""
    console.print()
    for row in summary_of(outcomes)["rows"]:
        console.print(text("matrix.row", lang, **row), markup=False)
    red = [one for one in outcomes if one.result not in GOOD]
    for one in red:
        console.print(
            text(
                "matrix.red",
                lang,
                requirement=one.cell.requirement,
                name=one.cell.name,
                result=text(f"matrix.result.{one.result}", lang),
                expected=f"{one.cell.verdict} {one.cell.reason}".strip(),
                found=f"{one.verdict} {', '.join(one.reasons)}",
            ),
            markup=False,
            style="bold red",
        )
    summary = summary_of(outcomes)
    console.print(text("matrix.total", lang, **{k: v for k, v in summary.items() if k != "rows"}))


def matrix_document(outcomes: list[Outcome]) -> dict[str, Any]:
    """The matrix as JSON: every cell, and the summary that reports carry."""
    return {
        "schema": "tantou-defect-matrix/1",
        "cells": [
            {
                "requirement": one.cell.requirement,
                "name": one.cell.name,
                "kind": one.cell.kind,
                "expected": {"verdict": one.cell.verdict.value, "reason": one.cell.reason},
                "found": {"verdict": one.verdict.value, "reasons": list(one.reasons)},
                "result": one.result,
            }
            for one in outcomes
        ],
        "summary": summary_of(outcomes),
    }


def summary_of(outcomes: list[Outcome]) -> dict[str, Any]:
    """Counts in all and by requirement."""
    rows = []
    for requirement in dict.fromkeys(one.cell.requirement for one in outcomes):
        own = [one for one in outcomes if one.cell.requirement == requirement]
        rows.append({"requirement": requirement, **_counts(own)})
    return {**_counts(outcomes), "rows": rows}


def _counts(outcomes: list[Outcome]) -> dict[str, int]:
    defects = [one for one in outcomes if one.cell.kind == "defect"]
    variants = [one for one in outcomes if one.cell.kind == "variant"]
    return {
        "defects": len(defects),
        "caught": sum(one.result == "caught" for one in defects),
        "wrong": sum(one.result == "wrong-reason" for one in defects),
        "missed": sum(one.result in ("missed", "error") for one in defects),
        "variants": len(variants),
        "clean": sum(one.result == "clean" for one in variants),
        "false_alarms": sum(one.result == "false-alarm" for one in variants),
    }
