import random

import pytest

from assessment.reason import Reason
from assessment.recording import Recording
from probes.clock_drift import measure_worst_clock_error
from probes.clock_line import Sample, corrections_between, segments_of
from tests.clock_bench import clock_recording


def series(error, times, half=0.004, seed=0):
    """Samples of ``error(t)`` whose intervals hold it somewhere."""
    draws = random.Random(seed)
    found = []
    for at in times:
        below = draws.uniform(0, 2 * half)
        found.append(Sample(at, error(at) - below, error(at) - below + 2 * half))
    return found


def test_drift_of_a_line_lies_within_its_bounds():
    for seed in range(300):
        drift = random.Random(seed).uniform(-80e-6, 80e-6)
        samples = series(lambda t, d=drift: 0.1 + d * t, range(0, 7200, 300), seed=seed)
        (segment,) = segments_of(samples)
        assert segment.slowest <= drift <= segment.fastest
        assert segment.fastest - segment.slowest < 5e-6
        low, high = segment.at_moment(86_400.0, segment.rates)
        assert low <= 0.1 + drift * 86_400 <= high


def test_temperature_bends_the_line_without_faking_a_correction():
    bent = series(lambda t: 3e-6 * t * (t / 86_400), range(0, 86_401, 300), half=0.003)
    assert corrections_between(segments_of(bent)) == []


@pytest.mark.parametrize("jump", [-0.9, -0.05, 0.03, 0.25])
def test_a_jump_is_found_with_its_size(jump):
    for seed in range(50):
        samples = series(
            lambda t: 2e-5 * t + (jump if t > 3500 else 0.0), range(0, 7200, 300), seed=seed
        )
        (correction,) = corrections_between(segments_of(samples))
        assert correction.after <= 3600 <= correction.before + 300
        assert correction.least - 0.001 <= jump <= correction.most + 0.001


def test_a_recording_that_failed_is_counted_not_used():
    empty = clock_recording([], 0, 1)
    failed = Recording(**{**vars(empty), "problem": Reason("visit.timeout", {})})
    measured = measure_worst_clock_error([failed, empty])
    assert measured.value is None
    assert measured.spoilt == Reason("worst-clock-error.no-sample", {"lost": 2})


def test_no_recording_at_all_is_the_callers_mistake():
    with pytest.raises(ValueError, match="no recording"):
        measure_worst_clock_error([])
