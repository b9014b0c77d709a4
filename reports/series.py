"""Small charts of one measurement: what its value was computed from, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from reports.charts import BEIJING, opened

_WIDTH = 420
_HEIGHT = 110
_LEFT = 58
_RIGHT = 10
_TOP = 10
_BOTTOM = 22
_MOST_POINTS = 2_000


def series_chart(measurement: Mapping[str, Any]) -> tuple[str, str] | None:
    """The message key of a chart's title and its SVG; ``None`` where there is nothing to draw."""
    draw = _DRAWN.get(str(measurement["quantity"]))
    drawn = draw(measurement) if draw else None
    if drawn is None:
        return None
    key, chart = drawn
    return f"report.series-{key}", chart


class _Axes:
    """Scales of one small chart, with the two ends of each axis labelled."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        self.x_low, self.x_high = min(xs), max(xs)
        self.y_low, self.y_high = min(ys), max(ys)
        if self.y_high == self.y_low:
            self.y_low, self.y_high = self.y_low - 1, self.y_high + 1

    def x(self, value: float) -> float:
        share = (value - self.x_low) / ((self.x_high - self.x_low) or 1.0)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.y_low) / (self.y_high - self.y_low)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)

    def frame(self, left: str, right: str, unit: str) -> str:
        base = _HEIGHT - _BOTTOM
        end = _WIDTH - _RIGHT
        return (
            f'<path d="M{_LEFT} {_TOP}V{base}H{end}" class="axis"/>'
            f'<text x="{_LEFT - 5}" y="{_TOP + 6}" class="label">{self.y_high:.4g} {unit}</text>'
            f'<text x="{_LEFT - 5}" y="{base}" class="label">{self.y_low:.4g}</text>'
            f'<text x="{_LEFT}" y="{_HEIGHT - 6}" class="start">{left}</text>'
            f'<text x="{end}" y="{_HEIGHT - 6}" class="label">{right}</text>'
        )


def _per_second(measurement: Mapping[str, Any]) -> tuple[str, str] | None:
    counts = _numbers(measurement["details"].get("per_second"))
    if len(counts) < 2:
        return None
    axes = _Axes([0, len(counts)], [0, *counts])
    parts = [opened(_WIDTH, _HEIGHT), axes.frame("0 s", f"{len(counts)} s", "")]
    width = (axes.x(1) - axes.x(0)) * 0.8
    for second, count in enumerate(counts):
        x, y = axes.x(second + 0.1), axes.y(count)
        parts.append(
            f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{axes.y(0) - y:.1f}" class="bar">'
            f"<title>{count:g}</title></rect>"
        )
    return "per-second", "".join([*parts, "</svg>"])


def _clock(measurement: Mapping[str, Any]) -> tuple[str, str] | None:
    """Each answer leaves an interval for the offset; the value is where all of them agree."""
    rows = [
        row
        for row in _listed(measurement["details"].get("series"))
        if isinstance(row, list) and len(_numbers(row)) == 3 == len(row)
    ]
    if len(rows) < 2:
        return None
    axes = _Axes([row[0] for row in rows], [end for row in rows for end in row[1:]])
    start, end = (
        datetime.fromtimestamp(at, BEIJING).strftime("%H:%M:%S") for at in (rows[0][0], rows[-1][0])
    )
    parts = [opened(_WIDTH, _HEIGHT)]
    ends = _numbers([measurement["lower"], measurement["upper"]])
    if len(ends) == 2:
        low, high = (min(max(one, axes.y_low), axes.y_high) for one in ends)
        height = max(axes.y(low) - axes.y(high), 1.5)
        parts.append(
            f'<rect x="{_LEFT}" y="{axes.y(high)}" width="{_WIDTH - _LEFT - _RIGHT}" '
            f'height="{height:.1f}" class="band"/>'
        )
    parts.append(axes.frame(start, end, "s"))
    for at, lower, upper in rows:
        parts.append(f'<path d="M{axes.x(at)} {axes.y(lower)}V{axes.y(upper)}" class="whisker"/>')
    return "clock", "".join([*parts, "</svg>"])


def _spectrum(measurement: Mapping[str, Any]) -> tuple[str, str] | None:
    """Power over spatial frequency: an enlarged picture has none near the upper end."""
    lines = []
    for direction in ("across", "upright"):
        spectrum = measurement["details"].get(f"spectrum_{direction}")
        if not isinstance(spectrum, Mapping):
            continue
        xs, ys = _numbers(spectrum.get("frequency")), _numbers(spectrum.get("power_db"))
        if len(xs) == len(ys) > 1:
            lines.append((direction, xs, ys))
    if not lines:
        return None
    axes = _Axes([x for _, xs, _ in lines for x in xs], [y for _, _, ys in lines for y in ys])
    parts = [
        opened(_WIDTH, _HEIGHT),
        axes.frame(f"{axes.x_low:.2f}", f"{axes.x_high:.2f} c/px", "dB"),
    ]
    for direction, xs, ys in lines:
        steps = " ".join(f"{axes.x(x)},{axes.y(y)}" for x, y in zip(xs, ys, strict=True))
        parts.append(f'<polyline points="{steps}" class="line {direction}"/>')
    return "spectrum", "".join([*parts, "</svg>"])


def _listed(value: Any) -> list[Any]:
    return value[:_MOST_POINTS] if isinstance(value, list) else []


def _numbers(value: Any) -> list[float]:
    return [
        one
        for one in _listed(value)
        if isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
    ]


_DRAWN = {
    "frame-rate": _per_second,
    "clock-offset": _clock,
    "camera-platform-offset": _clock,
    "worst-clock-error": _clock,
    "true-detail": _spectrum,
}
