"""Pictures with a burnt-in clock: drawn by the simulator's font and by OpenCV's."""

import random
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from probes.clock_offset import measure_clock_offset
from probes.picture_clock import measure_picture_clock
from simulators.camera import overlay
from tests.clock_bench import Bench
from tests.stream_recordings import (
    encode,
    moving_frames,
    standard_clip,
    stream_recording,
    timing_recording,
)

START = 1_770_000_000.3
FPS = 12.5
LATENCY = 0.15
SIZE = (640, 360)


def own_font(frame, text):
    overlay.burn(frame, text, 16, 12, overlay.character_height(frame.shape[0]))


def hershey(frame, text):
    for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(frame, text, (250, 340), cv2.FONT_HERSHEY_SIMPLEX, 0.7, colour, width)


def clock_stream(
    offset,
    *,
    draw=own_font,
    zone=28_800,
    layout="%Y-%m-%d %H:%M:%S",
    count=28,
    frozen=False,
    jitter=0.02,
    codec="H264",
    seed=1,
    **facts,
):
    """A stream whose pictures show the clock of a camera that is ``offset`` off."""
    draws = random.Random(seed)
    background = moving_frames(1, *SIZE, seed=seed)[0] // 2
    frames, times = [], []
    for number in range(count):
        drawn = START + number / FPS
        shown = (START if frozen else drawn) + offset + zone
        frame = background.copy()
        frame[100:140, 10 * number % 500 : 10 * number % 500 + 40] = 200
        draw(frame, datetime.fromtimestamp(int(shown // 1), UTC).strftime(layout))
        frames.append(frame)
        times.append(drawn + LATENCY + draws.uniform(0, jitter))
    coded = encode(frames, fps=FPS, codec=codec, gop=13)
    ticks = [round(number * 90_000 / FPS) for number in range(count)]
    return stream_recording(coded, times=times, timestamps=ticks, kind="stream:sub", **facts)


@pytest.mark.parametrize("draw", [own_font, hershey])
@pytest.mark.parametrize("offset", [0.0, 1.37, -12.8])
def test_the_interval_holds_the_truth(offset, draw):
    measured = measure_picture_clock(clock_stream(offset, draw=draw))
    assert measured.spoilt is None
    assert measured.lower <= offset <= measured.upper
    assert measured.upper - measured.lower <= 0.5 + 2 / FPS
    assert measured.details["hours_from_utc"] == 8
    assert len(measured.details["ticks"]) >= 1
    assert set(measured.evidence) == {"clock-before.png", "clock-after.png"}
    assert measured.details["read"] <= 14


@pytest.mark.parametrize("layout", ["%Y/%m/%d %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S"])
def test_other_layouts(layout):
    measured = measure_picture_clock(clock_stream(0.5, layout=layout))
    assert measured.lower <= 0.5 <= measured.upper


@pytest.mark.parametrize(("zone", "hours"), [(0, 0), (25_200, 7)])
def test_another_zone_is_seen(zone, hours):
    measured = measure_picture_clock(clock_stream(0.0, zone=zone))
    assert measured.details["hours_from_utc"] == hours
    assert measured.lower <= zone - 28_800 <= measured.upper


def test_a_clock_that_stands_still():
    measured = measure_picture_clock(clock_stream(0.0, frozen=True))
    assert measured.details["frozen_s"] >= 2
    assert measured.lower <= -(28 / FPS) + 0.1


def test_motion_jpeg():
    measured = measure_picture_clock(clock_stream(0.25, codec="JPEG"))
    assert measured.lower <= 0.25 <= measured.upper


def test_too_short_for_a_tick():
    measured = measure_picture_clock(clock_stream(0.0, count=5))
    assert measured.spoilt.code == "picture-clock.no-tick"


def test_reference_unknown():
    measured = measure_picture_clock(clock_stream(0.0, count=20, reference=None))
    assert measured.spoilt.code == "picture-clock.reference-unknown"


def test_no_clock_in_the_picture():
    measured = measure_picture_clock(stream_recording(standard_clip()))
    assert measured.spoilt.code == "picture-clock.not-found"


def test_no_decodable_picture():
    times = np.arange(20) / 10 + START
    measured = measure_picture_clock(timing_recording(times))
    assert measured.spoilt.code == "picture-clock.no-picture"


def test_nothing_recorded():
    measured = measure_picture_clock(stream_recording([]))
    assert measured.value is None
    assert measured.spoilt.code == "picture-clock.no-packets"


async def test_the_picture_tells_rounding_from_truncation():
    picture = measure_picture_clock(clock_stream(0.0))
    for behaviour in ("", "clock-rounds-seconds"):
        bench = Bench(behaviours=frozenset({behaviour}))
        measured = measure_clock_offset(await bench.recording(), picture_clock=picture)
        assert measured.details["second_path"] == "picture"
        assert measured.details["assumption"] == ("rounded" if behaviour else "truncated")
        assert measured.lower <= 0 <= measured.upper
        assert measured.uncertainty < 0.01
