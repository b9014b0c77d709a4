"""The SQLite file of a run: its tables, its version, and whether a file is one at all."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from messages import text

FILE = "run.sqlite"
#: "TANT": tells a run store from other SQLite files.
_APPLICATION = 0x54414E54
#: Thousands count incompatible changes, the rest additions that an older reader may ignore.
_SCHEMA_VERSION = 1_000

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE recordings (
    sequence INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    subject TEXT NOT NULL, document TEXT NOT NULL);
CREATE INDEX recordings_by_kind ON recordings (kind, subject);
CREATE TABLE judgements (epoch INTEGER PRIMARY KEY, reason TEXT NOT NULL, started TEXT NOT NULL);
CREATE TABLE findings (
    sequence INTEGER PRIMARY KEY, epoch INTEGER NOT NULL REFERENCES judgements (epoch),
    requirement TEXT NOT NULL, scenario TEXT NOT NULL, subject TEXT NOT NULL,
    digest TEXT NOT NULL, document TEXT NOT NULL,
    UNIQUE (epoch, requirement, scenario, subject));
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, at TEXT NOT NULL, code TEXT NOT NULL, parameters TEXT NOT NULL);
"""


class RunStoreError(Exception):
    """A run folder that cannot be used. ``key`` and ``parameters`` word it for the user."""

    def __init__(self, why: str, **parameters: Any) -> None:
        self.key = f"run-store.{why}"
        self.parameters = parameters
        super().__init__(text(self.key, "en", **parameters))


def connect(path: Path) -> sqlite3.Connection:
    """Open or make ``path``: WAL, every commit on the disk before it returns.

    Raises:
        sqlite3.Error: it is no database or cannot be written.
    """
    connection = _plain(path)
    try:
        _make_durable(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _plain(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)


def _make_durable(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def create_tables(connection: sqlite3.Connection, folder: Path) -> None:
    """Make the tables within the caller's transaction.

    Raises:
        RunStoreError: the file holds tables already.
    """
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise RunStoreError("exists", folder=str(folder))
    for statement in filter(str.strip, _SCHEMA.split(";")):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


def open_existing(folder: Path) -> sqlite3.Connection:
    """Open the run in ``folder``.

    Raises:
        RunStoreError: there is none, it is damaged or foreign, or a newer version wrote it.
    """
    path = folder / FILE
    if not path.is_file():
        raise RunStoreError("missing", folder=str(folder))
    connection = _plain(path)
    try:
        why = _refusal(connection)
        if why is None:
            _make_durable(connection)
            return connection
    except sqlite3.Error as error:
        connection.close()
        raise RunStoreError("damaged", folder=str(folder), detail=str(error)) from error
    connection.close()
    raise RunStoreError(why, folder=str(folder), version=_SCHEMA_VERSION)


def _refusal(connection: sqlite3.Connection) -> str | None:
    """Why the file is not a run that this version reads; looked up before anything is set."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != _APPLICATION:
        return "foreign" if tables else "unfinished"
    if version // 1_000 > _SCHEMA_VERSION // 1_000:
        return "newer"
    connection.execute("SELECT count(*) FROM judgements").fetchone()
    return None
