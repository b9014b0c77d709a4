"""Accounts and roles over the API: managed within bounds, effective at once."""

from __future__ import annotations

import pytest

from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import PASSWORD, Client

DEVICE = "34020000001320000001"
CHANNELS = ("34020000001310000001", "34020000001310000002")


def account(name: str, **fields: object) -> dict[str, object]:
    return {"name": name, "password": PASSWORD, "must_change_password": False, **fields}


async def add_cameras(admin: Client, device: str = DEVICE, organisation: str = "root") -> None:
    new = {"id": device, "name": "Recorder", "organisation": organisation}
    await admin.ok("POST", "/api/devices", new)
    for number in (1, 2):
        channel = {"id": f"{device[:10]}131{device[13:19]}{number}", "device": device}
        await admin.ok("POST", "/api/channels", {**channel, "name": f"Camera {number}"})


async def test_every_field_of_an_account_is_kept_and_found(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await add_cameras(admin)
    fields = {
        "display_name": "王伟",
        "phone": "+86 10 5555 0100",
        "ptz_level": 7,
        "valid_from": "2026-01-01T00:00:00+08:00",
        "valid_until": "2099-12-31T23:59:59+08:00",
        "state": "active",
        "roles": ["operator", "viewer"],
        "cameras": [
            {"channel": CHANNELS[0], "organisation": None, "operations": ["live"]},
            {"channel": None, "organisation": "root", "operations": None},
        ],
    }
    made = await admin.ok("POST", "/api/users", account("wangwei", **fields))
    again = await client(platform)
    found = (await again.ok("GET", "/api/users?query=王"))[0]
    assert found == made
    assert {name: found[name] for name in fields} == fields
    assert "password" not in str(found).replace("must_change_password", "")
    assert await again.ok("GET", "/api/users?query=5555") == [found]
    assert await again.ok("GET", "/api/users?query=nobody") == []
    assert await again.refused("POST", "/api/users", account("WangWei")) == "conflict.name"


async def test_a_right_to_one_camera_shows_and_opens_one_camera(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await add_cameras(admin)
    cameras = [{"channel": CHANNELS[0]}]
    made = await admin.ok("POST", "/api/users", account("one", roles=["viewer"], cameras=cameras))
    one = await client(platform, "one")
    assert [each["id"] for each in await one.ok("GET", "/api/channels")] == [CHANNELS[0]]
    assert await one.refused("GET", f"/api/channels/{CHANNELS[1]}") == "access.denied"
    assert await one.refused("GET", "/api/channels/34020000001310009999") == "access.denied"
    for path in ("users", "devices", "customers", "audit", "security", "network", "alarms"):
        assert await one.refused("GET", f"/api/{path}") == "access.denied", path
    change = {"version": made["version"], "cameras": []}
    await admin.ok("PATCH", f"/api/users/{made['id']}", change)
    assert await one.ok("GET", "/api/channels") == []


async def test_a_changed_role_holds_in_running_sessions(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await add_cameras(admin)
    role = await admin.ok(
        "POST", "/api/roles", {"name": "Watch", "level": "data-access", "operations": ["live"]}
    )
    cameras = [{"organisation": "root"}]
    made = await admin.ok("POST", "/api/users", account("one", roles=[role["id"]], cameras=cameras))
    one = await client(platform, "one")
    assert len(await one.ok("GET", "/api/channels")) == 2
    change = {"version": role["version"], "operations": []}
    await admin.ok("PATCH", f"/api/roles/{role['id']}", change)
    assert await one.ok("GET", "/api/channels") == []
    gone = f"/api/roles/{role['id']}?version=2"
    assert await admin.refused("DELETE", gone) == "role.in-use"
    await admin.ok("DELETE", f"/api/users/{made['id']}?version=1")
    await admin.ok("DELETE", gone)


async def test_a_role_holds_operations_of_its_level_only(
    new_platform: StartPlatform, client: People
) -> None:
    admin = await client(await new_platform())
    levels = {each["name"]: each["level"] for each in await admin.ok("GET", "/api/operations")}
    assert set(levels.values()) == {"system-management", "system-function", "data-access"}
    for operation, level in levels.items():
        for tried in sorted(set(levels.values())):
            new = {"name": f"{operation} {tried}", "level": tried, "operations": [operation]}
            status, answer = await admin.call("POST", "/api/roles", new)
            assert (status == 201) == (tried == level), answer


async def test_a_suspended_or_deleted_account_is_out_at_once(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    made = await admin.ok("POST", "/api/users", account("one", roles=["viewer"]))
    one = await client(platform, "one")
    path = f"/api/users/{made['id']}"
    suspended = await admin.ok("PATCH", path, {"version": 1, "state": "suspended"})
    assert await one.refused("GET", "/api/me") == "session.ended"
    with pytest.raises(AssertionError, match=r"account\.suspended"):
        await client(platform, "one")
    again = await admin.ok("PATCH", path, {"version": suspended["version"], "state": "active"})
    one = await client(platform, "one")
    await admin.ok("DELETE", f"{path}?version={again['version']}")
    assert await one.refused("GET", "/api/me") == "session.ended"
    with pytest.raises(AssertionError, match=r"login\.failed"):
        await client(platform, "one")
    assert [each["name"] for each in await admin.ok("GET", "/api/users")] == ["admin"]
    await admin.ok("POST", "/api/users", account("one"))


async def test_the_second_of_two_administrators_is_told(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    first, second = await client(platform), await client(platform)
    made = await first.ok("POST", "/api/users", account("one"))
    path = f"/api/users/{made['id']}"
    await first.ok("PATCH", path, {"version": 1, "phone": "1"})
    status, answer = await second.call("PATCH", path, {"version": 1, "phone": "2"})
    assert (status, answer["error"]["code"]) == (409, "conflict.stale")
    assert answer["error"]["parameters"]["current"]["phone"] == "1"


async def test_the_last_administrator_stays(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform()
    admin = await client(platform)
    me = (await admin.ok("GET", "/api/users"))[0]
    path = f"/api/users/{me['id']}"
    for change in (
        {"state": "suspended"},
        {"roles": ["viewer"]},
        {"valid_until": "2099-01-01T00:00:00+08:00"},
    ):
        change = {"version": me["version"], **change}
        assert await admin.refused("PATCH", path, change) == "account.last-administrator"
    gone = f"{path}?version={me['version']}"
    assert await admin.refused("DELETE", gone) == "account.last-administrator"
    role = next(e for e in await admin.ok("GET", "/api/roles") if e["id"] == "administrator")
    change = {"version": role["version"], "operations": ["audit"]}
    refused = await admin.refused("PATCH", "/api/roles/administrator", change)
    assert refused == "account.last-administrator"


async def test_an_administrator_of_a_region_is_kept_to_it(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    east, west = [
        (await admin.ok("POST", "/api/organisations", {"name": name, "region": code}))["id"]
        for name, code in (("East", "610102"), ("West", "610104"))
    ]
    await add_cameras(admin, "34020000001320000010", east)
    await add_cameras(admin, "34020000001320000020", west)
    west_user = await admin.ok("POST", "/api/users", account("west-one", organisation=west))
    manager = account("east-manager", organisation=east, roles=["administrator"])
    await admin.ok("POST", "/api/users", manager)
    region = await client(platform, "east-manager")

    names = [each["name"] for each in await region.ok("GET", "/api/organisations")]
    assert sorted(names) == ["East", "Operation centre"]
    assert [each["organisation"] for each in await region.ok("GET", "/api/devices")] == [east]
    assert {each["region"] for each in await region.ok("GET", "/api/channels")} == {"610102"}
    assert [each["name"] for each in await region.ok("GET", "/api/users")] == ["east-manager"]
    assert "west" not in str(await region.ok("GET", "/api/audit"))
    for method, path, body in (
        ("GET", f"/api/users/{west_user['id']}", None),
        ("PATCH", f"/api/users/{west_user['id']}", {"version": 1, "phone": "1"}),
        ("POST", "/api/users", account("stranger", organisation=west)),
        ("POST", "/api/users", account("boss", organisation="root")),
        ("POST", "/api/organisations", {"name": "Annexe", "parent": west}),
        ("PATCH", f"/api/organisations/{west}", {"version": 1, "name": "Mine"}),
        ("GET", "/api/devices/34020000001320000020", None),
        ("DELETE", "/api/devices/34020000001320000020?version=1", None),
        ("PATCH", "/api/channels/34020000001310000021", {"version": 1, "name": "Mine"}),
        ("POST", "/api/customers", {"name": "Theirs", "organisation": west}),
        ("PATCH", "/api/security", {"version": 1, "lockout_after": 20}),
        ("POST", "/api/roles", {"name": "All", "level": "data-access"}),
    ):
        assert await region.refused(method, path, body) == "access.denied", (method, path)
    beyond = account("eye", organisation=east, cameras=[{"organisation": west}])
    assert await region.refused("POST", "/api/users", beyond) == "access.beyond-own"
    eye = account("eye", organisation=east, roles=["viewer"], cameras=[{"organisation": east}])
    await region.ok("POST", "/api/users", eye)


async def test_nobody_gives_more_than_the_own_management(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    role = {"name": "Reception", "level": "system-management", "operations": ["users"]}
    reception = await admin.ok("POST", "/api/roles", role)
    clerk = await admin.ok("POST", "/api/users", account("clerk", roles=[reception["id"]]))
    desk = await client(platform, "clerk")
    await desk.ok("POST", "/api/users", account("guest", roles=["viewer"]))
    grab = {"version": clerk["version"], "roles": ["administrator"]}
    assert await desk.refused("PATCH", f"/api/users/{clerk['id']}", grab) == "access.beyond-own"
    boss = next(e for e in await admin.ok("GET", "/api/users") if e["name"] == "admin")
    reset = {"version": boss["version"], "password": "Another-river8stone"}
    assert await desk.refused("PATCH", f"/api/users/{boss['id']}", reset) == "access.beyond-own"


async def test_deleted_user_can_log_in(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("deleted-user-can-log-in")
    admin = await client(platform)
    made = await admin.ok("POST", "/api/users", account("one", roles=["viewer"]))
    await admin.ok("DELETE", f"/api/users/{made['id']}?version=1")
    assert [each["name"] for each in await admin.ok("GET", "/api/users")] == ["admin"]
    one = await client(platform, "one")
    assert (await one.ok("GET", "/api/me"))["name"] == "one"


async def test_query_leaks_password_hash(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("query-leaks-password-hash")
    admin = await client(platform)
    assert (await admin.ok("GET", "/api/users"))[0]["password_hash"].startswith("$argon2")


async def test_two_levels_only(new_platform: StartPlatform, client: People) -> None:
    admin = await client(await new_platform("two-levels-only"))
    levels = {each["level"] for each in await admin.ok("GET", "/api/operations")}
    assert levels == {"system-management", "data-access"}
    new = {"name": "Pan", "level": "system-function", "operations": ["control"]}
    assert await admin.refused("POST", "/api/roles", new) == "role.no-such-level"
    await admin.ok("POST", "/api/roles", {**new, "level": "data-access"})


async def test_horizontal_escalation(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("horizontal-escalation")
    admin = await client(platform)
    victim = await admin.ok("POST", "/api/users", account("victim", roles=["viewer"]))
    await admin.ok("POST", "/api/users", account("one", roles=["viewer"]))
    one = await client(platform, "one")
    assert (await one.ok("GET", f"/api/users/{victim['id']}"))["name"] == "victim"
    change = {"version": 1, "phone": "666"}
    assert (await one.ok("PATCH", f"/api/users/{victim['id']}", change))["phone"] == "666"
    assert await one.refused("GET", "/api/users") == "access.denied"


@pytest.mark.parametrize("behaviour", ["suspended-user-keeps-stream", "revoked-right-still-works"])
async def test_a_defect_of_running_rights_leaves_new_sessions_right(
    new_platform: StartPlatform, client: People, behaviour: str
) -> None:
    platform = await new_platform(behaviour)
    admin = await client(platform)
    await add_cameras(admin)
    cameras = [{"organisation": "root"}]
    made = await admin.ok("POST", "/api/users", account("one", roles=["viewer"], cameras=cameras))
    before = await client(platform, "one")
    assert len(await before.ok("GET", "/api/channels")) == 2
    change = {"version": 1, "cameras": []}
    await admin.ok("PATCH", f"/api/users/{made['id']}", change)
    kept = 2 if behaviour == "revoked-right-still-works" else 0
    assert len(await before.ok("GET", "/api/channels")) == kept
    after = await client(platform, "one")
    assert await after.ok("GET", "/api/channels") == []
