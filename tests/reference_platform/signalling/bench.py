"""A signalling server with an inventory in memory, and simulated cameras that register with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from protocols.gb28181.alarms import Alarm
from protocols.gb28181.catalog import CatalogItem
from protocols.time_source import TimeSource
from reference_platform.inventory.events import PresenceChange
from reference_platform.ports import ChannelRef
from reference_platform.settings import PlatformSettings
from reference_platform.signalling.directory import KnownDevice
from reference_platform.signalling.server import SignallingServer
from simulators import certificates
from simulators.camera.clock import configure as configure_clock
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.state import CameraState
from simulators.camera.stream_plan import configure as configure_stream
from tests.loopback import fresh_addresses

PLATFORM = "61010200002000000010"
CAMERA = "61010200001320000001"
PASSWORD = "Tantou-2026-sip"
_PLATFORMS, _CAMERAS = fresh_addresses("127.81"), fresh_addresses("127.82")


def addresses() -> tuple[str, str]:
    """An address for a platform and one for a camera that no other test has."""
    return next(_PLATFORMS), next(_CAMERAS)


class MemoryDirectory:
    """The inventory of a test: keeps what it was told."""

    def __init__(self, known: Sequence[KnownDevice] = ()) -> None:
        self.known = {one.id: one for one in known}
        self.told: list[tuple[str, bool, str]] = []
        self.refusals: list[tuple[str, str]] = []
        self.catalogues: dict[str, list[CatalogItem]] = {}
        self.states: list[CatalogItem] = []
        self.alarms: list[Alarm] = []
        self.changed = asyncio.Event()

    async def device(self, identifier: str) -> KnownDevice | None:
        return self.known.get(identifier)

    async def presence(self, changes: Sequence[PresenceChange]) -> None:
        for one in changes:
            self._note(self.told, (one.device, one.online, one.why))

    async def refused(
        self,
        identifier: str,
        host: str,
        at: float,
        why: str,
    ) -> None:
        self._note(self.refusals, (identifier, why))

    async def catalogue(self, identifier: str, items: Sequence[CatalogItem]) -> None:
        self.catalogues[identifier] = list(items)
        self.changed.set()

    async def channel_states(
        self,
        identifier: str,
        items: Sequence[CatalogItem],
    ) -> None:
        self.states += items
        self.changed.set()

    async def alarm(self, identifier: str, alarm: Alarm, at: float) -> None:
        self._note(self.alarms, alarm)

    def _note(self, where: list[Any], what: Any) -> None:
        where.append(what)
        self.changed.set()

    async def until(self, ready: Callable[[], Any], seconds: float = 8.0) -> Any:
        """Wait until ``ready()`` is true; its value."""
        async with asyncio.timeout(seconds):
            while not (found := ready()):
                self.changed.clear()
                with contextlib.suppress(TimeoutError):  # what the camera holds tells nobody
                    await asyncio.wait_for(self.changed.wait(), 0.05)
        return found


@asynccontextmanager
async def serving(
    directory: MemoryDirectory,
    *behaviours: str,
    time_source: TimeSource | None = None,
    tls: bool = False,
    **settings: Any,
) -> AsyncIterator[SignallingServer]:
    """A server on an address of its own."""
    address, _ = addresses()
    plan = {
        "address": address,
        "sip_port": 0,
        "sip_tls_port": 0,
        "server_id": PLATFORM,
        "keepalive_s": 0.3,
        "behaviours": frozenset(behaviours),
        **settings,
    }
    server = SignallingServer(
        PlatformSettings(Path(), **plan),
        directory,
        time_source=time_source,
        tls=certificates.server_context(address) if tls else None,
    )
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def camera(
    server: SignallingServer,
    *behaviours: str,
    device_id: str = CAMERA,
    password: str = PASSWORD,
    address: str = "",
    **settings: Any,
) -> AsyncIterator[GbDevice]:
    """A simulated camera that registers with ``server``."""
    state = CameraState(address or addresses()[1], device_id)
    state.behaviours |= set(behaviours)
    configure_clock(state)
    configure_stream(state)
    tls = settings.get("transport") == "tls"
    plan = {
        "server_address": server.settings.address,
        "server_port": server.endpoint.tls_port if tls else server.endpoint.port,
        "server_id": PLATFORM,
        "password": password,
        "keepalive_s": 0.25,
        "retry_s": 0.3,
        "local_port": 0,
        **({"ca_file": str(certificates.authority_file())} if tls else {}),
        **settings,
    }
    device = GbDevice(state, GbSettings.from_plan(plan, device_id))
    await device.start()
    try:
        yield device
    finally:
        await device.stop()


def channel_of(device: GbDevice) -> ChannelRef:
    """The first channel of a camera."""
    return ChannelRef(device.settings.channel_ids()[0], device.own_id, "gb28181")


KNOWN = KnownDevice(CAMERA, password=PASSWORD)
