"""The run store: everything one run brought home and concluded, safe against a kill at any time.

A run is a folder with ``run.sqlite`` (WAL) and ``objects/`` (blobs by SHA-256). Each recording
and each finding is one transaction, its blobs are on the disk before it; whatever was reported
as saved is there after ``kill -9``, and at most the one in flight is lost.

The findings of the run itself are judgement 0. ``rejudge`` opens a new judgement and leaves the
earlier ones as they were.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from assessment.documents import (
    blobs_of,
    canonical,
    finding_document,
    finding_from,
    recording_from,
)
from assessment.finding import Finding
from assessment.objects import ObjectFolder
from assessment.reason import Reason
from assessment.recording import Part, Recording, digest
from assessment.store_file import FILE, RunStoreError, connect, create_tables, open_existing
from protocols.time_source import SystemTime, TimeSource

__all__ = ["Event", "Judgement", "RunStore", "RunStoreError", "StoredFinding"]


@dataclass(frozen=True)
class StoredFinding:
    """A finding with the scenario that made it and the judgement it belongs to."""

    finding: Finding
    scenario: str
    epoch: int


@dataclass(frozen=True)
class Judgement:
    """One judging of the run: 0 is the run itself, the others are later re-judgements."""

    epoch: int
    reason: str
    started: datetime


@dataclass(frozen=True)
class Event:
    """Something worth keeping that is no recording: a resumption, a waiver used, a warning."""

    at: datetime
    reason: Reason


class RunStore:
    """One run. May be shared by threads; each call is one transaction.

    ``folder`` is the run's folder, ``objects`` holds its blobs.
    """

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, clock: TimeSource | None = None
    ) -> None:
        self.folder = folder
        self._clock = clock or SystemTime()
        self.objects = ObjectFolder(folder / "objects")
        self._connection = connection
        self._lock = threading.RLock()

    @classmethod
    def create(
        cls, folder: Path, meta: Mapping[str, Any], clock: TimeSource | None = None
    ) -> RunStore:
        """Start a run in ``folder`` with JSON-able ``meta``.

        Raises:
            RunStoreError: there is a run already, or the folder cannot be written.
        """
        try:
            (folder / "objects").mkdir(parents=True, exist_ok=True)
            store = cls(folder, connect(folder / FILE), clock)
        except (OSError, sqlite3.Error) as error:
            raise RunStoreError("unwritable", folder=str(folder), detail=str(error)) from error
        try:
            store._begin(meta)
        except RunStoreError:
            store.close()
            raise
        return store

    @classmethod
    def open(cls, folder: Path, clock: TimeSource | None = None) -> RunStore:
        """Open the run in ``folder``.

        Raises:
            RunStoreError: there is none, it is damaged or foreign, or a newer version wrote it.
        """
        return cls(folder, open_existing(folder), clock)

    def __enter__(self) -> RunStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the run; what was saved stays."""
        with self._lock:
            self._connection.close()

    @property
    def meta(self) -> dict[str, Any]:
        """What was noted about the run as a whole."""
        rows = self._rows("SELECT key, value FROM meta ORDER BY key")
        return {key: json.loads(value)["value"] for key, value in rows}

    def note_meta(self, key: str, value: Any) -> None:
        """Note or replace one JSON-able property of the run."""
        document = canonical({"value": value})
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, document))

    def save(self, recording: Recording) -> Recording:
        """Commit ``recording`` and return it with its parts on the disk.

        Saving the same recording again changes nothing.

        Raises:
            RunStoreError: the folder cannot be written.
        """
        kept = {name: self._keep(part) for name, part in recording.parts.items()}
        document = canonical(recording.sealed_document())
        row = (recording.digest, recording.kind, recording.subject, document)
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO recordings (digest, kind, subject, document)"
                " VALUES (?, ?, ?, ?)",
                row,
            )
        return Recording(
            kind=recording.kind,
            subject=recording.subject,
            started=recording.started,
            ended=recording.ended,
            facts=recording.facts,
            parts=kept,
            problem=recording.problem,
        )

    def find(self, kind: str, subject: str) -> Recording | None:
        """The latest recording of ``kind`` of ``subject``, if there is one.

        Raises:
            RunStoreError: its document was changed.
        """
        rows = self._rows(
            "SELECT digest, document FROM recordings WHERE kind = ? AND subject = ?"
            " ORDER BY sequence DESC LIMIT 1",
            (kind, subject),
        )
        return self._recording(*rows[0]) if rows else None

    def recordings(
        self, kind: str | None = None, subject: str | None = None
    ) -> Iterator[Recording]:
        """All recordings, or those of ``kind`` or ``subject``, in the order they were saved.

        Raises:
            RunStoreError: a document was changed.
        """
        rows = self._rows(
            "SELECT digest, document FROM recordings WHERE kind = ifnull(?, kind)"
            " AND subject = ifnull(?, subject) ORDER BY sequence",
            (kind, subject),
        )
        for row in rows:
            yield self._recording(*row)

    def save_finding(self, finding: Finding, scenario: str, judged_in: int | None = None) -> None:
        """Commit ``finding`` of ``scenario``, in the latest judgement unless another is named.

        A later finding of the same requirement, scenario and subject replaces the earlier one:
        that is how a resumed scenario ends with one verdict.

        Raises:
            RunStoreError: the folder cannot be written.
        """
        for part in blobs_of(finding):
            self._keep(part)
        document = canonical(finding_document(finding))
        with self._transaction() as connection:
            epoch = self._latest() if judged_in is None else judged_in
            connection.execute(
                "INSERT OR REPLACE INTO findings"
                " (epoch, requirement, scenario, subject, digest, document)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    epoch,
                    finding.requirement,
                    scenario,
                    finding.subject,
                    digest(document.encode()),
                    document,
                ),
            )

    def findings(self, epoch: int | None = None) -> tuple[StoredFinding, ...]:
        """The findings of one judgement (the latest by default), in the order they were made.

        Raises:
            RunStoreError: a document was changed.
        """
        chosen = self._latest() if epoch is None else epoch
        rows = self._rows(
            "SELECT digest, document, scenario, epoch FROM findings WHERE epoch = ?"
            " ORDER BY sequence",
            (chosen,),
        )
        return tuple(
            StoredFinding(finding_from(self._document(name, document), self._locate), *rest)
            for name, document, *rest in rows
        )

    def new_judgement(self, reason: str) -> int:
        """Open a judgement for ``rejudge`` and return its epoch."""
        with self._transaction() as connection:
            epoch = self._latest() + 1
            connection.execute(
                "INSERT INTO judgements VALUES (?, ?, ?)", (epoch, reason, self._now())
            )
        return epoch

    def judgements(self) -> tuple[Judgement, ...]:
        """All judgements, the run itself first."""
        rows = self._rows("SELECT epoch, reason, started FROM judgements ORDER BY epoch")
        return tuple(
            Judgement(epoch, reason, datetime.fromisoformat(started))
            for epoch, reason, started in rows
        )

    def note_event(self, reason: Reason) -> None:
        """Keep ``reason`` with the time of the machine's clock."""
        row = (self._now(), reason.code, canonical(dict(reason.parameters)))
        with self._transaction() as connection:
            connection.execute("INSERT INTO events (at, code, parameters) VALUES (?, ?, ?)", row)

    def events(self) -> tuple[Event, ...]:
        """All events in their order."""
        rows = self._rows("SELECT at, code, parameters FROM events ORDER BY sequence")
        return tuple(
            Event(datetime.fromisoformat(at), Reason(code, json.loads(parameters)))
            for at, code, parameters in rows
        )

    def settle(self) -> None:
        """Bring everything into ``run.sqlite`` itself, so that it can be sealed and copied."""
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def verify(self, maximum_faults: int = 100) -> tuple[Reason, ...]:
        """What is not as it was saved; empty when all is well. Stops at ``maximum_faults``."""
        faults: list[Reason] = []
        for fault in self._faults():
            faults.append(fault)
            if len(faults) >= maximum_faults:
                break
        return tuple(faults)

    def _faults(self) -> Iterator[Reason]:
        try:
            for (line,) in self._rows("PRAGMA quick_check(20)"):
                if line != "ok":
                    yield Reason("run-store.database-damaged", {"detail": line})
            documents = self._rows(
                "SELECT digest, document FROM recordings UNION ALL"
                " SELECT digest, document FROM findings"
            )
        except sqlite3.Error as error:
            yield Reason("run-store.database-damaged", {"detail": str(error)})
            return
        checked: set[str] = set()
        for name, document in documents:
            if digest(document.encode()) != name:
                yield Reason("run-store.document-changed", {"sha256": name})
                continue
            for blob, size in _blobs(json.loads(document)):
                if blob not in checked:
                    checked.add(blob)
                    yield from self._object_faults(blob, size)

    def _object_faults(self, blob: str, size: int) -> Iterator[Reason]:
        matches = self.objects.matches(blob, size)
        if matches is None:
            yield Reason("run-store.object-missing", {"sha256": blob})
        elif not matches:
            yield Reason("run-store.object-changed", {"sha256": blob})

    def _recording(self, name: str, document: str) -> Recording:
        return recording_from(self._document(name, document), self._locate)

    def _document(self, name: str, document: str) -> Any:
        if digest(document.encode()) != name:
            raise RunStoreError("document-changed", folder=str(self.folder), sha256=name)
        return json.loads(document)

    def _locate(self, name: str) -> Path:
        return self.objects.path(name)

    def _latest(self) -> int:
        return int(self._rows("SELECT max(epoch) FROM judgements")[0][0])

    def _rows(self, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def _begin(self, meta: Mapping[str, Any]) -> None:
        with self._transaction() as connection:
            create_tables(connection, self.folder)
            connection.execute("INSERT INTO judgements VALUES (0, '', ?)", (self._now(),))
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [(key, canonical({"value": value})) for key, value in meta.items()],
            )

    def _keep(self, part: Part) -> Part:
        try:
            return self.objects.keep(part)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: Exception) -> RunStoreError:
        return RunStoreError("unwritable", folder=str(self.folder), detail=str(error))

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock.now(), UTC).isoformat()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
        except sqlite3.Error as error:
            raise self._unwritable(error) from error


def _blobs(document: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for part in document.get("parts", {}).values():
        yield part["sha256"], part["size"]
    for measurement in document.get("measurements", ()):
        for part in measurement["evidence"].values():
            yield part["sha256"], part["size"]
