"""What many write at the same time: in order, each whole or not at all, none lost at the end."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from reference_platform.errors import Denied
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import DeviceEventRow
from reference_platform.store.writer import TOGETHER


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'platform.db'}")
    database.open()
    yield database
    database.close()


def noting(why: str, number: int | None = None) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.add(DeviceEventRow(id=number, device_id="1", at=1.0, online=True, why=why))
        return why

    return work


async def stored(database: Database) -> list[str]:
    query = select(DeviceEventRow.why).order_by(DeviceEventRow.id)
    return list(await database.read(lambda session: session.scalars(query).all()))


async def together(database: Database, *works: Callable[[Session], object]) -> list[object]:
    """The outcomes of works that wait together: something else holds the pen meanwhile."""
    held, go = threading.Event(), threading.Event()

    def hold(_: Session) -> None:
        held.set()
        go.wait(5)

    first = asyncio.create_task(database.write(hold))
    await asyncio.to_thread(held.wait, 5)
    waiting = asyncio.gather(*(database.write(one) for one in works), return_exceptions=True)
    await asyncio.sleep(0)
    go.set()
    await first
    return await waiting


async def test_what_waits_shares_a_transaction_and_keeps_its_order(database: Database) -> None:
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    names = [str(number) for number in range(TOGETHER + 1)]
    assert await together(database, *(noting(name) for name in names)) == names
    assert len(commits) == 3  # what held the pen, a full transaction, the rest
    assert await stored(database) == names


async def test_a_work_that_fails_leaves_the_others_alone(database: Database) -> None:
    def denied(session: Session) -> None:
        noting("denied")(session)
        session.flush()
        raise Denied

    same = noting("same id", 1)
    outcomes = await together(database, noting("one", 1), denied, same, noting("two"))
    assert outcomes[0] == "one"
    assert isinstance(outcomes[1], Denied)
    assert isinstance(outcomes[2], IntegrityError)
    assert outcomes[3] == "two"
    assert await stored(database) == ["one", "two"]


async def test_a_database_that_fails_says_so_to_everybody(database: Database) -> None:
    def full(_: Session) -> None:
        raise OperationalError("INSERT", None, sqlite3.OperationalError("disk is full"))

    outcomes = await together(database, noting("one"), full, noting("two"))
    assert [type(each) for each in outcomes] == [OperationalError] * 3
    assert await stored(database) == []
    assert await database.write(noting("later")) == "later"


async def test_closing_stores_what_waits(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'platform.db'}")
    database.open()
    names = [str(number) for number in range(250)]
    waiting = asyncio.gather(*(database.write(noting(name)) for name in names))
    await asyncio.sleep(0)
    await asyncio.to_thread(database.close)
    assert await waiting == names
    again = Database(f"sqlite:///{tmp_path / 'platform.db'}")
    assert await stored(again) == names
    again.close()


_KILLED = """
    import asyncio, sys
    from tests.reference_platform.store.test_writer import Database, noting

    async def main():
        database = Database(f"sqlite:///{sys.argv[1]}")
        async def store(number):
            print(await database.write(noting(str(number), number + 1)), flush=True)
        for start in range(0, 1_000_000, 500):
            await asyncio.gather(*(store(start + one) for one in range(500)))

    asyncio.run(main())
"""


async def test_kill_9_costs_nothing_that_was_said_to_be_stored(
    tmp_path: Path, database: Database
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(_KILLED),
        str(tmp_path / "platform.db"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        said = [await process.stdout.readline() for _ in range(250)]
    process.kill()
    rest, _ = await process.communicate()
    promised = [line.decode() for line in b"".join([*said, rest]).split(b"\n")[:-1]]
    kept = await stored(database)
    assert kept == [str(number) for number in range(len(kept))]
    assert kept[: len(promised)] == promised
    assert len(kept) - len(promised) <= 500  # those that were asked for at the same time
