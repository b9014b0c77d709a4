import pytest

from protocols.time_source import VirtualTime
from simulators.behaviours import registry
from simulators.camera.clock import (
    CameraClock,
    Following,
    clock_for,
    configure,
    told_second,
    zone_seconds,
)
from simulators.camera.state import CameraState

DAY = 86_400


@pytest.mark.parametrize(
    ("behaviour", "after_an_hour", "worst_of_a_day"),
    [
        ("", 0.002, 0.0021),
        ("offset-1500ms", 1.5, 1.5),
        ("offset-minus-1100ms", -1.1, 1.1),
        ("camera-2s-off", 2.0, 2.0),
        ("drift-20ppm-unsynced", 0.072, 1.728),
        ("step-each-hour", 0.25, 6.0),
        ("sawtooth-900ms-peak-1200ms", 0.66, 1.2),
        ("clock-frozen", -3600, DAY),
        ("ntp-step-small", 0.0106, 0.0205),
        ("ntp-slew", 0.054, 0.0541),
        ("drift-5ppm-ntp-synced", 0.0, 0.018),
        ("offset-500ms", 0.5, 0.5),
    ],
)
def test_each_behaviour_errs_as_it_says(behaviour, after_an_hour, worst_of_a_day):
    time = VirtualTime()
    clock = clock_for({behaviour}, time)
    errors = []
    for second in range(10, DAY + 10, 10):
        time.advance(10)
        errors.append(clock.error())
        if second == 3600:
            assert clock.error() == pytest.approx(after_an_hour, abs=0.002)
    assert max(map(abs, errors)) == pytest.approx(worst_of_a_day, abs=0.0015)
    assert not behaviour or behaviour in registry()


def test_reading_once_a_day_gives_the_same_as_reading_each_second():
    times = VirtualTime(), VirtualTime()
    rarely, often = (
        CameraClock(time, 0.1, 50.0, following=Following(1000.0, mode="slew")) for time in times
    )
    times[0].advance(DAY)
    for _ in range(DAY // 100):
        times[1].advance(100)
        often.now()
    assert rarely.error() == pytest.approx(often.error(), abs=1e-5)
    assert len(rarely.corrections()) == len(often.corrections()) == 86


def test_set_freeze_and_step():
    time = VirtualTime()
    clock = CameraClock(time)
    clock.set(1000.0)
    time.advance(2.5)
    assert clock.now() == 1002.5
    clock.freeze()
    time.advance(5)
    assert clock.now() == 1002.5
    clock.freeze(False)
    clock.step(-2.5)
    assert clock.now() == 1000.0


def test_a_step_of_the_reference_does_not_move_the_device():
    time = VirtualTime()
    clock = CameraClock(time)
    before = clock.now()
    time.step(100.0)
    assert clock.now() == before


def test_what_is_told():
    time = VirtualTime(1_770_000_000.6)
    clock = CameraClock(time)
    assert told_second(clock, set()) == 1_770_000_000
    assert told_second(clock, {"clock-rounds-seconds"}) == 1_770_000_001
    assert told_second(clock, {"local-time-as-utc"}) == 1_770_028_800
    time.advance(1.0)
    assert told_second(clock, {"clock-answers-cached"}) == 1_770_000_000
    assert zone_seconds({"utc-shown"}) == 0


def test_a_camera_gets_the_clock_that_its_behaviours_ask_for():
    time = VirtualTime()
    state = CameraState("127.15.0.9", "point", clock=time)
    configure(state)
    usual = state.clock
    assert abs(usual.error()) < 0.01
    configure(state)
    assert state.clock is usual
    state.switch(on=["offset-1500ms"])
    configure(state)
    assert state.clock.error() == pytest.approx(1.5)
    state.switch(off=["offset-1500ms"])
    configure(state)
    assert abs(state.clock.error()) < 0.01


def test_a_clock_set_by_hand_stays():
    clock = CameraClock(VirtualTime(), 7.0)
    state = CameraState("127.15.0.9", "point", clock=clock)
    configure(state)
    assert state.clock is clock
