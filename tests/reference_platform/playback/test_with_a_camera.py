"""A camera of GB/T 28181: recorded by the platform, and its own recordings played and saved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from reference_platform.times import moment
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import Client
from tests.reference_platform.playback.conftest import Watching
from tests.reference_platform.signalling.bench import CAMERA, PASSWORD, camera


async def _until(
    client: Client, path: str, ready: Callable[[Any], Any], seconds: float = 15.0, **options: Any
) -> Any:
    async with asyncio.timeout(seconds):
        while not ready(answer := await client.ok("GET", path, **options)):
            await asyncio.sleep(0.05)
    return answer


async def test_a_camera_is_recorded_and_its_own_recordings_are_given(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform(keepalive_s=1.0)
    admin = await client(platform)
    device = {"id": CAMERA, "name": "东门", "password": PASSWORD}
    await admin.ok("POST", "/api/devices", device)
    began = time.time()
    async with camera(platform.signalling.server) as simulated:
        channel = next(iter(simulated.settings.channel_ids()))
        await _until(admin, "/api/channels", lambda found: found and found[0]["online"])
        period = {"start": moment(began).isoformat(), "end": moment(began + 600).isoformat()}
        query = {"channel": channel, **period}
        found = await _until(
            admin,
            "/api/recordings",
            lambda each: each["spans"] and _length(each["spans"][-1]) > 1.0,
            params=query,
        )
        span = found["spans"][-1]
        body = {"channel": channel, "start": span["start"], "end": span["end"]}
        made = await admin.ok("POST", "/api/playbacks", body)
        player = Watching(admin, made["id"], 0.0)
        await player.ended(15)
        pictures = len(player.chunks)
        assert pictures > 10

        past = began // 1800 * 1800 - 7200
        body = {"channel": channel, "source": "device"}
        body |= {"start": moment(past).isoformat(), "end": moment(past + 600).isoformat()}
        query = {key: body[key] for key in ("channel", "start", "end")}
        listed = await admin.ok("GET", "/api/device-recordings", params=query)
        assert [one["end"] for one in listed["spans"]] == [moment(past + 600).isoformat()]
        made = await admin.ok("POST", "/api/playbacks", body)
        path = f"/api/playbacks/{made['id']}"
        player = Watching(admin, made["id"], 0.0)
        await player.pictures(10)
        seek = {"action": "seek", "position": moment(past + 300).isoformat()}
        await admin.ok("POST", f"{path}/control", seek)
        await _until(admin, path, lambda view: _at(view["position"]) >= past + 300)
        await admin.ok("POST", f"{path}/control", {"action": "pause"})
        await asyncio.sleep(0.2)
        paused = (await admin.ok("GET", path))["position"]
        await asyncio.sleep(0.4)
        assert (await admin.ok("GET", path))["position"] == paused
        await admin.ok("POST", f"{path}/control", {"action": "scale", "scale": 4})
        await admin.ok("POST", f"{path}/control", {"action": "resume"})
        view = await _until(admin, path, lambda view: _at(view["position"]) > _at(paused) + 4)
        assert _at(view["position"]) < past + 330
        await admin.ok("DELETE", path)

        body["end"] = moment(past + 5).isoformat()
        made = await admin.ok("POST", "/api/downloads", body)
        saved = await _until(
            admin, f"/api/downloads/{made['id']}", lambda each: each["state"] not in _UNDER_WAY
        )
        assert (saved["state"], saved["error"], saved["gaps"]) == ("ready", "", [])
        assert saved["bytes"] > 10_000


_UNDER_WAY = ("queued", "running")


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _length(span: dict[str, str]) -> float:
    return _at(span["end"]) - _at(span["start"])


async def test_a_camera_that_is_not_there_is_told(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform(default_record=False)
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", {"id": CAMERA, "name": "Gate", "password": PASSWORD})
    channel = {"id": CAMERA[:-1] + "2", "device": CAMERA, "name": "Gate", "recording": False}
    await admin.ok("POST", "/api/channels", channel)
    query = {
        "channel": channel["id"],
        "start": moment(time.time() - 40).isoformat(),
        "end": moment(time.time()).isoformat(),
    }
    status, answer = await admin.call("GET", "/api/device-recordings", params=query)
    assert (status, answer["error"]["code"]) == (503, "source.offline")
