"""How measured numbers are written: digits by their uncertainty, units that suit their size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SIGNIFICANT = 2
_MOST_DECIMALS = 9


@dataclass(frozen=True)
class Shown:
    """A measured number as text.

    ``value`` is the number with its uncertainty where the interval is symmetric, ``interval``
    the two ends (``""`` for an exact count or a number without an interval).
    """

    value: str
    interval: str


def shown_number(measurement: Mapping[str, Any]) -> Shown | None:
    """The number of a measurement document; ``None`` when its value is no number.

    The uncertainty gets two significant digits and the value as many decimals (GUM 7.2.6), so
    that no digit is shown that was not measured.
    """
    value = measurement["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    lower, upper = measurement["lower"], measurement["upper"]
    unit = str(measurement["unit"])
    if lower is None or upper is None:
        scale, unit = _scale(unit, abs(value))
        return Shown(joined(f"{value * scale:.4g}", unit), "")
    scale, unit = _scale(unit, max(abs(value), abs(lower), abs(upper)))
    value, lower, upper = value * scale, lower * scale, upper * scale
    half = (upper - lower) / 2
    if half == 0:
        return Shown(joined(f"{value:.10g}", unit), "")
    digits = decimals(half)
    interval = joined(f"{lower:.{digits}f} … {upper:.{digits}f}", unit)
    if abs(upper + lower - 2 * value) <= 0.1 * half:
        return Shown(joined(f"{value:.{digits}f} ± {half:.{digits}f}", unit), interval)
    return Shown(joined(f"{value:.{digits}f}", unit), interval)


def decimals(uncertainty: float) -> int:
    """Decimals that show two significant digits of ``uncertainty``."""
    if uncertainty <= 0 or not math.isfinite(uncertainty):
        return 0
    return min(max(_SIGNIFICANT - 1 - math.floor(math.log10(uncertainty)), 0), _MOST_DECIMALS)


def joined(number: str, unit: str) -> str:
    """A number with its unit, kept on one line by a non-breaking space."""
    return f"{number}\u00a0{unit}" if unit else number


def _scale(unit: str, largest: float) -> tuple[float, str]:
    if unit == "1":
        return 100.0, "%"
    if unit == "s" and largest < 1:
        return 1000.0, "ms"
    return 1.0, "" if unit.startswith("{") else unit
