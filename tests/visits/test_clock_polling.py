import asyncio
import statistics
from itertools import pairwise

import pytest

from protocols.time_source import VirtualTime
from simulators.virtual_time import run_in_virtual_time
from tests.clock_bench import LAN, MOBILE, Bench, civil
from visits.clock_polling import told_second, watch_ticks


def width(polls):
    lower = max(told_second(poll) - poll["received"] for poll in polls)
    upper = min(told_second(poll) + 1 - poll["sent"] for poll in polls)
    return upper - lower


async def test_polls_close_in_on_the_tick():
    seeking = [width(await Bench(LAN, seed).polls(12, seed)) for seed in range(100)]
    mobile = [width(await Bench(MOBILE, seed).polls(20, seed)) for seed in range(100)]
    assert statistics.median(seeking) < 0.010
    assert statistics.median(mobile) < 0.060


async def test_stays_within_its_bounds():
    bench = Bench()
    before = bench.time.monotonic()
    polls = await watch_ticks(
        bench.ask, time_source=bench.time, seconds=5.0, polls=50, seed=1, sleep=bench.sleep
    )
    assert bench.time.monotonic() - before <= 5.1
    assert 5 <= len(polls) <= 50
    pauses = [b["sent_mono"] - a["received_mono"] for a, b in pairwise(polls)]
    assert min(pauses) >= 0.149


async def test_the_same_seed_asks_at_the_same_moments():
    first, second = [await Bench(LAN, 7).polls(12, 3) for _ in range(2)]
    assert first == second


async def test_lost_answers_are_passed_over():
    bench = Bench()
    asked = 0

    async def ask():
        nonlocal asked
        asked += 1
        return None if asked % 3 == 0 else await bench.ask()

    polls = await watch_ticks(
        ask, time_source=bench.time, seconds=20, polls=12, seed=1, sleep=bench.sleep
    )
    assert asked == 12
    assert len(polls) == 8


async def test_stamps_set_nearer_to_the_socket_are_kept():
    bench = Bench()

    async def ask():
        bench.time.advance(0.5)  # connecting
        stamps = {"sent": bench.time.now(), "sent_mono": bench.time.monotonic()}
        answer = await bench.ask()
        stamps |= {"received": bench.time.now(), "received_mono": bench.time.monotonic()}
        bench.time.advance(0.5)  # reading
        return answer | stamps

    polls = await watch_ticks(
        ask, time_source=bench.time, seconds=40, polls=12, seed=1, sleep=bench.sleep
    )
    assert all(poll["received"] - poll["sent"] < 0.01 for poll in polls)
    assert width(polls) < 0.02


@pytest.mark.parametrize(
    "utc",
    [
        None,
        {},
        {"year": 99999},
        {"year": "x"},
        {"year": 2026, "month": 0, "day": 1},
        {**civil(0), "hour": 10**400},
    ],
)
async def test_answers_without_a_time_are_kept_and_survived(utc):
    time = VirtualTime()

    async def ask():
        time.advance(0.01)
        return {"path": "onvif", "utc": utc, "local": None}

    async def sleep(seconds):
        time.advance(seconds)

    polls = await watch_ticks(ask, time_source=time, seconds=9, polls=5, seed=1, sleep=sleep)
    assert len(polls) == 5


async def test_a_clock_that_stands_still_does_not_hold_it_up():
    bench = Bench()
    bench.clock.freeze()
    assert len(await bench.polls(12)) == 12


async def test_a_failure_of_the_harness_is_not_swallowed():
    async def ask():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await watch_ticks(ask, time_source=VirtualTime(), seconds=9, polls=5, seed=1)


def test_waiting_for_nothing_in_virtual_time_is_an_error():
    async def wait_for_ever():
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="no timer"):
        run_in_virtual_time(wait_for_ever(), VirtualTime())
