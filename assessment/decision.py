"""Decision rules: one limit and one measurement become one verdict, with its reason.

Pure comparison. The reason codes are made of the quantity and of what was found:
``<quantity>.within-limit``, ``.below-limit``, ``.above-limit``, ``.straddles-limit``,
``.no-interval`` for numbers; ``<quantity>.<value>`` for a nominal text (``colour.monochrome``);
``<quantity>.holds`` and ``.does-not-hold`` for a nominal truth; a spoilt measurement keeps its own
reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.verdicts import Verdict
from protocols.ip_code import Comparison, compare_markings
from standard.catalogue import Limit, Obligation


@dataclass(frozen=True)
class Decision:
    """The verdict on one measurement, before the obligation is looked at.

    Attributes:
        verdict: ``PASS``, ``FAIL``, ``INCONCLUSIVE`` or ``PENDING``.
        reason: why, see the module.
        rule: name of the rule that decided.
        limit: message of the limit, for the report.
    """

    verdict: Verdict
    reason: Reason
    rule: str
    limit: Reason


def decide(limit: Limit, measurement: Measurement) -> Decision:
    """Compare ``measurement`` with ``limit`` by the limit's own rule.

    A spoilt measurement and one without a value are never compared: they are inconclusive, or
    pending where the limit says that the reason means a missing paper.

    Raises:
        ValueError: the two are of different quantities or units, which is a fault of the harness.
    """
    if measurement.quantity != limit.quantity:
        raise ValueError(f"{measurement.quantity} cannot be compared with {limit.quantity}")
    if measurement.spoilt is not None:
        return _undecided(limit, measurement, measurement.spoilt)
    if measurement.value is None:
        reason = Reason(f"{limit.quantity}.not-measured")
        return Decision(Verdict.INCONCLUSIVE, reason, limit.rule, describe(limit))
    verdict, reason = _RULES[limit.rule](limit, measurement)
    return Decision(verdict, reason, limit.rule, describe(limit))


def _undecided(limit: Limit, measurement: Measurement, spoilt: Reason) -> Decision:
    """Inconclusive or pending, unless the device's own claim is below what is demanded.

    No paper that is still missing could mend such a claim.
    """
    pending = spoilt.code in limit.pending
    if pending and limit.rule.startswith("ip-code") and isinstance(measurement.value, str):
        verdict, reason = _ip_code(limit, measurement)
        if verdict is Verdict.FAIL:
            return Decision(verdict, reason, limit.rule, describe(limit))
    verdict = Verdict.PENDING if pending else Verdict.INCONCLUSIVE
    return Decision(verdict, spoilt, limit.rule, describe(limit))


def for_obligation(verdict: Verdict, obligation: Obligation) -> Verdict:
    """The verdict as the obligation has it: a "should" or "may" that is not met is an advice."""
    if verdict is Verdict.FAIL and obligation in ("should", "may"):
        return Verdict.ADVISORY
    return verdict


def describe(limit: Limit) -> Reason:
    """The limit as a message for reports: ``limit.<bound>`` with its value and unit."""
    value = ", ".join(limit.value) if isinstance(limit.value, tuple) else limit.value
    unit = _shown(limit.unit)
    if isinstance(value, float):
        scaled, unit = (value * 100, "%") if unit == "1" else (value, unit)
        value = f"{scaled:g}"
    parameters: dict[str, Any] = {"quantity": limit.quantity, "value": value, "unit": unit}
    if limit.tolerance:
        parameters["tolerance"] = limit.tolerance
        return Reason(f"limit.{limit.bound}-with-tolerance", parameters)
    return Reason(f"limit.{limit.bound}", parameters)


@dataclass(frozen=True)
class _Range:
    """The accepted numbers; ``open`` ends are themselves not accepted."""

    low: float = -math.inf
    high: float = math.inf
    open: bool = False

    def holds(self, value: float) -> bool:
        if self.open:
            return self.low < value < self.high
        return self.low <= value <= self.high

    def below(self, value: float) -> bool:
        return value <= self.low if self.open else value < self.low

    def above(self, value: float) -> bool:
        return value >= self.high if self.open else value > self.high


def _accepted(limit: Limit) -> _Range:
    value = limit.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{limit.quantity}: the rule {limit.rule} needs a number as its limit")
    widened = limit.tolerance
    ranges = {
        "at_least": _Range(low=value - widened),
        "at_most": _Range(high=value + widened),
        "less_than": _Range(high=value + widened, open=True),
        "within": _Range(-value - widened, value + widened, open=True),
        "equals": _Range(value - widened, value + widened),
    }
    return ranges[limit.bound]


def _numeric(limit: Limit, measurement: Measurement) -> float:
    value = measurement.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{limit.quantity}: {limit.rule} cannot compare {type(value).__name__}")
    if measurement.unit != limit.unit:
        raise ValueError(f"{limit.quantity}: {measurement.unit!r} is not {limit.unit!r}")
    if not math.isfinite(value):
        raise ValueError(f"{limit.quantity}: {value} is not a measured value")
    return float(value)


def _guarded(limit: Limit, measurement: Measurement) -> tuple[Verdict, Reason]:
    """ILAC-G8 guarded acceptance and guarded rejection: the interval lies on one side."""
    _numeric(limit, measurement)
    return _by_interval(limit, measurement, measurement.lower, measurement.upper)


def _one_sided(limit: Limit, measurement: Measurement) -> tuple[Verdict, Reason]:
    """A share by its one-sided 95 % bounds, which ``assessment.rates`` puts into the details."""
    _numeric(limit, measurement)
    lower = measurement.details.get("one_sided_lower", measurement.lower)
    upper = measurement.details.get("one_sided_upper", measurement.upper)
    return _by_interval(limit, measurement, lower, upper)


def _tolerance(limit: Limit, measurement: Measurement) -> tuple[Verdict, Reason]:
    """Simple acceptance at the limit widened by the declared tolerance.

    A value inside is accepted as it is, as long as its uncertainty is no larger than the
    tolerance (the declared, shared risk of ILAC-G8). A value outside is rejected only when its
    whole interval is outside: a fail is never a matter of luck.
    """
    value = _numeric(limit, measurement)
    uncertainty = measurement.uncertainty
    if uncertainty is None:
        return _open(limit, measurement, "no-interval")
    if _accepted(limit).holds(value) and uncertainty <= limit.tolerance:
        return Verdict.PASS, _number_reason(limit, measurement, "within-limit")
    return _by_interval(limit, measurement, measurement.lower, measurement.upper)


def _by_interval(
    limit: Limit, measurement: Measurement, lower: float | None, upper: float | None
) -> tuple[Verdict, Reason]:
    if lower is None or upper is None:
        return _open(limit, measurement, "no-interval")
    accepted = _accepted(limit)
    if accepted.below(upper):
        return Verdict.FAIL, _number_reason(limit, measurement, "below-limit")
    if accepted.above(lower):
        return Verdict.FAIL, _number_reason(limit, measurement, "above-limit")
    if accepted.holds(lower) and accepted.holds(upper):
        return Verdict.PASS, _number_reason(limit, measurement, "within-limit")
    return _open(limit, measurement, "straddles-limit")


def _open(limit: Limit, measurement: Measurement, why: str) -> tuple[Verdict, Reason]:
    return Verdict.INCONCLUSIVE, _number_reason(limit, measurement, why)


def _nominal(limit: Limit, measurement: Measurement) -> tuple[Verdict, Reason]:
    """A property, or an exact count, is compared as it is."""
    value = measurement.value
    if isinstance(value, bool):
        if not isinstance(limit.value, bool):
            raise ValueError(f"{limit.quantity}: a truth cannot be compared with {limit.value!r}")
        outcome = "holds" if value else "does-not-hold"
        verdict = Verdict.PASS if value == limit.value else Verdict.FAIL
        return verdict, Reason(f"{limit.quantity}.{outcome}")
    if isinstance(value, str):
        accepted = limit.value if isinstance(limit.value, tuple) else (limit.value,)
        reason = Reason(f"{limit.quantity}.{value}", {"measured": value})
        if value in limit.inconclusive:
            return Verdict.INCONCLUSIVE, reason
        return (Verdict.PASS if value in accepted else Verdict.FAIL), reason
    exact = _numeric(limit, measurement)
    accepted_range = _accepted(limit)
    if accepted_range.holds(exact):
        return Verdict.PASS, _number_reason(limit, measurement, "within-limit")
    side = "below-limit" if accepted_range.below(exact) else "above-limit"
    return Verdict.FAIL, _number_reason(limit, measurement, side)


def _ip_code(limit: Limit, measurement: Measurement) -> tuple[Verdict, Reason]:
    """Digit by digit as IEC 60529 defines."""
    marking = str(measurement.value)
    outcome = compare_markings(marking, str(limit.value))
    parameters = {"measured": marking, "limit": limit.value}
    reason = Reason(f"{limit.quantity}.{outcome.value}", parameters)
    if outcome is Comparison.MET:
        return Verdict.PASS, reason
    if outcome is Comparison.JETS_UNPROVEN and limit.rule == "ip-code-lenient":
        met = Reason(f"{limit.quantity}.met", parameters)
        return Verdict.PASS, met
    if outcome is Comparison.BELOW:
        return Verdict.FAIL, reason
    return Verdict.INCONCLUSIVE, reason


def _number_reason(limit: Limit, measurement: Measurement, outcome: str) -> Reason:
    scale, unit = (100.0, "%") if limit.unit == "1" else (1.0, _shown(limit.unit))
    numbers = {
        "measured": measurement.value,
        "lower": measurement.lower,
        "upper": measurement.upper,
        "uncertainty": measurement.uncertainty,
        "limit": limit.value,
    }
    parameters: dict[str, Any] = {
        name: number * scale
        for name, number in numbers.items()
        if isinstance(number, int | float) and not isinstance(number, bool)
    }
    return Reason(f"{limit.quantity}.{outcome}", parameters | {"unit": unit})


def _shown(unit: str) -> str:
    """Annotations of UCUM such as ``{character}`` are for machines."""
    return "" if unit.startswith("{") else unit


_RULES: Mapping[str, Callable[[Limit, Measurement], tuple[Verdict, Reason]]] = {
    "guarded": _guarded,
    "one-sided": _one_sided,
    "tolerance": _tolerance,
    "nominal": _nominal,
    "ip-code": _ip_code,
    "ip-code-lenient": _ip_code,
}
