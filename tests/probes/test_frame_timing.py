"""The rate of events: accuracy and coverage of the interval over hundreds of draws of jitter."""

import numpy as np
import pytest

from probes.frame_timing import rate_of_events

DRAWS = 400


def uniform(random, count):
    return random.uniform(0, 0.03, count)


def both_ways(random, count):
    return random.uniform(-0.03, 0.03, count)


def exponential(random, count):
    return random.exponential(0.015, count)


def gaussian(random, count):
    return random.normal(0, 0.015, count)


def queue(random, count):
    """Autoregressive: the queue of a loaded path."""
    late = np.zeros(count + 50)
    steps = random.normal(0, 0.012, count + 50)
    for index in range(1, count + 50):
        late[index] = 0.7 * late[index - 1] + steps[index]
    return late[50:]


def stall(random, count):
    """The path stands still for half a second and delivers all at once."""
    late = random.uniform(0, 0.03, count)
    begin = random.integers(0, count - 13)
    late[begin : begin + 12] += np.linspace(0.5, 0, 12)
    return late


@pytest.mark.parametrize(
    ("jitter", "least_coverage", "most_error"),
    [
        (uniform, 0.93, 0.05),
        (both_ways, 0.93, 0.05),
        (exponential, 0.92, 0.05),
        (gaussian, 0.93, 0.05),
        (queue, 0.88, 0.15),
        (stall, 0.90, 0.05),
    ],
)
@pytest.mark.parametrize("fps", [25.0, 18.0])
def test_ten_seconds_tell_the_rate_within_a_twentieth(jitter, least_coverage, most_error, fps):
    random = np.random.default_rng(20)
    numbers = np.arange(round(10 * fps), dtype=float)
    covered, worst, widths = 0, 0.0, []
    for _ in range(DRAWS):
        times = np.maximum.accumulate(numbers / fps + jitter(random, len(numbers)))
        rate = rate_of_events(times, numbers)
        covered += rate.lower <= fps <= rate.upper
        worst = max(worst, abs(rate.value - fps))
        widths.append(rate.upper - rate.lower)
    assert covered / DRAWS >= least_coverage
    assert worst <= most_error
    assert np.mean(widths) / 2 <= most_error


def test_a_crystal_50_ppm_slow_is_seen():
    truth = 25 * (1 - 50e-6)
    random = np.random.default_rng(3)
    numbers = np.arange(250.0)
    for _ in range(100):
        rate = rate_of_events(numbers / truth + random.uniform(0, 0.001, 250), numbers)
        assert rate.value == pytest.approx(truth, abs=0.001)
        assert rate.lower <= truth <= rate.upper
        assert rate.upper - rate.lower < 0.003


def test_pictures_stored_before_do_not_count():
    numbers = np.arange(250.0)
    times = np.concatenate([1.0 + 0.001 * np.arange(25), 1.04 + 0.04 * np.arange(225)])
    rate = rate_of_events(times, numbers)
    assert rate.skipped > 15
    assert rate.value == pytest.approx(25.0, abs=0.02)


def test_numbers_that_never_came_are_counted():
    numbers = np.delete(np.arange(250.0), [5, 50, 51, 52, 200])
    assert rate_of_events(numbers / 25, numbers).value == pytest.approx(25.0, abs=1e-3)


@pytest.mark.parametrize(
    "times", [[], [0.0] * 5, [0.0] * 50, list(range(9))], ids=["none", "five", "at-once", "nine"]
)
def test_too_little_gives_no_rate(times):
    assert rate_of_events(np.array(times, float), np.arange(len(times), dtype=float)) is None
