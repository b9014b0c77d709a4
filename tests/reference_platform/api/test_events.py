"""The WebSocket of events: only what a session may know, and no longer than it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import PASSWORD, Client

GATE, YARD = "34020000001310000001", "34020000001310000002"
DEVICE = "34020000001320000001"


async def add_cameras(admin: Client) -> None:
    await admin.ok("POST", "/api/devices", {"id": DEVICE, "name": "Recorder"})
    for channel in (GATE, YARD):
        await admin.ok("POST", "/api/channels", {"id": channel, "device": DEVICE, "name": "Camera"})


async def received(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    return dict(await asyncio.wait_for(socket.receive_json(), 2))


async def test_one_hears_only_of_the_own_cameras(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    await add_cameras(admin)
    user = {"name": "one", "password": PASSWORD, "roles": ["viewer"], "must_change_password": False}
    made = await admin.ok("POST", "/api/users", {**user, "cameras": [{"channel": GATE}]})
    one = await client(platform, "one")
    async with one.socket("/api/events") as socket:
        platform.events.publish("alarm", channel=YARD, kind="motion")
        platform.events.publish("alarm", channel=GATE, kind="motion")
        event = await received(socket)
        assert (event["channel"], event["data"]) == (GATE, {"kind": "motion"})
        await platform.events.device_online(DEVICE, why="registered")
        assert (await received(socket))["type"] == "device-online"
        await admin.ok("POST", "/api/organisations", {"name": "not told"})
        change = {"version": 1, "state": "suspended"}
        await admin.ok("PATCH", f"/api/users/{made['id']}", change)
        last = await received(socket)
        assert (last["type"], last["data"]["reason"]) == ("access-revoked", "account.suspended")
        await socket.receive()
        assert socket.close_code == 4401


async def test_logging_out_ends_it(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform()
    admin = await client(platform)
    async with admin.socket("/api/events") as socket:
        await admin.ok("POST", "/api/logout")
        assert (await received(socket))["type"] == "access-revoked"


async def test_nobody_is_refused(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform()
    admin = await client(platform)
    cookie = {"Cookie": f"session={admin.token}"}
    nobody = Client(platform)
    for headers in ({}, cookie, {**cookie, "Origin": "https://elsewhere.example"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with nobody.socket("/api/events", headers=headers):
                pass
        assert caught.value.status == 403
    own = {**cookie, "Origin": platform.https_url}
    async with nobody.socket("/api/events", headers=own) as socket:
        platform.events.publish("note")
        assert (await received(socket))["type"] == "note"
    await nobody.close()


async def test_closing_the_platform_closes_it(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform()
    admin = await client(platform)
    async with admin.socket("/api/events") as socket:
        closing = asyncio.create_task(platform.close())
        assert (await received(socket))["data"]["reason"] == "platform.closing"
        await closing


async def test_websocket_unchecked(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("websocket-unchecked")
    admin = await client(platform)
    await add_cameras(admin)
    nobody = Client(platform)
    async with nobody.socket("/api/events") as socket:
        platform.events.publish("alarm", channel=GATE)
        assert (await received(socket))["channel"] == GATE
    await nobody.close()
