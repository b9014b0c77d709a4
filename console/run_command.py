"""``run``: an acceptance from the first visit to the sealed report folder."""

from __future__ import annotations

import contextlib
import datetime
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from assessment.contract import REQUIREMENT as CONTRACT
from assessment.contract import contract_of, under_contract
from assessment.evidence import load_evidence
from assessment.reason import Reason
from assessment.recording import TOO_LATE_S, Recording
from assessment.sampling import Draw
from assessment.store import RunStore
from assessment.summary import RequirementSummary, RunSummary
from assessment.waivers import Waiver
from console.bundled_platform import trusting
from console.desks import PointDesk, kinds_in_order, log_file, open_desk
from console.detection import published_detection
from console.matrix.camera_choice import RESTS_ON
from console.matrix.cells import of_platforms
from console.platform_plan import PlatformHostPlan
from console.preparation import (
    BadInputError,
    Preparation,
    RunOptions,
    begin,
    catalogue_of,
    now,
    prepare,
    resume,
)
from console.scenarios import AcceptancePlugin, run_scenarios
from console.simulated_site import Simulators, SimulatorsError, running
from console.summary_table import print_summary
from messages import text
from reports.folder import write_reports
from simulators.site_plan import SitePlan
from standard.catalogue import catalogue
from steps.acceptance import Acceptance, Desk, FindingStore
from targets.site import Site

#: Its limits stand in a text that has to be bought; the bundled site has none filled in.
_NUMBERS_MISSING = ("5.3-b",)
BAD_INPUT = 4
TOOL_FAULT = 3
INTERRUPTED = 130


def run_acceptance(options: RunOptions, lang: str, console: Console) -> int:
    """Run, report, print; the exit code of the process."""
    try:
        store, prepared = _opened(options, lang)
    except BadInputError as error:
        console.print(str(error), markup=False)
        return BAD_INPUT
    with store:
        _greet(options, store, prepared, lang, console)
        try:
            plugin = _measure(options, prepared, store, lang, console)
            summary = finish(store, prepared.waivers, lang)
        except SimulatorsError as error:
            console.print(text("run.simulators-failed", lang, detail=str(error)), markup=False)
            return TOOL_FAULT
        except KeyboardInterrupt:
            console.print(text("run.interrupted", lang, folder=str(store.folder)), markup=False)
            return INTERRUPTED
        print_summary(summary, lang, console)
        console.print(text("run.report", lang, path=str(store.folder / "report.html")))
        code = _exit_code(plugin, summary, lang, console)
    if code != TOOL_FAULT and options.expect_bundled:
        return _bundled_as_expected(summary, options, lang, console)
    return code


def _opened(options: RunOptions, lang: str) -> tuple[RunStore, Preparation]:
    if options.resume is not None:
        return resume(options, lang)
    return begin(options, prepare(options, lang), lang)


def _greet(
    options: RunOptions, store: RunStore, prepared: Preparation, lang: str, console: Console
) -> None:
    folder = str(store.folder)
    if options.resume is None:
        said = text("run.started", lang, site=prepared.site.name, folder=folder)
    else:
        kept = sum(1 for _ in store.recordings())
        store.note_event(Reason("run.resumed", {"kept": kept}))
        said = text("run.resumed", lang, site=prepared.site.name, folder=folder, kept=kept)
    console.print(said, markup=False)


def _measure(
    options: RunOptions, prepared: Preparation, store: RunStore, lang: str, console: Console
) -> AcceptancePlugin:
    with _simulators(prepared, store.folder) as simulators:
        desk, targets = open_desk(
            prepared.site,
            store,
            prepared.passwords,
            intrusive=prepared.intrusive,
            known=options.known,
            simulators=simulators,
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

            point_desk = PointDesk(desk, store, targets, visited)
            acceptance = acceptance_of(prepared.site, store, point_desk, prepared.drawn)
            kinds = kinds_in_order(
                one for one in acceptance.catalogue if one.id in prepared.selected
            )
            point_desk.begin(_kinds_by_point(acceptance, kinds))
            plugin = run_scenarios(
                acceptance,
                prepared.selected,
                lang,
                lambda line: console.print(line, markup=False),
                store.folder / "allure-results",
            )
    store.note_meta("ended", now())
    late = max((one.late_s for one in simulators), default=0.0)
    if late > TOO_LATE_S:
        store.note_event(Reason("run.busy-machine", {"late": late}))
        console.print(text("reason.run.busy-machine", lang, late=late), markup=False)
    return plugin


def _kinds_by_point(acceptance: Acceptance, kinds: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The visits of drawn cameras, and those of platforms, each for the points that they suit."""
    of_platforms = tuple(kind for kind in kinds if kind.startswith("platform:"))
    of_cameras = tuple(kind for kind in kinds if kind not in of_platforms)
    return {point.id: of_cameras for point in acceptance.drawn} | {
        point.id: of_platforms for point in acceptance.site.platforms
    }


def acceptance_of(site: Site, store: FindingStore, desk: Desk, drawn: Draw) -> Acceptance:
    """The acceptance that scenarios belong to; findings go to ``store``."""
    today = datetime.date.today()
    chosen = set(drawn.drawn)
    attestations = load_evidence(site.evidence, catalogue(), today) if site.evidence else ()
    contract = contract_of(catalogue()[CONTRACT], attestations, today)
    return Acceptance(
        site=site,
        catalogue=under_contract(catalogue_of(site), contract),
        desk=desk,
        findings=store,
        drawn=tuple(point for point in site.points if point.id in chosen),
        today=today,
        attestations=attestations,
    )


@contextlib.contextmanager
def _simulators(prepared: Preparation, folder: Path) -> Iterator[list[Simulators]]:
    started: list[Simulators] = []
    with contextlib.ExitStack() as stack:
        # The platform first: simulated cameras register with it as soon as they are there.
        hosted = prepared.hosted if _platform_needed(prepared) else None
        if hosted is not None:
            log = folder / "platforms.log"
            started.append(stack.enter_context(running(hosted, log, "console.platform_host")))
        plan = prepared.plan
        if plan is not None:
            plan = _alone(plan, prepared.hosted) if hosted is None else trusting(plan, hosted)
            started.append(stack.enter_context(running(plan, log_file(folder))))
        yield started


def _alone(plan: SitePlan, hosted: PlatformHostPlan | None) -> SitePlan:
    """The simulated site without the devices that only register on hosted platforms."""
    platforms = hosted.platforms if hosted is not None else ()
    theirs = {camera.device for platform in platforms for camera in platform.cameras}
    return replace(plan, cameras=tuple(one for one in plan.cameras if one.point not in theirs))


def _platform_needed(prepared: Preparation) -> bool:
    return any(of_platforms(catalogue()[one]) for one in prepared.selected)


def finish(store: RunStore, waivers: tuple[Waiver, ...], lang: str) -> RunSummary:
    """Write all reports of the run and seal its folder."""
    reference = next(
        (one.facts["reference"] for one in store.recordings() if one.facts.get("reference")), None
    )
    store.note_meta("reference", reference)
    return write_reports(
        store, catalogue(), lang, datetime.date.today(), waivers, published_detection()
    )


def _exit_code(plugin: AcceptancePlugin, summary: RunSummary, lang: str, console: Console) -> int:
    if plugin.broken or not plugin.ran:
        report_broken(plugin, lang, console)
        return TOOL_FAULT
    return summary.exit_code


def report_broken(plugin: AcceptancePlugin, lang: str, console: Console) -> None:
    """Say what broke in the harness itself."""
    for line in plugin.broken:
        sys.stderr.write(line + "\n")
    console.print(text("run.harness-broken", lang))


def _expected(one: RequirementSummary) -> tuple[str, ...]:
    """The verdicts of a compliant site without papers."""
    on_papers = one.requirement.checklist or one.requirement.id in (*RESTS_ON, *_NUMBERS_MISSING)
    return ("pass", "pending") if on_papers else ("pass",)


def _bundled_as_expected(
    summary: RunSummary, options: RunOptions, lang: str, console: Console
) -> int:
    """The bundled site is compliant: every automatic requirement must pass, none may fail.

    What was left open is measured once more, as on a real site; what was judged stays judged.
    """
    wrong = [
        one
        for one in summary.requirements
        if one.asked
        and (
            (one.requirement.scenario == "automatic" and one.verdict not in _expected(one))
            or one.verdict in ("fail", "error")
        )
    ]
    for one in wrong:
        console.print(f"{one.requirement.id}: {one.verdict} {one.reason}", markup=False)
    if not wrong:
        return 0
    if options.only or any(one.verdict != "inconclusive" for one in wrong):
        return 1
    left_open = tuple(one.requirement.id for one in wrong)
    console.print(text("run.measured-again", lang, requirements=", ".join(left_open)), markup=False)
    return run_acceptance(replace(options, only=left_open), lang, console)
