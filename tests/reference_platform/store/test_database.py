"""The database file: migrated, and never touched when it is not ours to touch."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import reference_platform.platform  # noqa: F401  (every room declares its tables)
from reference_platform.errors import PlatformError, StartFailure
from reference_platform.platform import Platform
from reference_platform.store.base import Base
from reference_platform.store.database import Database
from reference_platform.store.vault import Vault
from tests.reference_platform.platforms import settings_for, start_platform


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


def opened(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    database.open()
    return database


def refusal(path: Path) -> str:
    database = Database(f"sqlite:///{path}")
    try:
        with pytest.raises(StartFailure) as caught:
            database.open()
    finally:
        database.close()
    return caught.value.code


def test_migrations_make_exactly_the_tables_that_are_declared(tmp_path: Path) -> None:
    database = opened(tmp_path / "platform.db")
    try:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, Base.metadata) == []
    finally:
        database.close()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    opened(tmp_path / "platform.db").close()
    before = snapshot(tmp_path)
    opened(tmp_path / "platform.db").close()
    assert snapshot(tmp_path) == before


def test_a_broken_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "platform.db"
    database = opened(path)
    with database.writing() as session:
        for number in range(2000):
            session.execute(
                text(
                    "INSERT INTO device_events (device_id, at, online, why) VALUES (:d, 1, 1, '')"
                ),
                {"d": f"{number:020d}"},
            )
    database.close()
    whole = path.read_bytes()
    for broken in (
        b"this is no database at all" * 100,
        whole[:16] + bytes(84) + whole[100:],
        whole[: len(whole) // 2],
        whole[:20_000] + b"\xff" * 40_000 + whole[60_000:],
    ):
        path.write_bytes(broken)
        before = snapshot(tmp_path)
        assert refusal(path) == "database.broken"
        assert snapshot(tmp_path) == before


def test_a_foreign_or_newer_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "platform.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
    before = snapshot(tmp_path)
    assert refusal(path) == "database.foreign"
    assert snapshot(tmp_path) == before
    path.unlink()
    opened(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO alembic_version VALUES ('later_0001')")
    before = snapshot(tmp_path)
    assert refusal(path) == "database.newer"
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/name", "sqlite"])
def test_an_address_that_means_nothing_is_told(url: str) -> None:
    with pytest.raises(StartFailure) as caught:
        Database(url)
    assert caught.value.code == "database.url"


async def test_the_platform_says_why_it_cannot_start_and_leaves_nothing(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "127.41.0.9")
    settings.data.mkdir()
    (settings.data / "platform.db").write_bytes(b"broken" * 1000)
    for _ in range(2):
        with pytest.raises(StartFailure) as caught:
            await Platform(settings).start()
        assert caught.value.code == "database.broken"
    assert (settings.data / "platform.db").read_bytes() == b"broken" * 1000


async def test_one_data_folder_one_platform(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "127.41.0.10")
    first = await start_platform(settings)
    with pytest.raises(StartFailure) as caught:
        await start_platform(settings)
    assert caught.value.code == "data.in-use"
    await first.close()
    again = await start_platform(settings)
    await again.close()


async def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    database = opened(tmp_path / "platform.db")
    insert = "INSERT INTO settings (name, \"values\", version) VALUES ('one', '{}', 1)"
    try:
        with pytest.raises(IntegrityError):
            await database.write(lambda session: [session.execute(text(insert)) for _ in range(2)])
        count = "SELECT count(*) FROM settings"
        assert await database.read(lambda session: session.scalar(text(count))) == 0
    finally:
        database.close()


def test_a_vault_opens_only_with_its_key(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secret.key")
    sealed = vault.seal("device-Secret-9")
    assert "Secret" not in sealed
    assert Vault(tmp_path / "secret.key").unseal(sealed) == "device-Secret-9"
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    assert vault.seal("") == vault.unseal("") == ""
    with pytest.raises(PlatformError) as caught:
        Vault(tmp_path / "other.key").unseal(sealed)
    assert caught.value.code == "key.other"
    (tmp_path / "secret.key").write_bytes(b"no key")
    with pytest.raises(StartFailure) as broken:
        Vault(tmp_path / "secret.key")
    assert broken.value.code == "key.broken"
