"""A second client that nobody here wrote must agree: the npm package onvif."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from protocols.time_source import SystemTime
from simulators.camera.clock import CameraClock
from simulators.camera.onvif.event_queue import LINE_CROSSED
from simulators.camera.onvif_server import OnvifServer
from tests.simulators.onvif_bench import served

PACKAGE = "onvif@0.8.3"
ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("onvif_client.js")


async def run(*command: str, **environment: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), 90)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, errors.decode()
    return output


async def modules() -> Path:
    """The folder of the installed package; installed once and kept."""
    assert shutil.which("node"), "this test needs node"
    assert shutil.which("npm"), "this test needs npm"
    folder = ROOT / ".cache" / "npm" / PACKAGE.replace("@", "-")
    installed = folder / "node_modules" / "onvif" / "package.json"
    if not installed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        cache = str(ROOT / ".cache" / "npm" / "cache")
        options = ("--no-audit", "--no-fund", "--no-save", "--ignore-scripts")
        await run("npm", "install", *options, "--prefix", str(folder), "--cache", cache, PACKAGE)
    return folder / "node_modules"


async def ask(server: OnvifServer) -> dict[str, Any]:
    async def keep_crossing_the_line() -> None:
        while True:
            server.events.emit(LINE_CROSSED, {"Rule": "line"}, {"ObjectId": "7"})
            await asyncio.sleep(0.1)

    folder = await modules()
    state = server.state
    crossing = asyncio.create_task(keep_crossing_the_line())
    try:
        output = await run(
            "node",
            str(SCRIPT),
            state.address,
            str(state.ports["http"]),
            state.user,
            CAMERA_PASSWORD=state.password,
            NODE_PATH=str(folder),
        )
    finally:
        crossing.cancel()
    return json.loads(output)


@pytest.mark.parametrize(
    "behaviours",
    [(), ("media1-only",), ("other-xml-prefixes",), ("wsse-only",), ("http-digest-only",)],
    ids=lambda names: "-".join(names) or "plain",
)
async def test_the_second_client_agrees(behaviours: tuple[str, ...]) -> None:
    async with served(*behaviours, clock=CameraClock(SystemTime(), 7200.0)) as server:
        state = server.state
        seen = await ask(server)
    base = f"{state.address}:{state.ports['http']}"
    assert seen["information"]["manufacturer"] == "Tantou"
    assert seen["information"]["serialNumber"] == "0001"
    told = datetime.datetime.fromisoformat(seen["date"]).timestamp()
    assert abs(told - time.time() - 7200) < 60
    assert seen["media2"] is ("media1-only" not in behaviours)
    assert [one["token"] for one in seen["profiles"]] == [
        "profile_main",
        "profile_sub",
        "profile_third",
    ]
    assert seen["stream"] == f"rtsp://{state.address}:554/main"
    assert seen["snapshot"] == f"http://{base}/snapshot.jpg"
    assert seen["status"]["position"] == {"x": 0.5, "y": -0.25, "zoom": 0.5}
    assert "gate" in seen["presets"]
    assert seen["imaging"]["irCutFilter"] == "AUTO"
    message = seen["event"]["message"]["message"]
    assert message["data"]["simpleItem"]["$"] == {"Name": "ObjectId", "Value": 7}
