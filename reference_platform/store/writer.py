"""One thread that writes: what many ask for at the same time is stored in one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

Result = TypeVar("Result")
#: Works in one transaction at most: who asks for the next one waits for no more than these.
TOGETHER = 100
#: What a work has done wrong itself; any other fault of the database is everybody's.
_OWN_FAULTS = (IntegrityError, DataError)


class Writer:
    """Does works in the order asked for, each whole or not at all.

    A commit costs more than most works do, so those that wait share one. A work that fails leaves
    the others alone; a database that fails (a full disk, a lost server) fails all of the
    transaction, and nothing of it is stored.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        """``begin``: a connection whose transaction is committed at the end, or not at all."""
        self._begin = begin
        self._waiting: deque[tuple[Callable[[Session], Any], Future[Any]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database-writer")

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """The result of ``work``, whose changes are stored when this returns."""
        done: Future[Result] = Future()
        self._waiting.append((work, done))
        # A turn for each, though one mostly finds nothing left: so nothing is ever left waiting.
        self._thread.submit(self._turn)
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Store what waits, then end. Blocks."""
        self._thread.shutdown(wait=True)

    def _turn(self) -> None:
        batch: list[tuple[Callable[[Session], Any], Future[Any]]] = []
        while self._waiting and len(batch) < TOGETHER:
            work, done = self._waiting.popleft()
            if done.set_running_or_notify_cancel():
                batch.append((work, done))
        if not batch:
            return
        try:
            with self._begin() as connection:
                outcomes = [_outcome(connection, work) for work, _ in batch]
        except Exception as fault:  # noqa: BLE001
            outcomes = [(None, fault)] * len(batch)
        for (_, done), (result, failure) in zip(batch, outcomes, strict=True):
            if failure is None:
                done.set_result(result)
            else:
                done.set_exception(failure)


def _outcome(
    connection: Connection, work: Callable[[Session], Any]
) -> tuple[Any, Exception | None]:
    """What became of a work, in a savepoint of its own.

    Raises:
        DBAPIError: the database failed, and may have given up the whole transaction.
    """
    try:
        with (
            Session(
                connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
            ) as session,
            session.begin(),
        ):
            return work(session), None
    except _OWN_FAULTS as fault:
        return None, fault
    except DBAPIError:
        raise
    except Exception as fault:  # noqa: BLE001
        return None, fault
