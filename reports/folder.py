"""Writes every report of a run into its folder, and seals it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assessment.store import RunStore
from assessment.summary import RunSummary
from assessment.waivers import Waiver
from messages import LANGUAGES
from reports.html import html_report
from reports.junit import junit_xml
from reports.manifest import write_manifest, write_whole
from reports.results import results_document, summary_of
from reports.spreadsheet import workbook
from standard.catalogue import Catalogue


def write_reports(
    store: RunStore,
    catalogue: Catalogue,
    lang: str,
    today: datetime.date,
    waivers: tuple[Waiver, ...] = (),
    detection: Mapping[str, Any] | None = None,
) -> RunSummary:
    """Write ``report.html`` (and the other language beside it) and what is for other programs.

    Those are ``results.json``, ``junit.xml`` and ``records.xlsx``.

    All are written whole or none is; the manifest comes last.

    Raises:
        OSError: the disk is full or refuses; the folder holds what it held before.
    """
    summary = summary_of(store, catalogue, today, waivers)
    results = results_document(store, catalogue, summary, detection)
    folder = store.folder

    def fetch(digest: str) -> bytes | None:
        try:
            return store.objects.path(digest).read_bytes()
        except OSError:
            return None

    contents: dict[Path, str | bytes] = {
        folder / "results.json": json.dumps(results, ensure_ascii=False, indent=1) + "\n",
        folder / "junit.xml": junit_xml(results, lang),
        folder / "records.xlsx": workbook(results, lang),
    }
    for other in LANGUAGES:
        name = "report.html" if other == lang else f"report.{other}.html"
        contents[folder / name] = html_report(results, other, fetch)
    write_whole(contents)
    (folder / f"report.{lang}.html").unlink(missing_ok=True)
    store.settle()
    write_manifest(folder)
    return summary
