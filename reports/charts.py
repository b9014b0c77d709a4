"""Overview charts as inline SVG: measured intervals and the online time line of many cameras."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

from reports.numbers import shown_number

BEIJING = timezone(timedelta(hours=8))
#: More rows than these nobody reads in a chart; the table of cameras and results.json have all.
MOST_ROWS = 60
_WIDTH = 900
_LEFT = 250
_RIGHT = 190
_ROW = 22
_COLOURS = {
    "pass": "#1a7f4b",
    "fail": "#c0262d",
    "advisory": "#8a6d00",
    "inconclusive": "#b35900",
    "pending": "#5b5fc7",
    "not-tested": "#6b7280",
    "error": "#7a1fa2",
}
_FAULTY_FIRST = ("fail", "error", "inconclusive", "pending", "not-tested", "advisory", "pass")


@dataclass(frozen=True)
class Bar:
    """One measured interval: label, value, ends, the verdict that colours it, and its text."""

    label: str
    value: float
    lower: float
    upper: float
    verdict: str
    shown: str


def interval_chart(bars: Sequence[Bar], unit: str, limits: Sequence[float]) -> str:
    """Intervals one below the other, with the limits as dashed lines; "" without bars."""
    if not bars:
        return ""
    bars = bars[:MOST_ROWS]
    low = min([bar.lower for bar in bars] + list(limits))
    high = max([bar.upper for bar in bars] + list(limits))
    margin = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    low, high = low - margin, high + margin
    scale = (_WIDTH - _LEFT - _RIGHT) / (high - low)
    height = _ROW * len(bars) + 34

    def x(value: float) -> float:
        return round(_LEFT + (value - low) * scale, 1)

    parts = [opened(_WIDTH, height)]
    for limit in limits:
        parts.append(
            f'<line x1="{x(limit)}" x2="{x(limit)}" y1="4" y2="{height - 26}" class="limit"/>'
            f'<text x="{x(limit)}" y="{height - 12}" class="tick">{limit:g} {escape(unit)}</text>'
        )
    for row, bar in enumerate(bars):
        y = 16 + row * _ROW
        colour = _COLOURS.get(bar.verdict, "#333")
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4}" class="label">{escape(_short(bar.label))}</text>'
            f'<line x1="{x(bar.lower)}" x2="{x(bar.upper)}" y1="{y}" y2="{y}" '
            f'stroke="{colour}" stroke-width="5" stroke-linecap="round" opacity="0.45"/>'
            f'<circle cx="{x(bar.value)}" cy="{y}" r="4" fill="{colour}"/>'
            f'<text x="{_WIDTH - _RIGHT + 14}" y="{y + 4}" class="value">{escape(bar.shown)}</text>'
        )
    return "".join([*parts, "</svg>"])


def online_chart(rows: Sequence[tuple[str, Sequence[tuple[float, bool]]]]) -> str:
    """One line a camera over the watch: green where it delivered a picture; "" without rows."""
    rows = rows[:MOST_ROWS]
    times = [at for _, polls in rows for at, _ in polls]
    if not times:
        return ""
    start, end = min(times), max(times)
    span = max(end - start, 1.0)
    scale = (_WIDTH - _LEFT - 60) / (span * 1.02)
    height = _ROW * len(rows) + 34
    parts = [opened(_WIDTH, height)]
    for row, (label, polls) in enumerate(rows):
        y = 10 + row * _ROW
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 10}" class="label">{escape(_short(label))}</text>'
        )
        for index, (at, online) in enumerate(polls):
            until = polls[index + 1][0] if index + 1 < len(polls) else end + span * 0.02
            width = max((until - at) * scale, 3)
            colour = _COLOURS["pass"] if online else _COLOURS["fail"]
            parts.append(
                f'<rect x="{_LEFT + (at - start) * scale:.1f}" y="{y}" width="{width:.1f}" '
                f'height="12" fill="{colour}"/>'
            )
    for at in sorted({start, end}):
        clock = datetime.fromtimestamp(at, BEIJING).strftime("%H:%M:%S")
        parts.append(
            f'<text x="{_LEFT + (at - start) * scale:.1f}" y="{height - 10}" class="tick">'
            f"{clock}</text>"
        )
    return "".join([*parts, "</svg>"])


def bars_of(
    requirements: Iterable[Mapping[str, Any]],
    quantity: str,
    names: Mapping[str, str],
    kinds: Mapping[str, str],
) -> list[Bar]:
    """The intervals of ``quantity`` in a results document, the gravest verdicts first.

    ``kinds`` words the kind of each recording, to tell day from night.
    """
    bars: dict[tuple[str, str], Bar] = {}
    for requirement in requirements:
        for finding in requirement["findings"]:
            for measurement in finding["measurements"]:
                if measurement["quantity"] != quantity or measurement["lower"] is None:
                    continue
                shown = shown_number(measurement)
                ends = (measurement["lower"], measurement["upper"])
                if shown is None or not all(math.isfinite(end) for end in ends):
                    continue
                subject = finding["subject"]
                key = (subject, measurement["started"])
                if key in bars and _rank(bars[key].verdict) <= _rank(finding["verdict"]):
                    continue
                kind = next((kinds[one] for one in measurement["recordings"] if one in kinds), "")
                label = " · ".join(filter(None, (names.get(subject, subject)[:40], kind)))
                told = shown.value if "±" in shown.value else shown.interval or shown.value
                bars[key] = Bar(label, measurement["value"], *ends, finding["verdict"], told)
    return sorted(bars.values(), key=lambda bar: (_rank(bar.verdict), bar.label))


def opened(width: int, height: int) -> str:
    """The opening tag of a chart that shrinks with the page but never grows past its size."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" class="chart" '
        f'style="max-width:{width}px" xmlns="http://www.w3.org/2000/svg">'
    )


def _rank(verdict: str) -> int:
    return _FAULTY_FIRST.index(verdict) if verdict in _FAULTY_FIRST else len(_FAULTY_FIRST)


def _short(label: str) -> str:
    return label if len(label) <= 24 else label[:23] + "…"
