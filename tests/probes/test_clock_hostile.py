"""Whatever a recording of a clock holds, the probes answer or say why not; they never raise."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from probes.beijing_time import measure_time_zone
from probes.clock_drift import measure_worst_clock_error
from probes.clock_offset import measure_clock_offset
from tests.clock_bench import Bench, civil, clock_recording

NUMBERS = st.one_of(
    st.integers(-5, 70),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.none(),
    st.text(max_size=4),
)
FIELDS = st.one_of(
    st.none(),
    st.builds(civil, st.integers(-(2**31), 2**33)),
    st.dictionaries(st.sampled_from(sorted(civil(0))), NUMBERS),
    NUMBERS,
)
POLLS = st.lists(
    st.one_of(
        NUMBERS,
        st.fixed_dictionaries(
            {"sent": NUMBERS, "received": NUMBERS, "utc": FIELDS, "local": FIELDS},
            optional={
                "path": st.sampled_from(["onvif", "http-date", "x"]),
                "sent_mono": NUMBERS,
                "received_mono": NUMBERS,
                "time_zone": st.one_of(NUMBERS, st.sampled_from(["CST-8", "GMT+08:00"])),
                "daylight_saving": NUMBERS,
            },
        ),
    ),
    max_size=8,
)
ERRORS = st.one_of(st.none(), st.just(0.01))


@settings(max_examples=300, deadline=None)
@given(POLLS, ERRORS)
def test_hostile_polls(polls, error_s):
    recording = clock_recording(polls, 0, 1, error_s)
    for measured in (
        measure_clock_offset(recording),
        measure_worst_clock_error([recording, recording]),
        measure_time_zone(recording),
    ):
        assert (measured.value is None) <= (measured.spoilt is not None)
        if measured.lower is not None and measured.value is not None:
            assert measured.lower <= measured.value <= measured.upper


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["at", "what"]), NUMBERS), max_size=5))
def test_hostile_events(events):
    bench = Bench()
    recordings = [asyncio.run(bench.recording(4)) for _ in range(2)]
    recordings[0].facts["sync_events"] = events
    measured = measure_worst_clock_error(recordings)
    assert measured.lower <= measured.value <= measured.upper < float("inf")
