"""RTSP over HTTP, played by ffprobe."""

from __future__ import annotations

import asyncio
import json
import shutil

import aiohttp

from simulators.camera.camera import SimulatedCamera
from tests.simulators.onvif_bench import new_state, served


async def test_ffprobe_plays_through_the_tunnel() -> None:
    assert shutil.which("ffprobe"), "this test needs ffprobe"
    state = new_state()
    state.ports.update(rtsp=0, rtsps=0)
    camera = SimulatedCamera(state)
    await camera.start()
    try:
        place = f"{state.user}:{state.password}@{state.address}:{state.ports['http']}"
        process = await asyncio.create_subprocess_exec(
            *("ffprobe", "-v", "error", "-rtsp_transport", "http", "-show_streams"),
            *("-of", "json", f"rtsp://{place}/sub"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await asyncio.wait_for(process.communicate(), 60)
        video = next(one for one in json.loads(output)["streams"] if one["codec_type"] == "video")
        assert (video["codec_name"], video["width"], video["height"]) == ("h264", 640, 360), errors
    finally:
        await camera.stop()


async def test_without_a_stream_server_the_tunnel_is_refused() -> None:
    async with served() as server:
        state = server.state
        state.ports["rtsp"] = 9
        url = f"http://{state.address}:{state.ports['http']}/main"
        async with aiohttp.ClientSession() as session:
            headers = {"x-sessioncookie": "abc"}
            async with session.get(url, headers=headers) as answer:
                assert answer.status == 503
            async with session.post(url, headers=headers, data=b"x") as answer:
                assert answer.status == 400
            async with session.get(url) as answer:
                assert answer.status == 404
