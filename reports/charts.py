"""Small charts as inline SVG, drawn from the measurements of a results document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

_WIDTH = 760
_LEFT = 170
_ROW = 22
_BEIJING = timezone(timedelta(hours=8))
_COLOURS = {
    "pass": "#1a7f4b",
    "fail": "#c0262d",
    "advisory": "#8a6d00",
    "inconclusive": "#b35900",
    "pending": "#5b5fc7",
    "not-tested": "#6b7280",
    "error": "#7a1fa2",
}


@dataclass(frozen=True)
class Bar:
    """One measured interval: label, value, ends and the verdict that colours it."""

    label: str
    value: float
    lower: float
    upper: float
    verdict: str


def interval_chart(bars: Sequence[Bar], unit: str, limits: Sequence[float]) -> str:
    """Intervals one below the other, with the limits as dashed lines; "" without bars."""
    if not bars:
        return ""
    low = min([bar.lower for bar in bars] + list(limits))
    high = max([bar.upper for bar in bars] + list(limits))
    margin = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    low, high = low - margin, high + margin
    scale = (_WIDTH - _LEFT - 90) / (high - low)
    height = _ROW * len(bars) + 34

    def x(value: float) -> float:
        return round(_LEFT + (value - low) * scale, 1)

    parts = [_open(height)]
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
            f'<text x="{_WIDTH - 84}" y="{y + 4}" class="value">{_number(bar.value)}'
            f" ± {_number((bar.upper - bar.lower) / 2)}</text>"
        )
    return "".join([*parts, "</svg>"])


def online_chart(rows: Sequence[tuple[str, Sequence[tuple[float, bool]]]]) -> str:
    """One line a camera over the watch: filled where it delivered a picture; "" without rows."""
    times = [at for _, polls in rows for at, _ in polls]
    if not times:
        return ""
    start, end = min(times), max(times)
    span = max(end - start, 1.0)
    scale = (_WIDTH - _LEFT - 30) / span
    height = _ROW * len(rows) + 34
    parts = [_open(height)]
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
    for at in (start, end):
        clock = datetime.fromtimestamp(at, _BEIJING).strftime("%H:%M:%S")
        parts.append(
            f'<text x="{_LEFT + (at - start) * scale:.1f}" y="{height - 10}" class="tick">'
            f"{clock}</text>"
        )
    return "".join([*parts, "</svg>"])


def bars_of(
    requirements: Iterable[Mapping[str, Any]], quantity: str, names: Mapping[str, str]
) -> list[Bar]:
    """The intervals of ``quantity`` in a results document, worst verdict of each kept."""
    bars: dict[tuple[str, str], Bar] = {}
    for requirement in requirements:
        for finding in requirement["findings"]:
            for measurement in finding["measurements"]:
                if measurement["quantity"] != quantity or measurement["lower"] is None:
                    continue
                value = measurement["value"]
                if not isinstance(value, int | float) or not math.isfinite(value):
                    continue
                label = names.get(finding["subject"], finding["subject"])
                key = (finding["subject"], measurement["started"])
                bars[key] = Bar(
                    label, value, measurement["lower"], measurement["upper"], finding["verdict"]
                )
    return list(bars.values())[:200]


def _open(height: int) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'style="max-width:{_WIDTH}px;width:100%;height:auto">'
    )


def _short(label: str) -> str:
    return label if len(label) <= 22 else "…" + label[-21:]


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
