"""The audit log: who did what to what, when, from where, with what result.

Each row holds the SHA-256 of the row before and of its own content: a changed, removed or inserted
row breaks the chain, and ``verify`` says where. The end of the chain is kept beside the database
as well, sealed: rows that were cut off its end are missed. Nothing in the platform changes a row.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections import deque
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.errors import PlatformError
from reference_platform.people.access import Principal
from reference_platform.store.database import Database
from reference_platform.store.people_tables import AuditRow
from reference_platform.store.vault import Vault
from reference_platform.times import Moment, moment

_LOG = logging.getLogger(__name__)
_START = "0" * 64
_BATCH = 500
_RETRY_SECONDS = 1.0
_ROWS_A_MINUTE = 60
_ADDRESSES_A_MINUTE = 1000


class AuditEntry(BaseModel):
    """One row as an administrator reads it."""

    id: int
    at: Moment
    user: str = Field(description="log-in name, also of one who was refused")
    address: str
    operation: str
    target: str
    result: str = Field(description="`done`, or the code of the refusal")
    details: dict[str, Any]


class Verification(BaseModel):
    """What a walk along the whole chain found."""

    rows: int
    intact: bool
    first_broken: int | None = Field(
        description="number of the first row that does not fit, or is missing"
    )


class _Strangers:
    """Bounds what those who are not logged in can write: rows by address and minute.

    What is left out is counted in the next row of that address.
    """

    def __init__(self, time_source: TimeSource) -> None:
        self._time = time_source
        self._minute = 0
        self._rows: dict[str, int] = {}
        self._left_out: dict[str, int] = {}

    def admit(self, address: str, details: dict[str, Any]) -> bool:
        """Whether a row of ``address`` is written now."""
        minute = int(self._time.monotonic() // 60)
        if minute != self._minute:
            self._minute = minute
            self._rows.clear()
        rows = self._rows.get(address, 0)
        if rows >= _ROWS_A_MINUTE or len(self._rows) >= _ADDRESSES_A_MINUTE:
            if len(self._left_out) < _ADDRESSES_A_MINUTE or address in self._left_out:
                self._left_out[address] = self._left_out.get(address, 0) + 1
            return False
        self._rows[address] = rows + 1
        if left_out := self._left_out.pop(address, 0):
            details["left_out"] = left_out
        return True


class _Waiting(NamedTuple):
    values: dict[str, Any]
    stored: asyncio.Future[None]


class Audit:
    """Writes in the order of the calls, from one task; ``record`` never waits."""

    def __init__(
        self, database: Database, time_source: TimeSource, vault: Vault, end_file: Path
    ) -> None:
        """``end_file``: where the end of the chain is kept, sealed by ``vault``."""
        self._vault = vault
        self._end_file = end_file
        self._database = database
        self._time = time_source
        self._strangers = _Strangers(time_source)
        self._waiting: deque[_Waiting] = deque()
        self._more = asyncio.Event()
        self._last = (0, _START)
        self._kept: tuple[int, str] = (0, _START)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on behind the last row."""
        self._last = await self._database.read(_last_row)
        self._kept = await asyncio.to_thread(self._read_end)
        if self._kept[0] > self._last[0]:
            # Rows are missing. The numbers go on behind them, so that the gap stays seen.
            _LOG.error("audit rows after %d are missing", self._last[0])
            self._last = (self._kept[0], self._last[1])
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Write what waits, then end."""
        if self._task is None:
            return
        try:
            await asyncio.wait_for(self.flush(), 5)
        except TimeoutError:
            _LOG.error("%d audit rows could not be written", len(self._waiting))
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def record(
        self,
        principal: Principal | None,
        operation: str,
        target: str = "",
        result: str = "done",
        *,
        user: str = "",
        address: str = "",
        organisation: str = "",
        **details: Any,
    ) -> asyncio.Future[None]:
        """Note what was done or refused; the future is done when it is stored.

        Args:
            principal: who; ``None`` for the platform itself or one not logged in, with ``user``,
                ``address``.
            operation: what, e.g. ``live``, ``users.change``.
            target: on what: a channel, a device, an identifier.
            result: ``done``, or an error code.
            organisation: where ``target`` stands, when no principal is given.
            details: JSON values, never a secret.
        """
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if principal is None and address and not self._strangers.admit(address, details):
            stored.set_result(None)
            return stored
        values = {
            "at": self._time.now(),
            "user_id": principal.user_id if principal else "",
            "user_name": (principal.name if principal else user)[:128],
            "organisation_id": principal.organisation if principal else organisation,
            "address": principal.address if principal else address,
            "operation": operation[:64],
            "target": target[:200],
            "result": result[:64],
            "details": details,
        }
        self._waiting.append(_Waiting(values, stored))
        self._more.set()
        return stored

    async def flush(self) -> None:
        """Wait until everything recorded so far is stored."""
        if self._waiting:
            await asyncio.shield(self._waiting[-1].stored)

    async def entries(
        self,
        organisations: Iterable[str] | None,
        *,
        user: str = "",
        operation: str = "",
        since: float | None = None,
        until: float | None = None,
        after: int = 0,
        limit: int = 200,
    ) -> list[AuditEntry]:
        """Rows, the newest first; ``after``: those older than row ``after`` (0: from the newest).

        ``organisations``: of whose accounts; ``None`` for all, the nameless too.
        """
        await self.flush()
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if organisations is not None:
            query = query.where(AuditRow.organisation_id.in_(list(organisations)))
        if user:
            query = query.where(AuditRow.user_name == user)
        if operation:
            query = query.where(AuditRow.operation == operation)
        if since is not None:
            query = query.where(AuditRow.at >= since)
        if until is not None:
            query = query.where(AuditRow.at < until)
        if after:
            query = query.where(AuditRow.id < after)
        rows = await self._database.read(lambda session: session.scalars(query).all())
        return [_entry(row) for row in rows]

    async def verify(self) -> Verification:
        """Walk along the whole chain."""
        await self.flush()
        return await self._database.read(partial(_verify, ends=(self._kept, self._last)))

    async def _run(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                batch = [self._waiting[index] for index in range(min(_BATCH, len(self._waiting)))]
                add = partial(self._add, batch=batch)
                try:
                    self._last = await self._database.write(add)
                except Exception:  # noqa: BLE001  (a full disk must not end the log)
                    _LOG.exception("the audit log cannot be written; trying again")
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                for each in batch:
                    self._waiting.popleft()
                    if not each.stored.done():
                        each.stored.set_result(None)
                await asyncio.to_thread(self._write_end, self._last)

    def _read_end(self) -> tuple[int, str]:
        """The end of the chain when it was last written; the start if that cannot be read."""
        try:
            number, last = json.loads(self._vault.unseal(self._end_file.read_text("ascii")))
            return int(number), str(last)
        except (OSError, ValueError, TypeError, PlatformError):
            return 0, _START

    def _write_end(self, end: tuple[int, str]) -> None:
        part = self._end_file.with_suffix(".part")
        try:
            part.write_text(self._vault.seal(json.dumps(end)), "ascii")
            part.replace(self._end_file)
        except OSError:  # the next rows try again
            _LOG.exception("the end of the audit log cannot be kept")

    def _add(self, session: Session, batch: list[_Waiting]) -> tuple[int, str]:
        number, last = self._last
        for each in batch:
            number += 1
            last = _hash(last, number, each.values)
            session.add(AuditRow(id=number, hash=last, **each.values))
        return number, last


def _last_row(session: Session) -> tuple[int, str]:
    row = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).first()
    return (row.id, row.hash) if row else (0, _START)


def _verify(session: Session, ends: tuple[tuple[int, str], ...]) -> Verification:
    """``ends``: rows that must be there."""
    rows = session.scalar(select(func.count()).select_from(AuditRow)) or 0
    last, expected = _START, 1
    for row in session.scalars(
        select(AuditRow).order_by(AuditRow.id).execution_options(yield_per=1000)
    ):
        last = _hash(last, row.id, {name: getattr(row, name) for name in _CHAINED})
        if row.id != expected or row.hash != last:
            return Verification(rows=rows, intact=False, first_broken=min(row.id, expected))
        expected += 1
        if any(row.id == number and row.hash != end for number, end in ends):
            return Verification(rows=rows, intact=False, first_broken=row.id)
    if any(number >= expected for number, _ in ends):
        return Verification(rows=rows, intact=False, first_broken=expected)
    return Verification(rows=rows, intact=True, first_broken=None)


_CHAINED = (
    "at",
    "user_id",
    "user_name",
    "organisation_id",
    "address",
    "operation",
    "target",
    "result",
    "details",
)


def _hash(before: str, number: int, values: dict[str, Any]) -> str:
    content = [before, number, *(values[name] for name in _CHAINED)]
    return hashlib.sha256(
        json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=moment(row.at),
        user=row.user_name,
        address=row.address,
        operation=row.operation,
        target=row.target,
        result=row.result,
        details=row.details,
    )
