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
from reports.manifest import write_manifest
from reports.results import results_document, summary_of
from standard.catalogue import Catalogue


def write_reports(
    store: RunStore,
    catalogue: Catalogue,
    lang: str,
    today: datetime.date,
    waivers: tuple[Waiver, ...] = (),
    detection: Mapping[str, Any] | None = None,
) -> RunSummary:
    """Write ``report.html`` (and the other language beside it), ``results.json``, ``junit.xml``.

    Each file is written whole or not at all; the manifest comes last.
    """
    summary = summary_of(store, catalogue, today, waivers)
    results = results_document(store, catalogue, summary, detection)
    folder = store.folder

    def fetch(digest: str) -> bytes | None:
        try:
            return store.objects.path(digest).read_bytes()
        except OSError:
            return None

    _write(folder / "results.json", json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    for other in LANGUAGES:
        name = "report.html" if other == lang else f"report.{other}.html"
        _write(folder / name, html_report(results, other, fetch))
    (folder / f"report.{lang}.html").unlink(missing_ok=True)
    _write(folder / "junit.xml", junit_xml(results, lang).decode("utf-8"))
    store.settle()
    write_manifest(folder)
    return summary


def _write(path: Path, content: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(path)
