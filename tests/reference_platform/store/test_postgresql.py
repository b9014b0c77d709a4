"""PostgreSQL instead of SQLite, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from reference_platform.errors import StartFailure
from reference_platform.inventory.channels import ReportedChannel
from reference_platform.store.base import Base
from reference_platform.store.database import Database
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import PASSWORD
from tests.reference_platform.store.postgresql import postgresql_server

DEVICE, GATE = "34020000001320000001", "34020000001310000001"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """An empty database."""
    engine = sqlalchemy.create_engine(
        server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE one")
    yield server.replace("/postgres?", "/one?")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE one WITH (FORCE)")
    engine.dispose()


async def test_a_platform_lives_on_postgresql(
    url: str, new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform(database_url=url)
    assert not (platform.settings.data / "platform.db").exists()
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", {"id": DEVICE, "name": "Gate", "password": "x" * 10})
    await platform.events.device_online(DEVICE, why="registered")
    await platform.inventory.channels.report(DEVICE, [ReportedChannel(GATE, "大门")])
    user = {"name": "one", "password": PASSWORD, "roles": ["viewer"], "must_change_password": False}
    made = await admin.ok("POST", "/api/users", {**user, "cameras": [{"channel": GATE}]})
    assert await admin.ok("GET", "/api/users?query=ON") == [made]
    names = [{"name": f"area {number}"} for number in range(8)]
    await asyncio.gather(*(admin.ok("POST", "/api/organisations", name) for name in names))
    await platform.inventory.alarms.raise_alarm("motion", channel=GATE, once=True)
    held = f"/api/users/{made['id']}"
    await admin.ok("PATCH", held, {"version": 1, "phone": "1"})
    assert await admin.refused("PATCH", held, {"version": 1, "phone": "2"}) == "conflict.stale"
    await platform.close()

    data = {"data": platform.settings.data, "address": platform.settings.address}
    again = await new_platform(database_url=url, **data)
    one = await client(again, "one")
    assert [each["name"] for each in await one.ok("GET", "/api/channels")] == ["大门"]
    admin = await client(again)
    log = await admin.ok("GET", f"/api/devices/{DEVICE}/events")
    assert [each["online"] for each in log] == [False, True]
    assert len(await admin.ok("GET", "/api/organisations")) == 9
    assert (await admin.ok("GET", "/api/audit/verify"))["intact"]
    await admin.ok("DELETE", f"/api/devices/{DEVICE}?version=1")
    assert (await admin.ok("GET", held))["cameras"] == []


def test_migrations_make_exactly_the_tables_that_are_declared(url: str) -> None:
    database = Database(url)
    try:
        database.open()
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, Base.metadata) == []
    finally:
        database.close()


def test_a_foreign_database_is_left_as_it_is(url: str) -> None:
    database = Database(url)
    try:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE photos (id INTEGER)")
        with pytest.raises(StartFailure) as caught:
            database.open()
        assert caught.value.code == "database.foreign"
        assert sqlalchemy.inspect(database.engine).get_table_names() == ["photos"]
    finally:
        database.close()


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    database = Database("postgresql://tantou:hidden-word@127.41.0.20:1/one")
    try:
        with pytest.raises(StartFailure) as caught:
            database.open()
    finally:
        database.close()
    assert caught.value.code == "database.unreachable"
    assert "hidden-word" not in str(caught.value.parameters)
