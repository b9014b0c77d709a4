"""``run``: an acceptance from the first visit to the sealed report folder."""

from __future__ import annotations

import contextlib
import datetime
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from assessment.evidence import load_evidence
from assessment.recording import Recording
from assessment.sampling import Draw, draw
from assessment.store import RunStore, RunStoreError
from assessment.summary import RunSummary
from assessment.waivers import Waiver, load_waivers
from console.bundled_site import bundled_points, simulated_site
from console.desks import PointDesk, log_file, open_desk, simulated_passwords
from console.detection import published_detection
from console.scenarios import AcceptancePlugin, run_scenarios
from console.selection import SelectionError, select
from console.simulated_site import SimulatorsError, running
from console.sites import SiteError, load_site
from console.summary_table import print_summary
from console.version import VERSION
from messages import text
from reports.folder import write_reports
from simulators.site_plan import Ground, SitePlan
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError
from steps.acceptance import Acceptance
from targets.credentials import PasswordSource
from targets.site import Point, Site

BAD_INPUT = 4
TOOL_FAULT = 3
_SEED = 20_260_101


@dataclass(frozen=True)
class RunOptions:
    """What the user asked for; see the help of ``run``."""

    cameras: tuple[str, ...] = ()
    site: Path | None = None
    only: tuple[str, ...] = ()
    intrusive: bool = False
    resume: Path | None = None
    out: Path = Path("runs")
    expect_bundled: bool = False


@dataclass(frozen=True)
class Preparation:
    """Everything that is known before the first visit, all of it validated."""

    site: Site
    plan: SitePlan | None
    selected: frozenset[str]
    passwords: PasswordSource
    waivers: tuple[Waiver, ...]
    drawn: Draw
    intrusive: bool


class BadInputError(Exception):
    """The user's input cannot be used; the text is in the user's language."""


def run_acceptance(options: RunOptions, lang: str, console: Console) -> int:
    """Run, report, print; the exit code of the process."""
    try:
        prepared = prepare(options, lang)
        store = _open_store(options, prepared)
    except BadInputError as error:
        console.print(str(error), markup=False)
        return BAD_INPUT
    with store:
        console.print(text("run.started", lang, site=prepared.site.name, folder=str(store.folder)))
        try:
            plugin = _measure(prepared, store, lang, console)
        except SimulatorsError as error:
            console.print(text("run.simulators-failed", lang, detail=str(error)), markup=False)
            return TOOL_FAULT
        except KeyboardInterrupt:
            console.print(text("run.interrupted", lang, folder=str(store.folder)))
            return 130
        summary = finish(store, prepared.waivers, lang)
        print_summary(summary, lang, console)
        console.print(text("run.report", lang, path=str(store.folder / "report.html")))
        return _exit_code(plugin, summary, options, lang, console)


def prepare(options: RunOptions, lang: str) -> Preparation:
    """Validate everything that the user gave.

    Raises:
        BadInputError: with every mistake, worded.
    """
    try:
        selected = select(options.only)
        site = load_site(options.cameras, options.site)
    except (SelectionError, SiteError) as error:
        raise BadInputError(error.worded(lang)) from error
    plan = None
    passwords = PasswordSource.of_this_process()
    if site is None:
        ground = Ground.of_this_machine()
        points = bundled_points(ground)
        site, plan = simulated_site(text("run.bundled-site", lang), points, ground)
        passwords = simulated_passwords({one.point.id: one.camera.password for one in points})
    try:
        waivers = load_waivers(site.waivers, catalogue()) if site.waivers else ()
        if site.evidence is not None:
            load_evidence(site.evidence, catalogue(), datetime.date.today())
    except FaultyFileError as error:
        raise BadInputError("\n".join(fault.worded(lang) for fault in error.faults)) from error
    drawn = draw(site.sampling, [point.id for point in site.points], _SEED)
    intrusive = options.intrusive or site.simulated
    return Preparation(site, plan, selected, passwords, waivers, drawn, intrusive)


def _open_store(options: RunOptions, prepared: Preparation) -> RunStore:
    try:
        if options.resume is not None:
            return RunStore.open(options.resume)
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        folder = options.out / stamp
        number = 1
        while folder.exists():
            number += 1
            folder = options.out / f"{stamp}-{number}"
        return RunStore.create(folder, run_notes(prepared))
    except RunStoreError as error:
        lang = "en"
        raise BadInputError(text(error.key, lang, **error.parameters)) from error


def run_notes(prepared: Preparation) -> dict[str, Any]:
    """What the run store keeps about the run as a whole; never a secret."""
    site = prepared.site
    return {
        "site": site.name,
        "simulated": site.simulated,
        "started": _now(),
        "version": VERSION,
        "asked": sorted(prepared.selected),
        "draw": prepared.drawn.document(),
        "exclusions": {one.requirement: one.reason for one in site.exclusions},
        "rulings": dict(site.rulings),
        "declaration": site_document(site),
        "points": [point_document(point) for point in site.points],
    }


def point_document(point: Point) -> dict[str, Any]:
    """A point as the report shows it."""
    return {
        "id": point.id,
        "name": point.name,
        "location": point.location,
        "scene": point.scene,
        "indoor": point.indoor,
    }


def site_document(site: Site) -> dict[str, Any]:
    """The declared site as JSON, so that an old run can be judged again without its files."""
    document = asdict(site)
    for name in ("evidence", "waivers", "certificate_authority"):
        document[name] = None if document[name] is None else str(document[name])
    for point in document["points"]:
        if point["certificate"] and point["certificate"]["file"]:
            point["certificate"]["file"] = str(point["certificate"]["file"])
    if document["wire"]:
        document["wire"]["files"] = [str(path) for path in document["wire"]["files"]]
    return document


def _measure(
    prepared: Preparation, store: RunStore, lang: str, console: Console
) -> AcceptancePlugin:
    with _simulators(prepared.plan, store.folder):
        desk, targets = open_desk(
            prepared.site, store, prepared.passwords, intrusive=prepared.intrusive
        )
        with desk:
            for target in targets.values():
                target.secret()  # a person is asked for passwords now, not in the middle of the run

            told: set[str] = set()

            def visited(kind: str, name: str, recording: Recording) -> None:
                if recording.digest in told:
                    return
                told.add(recording.digest)
                outcome = (
                    "✓"
                    if recording.problem is None
                    else text(recording.problem.key, lang, **recording.problem.parameters)
                )
                shown = text(f"visit-kind.{kind}", lang)
                console.print(f"      {shown} · {name} {outcome}", markup=False)

            acceptance = acceptance_of(
                prepared.site, store, PointDesk(desk, store, targets, visited), prepared.drawn
            )
            plugin = run_scenarios(
                acceptance,
                prepared.selected,
                lang,
                lambda line: console.print(line, markup=False),
                store.folder / "allure-results",
            )
    store.note_meta("ended", _now())
    return plugin


def acceptance_of(site: Site, store: RunStore, desk: Any, drawn: Draw) -> Acceptance:
    """The acceptance that scenarios belong to."""
    today = datetime.date.today()
    chosen = set(drawn.drawn)
    return Acceptance(
        site=site,
        catalogue=catalogue(),
        desk=desk,
        findings=store,
        drawn=tuple(point for point in site.points if point.id in chosen),
        today=today,
        attestations=load_evidence(site.evidence, catalogue(), today) if site.evidence else (),
    )


@contextlib.contextmanager
def _simulators(plan: SitePlan | None, folder: Path) -> Iterator[None]:
    if plan is None:
        yield
        return
    with running(plan, log_file(folder)):
        yield


def finish(store: RunStore, waivers: tuple[Waiver, ...], lang: str) -> RunSummary:
    """Write all reports of the run and seal its folder."""
    reference = next(
        (one.facts["reference"] for one in store.recordings() if one.facts.get("reference")), None
    )
    store.note_meta("reference", reference)
    return write_reports(
        store, catalogue(), lang, datetime.date.today(), waivers, published_detection()
    )


def _exit_code(
    plugin: AcceptancePlugin,
    summary: RunSummary,
    options: RunOptions,
    lang: str,
    console: Console,
) -> int:
    if plugin.broken or not plugin.ran:
        for line in plugin.broken:
            sys.stderr.write(line + "\n")
        console.print(text("run.harness-broken", lang))
        return TOOL_FAULT
    if options.expect_bundled:
        return _bundled_as_expected(summary, console)
    return summary.exit_code


def _bundled_as_expected(summary: RunSummary, console: Console) -> int:
    """The bundled site is compliant: every automatic requirement must pass, none may fail."""
    wrong = [
        one
        for one in summary.requirements
        if (one.requirement.scenario == "automatic" and one.verdict != "pass")
        or one.verdict in ("fail", "error")
    ]
    for one in wrong:
        console.print(f"{one.requirement.id}: {one.verdict} {one.reason}", markup=False)
    return 1 if wrong else 0


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()
