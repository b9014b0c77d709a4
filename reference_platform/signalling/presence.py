"""Whether cameras that do not register are there: their port is knocked at."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from protocols.time_source import TimeSource
from reference_platform.inventory.devices import DeviceAccess
from reference_platform.inventory.inventory import Inventory
from reference_platform.signalling.devices import KEEPALIVES_MISSED

_KNOCK_SECONDS = 3.0
_AT_ONCE = 50
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


class Presence:
    """Knocks at RTSP and ONVIF cameras as often as others send keepalives."""

    def __init__(self, inventory: Inventory, time_source: TimeSource, interval_s: float) -> None:
        self._inventory = inventory
        self._time = time_source
        self._interval = interval_s
        self._missed: dict[str, int] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        inventory.events.listen(lambda event: self._heard(event.type))

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _heard(self, event: str) -> None:
        """A camera was entered or changed: look at once."""
        if event in ("device-added", "device-changed"):
            self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            cameras = await self._inventory.devices.of_protocol("rtsp", "onvif")
            await asyncio.gather(*(self._look(one) for one in cameras))
            try:
                async with asyncio.timeout(self._interval):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self, camera: DeviceAccess) -> None:
        async with self._turn:
            there = await _answers(camera)
        events, now = self._inventory.events, self._time.now()
        if there:
            self._missed[camera.id] = 0
            await events.device_online(camera.id, now, "answers")
            for channel in await self._inventory.channels.plans():
                if channel.ref.device == camera.id:
                    await events.channel_status(channel.ref.id, True, now)
            return
        self._missed[camera.id] = self._missed.get(camera.id, 0) + 1
        if self._missed[camera.id] == KEEPALIVES_MISSED:
            await events.device_offline(camera.id, now, "silent")


async def _answers(camera: DeviceAccess) -> bool:
    """Whether something listens at the camera's port."""
    url = camera.address if "://" in camera.address else f"http://{camera.address}"
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 554)
        async with asyncio.timeout(_KNOCK_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname or "", port)
    except (OSError, TimeoutError, ValueError):
        return False
    writer.close()
    return True
