"""Segment files: whole, torn, damaged, refused by the disk."""

from __future__ import annotations

import errno
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.recording.segments import (
    DamagedSegment,
    PlainSegments,
    SegmentWriter,
    recover,
)
from tests.reference_platform.recording.bench import CHANNEL, NOON, units

FORM = PlainSegments()


def _written(folder: Path, seconds: float = 3.0) -> SegmentWriter:
    pictures = units(NOON, seconds)
    writer = SegmentWriter(folder, CHANNEL, 2, pictures[0])
    writer.append(pictures)
    return writer


def test_what_is_written_is_read_and_described(tmp_path: Path) -> None:
    writer = _written(tmp_path)
    path = writer.close(".seg")
    assert list(FORM.read(path, 0.0)) == units(NOON, 3.0)
    facts = FORM.describe(path, path.name)
    assert facts == writer.facts(tmp_path, path)
    assert (facts.generation, facts.pictures, facts.start) == (2, 30, NOON)
    assert facts.end == pytest.approx(NOON + 3.0)
    assert facts.size == path.stat().st_size


@pytest.mark.parametrize(("asked", "first"), [(0.0, 0.0), (0.95, 0.0), (1.0, 1.0), (2.99, 2.0)])
def test_reading_begins_at_the_key_picture_before(
    tmp_path: Path, asked: float, first: float
) -> None:
    path = _written(tmp_path).close(".seg")
    read = list(FORM.read(path, NOON + asked))
    assert read[0].at == NOON + first
    assert read[0].key
    assert read[-1].at == pytest.approx(NOON + 2.9)


def test_a_crash_at_any_byte_costs_only_the_last_picture(tmp_path: Path) -> None:
    writer = _written(tmp_path, 1.0)
    whole = writer.path.read_bytes()
    writer.discard()
    record = len(whole) // 10 if len(whole) % 10 == 0 else (len(whole) - 90) // 10
    pictures = units(NOON, 1.0)
    for cut in range(len(whole) - 2 * record, len(whole)):
        torn = tmp_path / "torn-0.open"
        torn.write_bytes(whole[:cut])
        path = recover(torn, ".seg")
        assert path is not None
        read = list(FORM.read(path, 0.0))
        assert read == pictures[: len(read)]
        assert len(read) >= 7
        assert FORM.describe(path, "x").pictures == len(read)
        path.unlink()


def test_an_open_file_without_a_whole_picture_is_removed(tmp_path: Path) -> None:
    for content in (b"", b"TANTOU-SEGMENT-1\n", b"rubbish" * 100):
        path = tmp_path / "x-0.open"
        path.write_bytes(content)
        assert recover(path, ".seg") is None
        assert not path.exists()


def test_a_flipped_bit_ends_reading_before_it(tmp_path: Path) -> None:
    path = _written(tmp_path).close(".seg")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    read = list(FORM.read(path, 0.0))
    assert 10 <= len(read) <= 16
    assert read == units(NOON, 3.0)[: len(read)]


@given(st.data())
def test_whatever_happens_to_a_file_only_true_pictures_come_out(data: st.DataObject) -> None:
    pictures = units(NOON, 1.5)
    with tempfile.TemporaryDirectory() as folder:
        path = _written(Path(folder), 1.5).close(".seg")
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            place = data.draw(st.integers(0, len(content) - 1))
            content[place] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        with suppress(DamagedSegment):
            assert FORM.describe(path, "x").pictures <= len(pictures)
        with suppress(DamagedSegment):
            # The codec stands in the head, once, without a checksum.
            assert all(replace(unit, codec="h264") in pictures for unit in FORM.read(path, NOON))
        closed = recover(path.rename(path.with_suffix(".open")), ".seg")
        assert closed is None or len(list(FORM.read(closed, 0.0))) <= len(pictures)


def test_what_is_no_segment_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.seg"
    path.write_bytes(b"TANTOU-SEGMENT-1\n\x00\x02[]")
    with pytest.raises(DamagedSegment):
        FORM.describe(path, "x")


def test_a_refused_write_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = _written(tmp_path)
    size = writer.path.stat().st_size
    file = writer._file

    class Full:
        def write(self, data: memoryview) -> int:
            if len(data) < 100:
                raise OSError(errno.ENOSPC, "full")
            return file.write(data[:60])

        def __getattr__(self, name: str) -> object:
            return getattr(file, name)

    monkeypatch.setattr(writer, "_file", Full())
    with pytest.raises(OSError, match="full"):
        writer.append(units(NOON + 3, 1.0))
    assert writer.path.stat().st_size == size
    path = writer.close(".seg")
    assert list(FORM.read(path, 0.0)) == units(NOON, 3.0)
    assert FORM.describe(path, "x").pictures == 30
