"""The index of closed segments: SQLite beside the files, rebuilt from them when it is lost.

What only the index knows (why a gap is there) is lost with it; the pictures never are.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from reference_platform.recording.segments import SegmentFacts
from reference_platform.recording.timeline import Interruption

_SCHEMA = """
CREATE TABLE IF NOT EXISTS segments (
    path TEXT PRIMARY KEY, channel TEXT NOT NULL, generation INTEGER NOT NULL,
    start REAL NOT NULL, "end" REAL NOT NULL, size INTEGER NOT NULL, pictures INTEGER NOT NULL,
    codec TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS segments_by_channel_start ON segments (channel, start);
CREATE INDEX IF NOT EXISTS segments_by_channel_end ON segments (channel, "end");
CREATE INDEX IF NOT EXISTS segments_by_end ON segments ("end");
CREATE INDEX IF NOT EXISTS segments_by_start ON segments (start, size);
CREATE TABLE IF NOT EXISTS totals (channel TEXT PRIMARY KEY, size INTEGER NOT NULL);
CREATE TRIGGER IF NOT EXISTS segment_added AFTER INSERT ON segments BEGIN
    INSERT INTO totals VALUES (new.channel, new.size)
    ON CONFLICT (channel) DO UPDATE SET size = size + excluded.size; END;
CREATE TRIGGER IF NOT EXISTS segment_removed AFTER DELETE ON segments BEGIN
    UPDATE totals SET size = size - old.size WHERE channel = old.channel; END;
CREATE TABLE IF NOT EXISTS interruptions (
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, start REAL NOT NULL, "end" REAL,
    reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS interruptions_by_time ON interruptions (channel, start);
CREATE TABLE IF NOT EXISTS expiries (channel TEXT PRIMARY KEY, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value REAL NOT NULL);
"""
_VERSION = 1
_COLUMNS = 'channel, generation, start, "end", size, pictures, codec, path'
_LONGEST_S = 7_200.0
"""No segment is longer; lets a query by time use the index."""


class SegmentIndex:
    """Closed segments, interruptions and a few facts, by channel and time.

    Every call is short and may come from any thread.
    """

    def __init__(self, path: Path, *, busy_s: float = 5.0) -> None:
        """Open it, or make it; ``busy_s``: how long to wait for whoever holds it.

        A file that is damaged is moved aside, never overwritten; ``fresh`` then says that the index
        must be filled from the files.

        Raises:
            sqlite3.OperationalError: the disk refuses, or another process holds the file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.fresh = not path.exists()
        self._busy = busy_s
        self._lock = threading.Lock()
        try:
            self._database = self._open(path)
        except sqlite3.OperationalError:
            raise  # the disk, or somebody else who holds it: the file may be sound
        except sqlite3.DatabaseError:
            aside = path.with_name(f"{path.name}.broken")
            number = 1
            while aside.exists():
                number += 1
                aside = path.with_name(f"{path.name}.broken-{number}")
            path.rename(aside)
            for left_over in ("-wal", "-shm"):
                path.with_name(path.name + left_over).unlink(missing_ok=True)
            self.fresh = True
            self._database = self._open(path)

    def _open(self, path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, self._busy, check_same_thread=False, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("damaged")
            database.execute("PRAGMA recursive_triggers = ON")  # for rows that are replaced
            if database.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                # What the files say is read from them again.
                database.executescript("DROP TABLE IF EXISTS segments; DROP TABLE IF EXISTS totals")
            database.executescript(_SCHEMA)
            database.execute(f"PRAGMA user_version = {_VERSION}")
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close the file; safe to call twice."""
        with self._lock:
            self._database.close()

    # -- segments

    def add(self, segments: Iterable[SegmentFacts]) -> None:
        """Enter closed segments; one of the same path is replaced."""
        rows = [
            (s.channel, s.generation, s.start, s.end, s.size, s.pictures, s.codec, s.path)
            for s in segments
        ]
        self._many(f"INSERT OR REPLACE INTO segments ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)", rows)

    def remove(self, paths: Iterable[str]) -> None:
        """Forget segments."""
        self._many("DELETE FROM segments WHERE path = ?", [(path,) for path in paths])

    def segments(self, channel: str, start: float, end: float) -> list[SegmentFacts]:
        """Segments of a channel that overlap the period, by start."""
        rows = self._all(
            f"SELECT {_COLUMNS} FROM segments WHERE channel = ? AND start < ? AND start > ?"
            ' AND "end" > ? ORDER BY start',
            (channel, end, start - _LONGEST_S, start),
        )
        return [SegmentFacts(*row) for row in rows]

    def oldest(
        self, before: float, channel: str | None = None, limit: int = 500
    ) -> list[SegmentFacts]:
        """Segments that ended before a time, oldest first."""
        which, values = ("", ()) if channel is None else (" AND channel = ?", (channel,))
        rows = self._all(
            f'SELECT {_COLUMNS} FROM segments WHERE "end" < ?{which} ORDER BY "end" LIMIT ?',
            (before, *values, limit),
        )
        return [SegmentFacts(*row) for row in rows]

    def paths(self, channel: str) -> set[str]:
        """Paths of all segments of a channel."""
        rows = self._all("SELECT path FROM segments WHERE channel = ?", (channel,))
        return {row[0] for row in rows}

    def channels(self) -> dict[str, tuple[float, float, int]]:
        """Per channel with recordings: start of the first, end of the last, bytes."""
        rows = self._all(
            "SELECT channel, (SELECT MIN(start) FROM segments WHERE channel = totals.channel),"
            ' (SELECT MAX("end") FROM segments WHERE channel = totals.channel), size FROM totals',
            (),
        )
        return {channel: (start, end, size) for channel, start, end, size in rows if end}

    def first(self, channel: str) -> float | None:
        """Start of the oldest segment of a channel."""
        rows = self._all("SELECT MIN(start) FROM segments WHERE channel = ?", (channel,))
        return rows[0][0]  # type: ignore[no-any-return]

    def size_since(self, start: float) -> int:
        """Bytes of the segments that began at or after ``start``."""
        row = self._all("SELECT SUM(size) FROM segments WHERE start >= ?", (start,))[0]
        return int(row[0] or 0)

    def last(self, channel: str) -> tuple[float, int] | None:
        """End and generation of what a new picture must not overlap; None: nothing yet."""
        row = self._all(
            'SELECT "end", generation FROM segments WHERE channel = ?'
            ' ORDER BY generation DESC, "end" DESC LIMIT 1',
            (channel,),
        )
        return (row[0][0], row[0][1]) if row else None

    # -- why there is nothing

    def interrupt(self, channel: str, start: float, reason: str, end: float | None = None) -> None:
        """Note that nothing is recorded from ``start`` on; ends what was noted before."""
        self.resume(channel, start)
        self._many(
            'INSERT INTO interruptions (channel, start, "end", reason) VALUES (?,?,?,?)',
            [(channel, start, end, reason)],
        )

    def resume(self, channel: str, at: float) -> None:
        """Note that recording goes on."""
        self._many(
            'UPDATE interruptions SET "end" = MAX(start, ?) WHERE channel = ? AND "end" IS NULL',
            [(at, channel)],
        )

    def interruptions(self, channel: str, start: float, end: float) -> list[Interruption]:
        """What was noted for the period, by start."""
        rows = self._all(
            'SELECT start, "end", reason FROM interruptions WHERE channel = ? AND start < ?'
            ' AND ("end" IS NULL OR "end" > ?) ORDER BY start',
            (channel, end, start),
        )
        return [Interruption(*row) for row in rows]

    def open_interruptions(self) -> list[str]:
        """Channels for which one lasts."""
        rows = self._all('SELECT DISTINCT channel FROM interruptions WHERE "end" IS NULL', ())
        return [row[0] for row in rows]

    def forget_before(self, start: float) -> None:
        """Drop interruptions that ended before ``start``."""
        self._many('DELETE FROM interruptions WHERE "end" < ?', [(start,)])

    def expired(self, channel: str, until: float) -> None:
        """Note that retention deleted what a channel had until then."""
        self._many(
            "INSERT INTO expiries VALUES (?, ?) ON CONFLICT (channel)"
            " DO UPDATE SET until = MAX(until, excluded.until)",
            [(channel, until)],
        )

    def expiry(self, channel: str) -> float | None:
        """Until when retention has deleted."""
        rows = self._all("SELECT until FROM expiries WHERE channel = ?", (channel,))
        return rows[0][0] if rows else None

    # -- facts

    def note(self, name: str, value: float) -> None:
        """Keep one number."""
        self._many("INSERT OR REPLACE INTO facts VALUES (?, ?)", [(name, value)])

    def fact(self, name: str) -> float | None:
        """The number kept under ``name``."""
        rows = self._all("SELECT value FROM facts WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def _all(self, statement: str, values: tuple[object, ...]) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock, closing(self._database.execute(statement, values)) as cursor:
            return cursor.fetchall()

    def _many(self, statement: str, rows: list[tuple]) -> None:  # type: ignore[type-arg]
        with self._lock:
            self._database.execute("BEGIN")
            try:
                self._database.executemany(statement, rows)
            except sqlite3.Error:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
