"""The signalling room inside a whole platform, against simulated cameras."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.reference_platform.signalling.bench import CAMERA, PASSWORD, camera


async def entered(client, platform, identifier=CAMERA, password=PASSWORD, **more):
    """A client of the administrator and a device that was entered."""
    admin = await client(platform)
    await admin.ok(
        "POST", "/api/devices", {"id": identifier, "name": "东门", "password": password, **more}
    )
    return admin


async def until(admin, path, ready, seconds=8.0):
    """The answer of ``path`` once ``ready`` is true of it."""
    async with asyncio.timeout(seconds):
        while not ready(answer := await admin.ok("GET", path)):
            await asyncio.sleep(0.02)
    return answer


async def test_a_camera_registers_and_its_channel_is_seen_live(new_platform, client):
    platform = await new_platform(keepalive_s=0.3, default_record=False)
    admin = await entered(client, platform)
    async with camera(platform.signalling.server) as device:
        channels = await until(admin, "/api/channels", lambda found: found and found[0]["online"])
        assert [one["id"] for one in channels] == list(device.settings.channel_ids())
        assert channels[0]["ptz_type"] == 1
        stands = await until(
            admin, f"/api/devices/{CAMERA}/standing", lambda found: found["firmware"]
        )
        assert (stands["online"], stands["transport"], stands["edition"]) == (True, "udp", "2016")
        async with admin.request("GET", f"/api/live/{channels[0]['id']}") as answer:
            assert answer.status == 200
            data = await answer.content.readexactly(20_000)
        assert data[4:8] == b"ftyp"
    gone = await until(admin, "/api/channels", lambda found: not found[0]["online"])
    assert len(gone) == 1
    log = await admin.ok("GET", f"/api/devices/{CAMERA}/events")
    assert [(one["online"], one["why"]) for one in log] == [
        (False, "unregistered"),
        (True, "registered"),
    ]


async def test_a_silent_device_takes_its_channels_offline(new_platform, client):
    platform = await new_platform(keepalive_s=0.3, default_record=False)
    admin = await entered(client, platform)
    async with camera(platform.signalling.server) as device:
        await until(admin, "/api/channels", lambda found: found and found[0]["online"])
        with contextlib.suppress(asyncio.CancelledError):
            await device.registration._end_task()
        await until(admin, "/api/channels", lambda found: not found[0]["online"])
        log = await admin.ok("GET", f"/api/devices/{CAMERA}/events")
        assert log[0]["why"] == "silent"


async def test_a_changed_password_and_a_deleted_device_must_go(new_platform, client):
    platform = await new_platform(keepalive_s=0.3, default_record=False)
    admin = await entered(client, platform)
    async with camera(platform.signalling.server):
        await until(admin, "/api/channels", lambda found: found and found[0]["online"])
        device = await admin.ok("GET", f"/api/devices/{CAMERA}")
        change = {"version": device["version"], "password": "another-Secret-9"}
        device = await admin.ok("PATCH", f"/api/devices/{CAMERA}", change)
        await until(admin, f"/api/devices/{CAMERA}", lambda found: not found["online"])
        alarms = await until(admin, "/api/alarms", lambda found: found)
        assert alarms[0]["kind"] == "registration.wrong-password"
        assert CAMERA in alarms[0]["message"]


async def test_a_stranger_raises_an_alarm(platform, client):
    admin = await client(platform)
    async with camera(platform.signalling.server):
        alarms = await until(admin, "/api/alarms", lambda found: found)
    assert alarms[0]["kind"] == "registration.unknown"
    assert await admin.ok("GET", "/api/devices") == []


@pytest.mark.parametrize(("behaviour", "count"), [("", 2), ("second-alarm-dropped", 1)])
async def test_each_alarm_of_a_camera_is_shown(new_platform, client, behaviour, count):
    platform = await new_platform(
        *([behaviour] if behaviour else []), keepalive_s=0.5, default_record=False
    )
    admin = await entered(client, platform)
    async with camera(platform.signalling.server) as device:
        await until(admin, "/api/channels", lambda found: found and found[0]["online"])
        await device.set_alarm_input(True)
        await until(admin, "/api/alarms", lambda found: found)
        async with asyncio.timeout(5):
            while device.memory.alarming:  # until the platform has reset it
                await asyncio.sleep(0.02)
        await device.set_alarm_input(False)
        await asyncio.sleep(1.1 - asyncio.get_running_loop().time() % 1)  # another second's time
        await device.set_alarm_input(True)
        if count == 2:
            await until(admin, "/api/alarms", lambda found: len(found) == 2)
        else:
            async with asyncio.timeout(5):
                while len(platform.signalling.server.notices.heard) < 2:
                    await asyncio.sleep(0.02)
        assert len(await admin.ok("GET", "/api/alarms")) == count
