"""A simulated stream over more than a day, in virtual time, and what the harness reads of it."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest

from probes.gb28181.media import Media
from protocols.mpeg_ps.conformance import judge_program_stream
from protocols.rtp import RtpPacket, extend, parse_rtp
from simulators.camera.encoders import AccessUnit, Clip
from simulators.camera.gb28181.media import MediaStream, StreamPlan
from simulators.camera.gb28181.pictures import ClipPictures
from tests.virtual_loop import run_virtually

KEY = b"\0\0\0\1\x67\x64\0\x1f\0\0\0\1\x68\xee\0\0\0\1\x65\x88\x84"
OTHER = b"\0\0\0\1\x41\x9a\x24"
HOUR = 3600.0


class Kept:
    """A carrier that keeps every packet with the loop's time."""

    def __init__(self) -> None:
        self.packets: list[tuple[float, RtpPacket]] = []

    def send(self, header: bytes, payload: bytes) -> None:
        packet = parse_rtp(header + payload)
        self.packets.append((asyncio.get_running_loop().time(), packet))

    def report(self, data: bytes) -> None:
        pass

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def streamed(every: float, seconds: float, **more: object) -> Media:
    """What a session sends in ``seconds``: a picture ``every`` so many, each eighth a key one."""
    units = [AccessUnit(KEY if n == 0 else OTHER, n == 0, n * every) for n in range(8)]
    clip = Clip(units, 1 / every, "H264", 640, 360, 8 * every)
    plan = StreamPlan(ssrc=7, payload_type=96, codec="H264", end=seconds, **more)  # type: ignore[arg-type]
    kept = Kept()

    async def run() -> None:
        over = asyncio.Event()
        stream = MediaStream(plan, ClipPictures(clip), None, asyncio.get_running_loop().time)
        stream.start(kept, over.set)
        await over.wait()
        await stream.stop()

    run_virtually(run())
    return Media(kept.packets)


@pytest.fixture(scope="module")
def day() -> Media:
    """27 hours, whose PTS begins an hour and a half before its wrap: RTP wraps twice meanwhile."""
    return streamed(4.0, 27 * HOUR, wrap_after_s=1.5 * HOUR)


def test_both_counters_wrap(day: Media) -> None:
    stamps = np.array([packet.timestamp for _, packet in day.arrivals], np.int64)
    assert list(np.flatnonzero(np.diff(stamps) < 0) * 4 / HOUR) == pytest.approx(
        [1.5, 1.5 + 13.26], abs=0.01
    )
    told = [unit.pts for unit in day.units if unit.pts is not None]
    assert list(np.flatnonzero(np.diff(told) < 0) * 4 / HOUR) == pytest.approx([1.5], abs=0.01)


def test_nothing_interrupts_the_pictures(day: Media) -> None:
    assert day.lost == 0
    assert len(day.units) == len(day.media_times) == 27 * HOUR / 4
    assert np.diff([time or math.nan for time in day.media_times]) == pytest.approx(4.0)
    stamps = extend(np.array([packet.timestamp for _, packet in day.arrivals]), 32)
    assert set(np.diff(stamps)) == {4 * 90_000}
    arrived = [day.arrival_of(index) for index in (0, 1, len(day.units) - 1)]
    assert arrived == pytest.approx([0.0, 4.0, 27 * HOUR - 4.0], abs=0.01)


def test_the_strict_reading_complains_of_no_wrap(day: Media) -> None:
    codes = {one.code for one in judge_program_stream(day.stream.data, day.stream.gaps)}
    assert codes <= {"ps-clock-gap"}  # a picture in 4 s is rarer than the clock may be told


def test_no_key_picture_for_ten_seconds() -> None:
    media = streamed(0.04, 12.0, keyless_s=10.0)
    keys = [media.arrival_of(index) for index, unit in enumerate(media.units) if unit.key]
    assert keys[0] == pytest.approx(10.24, abs=0.01)
    assert len(media.units) == 300 - 32
