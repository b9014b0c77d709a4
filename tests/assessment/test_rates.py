"""Exact bounds on shares, checked against sums of probabilities and scipy's own intervals."""

import math
from fractions import Fraction

import pytest
from scipy.stats import binomtest, hypergeom

from assessment.decision import decide
from assessment.measurement import Measurement
from assessment.rates import share_of
from assessment.verdicts import Verdict
from standard.catalogue import catalogue
from tests.assessment.samples import NOW

LIMIT = catalogue()["5.3-a"].limits["online-rate"]
#: n, fewest online that prove at least 85 %, fewest online that do not yet disprove it.
TABLE = (
    *((20, 20, 14), (32, 31, 24), (50, 47, 38), (80, 74, 63), (100, 92, 79), (125, 114, 100)),
    *((200, 179, 162), (500, 439, 412), (1000, 869, 831)),
)


def verdict(online: int, asked: int, population: int | None = None) -> Verdict:
    share = share_of(online, asked, population)
    measurement = Measurement(
        quantity="online-rate",
        value=share.value,
        unit="1",
        lower=share.lower,
        upper=share.upper,
        instrument="online-rate/1",
        method="m",
        subject="site",
        started=NOW,
        ended=NOW,
        details=share.details(),
    )
    return decide(LIMIT, measurement).verdict


@pytest.mark.parametrize(("asked", "prove", "reject_below"), TABLE)
def test_decision_table_against_85_percent(asked, prove, reject_below) -> None:
    assert verdict(prove, asked) is Verdict.PASS
    assert verdict(prove - 1, asked) is Verdict.INCONCLUSIVE
    assert verdict(reject_below, asked) is Verdict.INCONCLUSIVE
    assert verdict(reject_below - 1, asked) is Verdict.FAIL


@pytest.mark.parametrize(("asked", "prove", "reject_below"), TABLE)
def test_decision_table_by_exact_arithmetic(asked, prove, reject_below) -> None:
    limit = Fraction(85, 100)

    def at_least(online: int) -> Fraction:
        return sum(
            math.comb(asked, hits) * limit**hits * (1 - limit) ** (asked - hits)
            for hits in range(online, asked + 1)
        )

    assert at_least(prove) <= Fraction(5, 100) < at_least(prove - 1)
    assert 1 - at_least(reject_below) <= Fraction(5, 100) < 1 - at_least(reject_below + 1)


@pytest.mark.parametrize(
    ("online", "asked", "lower", "upper"),
    [
        (17, 20, 0.621, 0.968),
        (85, 100, 0.765, 0.914),
        (89, 100, 0.812, 0.944),
        (92, 100, 0.848, 0.965),
        (850, 1000, 0.826, 0.872),
        (873, 1000, 0.851, 0.893),
    ],
)
def test_clopper_pearson(online, asked, lower, upper) -> None:
    share = share_of(online, asked)
    assert (share.lower, share.upper) == pytest.approx((lower, upper), abs=5e-4)
    oracle = binomtest(online, asked).proportion_ci(0.95, "exact")
    assert (share.lower, share.upper) == pytest.approx((oracle.low, oracle.high), abs=1e-9)
    assert share.lower < share.one_sided_lower < share.value < share.one_sided_upper < share.upper


def test_edges() -> None:
    assert (share_of(0, 10).lower, share_of(10, 10).upper) == (0.0, 1.0)
    assert share_of(0, 10).upper == pytest.approx(1 - 0.025**0.1)
    for successes, trials, population in ((1, 0, None), (3, 2, None), (-1, 2, None), (1, 5, 4)):
        with pytest.raises(ValueError):
            share_of(successes, trials, population)


def test_census_has_no_sampling_error() -> None:
    share = share_of(84, 100, 100)
    assert share.census
    assert share.lower == share.upper == share.one_sided_lower == pytest.approx(0.84)
    assert verdict(84, 100, 100) is Verdict.FAIL
    assert verdict(85, 100, 100) is Verdict.PASS


@pytest.mark.parametrize(
    ("online", "asked", "population"), [(18, 20, 50), (45, 50, 60), (80, 100, 3000), (1, 3, 9)]
)
def test_finite_lot_by_enumeration(online, asked, population) -> None:
    share = share_of(online, asked, population)
    possible = range(online, population - (asked - online) + 1)
    low = min(good for good in possible if hypergeom.sf(online - 1, population, good, asked) > 0.05)
    high = max(good for good in possible if hypergeom.cdf(online, population, good, asked) > 0.05)
    assert share.one_sided_lower == pytest.approx(low / population)
    assert share.one_sided_upper == pytest.approx(high / population)
    unlimited = share_of(online, asked)
    assert share.lower >= unlimited.lower - 1e-9
    assert share.upper <= unlimited.upper + 1e-9


def test_coverage_of_the_finite_bounds() -> None:
    for good in range(61):
        missed = sum(
            hypergeom.pmf(hits, 60, good, 20)
            for hits in range(max(0, good - 40), min(20, good) + 1)
            if not share_of(hits, 20, 60).lower - 1e-9
            <= good / 60
            <= share_of(hits, 20, 60).upper + 1e-9
        )
        assert missed <= 0.05 + 1e-9
