"""The index: what it counts, what it forgets, and a file that it cannot open."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reference_platform.recording.index import SegmentIndex
from reference_platform.recording.segments import SegmentFacts
from tests.reference_platform.recording.bench import CHANNEL, NOON, OTHER


def _segment(number: int, channel: str = CHANNEL, size: int = 10) -> SegmentFacts:
    start = NOON + 60 * number
    path = f"{channel}/{number}.seg"
    return SegmentFacts(channel, 0, start, start + 60, size, 1500, "h264", path)


def test_totals_follow_what_is_added_replaced_and_removed(tmp_path: Path) -> None:
    index = SegmentIndex(tmp_path / "index.sqlite3")
    index.add([_segment(number) for number in range(5)] + [_segment(0, OTHER)])
    index.add([replace(_segment(1), size=30)])
    index.remove([_segment(0).path, "nothing.seg"])
    assert index.channels() == {
        CHANNEL: (NOON + 60, NOON + 300, 60),
        OTHER: (NOON, NOON + 60, 10),
    }
    index.remove([_segment(0, OTHER).path])
    assert set(index.channels()) == {CHANNEL}
    assert index.size_since(NOON + 180) == 20
    assert [one.start for one in index.oldest(NOON + 200)] == [NOON + 60, NOON + 120]
    assert index.oldest(NOON + 200, OTHER) == []
    assert (index.first(CHANNEL), index.first(OTHER)) == (NOON + 60, None)
    index.close()


def test_an_index_of_another_version_is_filled_anew_and_keeps_its_reasons(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    index = SegmentIndex(path)
    index.add([_segment(0)])
    index.interrupt(CHANNEL, NOON, "offline", NOON + 5)
    index.close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    again = SegmentIndex(path)
    assert again.paths(CHANNEL) == set()
    assert [one.reason for one in again.interruptions(CHANNEL, 0, NOON * 2)] == ["offline"]
    again.close()


def test_an_index_that_somebody_holds_is_not_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    SegmentIndex(path).close()
    with sqlite3.connect(path, isolation_level=None) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError):
            SegmentIndex(path, busy_s=0.05)
    holder.close()
    assert not list(tmp_path.glob("*.broken*"))


def test_many_segments_are_asked_in_a_moment(tmp_path: Path) -> None:
    index = SegmentIndex(tmp_path / "index.sqlite3")
    channels = [f"610102000013200{number:05d}" for number in range(10)]
    index.add(_segment(number, channel) for channel in channels for number in range(4320))
    began = time.monotonic()
    assert len(index.channels()) == 10
    index.size_since(NOON + 60 * 2880)
    index.oldest(NOON, channels[3])
    index.last(channels[3])
    assert len(index.segments(channels[5], NOON + 86_400, NOON + 90_000)) == 60
    assert time.monotonic() - began < 0.5
    index.close()
