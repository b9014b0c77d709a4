"""All recordings of the platform: one folder, its index, and what is being written just now."""

from __future__ import annotations

import asyncio
import math
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from reference_platform.behaviours import defect
from reference_platform.media.units import AccessUnit
from reference_platform.ports import Span
from reference_platform.recording.index import SegmentIndex
from reference_platform.recording.segments import (
    OPEN_SUFFIX,
    DamagedSegment,
    PlainSegments,
    SegmentFacts,
    SegmentFormat,
    SegmentWriter,
    recover,
)
from reference_platform.recording.timeline import (
    JOIN_S,
    Gap,
    Interruption,
    Piece,
    explain,
    joined,
    minus,
    resolve,
)

GAPS_HIDDEN = defect(
    "gaps-hidden-by-index",
    "The index answers one span from the first picture to the last and tells of no gap.",
    "648540858/wvp-GB28181-pro#2145",
)
INDEX_WITHOUT_MEDIA = defect(
    "index-without-media",
    "The index goes on listing stretches whose files are gone.",
    "648540858/wvp-GB28181-pro#1582",
)

_NEAR_S = 600.0
_ON_ITS_WAY_S = 6.0
_BATCH_PICTURES = 64
_BATCH_BYTES = 2 << 20
_LOST = "media-lost"


class Archive:
    """Recordings on disk; fulfils ``ports.Recordings``.

    ``spans``, ``gaps`` and ``pieces`` block for some milliseconds on long periods; ``read`` does
    its work in threads.
    """

    def __init__(
        self,
        folder: Path,
        *,
        behaviours: frozenset[str] = frozenset(),
        formats: Sequence[SegmentFormat] = (),
    ) -> None:
        """Open the folder; nothing is looked at before ``open``.

        Args:
            folder: of all recordings; made if missing.
            behaviours: named defects that are switched on.
            formats: kinds of segment files beside the platform's own.
        """
        self.folder = folder
        self._behaviours = behaviours
        own = PlainSegments()
        self._suffix = own.suffix
        self._formats: Mapping[str, SegmentFormat] = {
            one.suffix: one  # type: ignore[attr-defined]
            for one in (own, *formats)
        }
        self._lock = threading.Lock()
        self._writers: dict[Path, SegmentFacts] = {}
        self._unindexed: dict[str, SegmentFacts] = {}
        self.index: SegmentIndex

    # -- start and end

    def open(self) -> None:
        """Open the index, recover what a crash left open, and make index and files agree.

        Raises:
            OSError, sqlite3.Error: the folder cannot be used.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.index = SegmentIndex(self.folder / "index.sqlite3")
        folders = {one.name for one in self.folder.iterdir() if one.is_dir()}
        for channel in sorted(folders | set(self.index.channels())):
            self._agree(channel)

    def _agree(self, channel: str) -> None:
        """Make index and files of one channel agree."""
        listed = self.index.paths(channel)
        found: set[str] = set()
        news: list[SegmentFacts] = []
        for relative in self._files(channel):
            # A file that is damaged or unreadable is left for a person, and is not offered.
            with suppress(DamagedSegment, OSError):
                if relative.endswith(OPEN_SUFFIX):
                    closed = recover(self.folder / relative, self._suffix)
                    if closed is None:
                        continue
                    relative = closed.relative_to(self.folder).as_posix()
                found.add(relative)
                if relative not in listed:
                    path = self.folder / relative
                    news.append(self._formats[path.suffix].describe(path, relative))
        self.index.add(news)
        if INDEX_WITHOUT_MEDIA not in self._behaviours:
            self._forget(channel, listed - found)

    def close(self) -> None:
        """Close the index."""
        self.index.close()

    def _files(self, channel: str) -> Iterator[str]:
        """Paths of a channel's segments, relative to the folder; there may be very many."""
        if not (self.folder / channel).is_dir():
            return
        for folder in sorted((self.folder / channel).iterdir()):
            if folder.is_dir():
                # Names alone: an object for each of a million files would take its time.
                for name in os.listdir(folder):  # noqa: PTH208
                    suffix = name[name.rfind(".") :]
                    if suffix == OPEN_SUFFIX or suffix in self._formats:
                        yield f"{channel}/{folder.name}/{name}"

    def _forget(self, channel: str, lost: set[str]) -> None:
        """Drop what the index lists and the disk has not; the gap keeps its reason."""
        if not lost:
            return
        for segment in self.index.oldest(math.inf, channel, limit=-1):
            if segment.path in lost:
                self.index.interrupt(channel, segment.start, _LOST, segment.end)
        self.index.remove(lost)

    # -- writing

    def begin(self, channel: str, generation: int, first: AccessUnit) -> SegmentWriter:
        """Open a segment that begins with ``first``, which is not yet written.

        Raises:
            OSError: the disk refuses.
        """
        day = datetime.fromtimestamp(first.at, UTC).strftime("%Y%m%d")
        return SegmentWriter(self.folder / channel / day, channel, generation, first)

    def append(self, writer: SegmentWriter, units: Sequence[AccessUnit]) -> None:
        """Write pictures; they can be read at once.

        Raises:
            OSError: the disk refuses; what was written before stays whole.
        """
        writer.append(units)
        with self._lock:
            self._writers[writer.path] = writer.facts(self.folder)

    def seal(self, writer: SegmentWriter) -> None:
        """Close a segment and enter it into the index."""
        open_path = writer.path
        path = writer.close(self._suffix)
        facts = writer.facts(self.folder, path)
        with self._lock:
            self._unindexed[facts.path] = facts
            self._writers.pop(open_path, None)
        self.settle()

    def settle(self) -> None:
        """Enter into the index what it could not take before (a full disk)."""
        with self._lock:
            waiting = list(self._unindexed.values())
        if not waiting:
            return
        try:
            self.index.add(waiting)
        except sqlite3.Error:
            return
        with self._lock:
            for segment in waiting:
                self._unindexed.pop(segment.path, None)

    def last(self, channel: str) -> tuple[float, int] | None:
        """End and generation of the newest recording of a channel."""
        known = self.index.last(channel)
        with self._lock:
            fresh = [
                (one.generation, one.end)
                for one in (*self._writers.values(), *self._unindexed.values())
                if one.channel == channel
            ]
        if known:
            fresh.append((known[1], known[0]))
        if not fresh:
            return None
        generation, end = max(fresh)
        return end, generation

    # -- asking

    def pieces(self, channel: str, start: float, end: float) -> list[Piece]:
        """What holds on the time line of the period, in order, without overlaps."""
        with self._lock:
            fresh = [
                one
                for one in (*self._writers.values(), *self._unindexed.values())
                if one.channel == channel and one.start < end and one.end > start
            ]
        paths = {one.path for one in fresh}
        listed = self.index.segments(channel, start, end)
        segments = [one for one in listed if one.path not in paths] + fresh
        return [
            Piece(piece.segment, max(piece.start, start), min(piece.end, end))
            for piece in resolve(segments)
            if piece.end > start and piece.start < end
        ]

    def spans(self, channel: str, start: float, end: float) -> list[Span]:
        """See ``ports.Recordings``."""
        return self.spans_of(self.pieces(channel, start, end))

    def spans_of(self, pieces: Sequence[Piece]) -> list[Span]:
        """The stretches that pieces of a time line make."""
        tolerance = math.inf if GAPS_HIDDEN in self._behaviours else JOIN_S
        return joined((Span(piece.start, piece.end) for piece in pieces), tolerance)

    def gaps(self, channel: str, spans: Sequence[Span], period: Span) -> list[Gap]:
        """What ``spans`` leaves out of a period (that is over), with the reasons."""
        period = Span(period.start, self._recorded_until(channel, period.end))
        missing = [one for one in minus([period], spans) if one.end - one.start > JOIN_S]
        interruptions = self.index.interruptions(channel, period.start, period.end)
        until = self.index.expiry(channel)
        if until is not None:
            interruptions.append(Interruption(period.start, until, "expired"))
        first = self.index.first(channel)
        begin = period.end if first is None else first
        if until is None and begin > period.start:
            interruptions.insert(0, Interruption(period.start, begin, "before-first-recording"))
        return explain(missing, interruptions, "unknown")

    def _recorded_until(self, channel: str, end: float) -> float:
        """``end``, or the last picture of a segment being written if that is a moment earlier."""
        with self._lock:
            ends = [one.end for one in self._writers.values() if one.channel == channel]
        return max((one for one in ends if end - _ON_ITS_WAY_S < one < end), default=end)

    # -- reading

    async def read(self, channel: str, start: float, end: float) -> AsyncIterator[AccessUnit]:
        """See ``ports.Recordings``; follows a segment that is being written as far as it goes.

        A picture that only makes others decodable may lie before ``start``, and once more where a
        later recording takes over in the middle of a segment.
        """
        position, before, last_at = start, "", -math.inf
        while position < end:
            piece = await asyncio.to_thread(self._next, channel, position, end)
            if piece is None:
                return
            stem = piece.segment.path.partition(".")[0]
            source = self._units(piece, max(piece.start, position))
            while batch := await asyncio.to_thread(_batch, source):
                for unit in batch:
                    if stem != before or unit.at > last_at:
                        yield unit
                last_at = max(batch[-1].at, last_at if stem == before else -math.inf)
                before = stem
            position = piece.end

    def _next(self, channel: str, position: float, end: float) -> Piece | None:
        """The first piece that ends after ``position``; looks far only if nothing is near."""
        near = self.pieces(channel, position, min(end, position + _NEAR_S))
        if near:
            return near[0]
        return next(iter(self.pieces(channel, position, end)), None)

    def _units(self, piece: Piece, start: float) -> Iterator[AccessUnit]:
        path = self.folder / piece.segment.path
        try:
            if path.suffix == OPEN_SUFFIX:
                if not path.exists():
                    path = path.with_suffix(self._suffix)
                form = self._formats[self._suffix]
            else:
                form = self._formats[path.suffix]
            for unit in form.read(path, start):
                if unit.at >= piece.end:
                    return
                yield unit
        except (FileNotFoundError, DamagedSegment):
            return

    # -- deleting

    def delete(self, segments: Sequence[SegmentFacts]) -> None:
        """Delete segments for their age or for space; oldest first.

        The index forgets a file before the disk does: a crash between leaves a file that is
        entered again at the next start, never an entry without a file.
        """
        paths = [one.path for one in segments]
        try:
            self.index.remove(paths)
        except sqlite3.OperationalError:
            # The disk is so full that even forgetting needs room: make it first.
            self._unlink(paths)
            self.index.remove(paths)
        self._unlink(paths)
        until: dict[str, float] = {}
        for segment in segments:
            until[segment.channel] = max(segment.end, until.get(segment.channel, 0.0))
        for channel, end in until.items():
            self.index.expired(channel, end)
        for folder in {(self.folder / one.path).parent for one in segments}:
            with suppress(OSError):
                folder.rmdir()  # only when it is empty

    def _unlink(self, paths: Iterable[str]) -> None:
        for path in paths:
            (self.folder / path).unlink(missing_ok=True)


def _batch(source: Iterator[AccessUnit]) -> list[AccessUnit]:
    """The next pictures; few enough to be held, enough to be worth a change of threads."""
    units: list[AccessUnit] = []
    size = 0
    for unit in source:
        units.append(unit)
        size += len(unit.data)
        if len(units) >= _BATCH_PICTURES or size >= _BATCH_BYTES:
            break
    return units
