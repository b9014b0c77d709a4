"""What would settle an open verdict: a smaller uncertainty, more cameras, a paper."""

from __future__ import annotations

import math

from assessment.decision import Decision
from assessment.measurement import Measurement
from assessment.rates import share_of
from assessment.reason import Reason
from assessment.verdicts import Verdict
from standard.catalogue import Limit


def settle(limit: Limit, measurement: Measurement, decision: Decision) -> Reason | None:
    """What would decide, if the measured value stayed as it is; ``None`` when nothing is known."""
    if decision.verdict is Verdict.PENDING:
        return Reason("settle.bring-paper")
    if decision.verdict is not Verdict.INCONCLUSIVE or measurement.spoilt is not None:
        return None
    value, bound = _number(measurement.value), _number(limit.value)
    if value is None or bound is None:
        return None
    if limit.rule == "one-sided":
        return _ask_more(bound, value, measurement)
    return _measure_closer(limit, bound, value, measurement.uncertainty)


def _measure_closer(
    limit: Limit, bound: float, value: float, uncertainty: float | None
) -> Reason | None:
    """The uncertainty must be smaller than the distance to the nearest edge."""
    edges = {
        "at_least": (bound - limit.tolerance,),
        "at_most": (bound + limit.tolerance,),
        "less_than": (bound + limit.tolerance,),
        "within": (-bound - limit.tolerance, bound + limit.tolerance),
        "equals": (bound - limit.tolerance, bound + limit.tolerance),
    }
    distance = min(abs(value - edge) for edge in edges[limit.bound])
    if uncertainty is None or distance == 0 or uncertainty <= distance:
        return None
    parameters = {"uncertainty": uncertainty, "needed": distance, "unit": limit.unit}
    return Reason("settle.smaller-uncertainty", parameters)


def _ask_more(bound: float, value: float, measurement: Measurement) -> Reason | None:
    """The smallest sample of the lot that decides at the share found so far."""
    trials, lot = measurement.details.get("trials"), measurement.details.get("population")
    if not isinstance(trials, int) or not isinstance(lot, int) or trials >= lot:
        return None
    low, high = trials + 1, lot
    while low < high:
        middle = (low + high) // 2
        if _decides(bound, value, middle, lot):
            high = middle
        else:
            low = middle + 1
    return Reason("settle.ask-more", {"asked": trials, "needed": low, "lot": lot})


def _decides(bound: float, value: float, trials: int, lot: int) -> bool:
    met = share_of(math.floor(value * trials), trials, lot)
    missed = share_of(math.ceil(value * trials), trials, lot)
    return met.one_sided_lower >= bound or missed.one_sided_upper < bound


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
