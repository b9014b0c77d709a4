"""The report that a person opens: one HTML file that needs no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from messages import text
from reports.charts import MOST_ROWS, bars_of, interval_chart, online_chart
from reports.numbers import shown_number
from reports.plain import plain
from reports.series import series_chart
from reports.views import (
    camera_table,
    chapter_table,
    declared_table,
    online_rows,
    open_groups,
    repeat_command,
    scenario_groups,
    settling,
)

_TEMPLATES = Path(__file__).parent / "templates"
_BEIJING = timezone(timedelta(hours=8))
#: Pictures larger than this, or beyond the total, are linked to the run folder instead.
_PICTURE_BYTES = 400_000
_TOTAL_BYTES = 12_000_000
#: Shown as images: a diagram among them cannot run anything.
_PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/svg+xml")
_CHARTS = (
    ("frame-rate", "fps", (25.0,)),
    ("camera-platform-offset", "s", (-1.0, 1.0)),
    ("worst-clock-error", "s", (1.0,)),
)

#: Gives the bytes of a piece of evidence by its SHA-256, or ``None`` when they are gone.
Fetch = Callable[[str], bytes | None]


def html_report(results: Mapping[str, Any], lang: str, fetch: Fetch) -> str:
    """The report of a results document in ``lang``."""
    environment = page_environment(lang)
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    names = {point["id"]: str(point["name"] or point["id"]) for point in results["points"]}
    recordings = {one["sha256"]: one for one in results["recordings"]}
    environment.globals.update(
        picture=_Pictures(fetch).source,
        is_picture=lambda part: part["media_type"] in _PICTURES,
        shown=shown_number,
        series=_series,
        scenario_groups=scenario_groups,
        settling=settling,
        command=lambda requirement: repeat_command(results["run"], requirement),
    )
    return environment.get_template("report.html.j2").render(
        results=results,
        names=names,
        recordings=recordings,
        groups=open_groups(results),
        chapters=chapter_table(results),
        table=camera_table(results),
        declared=declared_table(results),
        charts=_charts(results, names, recordings, lang),
        most_rows=MOST_ROWS,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def page_environment(lang: str) -> Environment:
    """Where the pages' templates are: they escape, word, and show times in Beijing time."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_readable,
    )
    environment.globals.update(
        t=lambda key, **parameters: text(key, lang, **parameters),
        moment=_moment,
        lang=lang,
        style=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
    )
    return environment


class _Pictures:
    """Evidence pictures as data URIs, within bounds."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._left = _TOTAL_BYTES

    def source(self, part: Mapping[str, Any]) -> str:
        """What goes into ``src``: the picture itself, or the path in the run folder."""
        name = str(part["sha256"])
        path = f"objects/{name[:2]}/{name}"
        if part["size"] > min(_PICTURE_BYTES, self._left):
            return path
        content = self._fetch(name)
        if content is None:
            return path
        self._left -= len(content)
        return f"data:{part['media_type']};base64,{base64.b64encode(content).decode()}"


def _readable(value: Any) -> Any:
    """Text from anywhere, cut to a readable length and with nothing unseen in it."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.startswith("data:image/"):
        return value
    return plain(value)


def _series(measurement: Mapping[str, Any]) -> dict[str, Any] | None:
    drawn = series_chart(measurement)
    return None if drawn is None else {"title": drawn[0], "svg": Markup(drawn[1])}


def _charts(
    results: Mapping[str, Any],
    names: Mapping[str, str],
    recordings: Mapping[str, Mapping[str, Any]],
    lang: str,
) -> list[dict[str, Any]]:
    shown = {subject: plain(name) for subject, name in names.items()}
    kinds = {digest: str(one["kind_name"][lang]) for digest, one in recordings.items()}
    charts = []
    for quantity, unit, limits in _CHARTS:
        bars = bars_of(results["requirements"], quantity, shown, kinds)
        if drawn := interval_chart(bars, unit, limits):
            charts.append(
                {"title": f"quantity.{quantity}", "svg": Markup(drawn), "rows": len(bars)}
            )
    rows = online_rows(results, shown)
    if drawn := online_chart(rows):
        charts.append({"title": "report.online-line", "svg": Markup(drawn), "rows": len(rows)})
    return charts


def _moment(value: str | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    if not value:
        return "–"
    return datetime.fromisoformat(value).astimezone(_BEIJING).strftime(form)
