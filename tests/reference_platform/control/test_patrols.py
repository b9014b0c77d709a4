from __future__ import annotations

import asyncio

import pytest

from tests.reference_platform.control.bench import HOLD_S, dome

PANS = (0.0, 0.3, 0.6)
DWELL_S = 0.5


async def patrol_of(one, dwell_s=DWELL_S):
    await one.put_presets(*PANS)
    stops = [{"preset": number, "dwell_s": dwell_s} for number in (1, 2, 3)]
    body = {"name": "巡航一", "channel": one.channel, "stops": stops}
    patrol = await one.admin.ok("POST", "/api/patrols", body)
    return f"/api/patrols/{patrol['id']}", patrol


async def seen(one, count):
    """The first ``count`` places where the camera stood, in order, with how long."""
    found = []
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        while len(found) <= count:
            pan = one.position.pan
            if pan in PANS and not one.moving:
                if not found or found[-1][0] != pan:
                    found.append([pan, loop.time(), loop.time()])
                found[-1][2] = loop.time()
            await asyncio.sleep(0.01)
    return [(pan, last - first) for pan, first, last in found[:count]]


async def test_goes_to_its_stops_in_order_and_stays(new_platform, client):
    async with dome(new_platform, client) as one:
        path, _ = await patrol_of(one)
        await one.users["low"].ok("POST", f"{path}/start")
        stood = await seen(one, 4)
        assert [pan for pan, _ in stood] == [0.0, 0.3, 0.6, 0.0]
        # The way from the stop before counts as well: 0.2 s at the speed of this camera.
        assert all(0.1 < stay < 2 * DWELL_S for _, stay in stood[1:3])
        state = await one.admin.ok("GET", f"{path}/state")
        assert state["state"] == "running"
        await one.admin.ok("POST", f"{path}/stop")
        place = one.position.pan
        await asyncio.sleep(2 * DWELL_S)
        assert one.position.pan == place
        assert (await one.admin.ok("GET", f"{path}/state"))["state"] == "stopped"


async def test_whoever_steers_interrupts_and_it_goes_on_afterwards(new_platform, client):
    async with dome(new_platform, client) as one:
        path, _ = await patrol_of(one, 0.6)
        await one.admin.ok("POST", f"{path}/start")
        await one.until(lambda: one.position.pan == 0.3)
        await one.steer("low", pan=-1.0)
        await one.until(lambda: one.position.pan < 0.25)
        assert (await one.admin.ok("GET", f"{path}/state"))["state"] == "waiting"
        # Held: it stays away. Afterwards it goes on with the stop that was interrupted.
        await one.until(lambda: one.position.pan == 0.3, HOLD_S + 2)
        assert (await one.admin.ok("GET", f"{path}/state"))["stop"] == 1
        await one.until(lambda: one.position.pan == 0.6)
        await one.admin.ok("POST", f"{path}/stop")


async def test_rights_versions_and_deletion(new_platform, client):
    async with dome(new_platform, client) as one:
        path, patrol = await patrol_of(one)
        assert await one.users["none"].refused("POST", f"{path}/start") == "control.no-level"
        assert await one.admin.refused("GET", "/api/patrols/none-such") == "access.denied"
        body = {"version": 1, "name": "巡航二"}
        assert (await one.admin.ok("PATCH", path, body))["version"] == 2
        assert await one.admin.refused("PATCH", path, body) == "conflict.stale"
        await one.admin.ok("POST", f"{path}/start")
        assert [each["running"] for each in await one.admin.ok("GET", "/api/patrols")] == [True]
        await one.admin.ok("DELETE", f"{path}?version=2")
        assert await one.admin.ok("GET", "/api/patrols") == []
        assert patrol["channel"] not in one.platform.patrols._runs


@pytest.mark.parametrize(
    ("behaviour", "order"),
    [
        ("patrol-order-wrong", [0.6, 0.3, 0.0]),
        ("tour-stop-skipped", [0.0, 0.3, 0.0]),
    ],
)
async def test_seeded_orders(new_platform, client, behaviour, order):
    async with dome(new_platform, client, behaviour) as one:
        path, _ = await patrol_of(one)
        await one.admin.ok("POST", f"{path}/start")
        stood = [pan for pan, _ in await seen(one, 4)]
        first = stood.index(order[0])  # it may have been seen at home before it set off
        assert stood[first : first + 3] == order
        await one.admin.ok("POST", f"{path}/stop")


async def test_dwell_ignored(new_platform, client):
    async with dome(new_platform, client, "dwell-ignored") as one:
        path, _ = await patrol_of(one, 5.0)
        await one.admin.ok("POST", f"{path}/start")
        await one.until(lambda: one.position.pan == 0.3, 2.0)
        await one.admin.ok("POST", f"{path}/stop")


async def test_patrol_never_stops(new_platform, client):
    async with dome(new_platform, client, "patrol-never-stops") as one:
        path, _ = await patrol_of(one)
        await one.admin.ok("POST", f"{path}/start")
        await one.until(lambda: one.position.pan == 0.3)
        assert (await one.admin.ok("POST", f"{path}/stop"))["state"] == "stopped"
        await one.until(lambda: one.position.pan == 0.6)
        assert (await one.admin.ok("GET", f"{path}/state"))["state"] == "stopped"
