"""Numbers show what was measured and no digit more."""

from typing import Any

import pytest

from reports.numbers import decimals, shown_number


def measurement(value: Any, lower: Any = None, upper: Any = None, unit: str = "") -> dict[str, Any]:
    return {"value": value, "lower": lower, "upper": upper, "unit": unit}


@pytest.mark.parametrize(
    ("given", "value", "interval"),
    [
        (
            (24.99912, 24.98712, 25.01112, "fps"),
            "24.999 ± 0.012\u00a0fps",
            "24.987 … 25.011\u00a0fps",
        ),
        ((0.0032, -0.0008, 0.0072, "s"), "3.2 ± 4.0\u00a0ms", "-0.8 … 7.2\u00a0ms"),
        ((0.0032, 0.0, 9.14, "s"), "0.0\u00a0s", "0.0 … 9.1\u00a0s"),
        ((0.9, 0.85, 0.95, "1"), "90.0 ± 5.0\u00a0%", "85.0 … 95.0\u00a0%"),
        ((1920, 1920, 1920, "px"), "1920\u00a0px", ""),
        ((15, 15, 15, "{character}"), "15", ""),
        ((1234.5678, None, None, "fps"), "1235\u00a0fps", ""),
        ((5000.0, 4000.0, 6000.0, "s"), "5000 ± 1000\u00a0s", "4000 … 6000\u00a0s"),
    ],
)
def test_digits_follow_the_uncertainty(
    given: tuple[Any, Any, Any, str], value: str, interval: str
) -> None:
    shown = shown_number(measurement(*given))
    assert shown is not None
    assert (shown.value, shown.interval) == (value, interval)


@pytest.mark.parametrize("value", [None, True, "colour", float("nan"), float("inf")])
def test_what_is_no_number_is_not_shown_as_one(value: Any) -> None:
    assert shown_number(measurement(value, 0.0, 1.0)) is None


@pytest.mark.parametrize(
    ("uncertainty", "expected"), [(0.012, 3), (0.99, 2), (4, 1), (120, 0), (0, 0)]
)
def test_two_significant_digits_of_the_uncertainty(uncertainty: float, expected: int) -> None:
    assert decimals(uncertainty) == expected
