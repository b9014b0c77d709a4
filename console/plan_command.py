"""``plan``: what a run will need, before anybody travels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from console.preparation import BadInputError, check_site, drawn_points
from console.route import route
from console.selection import SelectionError, select
from console.sites import SiteError, load_site
from messages import text
from standard.catalogue import Requirement, catalogue
from targets.site import Point, Site
from visits.desk import INTRUSIVE
from visits.events import EVENT_KINDS
from visits.platform.kinds import PLATFORM_INTRUSIVE

#: Seconds that one visit of a kind keeps one camera busy, and whether people at the site notice.
_VISIT_SECONDS = {
    "description": 3,
    "stream:day": 12,
    "stream:night": 14,
    "stream:sub": 5,
    "stream:codec-h264": 5,
    "stream:codec-mjpeg": 5,
    "stream:codec-h265": 5,
    "snapshot": 2,
    "white-light": 12,
    "clock": 25,
    **dict.fromkeys(EVENT_KINDS, 35),
    "alarm-output": 8,
    "power": 100,
    "lens": 45,
    "wide-dynamic": 25,
    "highlight": 25,
    "wire": 12,
    "online": 8,
    "passwords": 15,
    # A device keeps alive and retries once a minute: most of this is waiting for it.
    "gb28181:registration": 420,
    "gb28181:keepalive": 480,
    "gb28181:queries": 15,
    "gb28181:live": 90,
    "gb28181:control": 90,
    "gb28181:records": 120,
    "gb28181:alarm": 30,
    "gb28181:broadcast": 40,
    "gb28181:clock": 130,
    "gb28181:protection": 60,
    "gb28181:platform": 40,
    "platform:wire": 120,
    "platform:live": 60,
    "platform:viewers": 20,
    "platform:playback": 80,
    "platform:download": 40,
    "platform:storage": 120,
    "platform:control": 60,
    "platform:patrol": 90,
    "platform:ramp": 40,
    "platform:clock": 10,
    "platform:pages": 60,
    "platform:browser": 60,
    "platform:browser-playback": 120,
    "platform:docking": 60,
    "platform:management": 60,
    "platform:accounts": 60,
    "platform:rights": 90,
    "platform:regions": 30,
    "platform:crossing": 40,
    "platform:tokens": 90,
    "platform:absence": 20,
}
#: What people at the site notice of a visit, beyond that a setting is changed for a while.
_NOTICED = {
    "white-light": "plan.lamp",
    "passwords": "plan.log-ins",
    "stream:night": "plan.dark",
    "alarm-output": "plan.output",
    "lens": "plan.lens",
    "power": "plan.power",
    "gb28181:control": "plan.control",
    "gb28181:registration": "plan.registration",
    "stream:codec-h264": "plan.settings",
    "stream:codec-mjpeg": "plan.settings",
    "stream:codec-h265": "plan.settings",
}
#: Points of the way that are listed; the printed checklists have all.
_LISTED_STOPS = 60
_SIDE_BY_SIDE = 16


@dataclass(frozen=True)
class Needs:
    """What one requirement asks of the day."""

    requirement: Requirement
    person: bool
    papers: bool
    disturbs: tuple[str, ...]


def needs_of(requirement: Requirement) -> Needs:
    """What ``requirement`` needs beyond the harness itself."""
    papers = any(item.expects == "document" for item in requirement.checklist)
    person = any(item.expects in ("photo", "reading") for item in requirement.checklist)
    disturbs = dict.fromkeys(filter(None, map(disturbance_of, requirement.visits)))
    return Needs(requirement, person, papers, tuple(disturbs))


def disturbance_of(kind: str) -> str:
    """The message key of what a visit disturbs, "" if nothing: whatever is intrusive does."""
    if kind in PLATFORM_INTRUSIVE:
        return "plan.platform"
    return _NOTICED.get(kind, "plan.settings" if kind in INTRUSIVE else "")


def estimated_seconds(requirements: tuple[Requirement, ...], cameras: int) -> int:
    """How long the visits take: each camera once per kind, a bounded number side by side."""
    kinds = {kind for requirement in requirements for kind in requirement.visits}
    per_camera = sum(_VISIT_SECONDS[kind] for kind in kinds)
    return per_camera * math.ceil(cameras / _SIDE_BY_SIDE)


def print_plan(
    cameras: tuple[str, ...],
    site_file: Path | None,
    only: tuple[str, ...],
    lang: str,
    console: Console,
) -> int:
    """Print the plan of a run with these options; the exit code."""
    try:
        requirements = tuple(
            requirement for requirement in catalogue() if requirement.id in select(only)
        )
        site = load_site(cameras, site_file)
        if site is not None:
            check_site(site, lang)
    except (SelectionError, SiteError) as error:
        console.print(error.worded(lang), markup=False)
        return 4
    except BadInputError as error:
        console.print(str(error), markup=False)
        return 4
    automatic = tuple(one for one in requirements if one.scenario == "automatic")
    drawn = drawn_points(site)
    count = len(drawn) if site is not None else 6
    seconds = estimated_seconds(automatic, count)
    console.print(
        text(
            "plan.automatic",
            lang,
            requirements=len(automatic),
            cameras=count,
            minutes=max(1, math.ceil(seconds / 60)),
        )
    )
    _print_notes(site, lang, console)
    _table(requirements, lang, console)
    if site is not None:
        _print_route(site, drawn, lang, console)
    return 0


def _print_route(site: Site, drawn: tuple[Point, ...], lang: str, console: Console) -> None:
    """The points that the sampling plan drew, in the order in which they are best visited."""
    way = route(drawn)
    metres = sum(stop.metres or 0.0 for stop in way)
    words = {"drawn": len(drawn), "lot": len(site.cameras), "kilometres": f"{metres / 1000:.1f}"}
    plan = text(f"plan.sampling-{site.sampling.kind}", lang)
    console.print(text("plan.route", lang, plan=plan, **words))
    for number, stop in enumerate(way[:_LISTED_STOPS], start=1):
        apart = "" if stop.metres is None else text("plan.on", lang, metres=round(stop.metres))
        words = {"number": number, "id": stop.point.id, "name": stop.point.name}
        place = stop.point.location
        console.print(text("plan.stop", lang, place=place, on=apart, **words), markup=False)
    if len(way) > _LISTED_STOPS:
        console.print(text("plan.more-stops", lang, count=len(way) - _LISTED_STOPS))


def _print_notes(site: Site | None, lang: str, console: Console) -> None:
    if site is None:
        console.print(text("plan.bundled", lang))
        return
    if not site.light_box:
        console.print(text("plan.no-light-box", lang))
    if site.power is None:
        console.print(text("plan.no-power", lang))
    if site.wire is None:
        console.print(text("plan.no-wire", lang))
    if not site.time_servers:
        console.print(text("plan.no-time-server", lang))


def _table(requirements: tuple[Requirement, ...], lang: str, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "how", "person", "papers", "disturbs", "wording"):
        table.add_column(text(f"plan.{heading}", lang), overflow="fold")
    mark = {True: "●", False: ""}
    for requirement in requirements:
        needs = needs_of(requirement)
        table.add_row(
            requirement.id,
            text(f"scenario-kind.{requirement.scenario}", lang),
            mark[needs.person],
            mark[needs.papers],
            ", ".join(text(key, lang) for key in needs.disturbs),
            requirement.title(lang),
        )
    console.print(table)
