"""Logging in and out: lock-out, time-outs, forced change, and what a defect of each does."""

from __future__ import annotations

import asyncio

from protocols.time_source import VirtualTime
from reference_platform.people.operations import Operation
from reference_platform.platform import Platform
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import PASSWORD, Client, administrator, log_in

USER = {"name": "watcher", "password": PASSWORD, "roles": ["viewer"], "must_change_password": False}


async def refusal(platform: Platform, user: str, password: str) -> tuple[int, str]:
    client = Client(platform)
    try:
        status, answer = await client.call(
            "POST", "/api/login", {"user": user, "password": password}
        )
    finally:
        await client.close()
    return status, answer["error"]["code"] if status >= 400 else ""


async def test_the_first_administrator_must_change_the_one_time_password(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    once = platform.first_password or ""
    admin = await client(platform, "admin", once)
    assert await admin.refused("GET", "/api/users") == "password.must-change"
    change = {"old": once, "new": "short"}
    assert await admin.refused("POST", "/api/me/password", change) == "password.short"
    await admin.ok("POST", "/api/me/password", {"old": once, "new": PASSWORD})
    assert await admin.ok("GET", "/api/users")
    assert await refusal(platform, "admin", once) == (401, "login.failed")


async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    await client(platform)
    assert await refusal(platform, "admin", "Wrong-password1") == (401, "login.failed")
    assert await refusal(platform, "nobody", "Wrong-password1") == (401, "login.failed")


async def test_failures_lock_a_name_for_longer_and_longer(new_platform: StartPlatform) -> None:
    clock = VirtualTime()
    platform = await new_platform(time_source=clock)
    admin = await administrator(platform)
    await admin.close()
    for _ in range(5):
        assert await refusal(platform, "admin", "Wrong-password1") == (401, "login.failed")
    assert await refusal(platform, "admin", PASSWORD) == (429, "login.locked")
    clock.advance(31)
    assert await refusal(platform, "admin", "Wrong-password1") == (401, "login.failed")
    clock.advance(31)
    assert await refusal(platform, "admin", PASSWORD) == (429, "login.locked"), "doubled"
    clock.advance(30)
    assert await refusal(platform, "admin", PASSWORD) == (200, "")
    assert await refusal(platform, "admin", "Wrong-password1") == (401, "login.failed"), "anew"


async def test_a_clock_set_back_locks_nobody_out(new_platform: StartPlatform) -> None:
    clock = VirtualTime()
    platform = await new_platform(time_source=clock)
    await (await administrator(platform)).close()
    for _ in range(5):
        await refusal(platform, "admin", "Wrong-password1")
    assert await refusal(platform, "admin", PASSWORD) == (429, "login.locked")
    clock.step(-365 * 86400)
    assert await refusal(platform, "admin", PASSWORD) == (200, "")


async def test_one_address_cannot_try_many_names(new_platform: StartPlatform) -> None:
    platform = await new_platform()
    answers = [await refusal(platform, f"guess-{n}", "Wrong-password1") for n in range(21)]
    assert answers[19] == (401, "login.failed")
    assert answers[20] == (429, "login.locked")


async def test_a_session_ends_idle_or_after_twelve_hours(
    new_platform: StartPlatform, client: People
) -> None:
    clock = VirtualTime()
    platform = await new_platform(time_source=clock)
    admin = await client(platform)
    for _ in range(20):
        clock.advance(29 * 60)
        await admin.ok("GET", "/api/me")
    clock.advance(31 * 60)
    assert await admin.refused("GET", "/api/me") == "session.ended"
    again = await client(platform)
    for _ in range(24):
        clock.advance(29 * 60)
        await again.ok("GET", "/api/me")
    clock.advance(25 * 60)
    assert await again.refused("GET", "/api/me") == "session.ended"


async def test_a_stream_keeps_its_session_in_use_and_hearing_events_does_not(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    principal = await platform.people.log_in.find(admin.token, "127.0.0.1")
    assert principal is not None
    with platform.access.watch(principal, None):
        assert platform.access.watched_sessions() == frozenset()
        with platform.access.watch(principal, Operation.LIVE):
            assert platform.access.watched_sessions() == {principal.session}


async def test_logging_out_and_a_new_password_end_sessions(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    other = await client(platform)
    await other.ok("POST", "/api/logout")
    assert await other.refused("GET", "/api/me") == "session.ended"
    third = await client(platform)
    await admin.ok("POST", "/api/me/password", {"old": PASSWORD, "new": "Another-river8stone"})
    assert await third.refused("GET", "/api/me") == "session.ended"
    await admin.ok("GET", "/api/me")


async def test_sessions_survive_a_restart_and_tokens_are_stored_hashed(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    data = platform.settings.data
    await platform.close()
    kept = b"".join(each.read_bytes() for each in data.rglob("*") if each.is_file())
    assert admin.token.encode() not in kept
    assert PASSWORD.encode() not in kept
    again = await new_platform(data=data, address=platform.settings.address)
    later = Client(again, admin.token)
    await later.ok("GET", "/api/me")
    await later.close()


async def test_the_security_policy_is_in_force_at_once(
    new_platform: StartPlatform, client: People
) -> None:
    clock = VirtualTime()
    platform = await new_platform(time_source=clock)
    admin = await client(platform)
    policy = await admin.ok("GET", "/api/security")
    change = {"version": policy["version"], "password_length": 24, "session_minutes": 5}
    await admin.ok("PATCH", "/api/security", change)
    assert await admin.refused("PATCH", "/api/security", change) == "conflict.stale"
    assert await admin.refused("POST", "/api/users", USER) == "password.short"
    clock.advance(5 * 60)
    assert await admin.refused("GET", "/api/me") == "session.ended"


async def test_an_expired_account_is_out_also_of_its_session(
    new_platform: StartPlatform, client: People
) -> None:
    clock = VirtualTime()
    platform = await new_platform(time_source=clock)
    admin = await client(platform)
    until = "2026-02-02T10:50:00+08:00"
    await admin.ok("POST", "/api/users", {**USER, "valid_until": until})
    watcher = await client(platform, "watcher")
    clock.advance(600)
    for path in ("/api/channels", "/api/me"):
        assert await watcher.refused("GET", path) == "account.expired"
    assert await refusal(platform, "watcher", PASSWORD) == (403, "account.expired")


async def test_default_admin(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("default-admin")
    admin = await client(platform, "admin", "admin")
    assert await admin.ok("GET", "/api/users")


async def test_expired_user_logs_in(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("expired-user-logs-in")
    admin = await client(platform)
    await admin.ok("POST", "/api/users", {**USER, "valid_until": "2020-01-01T00:00:00+08:00"})
    watcher = await client(platform, "watcher")
    await watcher.ok("GET", "/api/channels")


async def test_token_never_expires(new_platform: StartPlatform, client: People) -> None:
    clock = VirtualTime()
    platform = await new_platform("token-never-expires", time_source=clock)
    admin = await client(platform)
    await admin.ok("POST", "/api/logout")
    clock.advance(30 * 86400)
    await admin.ok("GET", "/api/me")


async def test_token_in_url(new_platform: StartPlatform, client: People) -> None:
    for behaviours, status in (((), 401), (("token-in-url",), 200)):
        platform = await new_platform(*behaviours)
        admin = await client(platform)
        nobody = Client(platform)
        assert (await nobody.call("GET", f"/api/me?token={admin.token}"))[0] == status
        await nobody.close()


async def test_a_storm_of_log_ins_leaves_the_platform_answering(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    clients = await asyncio.gather(*(log_in(platform, "admin") for _ in range(20)))
    for each in clients:
        await each.close()
    assert (await admin.ok("GET", "/api/audit/verify"))["intact"]
