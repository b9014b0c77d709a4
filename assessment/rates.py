"""Exact bounds on a share: binomial (Clopper-Pearson 1934) and hypergeometric (finite lot).

The two-sided 95 % interval is what a measurement states. The one-sided 95 % bounds decide
against a limit, each at its own 5 % risk: at or above the limit when the lower one is, below it
when the upper one is, and neither in between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from scipy.special import betaincinv

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """``successes`` of ``trials``, and between which bounds the true share lies.

    ``population`` is the size of the finite lot that the trials were drawn from without
    replacement, ``None`` for an unlimited one. When all of it was tried, every bound is the
    share itself.
    """

    successes: int
    trials: int
    population: int | None
    lower: float
    upper: float
    one_sided_lower: float
    one_sided_upper: float

    @property
    def value(self) -> float:
        """The observed share."""
        return self.successes / self.trials

    @property
    def census(self) -> bool:
        """Whether all of the lot was tried, so that there is no sampling error."""
        return self.population == self.trials

    def details(self) -> dict[str, Any]:
        """What the decision rule ``one-sided`` and a report want to know."""
        return {
            "successes": self.successes,
            "trials": self.trials,
            "population": self.population,
            "one_sided_lower": self.one_sided_lower,
            "one_sided_upper": self.one_sided_upper,
        }


def share_of(
    successes: int, trials: int, population: int | None = None, confidence: float = CONFIDENCE
) -> Share:
    """The share with its exact bounds.

    Raises:
        ValueError: no trial, or counts that contradict one another.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} of {trials} is no share")
    if population is not None and population < trials:
        raise ValueError(f"{trials} cannot be drawn from {population}")
    risk = 1 - confidence
    return Share(
        successes,
        trials,
        population,
        lower=_lower(successes, trials, population, risk / 2),
        upper=_upper(successes, trials, population, risk / 2),
        one_sided_lower=_lower(successes, trials, population, risk),
        one_sided_upper=_upper(successes, trials, population, risk),
    )


def _lower(successes: int, trials: int, population: int | None, risk: float) -> float:
    if population is not None:
        return _hypergeometric_lower(successes, trials, population, risk) / population
    if successes == 0:
        return 0.0
    return float(betaincinv(successes, trials - successes + 1, risk))


def _upper(successes: int, trials: int, population: int | None, risk: float) -> float:
    return 1 - _lower(trials - successes, trials, population, risk)


def _hypergeometric_lower(successes: int, trials: int, population: int, risk: float) -> int:
    """The smallest number of good ones in the lot under which so many successes are credible."""
    low, high = successes, population - (trials - successes)
    while low < high:
        middle = (low + high) // 2
        if _at_least(successes, trials, middle, population) > risk:
            high = middle
        else:
            low = middle + 1
    return low


def _at_least(successes: int, trials: int, good: int, population: int) -> float:
    """Probability of at least ``successes`` when ``trials`` are drawn from the lot."""
    total = _log_choose(population, trials)
    first = max(successes, trials - (population - good))
    return math.fsum(
        math.exp(_log_choose(good, hits) + _log_choose(population - good, trials - hits) - total)
        for hits in range(first, min(trials, good) + 1)
    )


def _log_choose(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
