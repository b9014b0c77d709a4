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


def starved(random, count, *, episodes=6.0, height=0.2, length=20.0):
    """A busy machine: episodes of delay that is worked off, hardly any delay between them."""
    late = random.exponential(0.0005, count)
    for _ in range(random.poisson(episodes)):
        begin, longest = random.integers(0, count), max(2, int(random.exponential(length)))
        shape = np.linspace(random.exponential(height), 0, longest)
        late[begin : begin + longest] += (shape * random.uniform(0.6, 1, longest))[: count - begin]
    return late


@pytest.mark.parametrize("fps", [25.0, 24.0])
def test_between_episodes_of_delay_the_rate_shows(fps):
    random = np.random.default_rng(5)
    numbers = np.arange(250.0)
    covered, widths = 0, []
    for _ in range(DRAWS):
        times = np.maximum.accumulate(numbers / fps + starved(random, 250))
        rate = rate_of_events(times, numbers)
        covered += rate.lower <= fps <= rate.upper
        widths.append((rate.upper - rate.lower) / 2)
    assert covered / DRAWS >= 0.95
    assert np.median(widths) < 0.01


def test_a_machine_that_is_never_idle_says_how_far_the_delay_may_have_drifted():
    """Where the interval is wrong, the drift that would explain it is within the wander."""
    random = np.random.default_rng(5)
    numbers = np.arange(250.0)
    wrong = unexplained = 0
    for _ in range(DRAWS):
        late = starved(random, 250, episodes=20, height=0.1, length=60)
        rate = rate_of_events(np.maximum.accumulate(numbers / 25 + late), numbers)
        if not rate.lower <= 25 <= rate.upper:
            wrong += 1
            nearest = rate.upper if rate.upper < 25 else rate.lower
            unexplained += abs(250 / nearest - 10) > rate.wander_s
    assert wrong > 0.1 * DRAWS
    assert unexplained <= 0.01 * DRAWS
