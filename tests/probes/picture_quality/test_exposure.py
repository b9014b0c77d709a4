"""Exposure statistics against pictures of known shares."""

import numpy as np
import pytest

from probes.picture_quality.exposure import exposure
from probes.picture_quality.view import View


def view(luma: np.ndarray, *, full_range: bool = True) -> View:
    return View.of_planes(luma.astype(np.uint8), (), full_range)


def painted(bright: int = 0, dark: int = 0, rest: int = 120) -> np.ndarray:
    """A picture of 100 x 200 whose first columns are white and whose last are black."""
    picture = np.full((100, 200), rest)
    picture[:, :bright] = 255
    picture[:, 200 - dark :] = 0
    return picture


def test_shares_and_mean_are_those_of_the_picture() -> None:
    found = exposure([view(painted(bright=50, dark=20))])
    assert found.highlights.value == pytest.approx(0.25)
    assert found.shadows.value == pytest.approx(0.1)
    assert found.mean.value == pytest.approx((50 * 255 + 130 * 120) / 200)
    assert found.mean.upper - found.mean.lower == pytest.approx(2.0)


def test_limited_range_is_stretched_before_it_is_judged() -> None:
    found = exposure([view(np.full((100, 200), 235), full_range=False)])
    assert found.highlights.value == 1.0
    assert exposure([view(np.full((100, 200), 16), full_range=False)]).shadows.value == 1.0


def test_the_interval_holds_the_change_between_pictures_and_the_edge_of_the_scale() -> None:
    found = exposure([view(painted(bright=20)), view(painted(bright=60))])
    assert (found.highlights.lower, found.highlights.upper) == pytest.approx((0.1, 0.3))
    nearly = exposure([view(np.full((100, 200), 248))]).highlights
    assert (nearly.value, nearly.lower, nearly.upper) == (0.0, 0.0, 1.0)


def test_without_a_picture_nothing_is_said() -> None:
    with pytest.raises(ValueError, match="picture"):
        exposure([])
