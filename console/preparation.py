"""Everything that a run needs before its first visit: validated whole, or refused in words."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assessment.contract import REQUIREMENT as CONTRACT
from assessment.contract import contract_of
from assessment.declaration import read_declarations
from assessment.evidence import load_evidence
from assessment.sampling import Draw, draw
from assessment.store import RunStore, RunStoreError
from assessment.waivers import Waiver, load_waivers
from console.bundled_platform import host_plan, platform_with_devices
from console.bundled_site import (
    BUNDLED_DECLARATION,
    bundled_points,
    free_network,
    simulated_platform,
    simulated_site,
)
from console.desks import simulated_passwords
from console.platform_plan import PASSWORD, PlatformHostPlan
from console.selection import SelectionError, select
from console.sites import SiteError, load_site
from console.stored_run import day_of, keep_papers, plan_document, plan_of, site_document, site_of
from console.version import VERSION
from messages import text
from reports.results import draw_of
from simulators.site_plan import Ground, SitePlan
from standard.catalogue import Catalogue, catalogue
from standard.located_yaml import FaultyFileError
from standard.quality_profile import load_profile
from targets.camera import CameraOptions
from targets.credentials import PasswordSource
from targets.errors import TargetError
from targets.gb28181.record import DeviceRecord
from targets.site import Gb28181Listen, Point, Site
from visits.wire import check_capture_file

_SEED = 20_260_101


class BadInputError(Exception):
    """The user's input cannot be used; the text is in the user's language."""


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
    listen: Gb28181Listen | None = None
    known: Mapping[str, DeviceRecord] = field(default_factory=dict)
    declarations: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Preparation:
    """Everything that is known before the first visit, all of it validated.

    Attributes:
        site: as declared, papers included.
        plan: of the simulated site, ``None`` for real equipment.
        hosted: of the simulated site's reference platform, ``None`` where there is none.
        selected: ids of the requirements that are asked for.
        passwords: where the passwords of the devices come from.
        waivers: of the site.
        drawn: the sample.
        intrusive: whether settings of a device may be changed for a while.
    """

    site: Site
    plan: SitePlan | None
    selected: frozenset[str]
    passwords: PasswordSource
    waivers: tuple[Waiver, ...]
    drawn: Draw
    intrusive: bool
    hosted: PlatformHostPlan | None = None


def prepare(options: RunOptions, lang: str) -> Preparation:
    """Validate everything that the user gave for a new run.

    Raises:
        BadInputError: with every mistake, worded.
    """
    try:
        selected = select(options.only)
        site = load_site(options.cameras, options.site)
    except (SelectionError, SiteError) as error:
        raise BadInputError(error.worded(lang)) from error
    plan, hosted = None, None
    if site is None:
        ground = Ground.of_this_machine()
        network = free_network(ground)
        points = bundled_points(ground, network)
        platforms = (simulated_platform(0, ground, network=network),)
        name = text("run.bundled-site", lang)
        site, plan = simulated_site(name, points, ground, network, platforms)
        site = replace(site, declarations=read_declarations([BUNDLED_DECLARATION]))
        operated, devices = platform_with_devices(
            ground, name=text("run.bundled-platform", lang), network=network
        )
        plan = replace(plan, cameras=(*plan.cameras, *devices))
        site = replace(site, points=(*site.points, operated.point))
        hosted = host_plan((operated,), ground, network)
    try:
        declarations = read_declarations(options.declarations, site.declarations)
    except FaultyFileError as error:
        raise BadInputError("\n".join(one.worded(lang) for one in error.faults)) from error
    site = replace(site, declarations=declarations)
    if options.listen is not None:
        site = replace(site, gb28181=options.listen)
    waivers = check_site(site, lang)
    site = with_contract(site)
    drawn = sample_of(site)
    intrusive = options.intrusive or site.simulated
    passwords = passwords_of(plan, hosted)
    return Preparation(site, plan, selected, passwords, waivers, drawn, intrusive, hosted)


def sample_of(site: Site) -> Draw:
    """The sample that a run of this site looks at; the same in every run, and in its plan."""
    return draw(site.sampling, [point.id for point in site.cameras], _SEED)


def drawn_points(site: Site | None) -> tuple[Point, ...]:
    """The cameras that a run of this site will look at, in the order of the inventory."""
    if site is None or not site.cameras:
        return ()
    chosen = set(sample_of(site).drawn)
    return tuple(point for point in site.cameras if point.id in chosen)


def begin(
    options: RunOptions, prepared: Preparation, lang: str, *, command: str = "run"
) -> tuple[RunStore, Preparation]:
    """A new run's store, and the preparation with the papers that the run keeps.

    Raises:
        BadInputError: the folder cannot be written, worded.
    """
    folder = new_folder(options.out)
    try:
        notes = run_notes(prepared) | {"arguments": target_arguments(options)}
        notes["command"] = command
        store = RunStore.create(folder, notes)
    except RunStoreError as error:
        raise BadInputError(text(error.key, lang, **error.parameters)) from error
    try:
        site = keep_papers(prepared.site, folder)
        store.note_meta("declaration", site_document(site, folder))
    except OSError as error:
        store.close()
        raise BadInputError(
            text("run-store.unwritable", lang, folder=str(folder), detail=str(error))
        ) from error
    return store, replace(prepared, site=site)


def new_folder(out: Path) -> Path:
    """A folder in ``out`` that is not there yet, named after the moment."""
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    folder, number = out / stamp, 1
    while folder.exists():
        number += 1
        folder = out / f"{stamp}-{number}"
    return folder


def resume(options: RunOptions, lang: str, *, command: str = "run") -> tuple[RunStore, Preparation]:
    """The store of an interrupted run and what it was prepared with, from the store alone.

    ``command`` is the one that goes on with it: it must be the one that began it.

    Raises:
        BadInputError: it cannot be gone on with, worded.
    """
    assert options.resume is not None
    given = (options.cameras, options.site, options.only, options.intrusive, options.declarations)
    if any(given):
        raise BadInputError(text("cli.resume-alone", lang))
    store = open_run(options.resume, lang)
    try:
        began = store.meta.get("command", "run")
        if began != command:
            folder = str(store.folder)
            raise BadInputError(text("cli.resume-other", lang, folder=folder, command=began))
        return store, stored_preparation(store, lang)
    except BadInputError:
        store.close()
        raise


def open_run(folder: Path, lang: str) -> RunStore:
    """The run in ``folder``.

    Raises:
        BadInputError: there is none that can be read, worded.
    """
    try:
        return RunStore.open(folder)
    except RunStoreError as error:
        raise BadInputError(text(error.key, lang, **error.parameters)) from error


def stored_preparation(store: RunStore, lang: str, *, visits: bool = True) -> Preparation:
    """What the run in ``store`` was prepared with; ``visits`` says whether it will visit again.

    Raises:
        BadInputError: its notes are damaged, or its papers are, worded.
    """
    meta = store.meta
    try:
        site = site_of(meta["declaration"], store.folder)
        plan = plan_of(meta["simulators"]) if meta.get("simulators") else None
        stored = meta.get("hosted") if visits else None  # to judge again nothing is hosted
        hosted = PlatformHostPlan.from_document(stored) if stored else None
        day_of(meta)
        drawn = draw_of(meta)
        selected = frozenset(meta["asked"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(store, lang, type(error).__name__) from error
    if drawn is None:
        raise _damaged(store, lang, "draw")
    waivers = check_site(site, lang, visits=visits)
    intrusive = bool(meta.get("intrusive"))
    passwords = passwords_of(plan, hosted)
    return Preparation(site, plan, selected, passwords, waivers, drawn, intrusive, hosted)


def _damaged(store: RunStore, lang: str, detail: str) -> BadInputError:
    return BadInputError(text("run-store.damaged", lang, folder=str(store.folder), detail=detail))


def passwords_of(plan: SitePlan | None, hosted: PlatformHostPlan | None = None) -> PasswordSource:
    """Where the passwords come from: of this process, or of the simulated devices themselves."""
    if plan is None:
        return PasswordSource.of_this_process()
    words = {one.point: one.password for one in plan.cameras}
    words |= {one.point: one.password for one in plan.platforms}
    words |= {one.point: PASSWORD for one in (hosted.platforms if hosted else ())}
    return simulated_passwords(words)


def with_contract(site: Site) -> Site:
    """The site whose platform keeps pictures for as long as the contract says, if longer."""
    if site.evidence is None or not site.platforms:
        return site
    today = datetime.date.today()
    records = load_evidence(site.evidence, catalogue(), today)
    days = int(contract_of(catalogue()[CONTRACT], records, today).storage_days or 0)
    return replace(site, points=tuple(_kept_for(point, days) for point in site.points))


def _kept_for(point: Point, days: int) -> Point:
    if point.platform is None or point.platform.retention_days >= days:
        return point
    return replace(point, platform=replace(point.platform, retention_days=days))


def catalogue_of(site: Site) -> Catalogue:
    """The catalogue with the readings that the site chose."""
    return catalogue().with_readings(site.rulings)


def check_site(site: Site, lang: str, *, visits: bool = True) -> tuple[Waiver, ...]:
    """Look at everything that the site refers to (for ``visits``, or for judging); its waivers.

    Raises:
        BadInputError: with every mistake, worded.
    """
    wrong = [*_wrong_rulings(site, lang), *_wrong_exclusions(site, lang)]
    wrong += _wrong_files(site, lang) if visits else ()
    waivers: tuple[Waiver, ...] = ()
    try:
        waivers = load_waivers(site.waivers, catalogue()) if site.waivers else ()
    except FaultyFileError as error:
        wrong += [fault.worded(lang) for fault in error.faults]
    for profile in (site.picture_profile, site.gb37300_profile):
        try:
            if profile is not None:
                load_profile(profile)
        except FaultyFileError as error:
            wrong += [fault.worded(lang) for fault in error.faults]
    try:
        if site.evidence is not None:
            load_evidence(site.evidence, catalogue(), datetime.date.today())
    except FaultyFileError as error:
        wrong += [fault.worded(lang) for fault in error.faults]
    if wrong:
        raise BadInputError("\n".join(wrong))
    return waivers


def _wrong_rulings(site: Site, lang: str) -> Iterator[str]:
    known = catalogue().rulings
    for identifier, reading in site.rulings.items():
        if identifier not in known:
            yield text("site.unknown-ruling", lang, found=identifier, choices=", ".join(known))
        elif reading not in known[identifier].choices:
            choices = ", ".join(known[identifier].choices)
            yield text(
                "site.unknown-reading", lang, ruling=identifier, found=reading, choices=choices
            )


def _wrong_exclusions(site: Site, lang: str) -> Iterator[str]:
    for exclusion in site.exclusions:
        if exclusion.requirement not in catalogue():
            yield text("site.unknown-requirement", lang, found=exclusion.requirement)


def _wrong_files(site: Site, lang: str) -> Iterator[str]:
    for path in site.wire.files if site.wire else ():
        try:
            check_capture_file(path)
        except ValueError as error:
            yield text("site.unreadable-capture", lang, detail=str(error))
    try:
        CameraOptions(ca_file=site.certificate_authority).tls_context()
    except TargetError as error:
        yield text(error.key, lang, **error.parameters)


def run_notes(prepared: Preparation) -> dict[str, Any]:
    """What the run store keeps about the run as a whole; never a secret."""
    site = prepared.site
    return {
        "site": site.name,
        "simulated": site.simulated,
        "started": now(),
        "version": VERSION,
        "asked": sorted(prepared.selected),
        "intrusive": prepared.intrusive,
        "draw": prepared.drawn.document(),
        "exclusions": {one.requirement: one.reason for one in site.exclusions},
        "rulings": dict(site.rulings),
        "points": [point_document(point) for point in site.points],
        "simulators": None if prepared.plan is None else plan_document(prepared.plan),
        "hosted": None if prepared.hosted is None else prepared.hosted.document(),
    }


def target_arguments(options: RunOptions) -> list[str]:
    """What names the equipment on a command line, so that the report can say how to repeat it."""
    words = [word for camera in options.cameras for word in ("--camera", camera)]
    if options.site is not None:
        words += ["--site", str(options.site)]
    words += [word for path in options.declarations for word in ("--declaration", str(path))]
    if options.intrusive:
        words.append("--intrusive")
    return words


def point_document(point: Point) -> Mapping[str, Any]:
    """A point as the report shows it."""
    return {
        "id": point.id,
        "name": point.name,
        "location": point.location,
        "scene": point.scene,
        "indoor": point.indoor,
    }


def now() -> str:
    """This moment as the run's notes have it."""
    return datetime.datetime.now(datetime.UTC).isoformat()
