"""The database: opened, checked, migrated; read and written from threads of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from reference_platform.errors import StartFailure
from reference_platform.store.writer import Writer

Result = TypeVar("Result")
_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 20
_MIGRATING = threading.Lock()  # Alembic's context is one for the whole process


class Database:
    """Where the platform keeps what must survive a restart.

    Work is a function of a SQLAlchemy session. ``read`` and ``write`` run it in a thread of the
    database; ``reading`` and ``writing`` are for code that is in a thread already. Writes of one
    process follow each other, each whole or not at all; those that wait share a transaction.
    """

    def __init__(self, url: str, *, enforce_references: bool = True) -> None:
        """``url``: SQLAlchemy URL of SQLite (a file) or PostgreSQL.

        Raises:
            StartFailure: ``database.url`` when it cannot be understood.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise StartFailure("database.url") from None
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise StartFailure("database.url")
        self._is_sqlite = parsed.get_backend_name() == "sqlite"
        self._file = Path(parsed.database or "") if self._is_sqlite else None
        self.shown = parsed.render_as_string(hide_password=True)
        connect = {"check_same_thread": False} if self._is_sqlite else {"connect_timeout": 10}
        self._engine = sqlalchemy.create_engine(parsed, connect_args=connect, pool_pre_ping=True)
        if self._is_sqlite:
            _use_transactions(self._engine, enforce_references)
        self._writing = threading.Lock()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="database")
        self._writer = Writer(self._begin)

    def open(self) -> None:
        """Check what is there, then bring it to today's tables. Blocks.

        Raises:
            StartFailure: ``database.broken``, ``database.foreign``, ``database.newer`` or
                ``database.unreachable``; nothing was written.
        """
        try:
            self._look()
            with _MIGRATING, self._engine.begin() as connection:
                config = Config()
                config.set_main_option("script_location", str(_MIGRATIONS))
                config.set_main_option("path_separator", "os")
                config.attributes["connection"] = connection
                command.upgrade(config, "heads")
        except DBAPIError as error:
            # What SQLite cannot read is broken; a server that does not answer may be another day.
            code = "database.broken" if self._is_sqlite else "database.unreachable"
            raise StartFailure(code, database=self.shown) from error

    def close(self) -> None:
        """Let go of threads and connections. Blocks until running work is done."""
        self._writer.close()
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    @property
    def engine(self) -> sqlalchemy.Engine:
        """For what a session cannot do; tests and migrations."""
        return self._engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read with. Blocks."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are committed at the end, or not at all. Blocks."""
        with (
            self._begin() as connection,
            Session(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def _begin(self) -> Iterator[sqlalchemy.Connection]:
        with (
            self._writing,
            self._engine.execution_options(writes=True).begin() as connection,
        ):
            yield connection

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """The result of ``work`` on what is stored."""

        def run() -> Result:
            with self.reading() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """The result of ``work``, whose changes are stored when this returns."""
        return await self._writer.write(work)

    def _look(self) -> None:
        """Look before anything is written; at a file, without the right to write."""
        if self._file is None:
            with self._engine.connect() as connection:
                self._check_revision(connection)
        elif self._file.exists():
            engine = sqlalchemy.create_engine(
                "sqlite://", creator=partial(_open_to_read, self._file), poolclass=NullPool
            )
            with engine.connect() as connection:
                if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                    raise StartFailure("database.broken", database=self.shown)
                self._check_revision(connection)

    def _check_revision(self, connection: sqlalchemy.Connection) -> None:
        known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
        tables = sqlalchemy.inspect(connection).get_table_names()
        if tables and "alembic_version" not in tables:
            raise StartFailure("database.foreign", database=self.shown)
        if set(MigrationContext.configure(connection).get_current_heads()) - known:
            raise StartFailure("database.newer", database=self.shown)


def _open_to_read(path: Path) -> sqlite3.Connection:
    # Without a log of writes beside it the file is whole, and nothing is made beside it.
    logged = path.with_name(path.name + "-wal").exists()
    uri = f"{path.resolve().as_uri()}?mode=ro{'' if logged else '&immutable=1'}"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)


def _use_transactions(engine: sqlalchemy.Engine, enforce_references: bool) -> None:
    """SQLite with write-ahead log, references, and transactions that hold from their beginning."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            f"foreign_keys={'ON' if enforce_references else 'OFF'}",
            f"busy_timeout={_BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: sqlalchemy.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
