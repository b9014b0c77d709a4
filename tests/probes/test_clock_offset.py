import random
import statistics
import struct

import pytest

from assessment.reason import Reason
from assessment.recording import Part, Recording
from probes.clock_offset import measure_clock_offset
from tests.clock_bench import LAN, LOPSIDED, MOBILE, Bench, Path, clock_recording

TRUNCATES = {"second_convention": "truncated"}


async def offsets(path: Path, polls: int, draws: int) -> tuple[list[float], int]:
    """Half-widths, and in how many of ``draws`` runs the truth lay outside."""
    widths, outside = [], 0
    for seed in range(draws):
        bench = Bench(path, seed)
        true = random.Random(seed).uniform(-3, 3)
        bench.clock.step(true)
        measured = measure_clock_offset(await bench.recording(polls, seed), **TRUNCATES)
        outside += not measured.lower <= true <= measured.upper
        widths.append(measured.uncertainty)
    return widths, outside


@pytest.mark.parametrize(
    ("path", "polls", "promised"), [(LAN, 12, 0.010), (MOBILE, 20, 0.060), (LOPSIDED, 20, 0.060)]
)
async def test_holds_the_truth_and_is_narrow(path, polls, promised):
    widths, outside = await offsets(path, polls, 500)
    assert outside == 0
    assert statistics.median(widths) <= promised
    assert statistics.quantiles(widths, n=20)[-1] <= promised


async def test_a_rounding_device_is_inside_when_the_convention_is_not_known():
    for seed in range(200):
        bench = Bench(LAN, seed, frozenset({"clock-rounds-seconds"} if seed % 2 else ()))
        true = random.Random(seed).uniform(-2, 2)
        bench.clock.step(true)
        measured = measure_clock_offset(await bench.recording(12, seed))
        assert measured.details["assumption"] == "either"
        assert measured.lower <= true <= measured.upper
        assert 0.25 <= measured.uncertainty <= 0.27


@pytest.mark.parametrize("behaviour", ["", "clock-rounds-seconds"])
async def test_sender_reports_tell_truncation_from_rounding(behaviour):
    for seed in range(100):
        bench = Bench(LAN, seed, frozenset({behaviour}))
        true = random.Random(seed).uniform(-2, 2)
        bench.clock.step(true)
        clock = await bench.recording(12, seed)
        measured = measure_clock_offset(clock, stream=bench.stream())
        assert measured.details["assumption"] == ("rounded" if behaviour else "truncated")
        assert measured.details["second_path"] == "rtcp"
        assert measured.lower <= true <= measured.upper
        assert measured.uncertainty <= 0.010


async def test_sender_reports_alone_give_half_the_round_trip_and_a_millisecond():
    for seed in range(200):
        bench = Bench(Path(0.010, 0.010, 0.0), seed)
        true = random.Random(seed).uniform(-2, 2)
        bench.clock.step(true)
        nothing = clock_recording([], bench.time.now(), bench.time.now())
        measured = measure_clock_offset(nothing, stream=bench.stream())
        assert measured.spoilt is None
        assert measured.details["assumption"] == "sub-second"
        assert measured.lower <= true <= measured.upper
        assert measured.uncertainty == pytest.approx(0.011, abs=1e-5)


async def test_sender_reports_of_another_clock_are_not_believed():
    bench = Bench()
    clock = await bench.recording()
    measured = measure_clock_offset(clock, stream=bench.stream(offset=5.25))
    assert measured.details["paths_disagree"]
    assert measured.details["assumption"] == "either"
    measured = measure_clock_offset(clock, stream=bench.stream(offset=-1.7e9))
    assert measured.details["sender_reports"]["wall_clock"] is False
    assert measured.lower < 0 < measured.upper


async def test_a_sender_report_that_was_held_up_widens_instead_of_misleading():
    bench = Bench(Path(0.002, 0.002, 0.0))
    nothing = clock_recording([], bench.time.now(), bench.time.now())
    stream = bench.stream(reports=2)
    late = bytearray(stream.read("packets.pcap"))
    second = 24 + (len(late) - 24) // 2
    nanoseconds = struct.unpack_from("<I", late, second + 4)[0]
    struct.pack_into("<I", late, second + 4, min(nanoseconds + 300_000_000, 999_999_999))
    stream = Recording(
        **{**vars(stream), "parts": {"packets.pcap": Part.of(bytes(late), "application/pcap")}}
    )
    measured = measure_clock_offset(nothing, stream=stream)
    assert measured.lower <= 0 <= measured.upper
    assert measured.details["sender_reports"]["steady"] is False


async def test_error_of_the_reference_is_added():
    bench = Bench()
    clock = await bench.recording(error_s=0.25)
    measured = measure_clock_offset(clock, **TRUNCATES)
    assert 0.25 < measured.uncertainty < 0.26


async def test_unknown_reference_spoils():
    bench = Bench()
    measured = measure_clock_offset(await bench.recording(error_s=None))
    assert measured.spoilt.code == "clock-offset.reference-unknown"


async def test_a_step_of_the_device_during_the_watch_is_found():
    bench = Bench()
    asked = iter(range(100))
    bench.before_answer = lambda: bench.clock.step(0.7) if next(asked) == 12 else None
    measured = measure_clock_offset(await bench.recording(20), **TRUNCATES)
    (step,) = measured.details["steps"]
    assert step["by"][0] <= 0.7 <= step["by"][1]
    assert measured.lower <= 0 <= 0.7 <= measured.upper


async def test_a_step_of_the_host_spoils():
    bench = Bench()
    asked = iter(range(100))
    bench.before_answer = lambda: bench.time.step(-0.4) if next(asked) == 6 else None
    measured = measure_clock_offset(await bench.recording())
    assert measured.spoilt.code == "clock-offset.host-clock-stepped"
    assert measured.spoilt.parameters["shift_s"] == pytest.approx(0.4, abs=1e-4)


async def test_cached_answers_are_found_and_the_truth_stays_inside():
    found = 0
    for seed in range(200):
        bench = Bench(LAN, seed, frozenset({"clock-answers-cached"}))
        true = random.Random(seed).uniform(-2, 2)
        bench.clock.step(true)
        measured = measure_clock_offset(await bench.recording(20, seed), **TRUNCATES)
        assert measured.lower <= true <= measured.upper
        found += measured.details["cache_s"] is not None
        with_reports = measure_clock_offset(await bench.recording(20, seed), stream=bench.stream())
        assert with_reports.lower <= true <= with_reports.upper
        assert with_reports.details["second_path"] == "rtcp"
        assert with_reports.uncertainty < 0.01
    assert found >= 198


async def test_local_time_told_as_utc_is_named():
    bench = Bench(behaviours=frozenset({"local-time-as-utc"}))
    measured = measure_clock_offset(await bench.recording(), stream=bench.stream())
    assert measured.details["whole_hours"] == 8
    assert measured.value == pytest.approx(28800, abs=0.01)
    low, high = measured.details["remainder"]
    assert -0.01 < low <= 0 <= high < 0.01
    assert measured.details["assumption"] == "truncated"


async def test_a_clock_that_stands_still_is_found():
    bench = Bench()
    bench.clock.freeze()
    measured = measure_clock_offset(await bench.recording())
    assert measured.details["frozen_s"] > 5


@pytest.mark.parametrize(
    "polls",
    [
        [],
        [{"path": "onvif"}],
        [{"sent": 1.0, "received": 2.0, "utc": None, "local": None}],
        [{"sent": 1.0, "received": 2.0, "utc": {"year": 2026, "month": 13}}],
        [{"sent": float("nan"), "received": 2.0, "utc": None}],
        "nonsense",
    ],
)
def test_no_usable_answer_spoils(polls):
    measured = measure_clock_offset(clock_recording(polls, 0, 1))
    assert measured.value is None
    assert measured.spoilt.code == "clock-offset.no-answer"


def test_a_failed_visit_is_named():
    recording = clock_recording([], 0, 1)
    failed = Recording(**{**vars(recording), "problem": Reason("visit.timeout", {})})
    measured = measure_clock_offset(failed)
    assert measured.spoilt == Reason(
        "clock-offset.visit-failed", {"problem": failed.problem.within}
    )
