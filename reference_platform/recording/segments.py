"""A segment: one file of about a minute of one channel, written by appending only.

``HEADER record record ... [trailer]``. A record is one coded picture with its wall-clock time and
a checksum, so that whatever a crash leaves behind is whole up to its last whole record. The
trailer only spares a reader the scan. A file that is being written ends in ``.open``; closing
renames it. This module alone knows the bytes: encryption at rest belongs between ``_pack`` and the
file, a second copy between ``SegmentWriter`` and the folder.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, get_args

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
        with path.open("rb") as file:
            size = _size(file)
            head = _head(file, size)
            pictures, start, end = _trailer(file, size) or _scanned(file, size)
        return SegmentFacts(
            head.channel, head.generation, start, end, size, pictures, head.codec, relative
        )

    def read(self, path: Path, start: float) -> Iterator[AccessUnit]:
        """See ``SegmentFormat``."""
        with path.open("rb") as file:
            size = _size(file)
            codec = _head(file, size).codec
            begin = file.tell()
            for record in _records(file, size, load=False):
                if record.at > start:
                    break
                if record.key:
                    begin = record.offset
            file.seek(begin)
            for record in _records(file, size):
                yield AccessUnit(codec, record.data, record.pts, record.key, record.at)


def recover(path: Path, suffix: str) -> Path | None:
    """Close an open segment that a dead process left: whole records stay, the torn tail goes.

    Returns:
        Its final path; None if not one whole picture was in it (the file is removed).
    """
    try:
        with path.open("r+b") as file:
            size = _size(file)
            _head(file, size)
            if _trailer(file, size) is None:
                _scanned(file, size)
                file.truncate()
                os.fsync(file.fileno())
    except DamagedSegment:
        path.unlink()
        return None
    return path.rename(path.with_name(path.name.removesuffix(OPEN_SUFFIX) + suffix))


def _pack(unit: AccessUnit) -> bytes:
    head = _RECORD.pack(_RECORD_MARK, _KEY if unit.key else 0, unit.at, unit.pts, len(unit.data))
    return head + _CHECKSUM.pack(zlib.crc32(unit.data, zlib.crc32(head))) + unit.data


@dataclass(frozen=True, slots=True)
class _Head:
    channel: str
    generation: int
    codec: VideoCodec


@dataclass(frozen=True, slots=True)
class _Record:
    offset: int
    at: float
    pts: int
    key: bool
    data: bytes


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _head(file: BinaryIO, size: int) -> _Head:
    """The facts in front; leaves the file where the records begin."""
    begin = len(_MAGIC) + _LENGTH.size
    if size < begin or file.read(len(_MAGIC)) != _MAGIC:
        raise DamagedSegment("not a segment")
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    codecs: dict[str, VideoCodec] = {name: name for name in get_args(VideoCodec)}
    try:
        head = json.loads(file.read(length))
        return _Head(str(head["channel"]), int(head["generation"]), codecs[head["codec"]])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedSegment("not a segment") from error


def _records(file: BinaryIO, size: int, *, load: bool = True) -> Iterator[_Record]:
    """The records from where the file stands up to the first that is not whole.

    ``load``: read and check the pictures too; afterwards the file stands behind the last whole
    one. Without, pictures are passed over. (Files are not mapped into memory: a disk that fails
    must raise an error, not a signal.)
    """
    position = file.tell()
    while position + _RECORD.size + _CHECKSUM.size <= size:
        front = file.read(_RECORD.size + _CHECKSUM.size)
        if len(front) < _RECORD.size + _CHECKSUM.size:
            break
        mark, flags, at, pts, length = _RECORD.unpack_from(front)
        end = position + len(front) + length
        if mark != _RECORD_MARK or length > _MOST_BYTES or end > size:
            break
        data = b""
        if load:
            data = file.read(length)
            checksum = zlib.crc32(data, zlib.crc32(front[: _RECORD.size]))
            if _CHECKSUM.unpack_from(front, _RECORD.size) != (checksum,):
                break
        else:
            file.seek(end)
        yield _Record(position, at, pts, bool(flags & _KEY), data)
        position = end
    file.seek(position)


def _trailer(file: BinaryIO, size: int) -> tuple[int, float, float] | None:
    """Pictures, start and end, if the file was closed in order; leaves the file where it stood."""
    before = file.tell()
    length = _TRAILER.size + _CHECKSUM.size
    if size - before < length:
        return None
    file.seek(size - length)
    body, checksum = file.read(_TRAILER.size), file.read(_CHECKSUM.size)
    file.seek(before)
    if body[:2] != _TRAILER_MARK or _CHECKSUM.pack(zlib.crc32(body)) != checksum:
        return None
    _, pictures, start, end = _TRAILER.unpack(body)
    return pictures, start, end


def _scanned(file: BinaryIO, size: int) -> tuple[int, float, float]:
    """As ``_trailer``, from the records; leaves the file behind the last whole one."""
    times = [record.at for record in _records(file, size)]
    if not times:
        raise DamagedSegment("no whole picture")
    last = max(times)
    before = max((at for at in times if at < last), default=last - 0.04)
    return len(times), times[0], last + min(last - before, 1.0)
