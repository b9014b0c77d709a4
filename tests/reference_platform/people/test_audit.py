"""The audit log: what lands in it, and that a change of it is found."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from protocols.time_source import VirtualTime
from reference_platform.people.audit import Audit
from reference_platform.platform import Platform
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import PASSWORD, Client


def execute(platform: Platform, statement: str) -> None:
    with platform.database.writing() as session:
        session.execute(text(statement))


async def test_changes_refusals_and_log_ins_are_noted(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform(time_source=VirtualTime())
    admin = await client(platform)
    nobody = Client(platform)
    await nobody.refused("GET", "/api/users")
    await nobody.refused("POST", "/api/login", {"user": "eve", "password": "Wrong-password1"})
    await nobody.close()
    new = {"name": "one", "password": PASSWORD, "roles": ["viewer"], "must_change_password": False}
    made = await admin.ok("POST", "/api/users", new)
    one = await client(platform, "one")
    await one.refused("GET", "/api/security")
    await admin.refused("POST", "/api/users", {**new, "password": "Secret-but-unknown1", "x": 1})
    rows = await admin.ok("GET", "/api/audit")
    noted = [(row["user"], row["operation"], row["target"], row["result"]) for row in rows]
    assert noted == [
        ("admin", "users.add", "", "request.invalid"),
        ("one", "security.get", "", "access.denied"),
        ("one", "login", "one", "done"),
        ("admin", "users.add", made["id"], "done"),
        ("eve", "login", "eve", "login.failed"),
        ("", "users.list", "", "session.missing"),
        ("admin", "me.password", "", "done"),
        ("admin", "login", "admin", "done"),
    ]
    assert {row["address"] for row in rows} == {"127.0.0.1"}
    assert {row["at"] for row in rows} == {"2026-02-02T10:40:00+08:00"}
    assert "Secret" not in str(rows)
    assert PASSWORD not in str(rows)
    assert await admin.ok("GET", "/api/audit?user=eve") == [rows[4]]
    assert await admin.ok("GET", "/api/audit?operation=login&limit=1") == [rows[2]]
    assert await admin.ok("GET", f"/api/audit?after={rows[6]['id']}") == [rows[7]]
    since = {"since": "2026-02-02T10:40:01+08:00"}
    assert await admin.ok("GET", "/api/audit", params=since) == []


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET user_name = 'somebody' WHERE id = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE id = 3", 3),
        ("DELETE FROM audit WHERE id = 2", 2),
        ("UPDATE audit SET details = '{}' WHERE id = 2", 2),
    ],
)
async def test_a_changed_log_is_found(
    new_platform: StartPlatform, client: People, statement: str, broken: int
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    for _ in range(3):
        await admin.refused("POST", "/api/roles", {})
    assert (await admin.ok("GET", "/api/audit/verify"))["intact"]
    execute(platform, statement)
    found = await admin.ok("GET", "/api/audit/verify")
    assert (found["intact"], found["first_broken"]) == (False, broken)


async def test_the_chain_goes_on_over_a_restart(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    await (await client(platform)).refused("POST", "/api/roles", {})
    await platform.close()
    again = await new_platform(data=platform.settings.data, address=platform.settings.address)
    admin = await client(again)
    found = await admin.ok("GET", "/api/audit/verify")
    assert found["intact"]
    assert found["rows"] >= 4


async def test_a_log_that_was_cut_off_is_missed(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    for _ in range(3):
        await admin.refused("POST", "/api/roles", {})
    execute(platform, "DELETE FROM audit WHERE id > 3")
    assert (await admin.ok("GET", "/api/audit/verify"))["first_broken"] == 4
    await platform.close()
    again = await new_platform(data=platform.settings.data, address=platform.settings.address)
    later = await client(again)
    found = await later.ok("GET", "/api/audit/verify")
    assert (found["intact"], found["first_broken"]) == (False, 4)


async def test_a_log_that_cannot_be_written_is_written_later(
    new_platform: StartPlatform, client: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    write, failures = platform.database.write, iter([True])

    async def full(work):  # type: ignore[no-untyped-def]
        if next(failures, False):
            raise OSError(28, "No space left on device")
        return await write(work)

    monkeypatch.setattr(platform.database, "write", full)
    await admin.refused("POST", "/api/roles", {})
    assert (await admin.ok("GET", "/api/audit"))[0]["operation"] == "roles.add"


async def test_strangers_cannot_fill_the_log(new_platform: StartPlatform, client: People) -> None:
    clock = VirtualTime()
    platform = await new_platform(time_source=clock)
    admin = await client(platform)
    nobody = Client(platform)
    for _ in range(100):
        await nobody.refused("GET", "/api/users")
    refused = "/api/audit?operation=users.list"
    assert len(await admin.ok("GET", refused)) == 60
    clock.advance(60)
    await nobody.refused("GET", "/api/users")
    await nobody.close()
    rows = await admin.ok("GET", refused)
    assert (len(rows), rows[0]["details"]["left_out"]) == (61, 40)


def test_nothing_changes_or_removes_a_row() -> None:
    public = [name for name in vars(Audit) if not name.startswith("_")]
    assert sorted(public) == ["close", "entries", "flush", "record", "start", "verify"]
