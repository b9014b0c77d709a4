"""``evidence``: prints checklists, or takes in photographs and documents and writes the records."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import Console

from assessment.reason import Reason
from console.evidence_intake import Intake
from console.evidence_sheets import write_sheets
from console.sites import SiteError, load_site
from messages import text
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError
from targets.site import Point

_BAD_INPUT = 4


def keep_evidence(
    site_file: Path | None,
    folder: Path | None,
    sheets: Path | None,
    who: str,
    lang: str,
    console: Console,
) -> int:
    """Print checklists to ``sheets``, take in ``folder``; 0, or 4 for input that is no use."""
    try:
        site = load_site((), site_file) if site_file else None
    except SiteError as error:
        console.print(error.worded(lang), markup=False)
        return _BAD_INPUT
    points = {point.id: point for point in (site.cameras if site else ())}
    if folder is None and site is not None:
        folder = site.evidence
    if sheets is None and (folder is None or not folder.is_dir()):
        console.print(text("evidence.nothing-to-do", lang))
        return _BAD_INPUT
    try:
        if sheets is not None:
            name = site.name if site else ""
            write_sheets(sheets, name, list(points.values()), catalogue(), lang)
            console.print(text("evidence.sheets-written", lang, path=str(sheets)), markup=False)
            return 0
        assert folder is not None
        written = _intake(folder, points, who, lang, console).run()
    except FaultyFileError as error:
        for fault in error.faults:
            console.print(fault.worded(lang), markup=False)
        return _BAD_INPUT
    except (OSError, click.Abort) as error:
        detail = getattr(error, "strerror", None) or type(error).__name__
        console.print(text("evidence.stopped", lang, detail=detail), markup=False)
        return _BAD_INPUT
    key = "evidence.written" if written else "evidence.nothing-new"
    console.print(text(key, lang, path=str(written or folder)), markup=False)
    return 0


def _intake(
    folder: Path, points: Mapping[str, Point], who: str, lang: str, console: Console
) -> Intake:
    def ask(question: str, offered: str, words: Mapping[str, object]) -> str:
        asked = text(f"evidence.ask-{question}", lang, **words)
        return str(click.prompt(asked, default=offered, show_default=bool(offered)))

    def tell(name: str, remark: Reason) -> None:
        worded = text(remark.key, lang, **remark.parameters)
        console.print(f"{name}: {worded}", markup=False)

    today = datetime.date.today()
    return Intake(folder, catalogue(), points, ask, tell, today, who)
