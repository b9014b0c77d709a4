"""Rigs with a small HTTP interface: ``PUT BASE/cameras/POINT/PROPERTY {"KEY": "VALUE"}``.

A platform's stands at ``BASE/platforms/POINT/...``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from protocols.time_source import TimeSource
from targets.camera import CameraOptions
from targets.errors import VisitProblem
from targets.gb28181.rig import State
from targets.http_client import HttpClient
from targets.light import Level
from targets.link import LinkState
from targets.power_port import PortReading, PowerState
from targets.scene_rig import ContactState, PlayState


class HttpRig:
    """One rig at ``base``, which serves many points.

    Raises from every call:
        VisitProblem: ``visit.rig-failed`` when the rig does not answer or refuses (``detail``).
    """

    def __init__(self, base: str, *, time_source: TimeSource) -> None:
        self._base = base.rstrip("/")
        self._time = time_source

    async def put(self, point: str, what: str, key: str, value: str) -> None:
        """Set one property of one camera."""
        await self.ask("PUT", f"cameras/{quote(point, safe='')}/{what}", {key: value}, value)

    async def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, wanted: str
    ) -> bytes:
        """Have the rig do what is ``wanted``; what it answers."""
        client = HttpClient(
            urlsplit(self._base).hostname or "", options=CameraOptions(), time_source=self._time
        )
        try:
            exchange = await client.request(
                method,
                f"{self._base}/{path}",
                headers=[("Content-Type", "application/json")],
                body=json.dumps(body or {}).encode(),
                waiting_for=f"rig: {path.rpartition('/')[2]}",
            )
        except VisitProblem as problem:
            why = {"code": problem.reason.code, "parameters": dict(problem.reason.parameters)}
            raise VisitProblem("visit.rig-failed", wanted=wanted, detail=why) from None
        finally:
            client.close()
        if not 200 <= exchange.response.status < 300:
            status = f"HTTP {exchange.response.status}"
            raise VisitProblem("visit.rig-failed", wanted=wanted, detail=status)
        return exchange.response.body


class HttpLightBox:
    """A light box; see ``targets.light.SceneLight``.

    Args:
        base: address of the rig.
        settle_seconds: how long a camera needs to follow the light.
    """

    def __init__(self, base: str, *, time_source: TimeSource, settle_seconds: float = 0.0) -> None:
        self._rig = HttpRig(base, time_source=time_source)
        self._settle = settle_seconds

    async def set(self, point: str, level: Level) -> str:
        """Bring ``point`` into ``level``; known by the rig itself."""
        await self._rig.put(point, "light", "level", level)
        if self._settle:
            await asyncio.sleep(self._settle)
        return "rig"


class HttpLinkSwitch:
    """A switch that pulls and plugs a camera's cable; see ``targets.link.LinkSwitch``."""

    def __init__(self, base: str, *, time_source: TimeSource) -> None:
        self._rig = HttpRig(base, time_source=time_source)

    async def set(self, point: str, state: LinkState) -> None:
        """Pull (``down``) or plug (``up``) the cable of ``point``."""
        await self._rig.put(point, "link", "state", state)


class HttpGb28181Rig:
    """What works a device's registration page and its alarm input; see ``Gb28181Rig``."""

    def __init__(self, base: str, *, time_source: TimeSource) -> None:
        self._rig = HttpRig(base, time_source=time_source)

    async def registration(self, point: str, state: State) -> None:
        """Have the device of ``point`` unregister or register."""
        await self._rig.put(point, "registration", "state", state)

    async def alarm_input(self, point: str, state: State) -> None:
        """Switch the alarm input of ``point``."""
        await self._rig.put(point, "alarm-input", "state", state)


class HttpSceneRig:
    """What plays events before cameras and reads their outputs; see ``targets.scene_rig``."""

    def __init__(self, base: str, *, time_source: TimeSource) -> None:
        self._rig = HttpRig(base, time_source=time_source)

    async def play(self, point: str, event: str, state: PlayState) -> None:
        """Begin or end an event before the camera of ``point``."""
        body = {"event": event, "state": state}
        path = f"cameras/{quote(point, safe='')}/event"
        await self._rig.ask("PUT", path, body, f"{event}: {state}")

    async def output(self, point: str) -> ContactState:
        """How the contact of the alarm output of ``point`` stands."""
        path = f"cameras/{quote(point, safe='')}/alarm-output"
        found = _mapping(await self._rig.ask("GET", path, None, "alarm-output"), "alarm-output")
        if found.get("state") == "closed":
            return "closed"
        if found.get("state") == "open":
            return "open"
        raise VisitProblem("visit.rig-failed", wanted="alarm-output", detail="state")


class HttpPowerPorts:
    """What feeds cameras over Ethernet; see ``targets.power_port``."""

    def __init__(self, base: str, *, time_source: TimeSource) -> None:
        self._rig = HttpRig(base, time_source=time_source)

    async def read(self, point: str) -> PortReading:
        """What the port of ``point`` shows."""
        path = f"cameras/{quote(point, safe='')}/power"
        found = _mapping(await self._rig.ask("GET", path, None, "power"), "power")
        shown = found.get("poe_class")
        macs = found.get("macs")
        medium = found.get("medium")
        return PortReading(
            enabled=_member(found, "enabled", bool),
            delivering=_member(found, "delivering", bool),
            poe_class=shown if isinstance(shown, int) and 0 <= shown <= 8 else None,
            power_w=_member(found, "power_w", int, float),
            link=_member(found, "link", bool),
            speed_mbps=_member(found, "speed_mbps", int, float),
            medium=medium if medium in ("copper", "fibre") else "",
            macs=tuple(str(one).lower() for one in macs) if isinstance(macs, list) else (),
        )

    async def feed(self, point: str, state: PowerState) -> None:
        """Switch the supply of ``point`` off or on."""
        await self._rig.put(point, "power", "state", state)


def _member(found: Mapping[str, Any], name: str, *kinds: type) -> Any:
    """The member ``name`` where it is of these kinds, else ``None``."""
    value = found.get(name)
    return value if type(value) in kinds else None


class HttpPlatformRig:
    """What works the machine of a platform; see ``targets.platform.rig.PlatformRig``."""

    def __init__(self, base: str, *, time_source: TimeSource) -> None:
        self._rig = HttpRig(base, time_source=time_source)

    async def restart(self, point: str) -> None:
        """Restart the service of the platform at ``point``."""
        await self._rig.ask("PUT", _platform(point, "service"), {"state": "restarted"}, "restarted")

    async def shift_clock(self, point: str, seconds: float) -> None:
        """Put the clock of the platform at ``point`` ahead."""
        await self._rig.ask("PUT", _platform(point, "clock"), {"ahead_s": seconds}, f"{seconds} s")

    async def search_host(self, point: str) -> Mapping[str, Any]:
        """What is found on the host of the platform at ``point``."""
        return _mapping(await self._rig.ask("GET", _platform(point, "host"), None, "host"), "host")


def _mapping(answer: bytes, wanted: str) -> Mapping[str, Any]:
    """An answer that is a JSON object."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise VisitProblem("visit.rig-failed", wanted=wanted, detail="JSON")
    return found


def _platform(point: str, what: str) -> str:
    return f"platforms/{quote(point, safe='')}/{what}"
