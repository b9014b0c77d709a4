"""The report that a person opens: one HTML file that needs no network."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from messages import text
from reports.charts import bars_of, interval_chart, online_chart

_TEMPLATES = Path(__file__).parent / "templates"
_BEIJING = timezone(timedelta(hours=8))
#: Pictures larger than this, or beyond the total, are linked to the run folder instead.
_PICTURE_BYTES = 400_000
_TOTAL_BYTES = 12_000_000
_SHOWN_SUBJECTS = 400
_CHARTS = (
    ("frame-rate", "fps", (25.0,)),
    ("clock-offset", "s", (-1.0, 1.0)),
    ("worst-clock-error", "s", (1.0,)),
)

#: Gives the bytes of a piece of evidence by its SHA-256, or ``None`` when they are gone.
Fetch = Callable[[str], bytes | None]


def html_report(
    results: Mapping[str, Any],
    lang: str,
    fetch: Fetch,
    detection: Mapping[str, Any] | None = None,
) -> str:
    """The report in ``lang``; ``detection`` is the table of the defect matrix, if there is one."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    pictures = _Pictures(fetch)
    environment.globals.update(
        t=lambda key, **parameters: text(key, lang, **parameters),
        picture=pictures.source,
        number=_number,
        moment=_moment,
        lang=lang,
    )
    names = {point["id"]: point["name"] for point in results["points"]}
    return environment.get_template("report.html.j2").render(
        results=results,
        names=names,
        groups=_open_groups(results),
        table=_camera_table(results),
        charts=_charts(results, names),
        detection=detection,
        script=Markup((_TEMPLATES / "report.js").read_text(encoding="utf-8")),
        style=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
        counts_json=json.dumps(results["summary"]["counts"]),
    )


class _Pictures:
    """Evidence pictures as data URIs, within bounds."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._left = _TOTAL_BYTES

    def source(self, part: Mapping[str, Any]) -> str:
        """What goes into ``src``: the picture itself, or the path in the run folder."""
        path = f"objects/{part['sha256'][:2]}/{part['sha256']}"
        if part["size"] > min(_PICTURE_BYTES, self._left):
            return path
        content = self._fetch(part["sha256"])
        if content is None:
            return path
        self._left -= len(content)
        return f"data:{part['media_type']};base64,{base64.b64encode(content).decode()}"


def _open_groups(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What has no verdict, by why: shown before anything that has one."""
    order = ("error", "not-tested", "pending", "inconclusive")
    groups = []
    for verdict in order:
        members = [one for one in results["requirements"] if one["verdict"] == verdict]
        if members:
            groups.append({"verdict": verdict, "members": members})
    return groups


def _camera_table(results: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict of each camera under each requirement that was judged camera by camera."""
    precedence = ("fail", "error", "inconclusive", "pending", "not-tested", "advisory", "pass")
    columns = []
    cells: dict[str, dict[str, str]] = {}
    known = {point["id"] for point in results["points"]}
    for requirement in results["requirements"]:
        subjects = {finding["subject"] for finding in requirement["findings"]} & known
        if not subjects:
            continue
        columns.append(requirement["id"])
        for subject in subjects:
            verdicts = {
                finding["verdict"]
                for finding in requirement["findings"]
                if finding["subject"] == subject
            }
            worst = next((one for one in precedence if one in verdicts), "not-applicable")
            cells.setdefault(subject, {})[requirement["id"]] = worst
    rows = [
        {"point": point, "cells": cells[point["id"]]}
        for point in results["points"]
        if point["id"] in cells
    ]
    return {
        "columns": columns,
        "rows": rows[:_SHOWN_SUBJECTS],
        "hidden": len(rows[_SHOWN_SUBJECTS:]),
    }


def _charts(results: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    charts = []
    for quantity, unit, limits in _CHARTS:
        drawn = interval_chart(bars_of(results["requirements"], quantity, names), unit, limits)
        if drawn:
            charts.append({"title": f"quantity.{quantity}", "svg": Markup(drawn)})
    if drawn := online_chart(_online_rows(results, names)):
        charts.append({"title": "quantity.online-rate", "svg": Markup(drawn)})
    return charts


def _online_rows(
    results: Mapping[str, Any], names: Mapping[str, str]
) -> list[tuple[str, list[tuple[float, bool]]]]:
    rows = {}
    for requirement in results["requirements"]:
        for finding in requirement["findings"]:
            for measurement in finding["measurements"]:
                series = measurement["details"].get("line")
                if isinstance(series, list):
                    subject = measurement["subject"]
                    rows[subject] = [(float(at), bool(online)) for at, online in series]
    return [(names.get(subject, subject), polls) for subject, polls in list(rows.items())[:200]]


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.3g}"


def _moment(value: str | None) -> str:
    if not value:
        return ""
    return datetime.fromisoformat(value).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")
