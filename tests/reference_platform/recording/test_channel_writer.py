"""Cutting pictures into segments, with clocks and sources that misbehave."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from protocols.time_source import VirtualTime
from reference_platform.ports import Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.channel_writer import (
    MIDNIGHT_GAP,
    ChannelWriter,
    SegmentLimits,
)
from tests.reference_platform.recording.bench import CHANNEL, NOON, opened, times, units

LIMITS = SegmentLimits(length_s=10.0)
FOR_EVER = NOON * 2


class _Bench:
    """A writer whose pictures arrive as a virtual clock says."""

    def __init__(self, folder: Path, behaviours: frozenset[str] = frozenset()) -> None:
        self.archive: Archive = opened(folder)
        self.clock = VirtualTime(NOON)
        self.writer = ChannelWriter(self.archive, CHANNEL, self.clock, LIMITS, behaviours)
        self.pts = 0

    def run(self, seconds: float) -> None:
        for unit in units(self.clock.now(), seconds, pts=self.pts):
            # Key pictures each second of the source, whenever a run begins.
            self.writer.take([replace(unit, key=round(unit.pts / 9000) % 10 == 0)])
            self.clock.advance(0.1)
        self.pts += round(seconds * 90_000)

    def silence(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.pts += round(seconds * 90_000)

    def end(self) -> list[Span]:
        self.writer.pause("recording-off")
        return self.archive.spans(CHANNEL, 0, FOR_EVER)


@pytest.fixture
def bench(tmp_path: Path) -> _Bench:
    return _Bench(tmp_path)


def _seconds(spans: list[Span]) -> list[tuple[float, float]]:
    return [(round(span.start - NOON, 1), round(span.end - NOON, 1)) for span in spans]


def test_segments_begin_at_key_pictures_and_join(bench: _Bench) -> None:
    bench.run(35.0)
    assert _seconds(bench.end()) == [(0.0, 35.0)]
    pieces = bench.archive.pieces(CHANNEL, 0, FOR_EVER)
    assert [round(piece.start - NOON) for piece in pieces] == [0, 10, 20, 30]
    bench.archive.close()


async def test_a_clock_set_forward_leaves_a_gap_with_its_reason(bench: _Bench) -> None:
    bench.run(15.5)
    bench.clock.step(3600)
    bench.run(10.0)
    spans = bench.end()
    # What came before the next key picture still belongs to the old time.
    assert _seconds(spans) == [(0.0, 16.0), (3616.0, 3625.5)]
    gaps = bench.archive.gaps(CHANNEL, spans, Span(NOON, NOON + 3625))
    assert [gap.reason for gap in gaps] == ["clock-step"]
    assert len(await times(bench.archive.read(CHANNEL, 0, FOR_EVER))) == 255
    bench.archive.close()


async def test_a_clock_set_back_never_overlaps_and_keeps_both(bench: _Bench) -> None:
    bench.run(30.0)
    bench.clock.step(-20)
    bench.run(40.0)
    spans = bench.end()
    assert _seconds(spans) == [(0.0, 50.0)]
    read = await times(bench.archive.read(CHANNEL, 0, FOR_EVER))
    pieces = bench.archive.pieces(CHANNEL, 0, FOR_EVER)
    assert all(a.end <= b.start for a, b in itertools.pairwise(pieces))
    assert pieces[-1].segment.generation == 1
    assert read == sorted(read)
    # Nothing was lost on the disk: 70 s of pictures are there.
    kept = bench.archive.index.oldest(FOR_EVER)
    assert sum(segment.pictures for segment in kept) == 700
    bench.archive.close()


def test_a_clock_set_back_while_the_platform_was_down_does_not_overlap(tmp_path: Path) -> None:
    bench = _Bench(tmp_path)
    bench.run(30.0)
    bench.end()
    bench.archive.close()
    later = _Bench(tmp_path)
    later.clock.step(-10)
    later.run(60.0)
    assert _seconds(later.end()) == [(-10.0, 50.0)]
    later.archive.close()


def test_small_corrections_of_the_clock_are_followed_without_a_new_segment(bench: _Bench) -> None:
    bench.run(3.0)
    bench.clock.step(-0.3)
    bench.run(3.0)
    bench.clock.step(0.3)
    bench.run(3.0)
    assert len(bench.end()) == 1
    assert len(bench.archive.pieces(CHANNEL, 0, FOR_EVER)) == 1
    bench.archive.close()


async def test_jitter_of_arrival_does_not_reach_the_recording(bench: _Bench) -> None:
    pictures = units(NOON, 9.0)
    for index, unit in enumerate(pictures):
        late = 0.3 if index % 7 == 3 else 0.0
        bench.writer.take([replace(unit, at=unit.at + late)])
        bench.clock.advance(0.1)
    bench.end()
    read = await times(bench.archive.read(CHANNEL, 0, FOR_EVER))
    steps = [b - a for a, b in itertools.pairwise(read)]
    assert min(steps) > 0.09
    assert max(steps) < 0.11
    bench.archive.close()


def test_silence_of_the_source_is_a_gap(bench: _Bench) -> None:
    bench.run(5.0)
    bench.silence(30.0)
    bench.run(5.0)
    spans = bench.end()
    assert _seconds(spans) == [(0.0, 5.0), (35.0, 40.0)]
    gaps = bench.archive.gaps(CHANNEL, spans, Span(NOON, NOON + 40))
    assert [gap.reason for gap in gaps] == ["signal-lost"]
    bench.archive.close()


def test_another_codec_begins_another_segment(bench: _Bench) -> None:
    bench.writer.take(units(NOON, 2.0))
    bench.clock.advance(2)
    bench.writer.take(units(NOON + 2, 2.0, pts=180_000, codec="h265"))
    assert _seconds(bench.end()) == [(0.0, 4.0)]
    pieces = bench.archive.pieces(CHANNEL, 0, FOR_EVER)
    assert [piece.segment.codec for piece in pieces] == ["h264", "h265"]
    bench.archive.close()


def test_pictures_before_the_first_key_picture_are_not_kept(bench: _Bench) -> None:
    bench.writer.take(units(NOON, 2.0)[5:])
    assert _seconds(bench.end()) == [(1.0, 2.0)]
    bench.archive.close()


def test_a_source_that_never_sends_a_key_picture_again_is_cut(tmp_path: Path) -> None:
    archive = opened(tmp_path)
    writer = ChannelWriter(archive, CHANNEL, VirtualTime(NOON), SegmentLimits(longest_s=30.0))
    writer.take(units(NOON, 100.0, gop=10_000))
    writer.pause("offline")
    assert _seconds(archive.spans(CHANNEL, 0, FOR_EVER)) == [(0.0, 30.1)]
    archive.close()


def test_the_defect_loses_the_first_minutes_of_the_day(tmp_path: Path) -> None:
    bench = _Bench(tmp_path, frozenset({MIDNIGHT_GAP}))
    bench.clock.step(12 * 3600 - 60)  # noon in Beijing is where the bench begins
    bench.run(240.0)
    spans = bench.end()
    assert len(spans) == 2
    assert spans[1].start - spans[0].end == pytest.approx(120, abs=11)
    bench.archive.close()
