"""Standstill: a freeze is told from a still scene, a stopping car and a screen in view."""

from collections.abc import Callable

import numpy as np
import pytest

from probes.picture_quality.standstill import Look, Standstill, longest_standstill

ROWS, COLUMNS = 34, 60


def look(number: int, *spots: tuple[float, float], jitter: float = 0.0) -> Look:
    """A dim picture with bright squares of four blocks at ``spots`` (column, row)."""
    draw = np.random.default_rng(number)
    blocks = np.full((ROWS, COLUMNS), 90, np.float32)
    blocks += draw.normal(0, jitter, blocks.shape).astype(np.float32) if jitter else 0
    for column, row in spots:
        left, top = int(column), int(row)
        part = column - left
        blocks[top : top + 4, left] += 80 * (1 - part)
        blocks[top : top + 4, left + 1 : left + 4] += 80
        blocks[top : top + 4, left + 4] += 80 * part
    return Look(number / 25, blocks)


def clip(
    place: Callable[[int], list[tuple[float, float]]], count: int = 200, jitter: float = 0.0
) -> Standstill:
    looks = [look(at, *place(at), jitter=jitter) for at in range(count)]
    found = longest_standstill(looks, count / 25)
    assert found is not None
    return found


def driving(at: int) -> list[tuple[float, float]]:
    """Two cars, one to the right and one to the left."""
    return [(5 + at * 0.4, 20.0), (50 - at * 0.4, 10.0)]


def test_two_cars_that_stop_at_once_are_a_frozen_picture() -> None:
    found = clip(lambda at: driving(min(at, 60)))
    assert found.proven
    assert found.begins_s == pytest.approx(60 / 25)
    assert found.seconds == pytest.approx(139 / 25)
    assert found.lower <= found.seconds <= found.upper


def test_one_car_in_mid_picture_that_stops_at_once_is_one_too() -> None:
    assert clip(lambda at: driving(min(at, 60))[:1]).proven


def test_motion_without_a_stop_has_no_standstill() -> None:
    found = clip(driving, 100)
    assert (found.seconds, found.proven) == (0.0, False)


def test_a_still_scene_is_no_freeze() -> None:
    found = clip(lambda at: [(10.0, 10.0)])
    assert found.seconds == pytest.approx(199 / 25)
    assert not found.proven


def test_a_car_that_slows_down_is_no_freeze() -> None:
    way = [5 + 24 * (1 - (1 - min(at, 60) / 60) ** 3) for at in range(200)]
    assert not clip(lambda at: [(way[at], 20.0)]).proven


def test_a_car_that_leaves_is_no_freeze() -> None:
    assert not clip(lambda at: [(min(20 + at * 0.6, 55.0), 20.0)] if at < 59 else []).proven


def test_a_screen_that_stops_its_film_is_no_freeze() -> None:
    """It flickers in one place, and then shows a still."""
    assert not clip(lambda at: [(30.0, 15.0)] if at < 60 and at % 2 else []).proven


def test_a_clock_over_a_frozen_sensor_does_not_hide_the_freeze() -> None:
    found = clip(lambda at: [*driving(min(at, 60)), (2.0 + at % 2 * 8, 0.0)])
    assert found.proven


def test_bursts_leave_open_what_lies_between_them() -> None:
    every = [look(at, *driving(min(at, 60))) for at in range(200)]
    bursts = [one for at in (0, 50, 100, 150) for one in every[at : at + 4]]
    found = longest_standstill(bursts, 8.0)
    assert found is not None
    assert (found.proven, found.preceded) == (False, False)
    assert found.lower == pytest.approx(53 / 25)
    assert found.upper >= 139 / 25


def test_nothing_decoded_says_nothing() -> None:
    assert longest_standstill([], 0.0) is None
