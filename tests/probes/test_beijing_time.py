import pytest

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.beijing_time import measure_time_zone
from probes.clock_offset import measure_clock_offset
from tests.clock_bench import Bench, clock_recording, utc


def picture(value, spoilt=None):
    return Measurement(
        "picture-clock",
        value,
        "s",
        "picture-clock/1",
        "method.picture-clock",
        "camera",
        utc(0),
        utc(1),
        spoilt=spoilt,
    )


@pytest.mark.parametrize(
    ("behaviour", "named"),
    [("", "+08:00"), ("utc-shown", "+00:00"), ("timezone-off-by-hour", "+07:00")],
)
async def test_each_zone_is_named(behaviour, named):
    bench = Bench(behaviours=frozenset({behaviour}))
    bench.clock.step(1.5)
    measured = measure_time_zone(await bench.recording())
    assert measured.value == named
    assert set(measured.details["witnesses"]) == {"zone", "local"}
    assert measured.spoilt is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.4, "+08:00"), (-28_800.2, "mixed"), (-3600.0, "mixed"), (5000.0, "+08:00")],
)
async def test_the_picture_is_a_witness(value, expected):
    bench = Bench()
    measured = measure_time_zone(await bench.recording(), picture_clock=picture(value))
    assert measured.value == expected
    assert ("picture" in measured.details["witnesses"]) == (value != 5000.0)


async def test_a_spoilt_picture_is_none():
    bench = Bench()
    spoilt = picture(None, Reason("picture-clock.not-found"))
    measured = measure_time_zone(await bench.recording(), picture_clock=spoilt)
    assert "picture" not in measured.details["witnesses"]


async def test_a_clock_that_is_years_off_still_tells_its_zone():
    bench = Bench()
    bench.clock.step(-1e9)
    assert measure_time_zone(await bench.recording()).value == "+08:00"


async def test_local_time_told_as_utc():
    bench = Bench(behaviours=frozenset({"local-time-as-utc"}))
    clock = await bench.recording()
    measured = measure_time_zone(clock, clock_offset=measure_clock_offset(clock))
    assert measured.details["utc_hours"] == 8


async def test_a_turned_sign_is_understood_by_the_local_time():
    bench = Bench()
    polls = await bench.polls()
    for poll in polls:
        poll["time_zone"] = "GMT+08:00"
    measured = measure_time_zone(clock_recording(polls, 0, 1))
    assert measured.value == "+08:00"
    assert measured.details["sign_turned"]
    for poll in polls:
        poll["local"] = None
    measured = measure_time_zone(clock_recording(polls, 0, 1))
    assert measured.value is None
    assert measured.details["zone_text"] == "GMT+08:00"


@pytest.mark.parametrize(
    "polls", [[], "x", [None], [{"local": {"year": "?"}}], [{"time_zone": "nowhere", "sent": "x"}]]
)
def test_no_witness(polls):
    measured = measure_time_zone(clock_recording(polls, 0, 1))
    assert measured.value is None
    assert measured.spoilt.code == "time-zone.no-witness"


def test_a_failed_visit():
    recording = clock_recording([], 0, 1)
    failed = Recording(**{**vars(recording), "problem": Reason("visit.refused", {})})
    assert measure_time_zone(failed).spoilt.code == "time-zone.visit-failed"
