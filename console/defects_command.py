"""``defects``: runs the matrix as acceptances over a strange simulated site, and prints it."""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from assessment.evidence import Attestation
from assessment.recording import Recording
from assessment.store import RunStore
from assessment.verdicts import Verdict
from console.bundled_site import simulated_site
from console.desks import PointDesk, kinds_in_order, log_file, open_desk, simulated_passwords
from console.matrix.cells import GOOD, Cell, Outcome, cells_of, judge
from console.matrix.declared import DECLARATIONS
from console.matrix.document import matrix_document, summary_of
from console.matrix.papers import stage_papers
from console.matrix.picture_quality import filled_profile
from console.matrix.platforms import (
    StagedPlatform,
    log_of,
    platform_passwords,
    platform_site,
    stage_platforms,
)
from console.matrix.staging import (
    OnlinePool,
    StagedPoint,
    StagedSite,
    camera_plan,
    online_pool,
    scope_of,
    stage_parts,
    stage_points,
    stage_sites,
    staged_platforms,
    wired_point,
    with_points,
)
from console.scenarios import run_scenarios
from console.selection import SelectionError, select
from console.simulated_site import Simulators, SimulatorsError, running
from console.stored_desk import StoredDesk
from messages import text
from simulators.site_plan import Ground
from standard.catalogue import catalogue
from steps.acceptance import SITE, Acceptance
from targets.credentials import PasswordSource
from targets.site import Point, Site

_BAD_INPUT = 4
_TOOL_FAULT = 3
#: Cameras and platforms stand on networks of their own: both parts may run at once.
_NETWORK, _PLATFORM_NETWORK = "127.21", "127.23"
_SIDE_BY_SIDE = 16
#: What stands for a visit to a point of which there are only papers is dated so.
_NOBODY_WENT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
#: All hosted platforms code pictures in one process: fewer at once, and none keeps another waiting.
_PLATFORMS_SIDE_BY_SIDE, _PLATFORMS_AGAIN = 4, 2


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
        visits: bool = True,
    ) -> None:
        """Run the scenarios of ``requirements`` over ``points`` as one judgement of the store."""
        self.store.new_judgement("defect matrix")
        run_scenarios(
            Acceptance(
                site=site or self.site,
                catalogue=catalogue(),
                desk=self.desk if visits else StoredDesk(self.store, _NOBODY_WENT),
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
    only: tuple[str, ...],
    json_file: Path | None,
    lang: str,
    console: Console,
    part: str | None = None,
) -> int:
    """Run the matrix; 0 when everything is caught and clean, 1 otherwise.

    ``part``: only the cells of ``platforms``, or all but those (``cameras``).
    """
    try:
        selected = select(only)
    except SelectionError as error:
        console.print(error.worded(lang))
        return _BAD_INPUT
    cells = [
        cell
        for cell in cells_of(catalogue(), selected)
        if part is None or (cell.stage == "platform") == (part == "platforms")
    ]
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
    others = [cell for cell in cells if cell.stage != "platform"]
    outcomes = _run_cameras(others, ground, folder, lang, console) if others else []
    if staged := stage_platforms(cells, ground, _PLATFORM_NETWORK):
        outcomes += _run_platforms(staged, ground, folder, lang, console)
    order = {id(cell): number for number, cell in enumerate(cells)}
    return sorted(outcomes, key=lambda outcome: order[id(outcome.cell)])


def _run_platforms(
    staged: list[StagedPlatform], ground: Ground, folder: Path, lang: str, console: Console
) -> list[Outcome]:
    """The cells of platforms, all of them side by side in one host process."""
    site, plan = platform_site(staged, ground, _PLATFORM_NETWORK)
    passwords = simulated_passwords(platform_passwords(site))
    with running(plan, log_of(folder), "console.platform_host") as host:
        stage = _Stage(site, passwords, lang, console, (host,), _PLATFORMS_SIDE_BY_SIDE)
        with stage.matrix(folder / "platforms") as matrix:
            outcomes = _judge_platforms(matrix, staged)
        unsettled = {id(one.cell) for one in outcomes if _open(one)}
        again = [
            replace(one, cells=cells)
            for one in staged
            if (cells := tuple(cell for cell in one.cells if id(cell) in unsettled))
        ]
        if again:
            quieter = replace(stage, at_once=_PLATFORMS_AGAIN)
            with quieter.matrix(folder / "platforms-again") as matrix:
                second = {id(one.cell): one for one in _judge_platforms(matrix, again)}
            outcomes = [
                replace(second[id(one.cell)], looks=2) if id(one.cell) in second else one
                for one in outcomes
            ]
    return outcomes


def _judge_platforms(matrix: _Matrix, staged: list[StagedPlatform]) -> list[Outcome]:
    """What became of every cell, all platforms side by side."""
    by_point = {one.bundled.point.id: one for one in staged}
    scope = {
        point: tuple(dict.fromkeys(cell.requirement for cell in one.cells))
        for point, one in by_point.items()
    }
    matrix.desk.begin(
        {
            point: kinds_in_order(catalogue()[requirement] for requirement in requirements)
            for point, requirements in scope.items()
        }
    )
    points = [one.bundled.point for one in staged]
    requirements = frozenset(cell.requirement for one in staged for cell in one.cells)
    matrix.acceptance(
        points, requirements, site=replace(matrix.site, points=tuple(points)), scope=scope
    )
    return [matrix.outcome(cell, point) for point, one in by_point.items() for cell in one.cells]


def _open(outcome: Outcome) -> bool:
    """Whether a busy machine may have left a cell open."""
    return outcome.verdict is Verdict.INCONCLUSIVE and outcome.result not in GOOD


def _run_cameras(
    cells: list[Cell], ground: Ground, folder: Path, lang: str, console: Console
) -> list[Outcome]:
    """The cells of cameras, of sites and of papers."""
    staged = stage_points(cells, ground)
    requirements = {cell.requirement for cell in cells}
    pool = online_pool(len(staged), ground) if "5.3-a" in requirements else None
    wired = wired_point(len(staged) + 100, ground) if "4.1-2" in requirements else None
    platforms = staged_platforms(cells, ground)
    simulated = tuple(
        replace(one.simulated, camera=camera_plan(one, catalogue()))
        for one in staged
        if not one.virtual
    )
    simulated += (pool.simulated() if pool else ()) + ((wired,) if wired else ())
    site, plan = simulated_site("matrix", simulated, ground, _NETWORK, tuple(platforms.values()))
    virtual_points = [one.simulated.point for one in staged if one.virtual]
    absent = pool.absent if pool else ()
    site = replace(
        site,
        points=(*site.points, *virtual_points, *absent),
        gb37300_profile=filled_profile(folder),
        declarations=DECLARATIONS,
    )
    passwords = simulated_passwords(
        {one.point.id: one.camera.password for one in simulated}
        | {point.id: "-" for point in absent}
        | {one.point.id: one.platform.password for one in platforms.values()}
    )
    with running(plan, log_file(folder)) as simulators:
        stage = _Stage(site, passwords, lang, console, (simulators,))
        virtual = [recording for one in staged for recording in one.virtual]
        with stage.matrix(folder / "run", virtual) as matrix:
            matrix.desk.begin(_kinds(staged, pool))
            outcomes = _judge_points(matrix, staged)
            if pool is not None:
                outcomes += _judge_sites(matrix, stage_sites(cells, pool))
            parts = stage_parts(
                cells,
                {name: one.point for name, one in platforms.items()},
                wired.point if wired else None,
                plan.platform,
            )
            outcomes += _judge_sites(matrix, parts)
            outcomes += _judge_papers(matrix, cells)
        if unsettled := _unsettled(staged, outcomes):
            with stage.matrix(folder / "again") as matrix:
                matrix.desk.begin(_kinds(unsettled))
                second = {id(one.cell): one for one in _judge_points(matrix, unsettled)}
            outcomes = [
                replace(second[id(one.cell)], looks=2) if id(one.cell) in second else one
                for one in outcomes
            ]
    return outcomes


@dataclass(frozen=True)
class _Stage:
    """What every run over the strange site shares."""

    site: Site
    passwords: PasswordSource
    lang: str
    console: Console
    simulators: Sequence[Simulators]
    at_once: int = _SIDE_BY_SIDE

    @contextmanager
    def matrix(self, folder: Path, kept: Sequence[Recording] = ()) -> Iterator[_Matrix]:
        """A store of its own with ``kept`` in it, and a desk that fills it."""
        with RunStore.create(folder, {}) as store:
            for recording in kept:
                store.save(recording)
            desk, targets = open_desk(
                self.site,
                store,
                self.passwords,
                intrusive=True,
                at_once=self.at_once,
                simulators=self.simulators,
            )
            with desk:
                point_desk = PointDesk(desk, store, targets, self._visited)
                yield _Matrix(store, self.site, point_desk, self.lang, self.console)

    def _visited(self, kind: str, name: str, recording: Recording) -> None:
        if recording.problem is not None:
            problem = recording.problem
            worded = text(problem.key, self.lang, **problem.parameters)
            self.console.print(f"      {kind} · {name}: {worded}", markup=False)


def _unsettled(staged: list[StagedPoint], outcomes: list[Outcome]) -> list[StagedPoint]:
    """Points whose cells a busy machine may have left open: they are measured once more.

    As on a real site, where an inconclusive measurement is repeated. What was judged either way
    stays judged.
    """
    open_cells = {id(one.cell) for one in outcomes if _open(one)}
    chosen = []
    for one in staged:
        cells = tuple(cell for cell in one.cells if id(cell) in open_cells)
        if cells and not one.virtual:
            chosen.append(replace(one, cells=cells))
    return chosen


def _kinds(staged: list[StagedPoint], pool: OnlinePool | None = None) -> dict[str, tuple[str, ...]]:
    """The visits that each point will need: its cells' or, in the pool, the online watch."""
    of_cells = {
        one.simulated.point.id: kinds_in_order(catalogue()[cell.requirement] for cell in one.cells)
        for one in staged
        if not one.virtual
    }
    if pool is None:
        return of_cells
    watched = (*(one.point for one in pool.simulated()), *pool.absent)
    return of_cells | {point.id: ("online",) for point in watched}


def _judge_points(matrix: _Matrix, staged: list[StagedPoint]) -> list[Outcome]:
    scope = scope_of(staged)
    requirements = frozenset(name for names in scope.values() for name in names)
    if not requirements:
        return []
    points = [one.simulated.point for one in staged]
    matrix.acceptance(points, requirements, scope=scope)
    return [matrix.outcome(cell, one.simulated.point.id) for one in staged for cell in one.cells]


def _judge_sites(matrix: _Matrix, sites: list[StagedSite]) -> list[Outcome]:
    outcomes = []
    for staged in sites:
        site = with_points(matrix.site, staged)
        matrix.acceptance(staged.points, frozenset({staged.cell.requirement}), site=site)
        subject = SITE if staged.cell.requirement == "5.3-a" else staged.points[0].id
        outcomes.append(matrix.outcome(staged.cell, subject))
    return outcomes


def _judge_papers(matrix: _Matrix, cells: list[Cell]) -> list[Outcome]:
    outcomes = []
    for staged in stage_papers(cells, catalogue(), datetime.date.today()):
        requirements = frozenset(cell.requirement for cell in staged.cells)
        site = replace(matrix.site, points=staged.points)
        matrix.acceptance(
            staged.points, requirements, site=site, attestations=staged.attestations, visits=False
        )
        outcomes += [matrix.outcome(cell, staged.subject) for cell in staged.cells]
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
