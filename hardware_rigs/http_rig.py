"""Rigs with a small HTTP interface: ``PUT BASE/cameras/POINT/PROPERTY {"KEY": "VALUE"}``."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote, urlsplit

from protocols.time_source import TimeSource
from targets.camera import CameraOptions
from targets.errors import VisitProblem
from targets.gb28181.rig import State
from targets.http_client import HttpClient
from targets.light import Level
from targets.link import LinkState


class HttpRig:
    """One rig at ``base``, which serves many points.

    Raises from every call:
        VisitProblem: ``visit.rig-failed`` when the rig does not answer or refuses (``detail``).
    """

    def __init__(self, base: str, *, time_source: TimeSource) -> None:
        self._base = base.rstrip("/")
        self._time = time_source

    async def put(self, point: str, what: str, key: str, value: str) -> None:
        """Set one property of one point."""
        client = HttpClient(
            urlsplit(self._base).hostname or "", options=CameraOptions(), time_source=self._time
        )
        try:
            exchange = await client.request(
                "PUT",
                f"{self._base}/cameras/{quote(point, safe='')}/{what}",
                headers=[("Content-Type", "application/json")],
                body=json.dumps({key: value}).encode(),
                waiting_for=f"rig: {what}",
            )
        except VisitProblem as problem:
            why = {"code": problem.reason.code, "parameters": dict(problem.reason.parameters)}
            raise VisitProblem("visit.rig-failed", wanted=value, detail=why) from None
        finally:
            client.close()
        if not 200 <= exchange.response.status < 300:
            status = f"HTTP {exchange.response.status}"
            raise VisitProblem("visit.rig-failed", wanted=value, detail=status)


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
