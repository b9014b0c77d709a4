"""``evidence``: prints checklists, or takes in photographs and documents and writes the records."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import Console

from assessment.evidence import load_evidence
from assessment.reason import Reason
from console.evidence_intake import Intake
from console.evidence_missing import Missing, missing
from console.evidence_sheets import write_sheets
from console.preparation import drawn_points
from console.route import route
from console.sites import SiteError, load_site
from messages import text
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError
from targets.site import Point, Site

_BAD_INPUT = 4
_BEIJING = datetime.timezone(datetime.timedelta(hours=8))
_NAMED_POINTS = 3


def keep_evidence(
    site_file: Path | None,
    folder: Path | None,
    sheets: Path | None,
    who: str,
    lang: str,
    console: Console,
) -> int:
    """Print checklists to ``sheets``, or take in ``folder`` and say what is missing.

    0, or 4 for input that is no use.
    """
    try:
        site = load_site((), site_file) if site_file else None
    except SiteError as error:
        console.print(error.worded(lang), markup=False)
        return _BAD_INPUT
    if folder is None and site is not None:
        folder = site.evidence
    try:
        if sheets is not None:
            write_sheets(
                sheets, site.name if site else "", route(drawn_points(site)), catalogue(), lang
            )
            console.print(text("evidence.sheets-written", lang, path=str(sheets)), markup=False)
            return 0
        if folder is None or not folder.is_dir():
            key = "nothing-to-do" if folder is None else "no-folder"
            console.print(text(f"evidence.{key}", lang, path=str(folder)), markup=False)
            return _BAD_INPUT
        return _take_in(folder, site, who, lang, console)
    except FaultyFileError as error:
        for fault in error.faults:
            console.print(fault.worded(lang), markup=False)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        console.print(text("evidence.stopped", lang, detail=detail), markup=False)
    return _BAD_INPUT


def _take_in(folder: Path, site: Site | None, who: str, lang: str, console: Console) -> int:
    points = {point.id: point for point in (site.cameras if site else ())}
    intake = _intake(folder, points, who, lang, console)
    written = intake.run()
    key = "written" if written else "nothing-new"
    console.print(text(f"evidence.{key}", lang, path=str(written or folder)), markup=False)
    if intake.stopped:
        console.print(text("evidence.not-all", lang), markup=False)
    if site is not None:
        records = load_evidence(folder, catalogue(), intake.today)
        _print_missing(
            [*missing(catalogue(), records, intake.today, drawn_points(site))], lang, console
        )
    return _BAD_INPUT if intake.stopped else 0


def _print_missing(found: list[Missing], lang: str, console: Console) -> None:
    if not found:
        console.print(text("evidence.nothing-missing", lang))
        return
    console.print(text("evidence.missing", lang, count=len(found)))
    for one in found:
        reason = text(one.reason.key, lang, **one.reason.parameters)
        names = ", ".join(point.name for point in one.points[:_NAMED_POINTS])
        if len(one.points) > _NAMED_POINTS:
            names += text("evidence.more-points", lang, count=len(one.points) - _NAMED_POINTS)
        line = f"  {one.requirement.id} {one.item.item}: {reason}"
        console.print(f"{line} [{names}]" if names else line, markup=False)


def _intake(
    folder: Path, points: Mapping[str, Point], who: str, lang: str, console: Console
) -> Intake:
    def ask(question: str, offered: str, words: Mapping[str, object]) -> str:
        asked = text(f"evidence.ask-{question}", lang, **words)
        return str(click.prompt(asked, default=offered, show_default=bool(offered)))

    def word(remark: Reason) -> str:
        return text(remark.key, lang, **remark.parameters)

    def tell(name: str, remark: Reason) -> None:
        console.print(f"{name}: {word(remark)}", markup=False)

    now = datetime.datetime.now(_BEIJING).replace(tzinfo=None)
    return Intake(folder, catalogue(), points, ask, tell, now, who, word)
