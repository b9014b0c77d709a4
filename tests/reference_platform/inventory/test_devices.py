"""Devices and channels: kept, told of, gone from every view when deleted."""

from __future__ import annotations

import pytest

from protocols.time_source import VirtualTime
from reference_platform.errors import Denied
from reference_platform.inventory.channels import ReportedChannel
from reference_platform.inventory.events import PresenceChange
from reference_platform.people.operations import Operation
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import PASSWORD

DEVICE, OTHER = "34020000001320000001", "34020000001320000002"
GATE, YARD = "34020000001310000001", "34020000001310000002"
EARLY = 1_700_000_000.0
NEW = {"id": DEVICE, "name": "Gate", "password": "device-Secret-9"}


async def test_a_device_is_added_changed_and_deleted(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    made = await admin.ok("POST", "/api/devices", NEW)
    assert (made["has_password"], made["online"], made["channels"]) == (True, False, 0)
    assert await admin.refused("POST", "/api/devices", NEW) == "conflict.id"
    found = await platform.inventory.devices.lookup(DEVICE)
    assert found is not None
    assert found.password == "device-Secret-9"
    assert "Secret" not in repr(found)
    assert b"device-Secret-9" not in (platform.settings.data / "platform.db").read_bytes()

    change = {"version": 1, "name": "North gate", "scene": "mixed-lane"}
    changed = await admin.ok("PATCH", f"/api/devices/{DEVICE}", change)
    assert (changed["name"], changed["version"]) == ("North gate", 2)
    assert await admin.refused("PATCH", f"/api/devices/{DEVICE}", change) == "conflict.stale"
    await platform.inventory.channels.report(DEVICE, [ReportedChannel(GATE, "Gate east")])
    told: list[str] = []

    async def removed(device: str) -> None:
        told.append(device)

    platform.inventory.devices.on_removed(removed)
    await admin.ok("DELETE", f"/api/devices/{DEVICE}?version=2")
    assert told == [DEVICE]
    assert await admin.ok("GET", "/api/devices") == []
    assert await admin.ok("GET", "/api/channels") == []
    for path in (f"devices/{DEVICE}", f"channels/{GATE}", f"devices/{DEVICE}/events"):
        assert await admin.refused("GET", f"/api/{path}") == "access.denied"
    with pytest.raises(Denied):
        await platform.inventory.channels.ref(GATE)


async def test_a_catalogue_is_taken_over(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform()
    admin = await client(platform)
    channels = platform.inventory.channels
    await admin.ok("POST", "/api/devices", NEW)
    await admin.ok("POST", "/api/devices", {**NEW, "id": OTHER})
    both = [ReportedChannel(GATE, "Gate", ptz_type=1), ReportedChannel(YARD, "Yard", False)]
    assert await channels.report(DEVICE, both) == []
    assert await channels.report(OTHER, [ReportedChannel(GATE, "Taken")]) == [GATE]
    found = {each["id"]: each for each in await admin.ok("GET", "/api/channels")}
    assert (found[GATE]["online"], found[GATE]["ptz_type"]) == (True, 1)
    assert found[YARD]["online"] is False
    renamed = {"version": found[GATE]["version"], "name": "North gate", "recording": False}
    await admin.ok("PATCH", f"/api/channels/{GATE}", renamed)
    assert await channels.report(DEVICE, [ReportedChannel(YARD, "Yard")]) == []
    later = {each["id"]: each for each in await admin.ok("GET", "/api/channels")}
    assert (later[GATE]["name"], later[GATE]["online"]) == ("North gate", False)
    assert [(plan.ref.id, plan.recording) for plan in await channels.plans()] == [
        (GATE, False),
        (YARD, True),
    ]
    assert await channels.report("34020000001320000099", both) == [GATE, YARD]


async def test_the_on_and_offline_log_is_kept_for_ever(
    new_platform: StartPlatform, client: People
) -> None:
    clock = VirtualTime()
    platform = await new_platform(time_source=clock)
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", NEW)
    await platform.events.device_online(DEVICE, why="registered")
    await platform.events.device_online(DEVICE, why="registered")
    await platform.inventory.channels.report(DEVICE, [ReportedChannel(GATE, "Gate")])
    clock.advance(120)
    await platform.events.device_offline(DEVICE, why="keepalive-missed")
    log = await admin.ok("GET", f"/api/devices/{DEVICE}/events")
    assert [(each["at"][11:19], each["online"], each["why"]) for each in log] == [
        ("10:42:00", False, "keepalive-missed"),
        ("10:40:00", True, "registered"),
    ]
    channel = await admin.ok("GET", f"/api/channels/{GATE}")
    assert (channel["online"], channel["status_since"][11:19]) == (False, "10:42:00")
    since = {"since": "2026-02-02T10:41:00+08:00"}
    assert len(await admin.ok("GET", f"/api/devices/{DEVICE}/events", params=since)) == 1

    await platform.events.device_online(DEVICE, why="registered")
    await platform.close()
    again = await new_platform(
        data=platform.settings.data, address=platform.settings.address, time_source=clock
    )
    later = await client(again)
    log = await later.ok("GET", f"/api/devices/{DEVICE}/events")
    assert (log[0]["online"], log[0]["why"], len(log)) == (False, "platform-started", 4)


async def test_many_come_and_go_together_in_their_order(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    for device in (DEVICE, OTHER):
        await admin.ok("POST", "/api/devices", {**NEW, "id": device})
    told: list[tuple[str, str]] = []
    platform.events.listen(lambda event: told.append((event.type, event.device)))
    changes = [
        PresenceChange(DEVICE, True, EARLY + 10.0, "registered"),
        PresenceChange("34020000001320000099", True, EARLY + 10.5, "registered"),
        PresenceChange(OTHER, True, EARLY + 11.0, "registered"),
        PresenceChange(DEVICE, False, EARLY + 11.0, "silent"),
        PresenceChange(DEVICE, False, EARLY + 12.0, "silent"),
        PresenceChange(DEVICE, True, EARLY + 12.0, "registered"),
        PresenceChange(DEVICE, False, EARLY + 12.0, "unregistered"),
    ]
    await platform.events.devices(changes)
    assert told == [
        ("device-online", DEVICE),
        ("device-online", OTHER),
        ("device-offline", DEVICE),
        ("device-online", DEVICE),
        ("device-offline", DEVICE),
    ]
    log = await admin.ok("GET", f"/api/devices/{DEVICE}/events")
    assert [each["why"] for each in log] == ["unregistered", "registered", "silent", "registered"]
    assert (await admin.ok("GET", f"/api/devices/{DEVICE}"))["online"] is False
    assert (await admin.ok("GET", f"/api/devices/{OTHER}"))["online"] is True


async def test_a_device_moves_with_its_channels(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", NEW)
    await platform.inventory.channels.report(DEVICE, [ReportedChannel(GATE, "Gate")])
    area = await admin.ok("POST", "/api/organisations", {"name": "Area", "region": "610102"})
    await admin.ok("PATCH", f"/api/devices/{DEVICE}", {"version": 1, "organisation": area["id"]})
    channel = await admin.ok("GET", f"/api/channels/{GATE}")
    assert (channel["organisation"], channel["region"]) == (area["id"], "610102")
    assert await admin.ok("GET", f"/api/devices?organisation={area['id']}")


async def test_one_who_may_record_switches_recording_and_nothing_else(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", NEW)
    await platform.inventory.channels.report(DEVICE, [ReportedChannel(GATE, "Gate")])
    user = {
        "name": "one",
        "password": PASSWORD,
        "roles": ["operator"],
        "must_change_password": False,
    }
    await admin.ok("POST", "/api/users", {**user, "cameras": [{"channel": GATE}]})
    one = await client(platform, "one")
    path = f"/api/channels/{GATE}"
    off = await one.ok("PATCH", path, {"version": 1, "recording": False})
    assert off["recording"] is False
    assert await one.refused("PATCH", path, {"version": 2, "name": "x"}) == "access.denied"
    short = {"version": 2, "retention_days": 6}
    assert await admin.refused("PATCH", path, short) == "retention.below-seven"


async def test_deleted_camera_still_viewable(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("deleted-camera-still-viewable")
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", NEW)
    channels = platform.inventory.channels
    await channels.report(DEVICE, [ReportedChannel(GATE, "Gate")])
    session = await platform.people.log_in.find(admin.token, "127.0.0.1")
    assert session is not None
    await admin.ok("DELETE", f"/api/devices/{DEVICE}?version=1")
    assert await admin.ok("GET", "/api/channels") == []
    platform.access.require(session, Operation.LIVE, GATE)
    assert (await channels.ref(GATE)).device == DEVICE


async def test_guessable_id(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("guessable-id")
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", NEW)
    await platform.inventory.channels.report(DEVICE, [ReportedChannel(GATE, "Gate")])
    user = {"name": "one", "password": PASSWORD, "must_change_password": False}
    await admin.ok("POST", "/api/users", user)
    one = await client(platform, "one")
    assert await one.ok("GET", "/api/channels") == []
    assert (await one.ok("GET", f"/api/channels/{GATE}"))["name"] == "Gate"


async def test_a_catalogue_of_thousands_is_quick(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", NEW)
    many = [ReportedChannel(f"{34020000001310000000 + n}", f"Camera {n}") for n in range(2000)]
    assert await platform.inventory.channels.report(DEVICE, many) == []
    assert len(await admin.ok("GET", "/api/channels")) == 2000
