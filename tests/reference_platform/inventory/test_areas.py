"""Devices, customers, network, security, services: each listed and changed (4.1-7); alarms."""

from __future__ import annotations

from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import Client

DEVICE, GATE = "34020000001320000001", "34020000001310000001"


async def add_camera(admin: Client) -> None:
    await admin.ok("POST", "/api/devices", {"id": DEVICE, "name": "Gate"})
    await admin.ok("POST", "/api/channels", {"id": GATE, "device": DEVICE, "name": "Gate"})


async def test_customers_and_their_services(new_platform: StartPlatform, client: People) -> None:
    admin = await client(await new_platform())
    await add_camera(admin)
    new = {"name": "示例社区", "region": "610102", "contact": "李", "phone": "010-5555"}
    customer = await admin.ok("POST", "/api/customers", new)
    path = f"/api/customers/{customer['id']}"
    changed = await admin.ok("PATCH", path, {"version": 1, "contact": "王"})
    assert (changed["contact"], changed["name"]) == ("王", "示例社区")
    assert await admin.ok("GET", path) == changed
    assert await admin.ok("GET", "/api/customers") == [changed]
    contract = {
        "customer": customer["id"],
        "modes": ["mobile", "docking"],
        "channels": [GATE],
        "concurrent_viewers": 16,
        "retention_days": 90,
        "valid_until": "2027-12-31T23:59:59+08:00",
    }
    service = await admin.ok("POST", "/api/services", contract)
    assert (service["modes"], service["valid_until"]) == (
        ["docking", "mobile"],
        "2027-12-31T23:59:59+08:00",
    )
    assert (await admin.ok("GET", f"/api/channels/{GATE}"))["retention_days"] == 90
    assert await admin.refused("DELETE", f"{path}?version=2") == "conflict.has-children"
    own = f"/api/services/{service['id']}"
    open_end = {"version": 1, "valid_until": None, "modes": ["pc"]}
    assert (await admin.ok("PATCH", own, open_end))["valid_until"] is None
    assert await admin.refused("PATCH", own, open_end) == "conflict.stale"
    six = {"version": 2, "retention_days": 6}
    assert await admin.refused("PATCH", own, six) == "retention.below-seven"
    assert len(await admin.ok("GET", f"/api/services?customer={customer['id']}")) == 1
    await admin.ok("DELETE", f"{own}?version=2")
    await admin.ok("DELETE", f"{path}?version=2")
    assert await admin.ok("GET", "/api/customers") == []
    assert await admin.refused("GET", path) == "access.denied"


async def test_network_settings_are_kept(new_platform: StartPlatform, client: People) -> None:
    admin = await client(await new_platform())
    before = await admin.ok("GET", "/api/network")
    assert (before["server_id"], before["upstream_ntp"]) == ("61010200002000000010", [])
    change = {"version": before["version"], "upstream_ntp": ["192.0.2.7", "ntp.example"]}
    after = await admin.ok("PATCH", "/api/network", change)
    assert after["upstream_ntp"] == ["192.0.2.7", "ntp.example"]
    assert await admin.ok("GET", "/api/network") == after
    assert await admin.refused("PATCH", "/api/network", change) == "conflict.stale"


async def test_an_alarm_is_raised_told_once_and_acknowledged(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await add_camera(admin)
    alarms = platform.inventory.alarms
    told: list[str] = []
    platform.events.listen(lambda event: told.append(event.type))
    assert await alarms.raise_alarm("storage.full", once=True, free=0)
    assert not await alarms.raise_alarm("storage.full", once=True, free=0)
    assert await alarms.raise_alarm("motion", channel=GATE)
    assert told == ["alarm", "alarm"]
    found = await admin.ok("GET", "/api/alarms")
    assert [each["kind"] for each in found] == ["motion", "storage.full"]
    seen = await admin.ok("POST", f"/api/alarms/{found[0]['id']}/acknowledge")
    assert seen["acknowledged_by"] == "admin"
    assert [each["kind"] for each in await admin.ok("GET", "/api/alarms?open_only=true")] == [
        "storage.full"
    ]
    missing = await admin.refused("POST", "/api/alarms/abcdefgh/acknowledge")
    assert missing == "access.denied"


async def test_status_and_scene_types(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await add_camera(admin)
    await platform.events.device_online(DEVICE)
    status = await admin.ok("GET", "/api/status")
    assert status["counts"] == {
        "channels": 1,
        "channels_online": 0,
        "devices": 1,
        "devices_online": 1,
    }
    assert status["time"].endswith("+08:00")
    german = {"Accept-Language": "de, zh-CN;q=0.8"}
    names = await admin.ok("GET", "/api/scene-types", headers=german)
    assert {"code": "mixed-lane", "name": "人车混行通道"} in names


async def test_area_missing(new_platform: StartPlatform, client: People) -> None:
    admin = await client(await new_platform("area-missing"))
    assert await admin.refused("GET", "/api/customers") == "not-found"
    await admin.ok("GET", "/api/services")
