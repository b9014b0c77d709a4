from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulators.camera import lamp
from simulators.camera.state import CameraState
from simulators.control import SiteControl
from tests.simulators.onvif_bench import new_state


class Bench:
    def __init__(self, states: list[CameraState]) -> None:
        self.changed: list[str] = []
        self.state = states[0]
        cameras = {state.point: state for state in states}
        self.control = SiteControl(cameras, "127.11.250.1", changed=self._note)

    async def _note(self, point: str) -> None:
        self.changed.append(point)

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method,
                self.control.url + path,
                **({"data": body} if isinstance(body, bytes) else {"json": body}),
            ) as answer,
        ):
            return answer.status, await answer.json()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    states = [new_state(), new_state()]
    states[0].point = "north gate/1"
    bench = Bench(states)
    await bench.control.start()
    yield bench
    await bench.control.stop()


LIGHT = "/cameras/north%20gate%2F1/light"
BEHAVIOURS = "/cameras/north%20gate%2F1/behaviours"


async def test_cameras_are_listed(bench: Bench) -> None:
    status, cameras = await bench.ask("GET", "/cameras")
    assert status == 200
    assert len(cameras) == 2
    assert cameras[0]["point"] == "north gate/1"
    assert cameras[0]["light"] == "day"
    assert "password" not in str(cameras)


async def test_light(bench: Bench) -> None:
    assert await bench.ask("PUT", LIGHT, {"level": "night"}) == (200, {"level": "night"})
    assert bench.state.light == "night"
    assert await bench.ask("GET", LIGHT) == (200, {"level": "night"})
    status, answer = await bench.ask("PUT", LIGHT, {"level": "dusk"})
    assert (status, answer) == (400, {"error": "level must be one of day, night, high-contrast"})
    assert bench.state.light == "night"


async def test_behaviours(bench: Bench) -> None:
    status, answer = await bench.ask("PUT", BEHAVIOURS, {"on": [lamp.NO_LIGHT], "off": []})
    assert (status, answer) == (200, {"on": ["no-light"]})
    assert bench.state.has("no-light")
    assert bench.changed == ["north gate/1"]
    assert await bench.ask("GET", BEHAVIOURS) == (200, {"on": ["no-light"]})
    assert (await bench.ask("PUT", BEHAVIOURS, {"off": ["no-light"]}))[1] == {"on": []}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"on": ["no-lihgt"]}, "unknown behaviours: 'no-lihgt'"),
        ({"on": "no-light"}, "on and off must be lists of names"),
        ({"on": [1]}, "on and off must be lists of names"),
        ({"on": ["no-light"], "off": ["no-light"]}, "both on and off: no-light"),
        ({"onn": []}, "the body must be an object of off, on"),
        ({}, "the body must be an object of off, on"),
        ([], "the body must be an object of off, on"),
        (b"{", "the body is not JSON"),
        (b"[" * 60_000, "the body is not JSON"),
    ],
    ids=range(9),
)
async def test_what_is_wrong_is_said(bench: Bench, body: Any, error: str) -> None:
    assert await bench.ask("PUT", BEHAVIOURS, body) == (400, {"error": error})
    assert not bench.state.behaviours
    assert not bench.changed


async def test_an_unknown_camera_and_path(bench: Bench) -> None:
    status, answer = await bench.ask("GET", "/cameras/nowhere/light")
    assert (status, answer) == (404, {"error": "no camera at point 'nowhere'"})
    assert (await bench.ask("GET", "/nothing"))[0] == 404
    assert (await bench.ask("PUT", LIGHT, b" " * 70_000))[0] == 413
