"""The control interface of a simulated site: light and behaviours of each camera, over HTTP.

It stands for what a light box or a tester's hand does at a real site. Bodies and answers are JSON;
what is wrong is answered with 400 or 404 and ``{"error": ...}``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from protocols.onvif_topics import SCENE_EVENTS
from simulators.behaviours import registry
from simulators.camera.state import CameraState

LIGHTS = ("day", "night", "high-contrast")
LARGEST_BODY = 65_536

Changed = Callable[[str], Awaitable[None]]
Linked = Callable[[str, bool], Awaitable[None]]
Played = Callable[[str, str, bool], Awaitable[None]]
Fed = Callable[[str], dict[str, object] | None]
LINK_STATES = ("up", "down")
REGISTRATION_STATES = ("on", "off")


class SiteControl:
    """Serves ``GET /cameras``, ``GET|PUT /cameras/{point}/light``, ``.../behaviours``,
    ``PUT .../link``, which pulls and plugs the cable between a camera and its platform,
    ``PUT .../registration``, which lets it register with its GB/T 28181 platform or leave it, and
    ``PUT .../alarm-input``, which closes and opens the contact at its alarm input,
    ``PUT .../event``, which plays something before it, ``GET .../alarm-output``, and
    ``GET|PUT .../power``, which shows and rules the port that feeds it.

    Args:
        cameras: the state of each camera by its point.
        address: where to listen.
        port: 0 for any; see ``port`` after the start.
        changed: awaited with the point after its behaviours have changed, for what has to be
            opened or closed then.
        linked: awaited with the point and whether its cable is plugged.
        registered: awaited with the point and whether it shall be registered.
        alarmed: awaited with the point and whether its alarm input is closed.
        played: awaited with the point, the event and whether it begins.
        output: whether the contact of a point's alarm output is closed, ``None`` without one.
        fed: what the port shows that feeds a point, ``None`` without one.
        powered: awaited with the point and whether the port shall feed it.
    """

    def __init__(
        self,
        cameras: Mapping[str, CameraState],
        address: str = "127.0.0.1",
        port: int = 0,
        changed: Changed | None = None,
        linked: Linked | None = None,
        registered: Linked | None = None,
        alarmed: Linked | None = None,
        played: Played | None = None,
        output: Callable[[str], bool | None] | None = None,
        fed: Fed | None = None,
        powered: Linked | None = None,
    ) -> None:
        self._cameras = cameras
        self._address = address
        self.port = port
        self._changed = changed
        self._linked = linked
        self._registered = registered
        self._alarmed = alarmed
        self._played = played
        self._output = output
        self._fed = fed
        self._powered = powered
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address of the interface without a slash at the end."""
        return f"http://{self._address}:{self.port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port cannot be had.
        """
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_errors_as_json])
        app.add_routes(
            [
                web.get("/cameras", self._list),
                web.get("/cameras/{point}/light", self._get_light),
                web.put("/cameras/{point}/light", self._put_light),
                web.get("/cameras/{point}/behaviours", self._get_behaviours),
                web.put("/cameras/{point}/behaviours", self._put_behaviours),
                web.put("/cameras/{point}/link", self._put_link),
                web.put("/cameras/{point}/registration", self._put_registration),
                web.put("/cameras/{point}/alarm-input", self._put_alarm_input),
                web.put("/cameras/{point}/event", self._put_event),
                web.get("/cameras/{point}/alarm-output", self._get_alarm_output),
                web.get("/cameras/{point}/power", self._get_power),
                web.put("/cameras/{point}/power", self._put_power),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._address, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response([_described(state) for state in self._cameras.values()])

    async def _get_light(self, request: web.Request) -> web.Response:
        return web.json_response({"level": self._camera(request).light})

    async def _put_light(self, request: web.Request) -> web.Response:
        state = self._camera(request)
        level = (await _body(request, {"level"})).get("level")
        if level not in LIGHTS:
            raise _wrong(f"level must be one of {', '.join(LIGHTS)}")
        state.light = level
        return web.json_response({"level": state.light})

    async def _get_behaviours(self, request: web.Request) -> web.Response:
        return web.json_response({"on": sorted(self._camera(request).behaviours)})

    async def _put_behaviours(self, request: web.Request) -> web.Response:
        state = self._camera(request)
        body = await _body(request, {"on", "off"})
        on, off = _names(body.get("on", [])), _names(body.get("off", []))
        if both := sorted(set(on) & set(off)):
            raise _wrong(f"both on and off: {', '.join(both)}")
        state.switch(on, off)
        if self._changed is not None:
            await self._changed(state.point)
        return web.json_response({"on": sorted(state.behaviours)})

    async def _put_link(self, request: web.Request) -> web.Response:
        return await self._put_state(request, LINK_STATES, self._linked)

    async def _put_registration(self, request: web.Request) -> web.Response:
        return await self._put_state(request, REGISTRATION_STATES, self._registered)

    async def _put_alarm_input(self, request: web.Request) -> web.Response:
        return await self._put_state(request, REGISTRATION_STATES, self._alarmed)

    async def _put_event(self, request: web.Request) -> web.Response:
        state = self._camera(request)
        body = await _body(request, {"event", "state"})
        event, wanted = body.get("event"), body.get("state")
        if event not in SCENE_EVENTS or wanted not in REGISTRATION_STATES:
            raise _wrong(f"event must be one of {', '.join(SCENE_EVENTS)}, state on or off")
        if self._played is not None:
            await self._played(state.point, str(event), wanted == "on")
        return web.json_response({"event": event, "state": wanted})

    async def _get_alarm_output(self, request: web.Request) -> web.Response:
        state = self._camera(request)
        closed = None if self._output is None else self._output(state.point)
        if closed is None:
            raise web.HTTPNotFound(reason="no alarm output")
        return web.json_response({"state": "closed" if closed else "open"})

    async def _get_power(self, request: web.Request) -> web.Response:
        state = self._camera(request)
        shown = None if self._fed is None else self._fed(state.point)
        if shown is None:
            raise web.HTTPNotFound(reason="no port")
        return web.json_response(shown)

    async def _put_power(self, request: web.Request) -> web.Response:
        return await self._put_state(request, REGISTRATION_STATES, self._powered)

    async def _put_state(
        self, request: web.Request, states: tuple[str, str], told: Linked | None
    ) -> web.Response:
        """Tell whether the first or the second of ``states`` is wanted."""
        state = self._camera(request)
        wanted = (await _body(request, {"state"})).get("state")
        if wanted not in states:
            raise _wrong(f"state must be one of {', '.join(states)}")
        if told is not None:
            await told(state.point, wanted == states[0])
        return web.json_response({"state": wanted})

    def _camera(self, request: web.Request) -> CameraState:
        point = request.match_info["point"]
        if point not in self._cameras:
            raise web.HTTPNotFound(reason=f"no camera at point {_printable(point)}")
        return self._cameras[point]


def _described(state: CameraState) -> dict[str, object]:
    return {
        "point": state.point,
        "address": state.address,
        "ports": state.ports,
        "light": state.light,
        "behaviours": sorted(state.behaviours),
    }


def _names(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _wrong("on and off must be lists of names")
    if unknown := sorted(set(value) - registry().keys()):
        raise _wrong(f"unknown behaviours: {', '.join(map(_printable, unknown))}")
    return value


async def _body(request: web.Request, keys: set[str]) -> dict[str, object]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise _wrong("the body is not JSON") from None
    if not isinstance(body, dict) or not body or not body.keys() <= keys:
        raise _wrong(f"the body must be an object of {', '.join(sorted(keys))}")
    return body


def _wrong(text: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(reason=text)


def _printable(text: str) -> str:
    return repr(text[:80])


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return web.json_response({"error": error.reason}, status=error.status)
