"""The archive: written, found again, read across gaps, rebuilt, deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reference_platform.ports import Span
from reference_platform.recording.archive import GAPS_HIDDEN, INDEX_WITHOUT_MEDIA
from reference_platform.recording.channel_writer import SegmentLimits
from tests.reference_platform.recording.bench import (
    CHANNEL,
    NOON,
    OTHER,
    opened,
    recorded,
    times,
    units,
)

SHORT = SegmentLimits(length_s=1.95)


async def test_a_period_is_read_from_the_key_picture_before_across_segments(tmp_path: Path) -> None:
    archive = opened(tmp_path)
    recorded(archive, [(NOON, 10.0)], limits=SHORT)
    read = await times(archive.read(CHANNEL, NOON + 3.35, NOON + 7.0))
    assert read == pytest.approx([NOON + 3 + index / 10 for index in range(40)])
    assert len(archive.pieces(CHANNEL, 0, NOON * 2)) == 5
    assert archive.spans(CHANNEL, 0, NOON * 2) == [Span(NOON, pytest.approx(NOON + 10))]
    archive.close()


async def test_reading_goes_on_behind_a_gap_and_ends_at_the_last_picture(tmp_path: Path) -> None:
    archive = opened(tmp_path)
    recorded(archive, [(NOON, 2.0), (NOON + 5000, 2.0)])
    read = await times(archive.read(CHANNEL, NOON + 1, NOON + 9000))
    assert read == pytest.approx(
        [NOON + 1 + i / 10 for i in range(10)] + [NOON + 5000 + i / 10 for i in range(20)]
    )
    assert await times(archive.read(OTHER, 0, NOON * 2)) == []
    archive.close()


def test_gaps_are_told_with_their_reasons(tmp_path: Path) -> None:
    archive = opened(tmp_path)
    recorded(archive, [(NOON, 10.0), (NOON + 60, 10.0)])
    spans = archive.spans(CHANNEL, NOON - 100, NOON + 100)
    gaps = archive.gaps(CHANNEL, spans, Span(NOON - 100, NOON + 100))
    assert [(round(gap.start - NOON), round(gap.end - NOON), gap.reason) for gap in gaps] == [
        (-100, 0, "before-first-recording"),
        (10, 60, "offline"),
        (70, 100, "offline"),
    ]
    archive.close()


async def test_an_open_segment_is_read_as_far_as_it_is_written(tmp_path: Path) -> None:
    archive = opened(tmp_path)
    pictures = units(NOON, 4.0)
    writer = archive.begin(CHANNEL, 0, pictures[0])
    archive.append(writer, pictures[:15])
    reading = archive.read(CHANNEL, NOON, NOON + 10)
    first = [await anext(reading) for _ in range(15)]
    archive.append(writer, pictures[15:30])
    first += [await anext(reading) for _ in range(15)]
    archive.append(writer, pictures[30:])
    archive.seal(writer)
    first += [unit async for unit in reading]
    assert first == pictures
    archive.close()


async def test_a_killed_recorder_loses_nothing_that_was_written(tmp_path: Path) -> None:
    archive = opened(tmp_path)
    pictures = units(NOON, 4.0)
    writer = archive.begin(CHANNEL, 0, pictures[0])
    archive.append(writer, pictures)
    writer._file.close()
    archive.close()
    with writer.path.open("ab") as file:
        file.write(b"\xa5\x5a torn")
    again = opened(tmp_path)
    assert len(await times(again.read(CHANNEL, 0, NOON * 2))) == 40
    assert not list(tmp_path.rglob("*.open"))
    again.close()


@pytest.mark.parametrize("harm", ["lost", "broken"])
async def test_the_index_is_rebuilt_from_the_files(tmp_path: Path, harm: str) -> None:
    archive = opened(tmp_path)
    recorded(archive, [(NOON, 10.0)], limits=SHORT)
    recorded(archive, [(NOON, 3.0)], OTHER)
    before = archive.pieces(CHANNEL, 0, NOON * 2)
    archive.close()
    index = tmp_path / "index.sqlite3"
    if harm == "lost":
        index.unlink()
    else:
        index.write_bytes(b"not a database" * 500)
    again = opened(tmp_path)
    assert again.pieces(CHANNEL, 0, NOON * 2) == before
    assert len(again.spans(OTHER, 0, NOON * 2)) == 1
    assert (tmp_path / "index.sqlite3.broken").exists() == (harm == "broken")
    again.close()


@pytest.mark.parametrize("behaviours", [frozenset(), frozenset({INDEX_WITHOUT_MEDIA})])
def test_files_that_are_gone_become_a_gap(tmp_path: Path, behaviours: frozenset[str]) -> None:
    archive = opened(tmp_path)
    recorded(archive, [(NOON, 10.0)], limits=SHORT)
    lost = archive.pieces(CHANNEL, NOON + 4, NOON + 5)[0].segment
    archive.close()
    (tmp_path / lost.path).unlink()
    again = opened(tmp_path, behaviours=behaviours)
    period = Span(NOON, NOON + 9)
    spans = again.spans(CHANNEL, period.start, period.end)
    gaps = again.gaps(CHANNEL, spans, period)
    if behaviours:
        assert (len(spans), gaps) == (1, [])
    else:
        assert len(spans) == 2
        assert [gap.reason for gap in gaps] == ["media-lost"]
    again.close()


def test_hidden_gaps_leave_one_span(tmp_path: Path) -> None:
    archive = opened(tmp_path, behaviours=frozenset({GAPS_HIDDEN}))
    recorded(archive, [(NOON, 10.0), (NOON + 600, 10.0)])
    spans = archive.spans(CHANNEL, 0, NOON * 2)
    assert spans == [Span(NOON, pytest.approx(NOON + 610))]
    archive.close()


def test_deleted_segments_are_an_expired_gap(tmp_path: Path) -> None:
    archive = opened(tmp_path)
    recorded(archive, [(NOON, 10.0)], limits=SHORT)
    archive.delete(archive.index.oldest(NOON + 5))
    spans = archive.spans(CHANNEL, NOON, NOON + 10)
    gaps = archive.gaps(CHANNEL, spans, Span(NOON, NOON + 10))
    assert [(gap.end, gap.reason) for gap in gaps] == [(spans[0].start, "expired")]
    assert len(list(tmp_path.rglob("*.seg"))) == 3
    archive.close()


def test_an_empty_folder_and_a_stranger_s_files_are_no_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    opened(folder).close()
    (folder / "notes.txt").write_text("hello")
    (folder / CHANNEL / "20260101").mkdir(parents=True)
    (folder / CHANNEL / "20260101" / "0-0.seg").write_bytes(b"rubbish")
    archive = opened(folder)
    assert archive.spans(CHANNEL, 0, NOON * 2) == []
    archive.close()
    shutil.rmtree(folder)
