import pytest

from console.virtual_watch import virtual_watch
from probes.clock_drift import measure_worst_clock_error
from probes.clock_offset import convention_of, measure_clock_offset


def day(*behaviours, **settings):
    recordings = virtual_watch(behaviours, **settings)
    offset = measure_clock_offset(recordings[1], stream=recordings[0])
    return measure_worst_clock_error(recordings, second_convention=convention_of(offset))


@pytest.mark.parametrize(
    "defect",
    [
        "offset-1500ms",
        "offset-minus-1100ms",
        "camera-2s-off",
        "drift-20ppm-unsynced",
        "step-each-hour",
        "sawtooth-900ms-peak-1200ms",
        "clock-frozen",
    ],
)
def test_every_defect_is_certain_after_a_virtual_day(defect):
    measured = day(defect)
    assert measured.details["mode"] == "watched"
    assert measured.lower > 1.0


@pytest.mark.parametrize(
    "variant",
    [
        *("", "ntp-step-small", "ntp-slew", "drift-5ppm-ntp-synced"),
        *("offset-500ms", "clock-rounds-seconds", "clock-answers-cached"),
    ],
)
def test_every_variant_is_clean(variant):
    measured = day(variant)
    assert measured.details["mode"] == "watched"
    assert measured.lower <= 1.0
    if variant != "clock-answers-cached":
        assert measured.upper < 1.0


def test_a_short_watch_that_saw_the_corrections_is_a_prediction():
    assert day("ntp-step-small", duration_s=7200.0).details["mode"] == "predicted"
