"""The platform as a whole: it starts, is used over HTTPS, and ends."""

from __future__ import annotations

from tests.reference_platform.conftest import People, StartPlatform

DEVICE = "34020000001320000001"
CHANNEL = "34020000001310000001"


async def test_a_new_platform_lets_its_administrator_add_a_camera(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", {"id": DEVICE, "name": "Gate", "password": "secret"})
    await admin.ok("POST", "/api/channels", {"id": CHANNEL, "device": DEVICE, "name": "Gate east"})
    channels = await admin.ok("GET", "/api/channels")
    assert [each["id"] for each in channels] == [CHANNEL]
    assert "live" in channels[0]["operations"]
    assert (await admin.ok("GET", "/api/audit/verify"))["intact"]
