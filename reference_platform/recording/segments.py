"""A segment: one file of about a minute of one channel, written by appending only.

``HEADER record record ... [trailer]``. A record is one coded picture with its wall-clock time and
a checksum, so that whatever a crash leaves behind is whole up to its last whole record. The
trailer only spares a reader the scan. A file that is being written ends in ``.open``; closing
renames it. This module alone knows the bytes: encryption at rest belongs between ``_pack`` and the
file, a second copy between ``SegmentWriter`` and the folder.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, get_args

from reference_platform.media.units import AccessUnit, VideoCodec

OPEN_SUFFIX = ".open"
_MAGIC = b"TANTOU-SEGMENT-1\n"
_LENGTH = struct.Struct(">H")
_RECORD = struct.Struct(">2sHdqI")  # mark, flags, at, pts, bytes; then CRC-32 and the data
_CHECKSUM = struct.Struct(">I")
_TRAILER = struct.Struct(">2sIdd")  # mark, pictures, start, end; then CRC-32
_RECORD_MARK, _TRAILER_MARK = b"\xa5\x5a", b"\xe5\x5e"
_KEY = 1
_MOST_BYTES = 64 << 20  # of one picture; more is damage


class DamagedSegment(Exception):  # noqa: N818  (a state of a file)
    """The file holds no whole picture, or is not a segment."""


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What the index knows of a segment.

    Attributes:
        generation: counts steps of the wall clock backwards; where two segments claim the same
            time, the higher generation holds.
        start: time of the first picture, UTC seconds.
        end: time at which the last picture's turn is over.
        size: bytes on disk.
        path: relative to the folder of all recordings.
    """

    channel: str
    generation: int
    start: float
    end: float
    size: int
    pictures: int
    codec: VideoCodec
    path: str


class SegmentFormat(Protocol):
    """How one kind of closed segment file is read."""

    def describe(self, path: Path, relative: str) -> SegmentFacts:
        """Its facts, from the file alone.

        Raises:
            DamagedSegment: no whole picture in it.
        """

    def read(self, path: Path, start: float) -> Iterator[AccessUnit]:
        """Its pictures from the last key picture at or before ``start``, else from the first."""


class SegmentWriter:
    """Appends pictures to one open segment. Blocking; one thread at a time."""

    def __init__(self, folder: Path, channel: str, generation: int, first: AccessUnit) -> None:
        """Begin a file named after its first picture, which must be a key picture.

        Raises:
            OSError: the disk refuses.
        """
        self._name = f"{round(first.at * 1000):013d}-{generation}"
        self.path = folder / (self._name + OPEN_SUFFIX)
        self.channel = channel
        self.generation = generation
        self.codec = first.codec
        self.start = self.last = first.at
        self.step = 0.0
        self.pictures = 0
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"channel": channel, "generation": generation, "codec": first.codec}
        head = json.dumps(facts).encode()
        self._file = self.path.open("xb", buffering=0)
        self.size = 0
        try:
            self._write(_MAGIC + _LENGTH.pack(len(head)) + head)
        except OSError:
            self._file.close()
            self.path.unlink(missing_ok=True)
            raise

    @property
    def end(self) -> float:
        """When the turn of the last picture is over: as long as the one before lasted."""
        return self.last + min(self.step or 0.04, 1.0)

    def append(self, units: Sequence[AccessUnit]) -> None:
        """Write pictures behind each other.

        Raises:
            OSError: the disk refuses; the file then ends where it ended before.
        """
        self._write(b"".join(map(_pack, units)))
        for unit in units:
            if unit.at > self.last:
                self.step, self.last = unit.at - self.last, unit.at
        self.pictures += len(units)

    def close(self, suffix: str) -> Path:
        """Put the trailer (if the disk has room), sync, and give the file its final name."""
        body = _TRAILER.pack(_TRAILER_MARK, self.pictures, self.start, self.end)
        try:
            self._write(body + _CHECKSUM.pack(zlib.crc32(body)))
            os.fsync(self._file.fileno())
        except OSError:
            pass  # a segment without a trailer is read all the same
        finally:
            self._file.close()
        return self.path.rename(self.path.with_name(self._name + suffix))

    def discard(self) -> None:
        """Remove a file that holds no picture."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def facts(self, root: Path, path: Path | None = None) -> SegmentFacts:
        """What the index is told; ``path``: the final one."""
        return SegmentFacts(
            self.channel,
            self.generation,
            self.start,
            self.end,
            self.size,
            self.pictures,
            self.codec,
            (path or self.path).relative_to(root).as_posix(),
        )

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.seek(self.size)
            self._file.truncate()
            raise
        self.size += len(data)


class PlainSegments:
    """Segments as ``SegmentWriter`` leaves them."""

    suffix = ".seg"

    def describe(self, path: Path, relative: str) -> SegmentFacts:
        """See ``SegmentFormat``; with a scan where the trailer is missing."""
        with _mapped(path) as data:
            head, body = _head(data)
            pictures, start, end = _trailer(data) or _scanned(data, body)
            return SegmentFacts(
                str(head["channel"]),
                int(head["generation"]),
                start,
                end,
                len(data),
                pictures,
                _codec(head),
                relative,
            )

    def read(self, path: Path, start: float) -> Iterator[AccessUnit]:
        """See ``SegmentFormat``."""
        with _mapped(path) as data:
            head, position = _head(data)
            codec = _codec(head)
            from_here = position
            for at, key, offset, _ in _records(data, position):
                if at > start:
                    break
                if key:
                    from_here = offset
            for at, key, offset, size in _records(data, from_here):
                begin = offset + _RECORD.size + _CHECKSUM.size
                pts = _RECORD.unpack_from(data, offset)[3]
                yield AccessUnit(codec, bytes(data[begin : begin + size]), pts, key, at)


def recover(path: Path, suffix: str) -> Path | None:
    """Close an open segment that a dead process left: whole records stay, the torn tail goes.

    Returns:
        Its final path; None if not one whole picture was in it (the file is removed).
    """
    try:
        with _mapped(path) as data:
            _, position = _head(data)
            end = position
            for _at, _key, offset, size in _records(data, position):
                end = offset + _RECORD.size + _CHECKSUM.size + size
            if end == position:
                raise DamagedSegment(path.name)
            torn = end < len(data) and _trailer(data) is None
    except DamagedSegment:
        path.unlink()
        return None
    if torn:
        with path.open("r+b") as file:
            file.truncate(end)
            os.fsync(file.fileno())
    return path.rename(path.with_name(path.name.removesuffix(OPEN_SUFFIX) + suffix))


class _mapped:  # noqa: N801  (a context, used like a function)
    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> mmap.mmap:
        with self._path.open("rb") as file:
            try:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as empty:
                raise DamagedSegment(self._path.name) from empty
        return self._map

    def __exit__(self, *_: object) -> None:
        self._map.close()


def _pack(unit: AccessUnit) -> bytes:
    head = _RECORD.pack(_RECORD_MARK, _KEY if unit.key else 0, unit.at, unit.pts, len(unit.data))
    return head + _CHECKSUM.pack(zlib.crc32(unit.data, zlib.crc32(head))) + unit.data


def _head(data: mmap.mmap) -> tuple[dict[str, Any], int]:
    """The facts in front, and where the records begin."""
    begin = len(_MAGIC) + _LENGTH.size
    if data[: len(_MAGIC)] != _MAGIC or len(data) < begin:
        raise DamagedSegment("not a segment")
    length = _LENGTH.unpack_from(data, len(_MAGIC))[0]
    try:
        head = json.loads(data[begin : begin + length])
        int(head["generation"])
        _codec(head)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedSegment("not a segment") from error
    return head, begin + length


def _codec(head: dict[str, Any]) -> VideoCodec:
    codecs: dict[str, VideoCodec] = {name: name for name in get_args(VideoCodec)}
    return codecs[head["codec"]]


def _records(data: mmap.mmap, position: int) -> Iterator[tuple[float, bool, int, int]]:
    """Time, whether key, offset and bytes of each whole record."""
    while position + _RECORD.size + _CHECKSUM.size <= len(data):
        mark, flags, at, _pts, size = _RECORD.unpack_from(data, position)
        begin = position + _RECORD.size + _CHECKSUM.size
        if mark != _RECORD_MARK or size > _MOST_BYTES or begin + size > len(data):
            return
        head = zlib.crc32(data[position : position + _RECORD.size])
        if (
            zlib.crc32(data[begin : begin + size], head)
            != _CHECKSUM.unpack_from(data, begin - 4)[0]
        ):
            return
        yield at, bool(flags & _KEY), position, size
        position = begin + size


def _trailer(data: mmap.mmap) -> tuple[int, float, float] | None:
    """Pictures, start and end, if the file was closed in order."""
    position = len(data) - _TRAILER.size - _CHECKSUM.size
    if position < 0 or data[position : position + 2] != _TRAILER_MARK:
        return None
    body = data[position : position + _TRAILER.size]
    if zlib.crc32(body) != _CHECKSUM.unpack_from(data, position + _TRAILER.size)[0]:
        return None
    _, pictures, start, end = _TRAILER.unpack(body)
    return pictures, start, end


def _scanned(data: mmap.mmap, position: int) -> tuple[int, float, float]:
    times = [at for at, *_ in _records(data, position)]
    if not times:
        raise DamagedSegment("no whole picture")
    last = max(times)
    before = max((at for at in times if at < last), default=last - 0.04)
    return len(times), times[0], last + min(last - before, 1.0)
