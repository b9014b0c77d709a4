"""Planted recordings: quick to make, and true in every picture."""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np
import pytest

from reference_platform.media.units import VideoCodec
from reference_platform.ports import Span
from reference_platform.recording.planting import (
    Planted,
    PlantedSegments,
    coded,
    paint,
    plant,
    read_bars,
)
from tests.reference_platform.recording.bench import CHANNEL, NOON, OTHER, opened

DAY = 86_400.0


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_every_picture_shows_its_time(codec: VideoCodec) -> None:
    units = list(coded(Planted(CHANNEL, codec=codec), NOON + 0.25, NOON + 2.25))
    decoder = av.CodecContext.create({"h264": "h264", "h265": "hevc"}[codec], "r")
    frames = [frame for unit in units for frame in decoder.decode(av.Packet(unit.data))]
    frames += decoder.decode(None)
    assert len(units) == 20
    assert [index for index, unit in enumerate(units) if unit.key] == [0, 10]
    shown = [read_bars(frame.to_ndarray(format="gray")) for frame in frames]
    assert shown == pytest.approx([unit.at for unit in units], abs=0.001)


def test_eight_days_of_two_channels_take_a_moment(tmp_path: Path) -> None:
    began = time.monotonic()
    for channel in (CHANNEL, OTHER):
        plant(tmp_path, Planted(channel), [Span(NOON, NOON + 8 * DAY)])
    archive = opened(tmp_path, formats=(PlantedSegments(),))
    assert time.monotonic() - began < 2.0
    assert archive.spans(CHANNEL, 0, NOON * 2) == [Span(NOON, NOON + 8 * DAY)]
    archive.close()


async def test_planted_segments_are_read_from_any_time(tmp_path: Path) -> None:
    plant(tmp_path, Planted(CHANNEL, fps=5.0), [Span(NOON + 0.5, NOON + 4000)])
    archive = opened(tmp_path, formats=(PlantedSegments(),))
    asked = NOON + 3600.7
    read = [unit async for unit in archive.read(CHANNEL, asked, asked + 2)]
    assert read[0].key
    assert asked - 1.001 < read[0].at <= asked
    assert read[-1].at == pytest.approx(asked + 1.9, abs=0.11)
    archive.close()


def test_the_host_may_paint_itself(tmp_path: Path) -> None:
    asked: list[float] = []

    def painter(planted: Planted, at: float) -> np.ndarray:
        asked.append(at)
        return paint(planted, at)

    plant(tmp_path, Planted(CHANNEL), [Span(NOON, NOON + 3)])
    form = PlantedSegments(painter)
    path = next(tmp_path.rglob("*.planted"))
    assert len(list(form.read(path, NOON + 1.5))) == 20
    assert asked[0] == NOON + 1
