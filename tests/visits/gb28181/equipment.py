"""A simulated device and the harness's platform, for the tests of visits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from assessment.recording import Recording
from simulators import certificates
from simulators.camera import clips
from simulators.camera.clock import configure as configure_clock
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.gb28181.stream_faults import clip_spec
from simulators.camera.gb28181.view import panorama
from simulators.camera.state import CameraState
from targets.camera import parse_camera
from targets.credentials import Secret
from targets.gb28181 import ServerSettings, UpperPlatform
from tests.loopback import fresh_addresses
from tests.visits.equipment import MemoryStore
from visits.circumstances import Circumstances, Lengths
from visits.desk import VisitDesk

SERVER = "61010200002000000001"
DEVICE = "61010200001320000001"
PASSWORD = "Tantou-2026-sim"
_ADDRESSES = fresh_addresses("127.68")
QUICK = replace(
    Lengths().with_quick_devices(), gb_come=8.0, gb_react=4.0, gb_refuse=1.2, gb_granted=2,
    gb_watch=1.5, clock=1.5, clock_polls=2, online_polls=1, gb_live=1.0,
    gb_after_bye=0.3, gb_move=0.5, gb_play=1.5, gb_answer=3.0,
)  # fmt: skip


@dataclass
class Bench:
    """A device that registers with a platform, and a desk to visit it from."""

    platform: UpperPlatform
    state: CameraState
    device: GbDevice
    desk: VisitDesk
    secret: Secret

    id = DEVICE

    async def registration(self, _: str, state: str) -> None:
        await self.device.set_registration(state == "on")

    async def alarm_input(self, _: str, state: str) -> None:
        await self.device.set_alarm_input(state == "on")

    async def visit(self, kind: str, *, of_registration: bool = True) -> Recording:
        """As a run would visit it, in this event loop."""
        camera = parse_camera(f"gb28181://{DEVICE}", point="p", secret=lambda: self.secret)
        return await self.desk.visit(f"gb28181:{kind}" if of_registration else kind, camera)


@asynccontextmanager
async def bench(
    *behaviours: str,
    rig: bool = True,
    intrusive: bool = False,
    password: str = PASSWORD,
    declared: str = "",
    server: dict[str, Any] | None = None,
    addresses: tuple[str, str] | None = None,
    **settings: Any,
) -> AsyncIterator[Bench]:
    own, other = addresses or (next(_ADDRESSES), next(_ADDRESSES))
    secret = Secret(declared or password)
    listen = ServerSettings(own, 0, server_id=SERVER, **(server or {}))
    secure = settings.get("transport") == "tls"
    if secure:
        listen = replace(listen, tls_port=0)
        settings.setdefault("ca_file", str(certificates.authority_file()))
    platform = UpperPlatform(
        listen,
        lambda _: secret,
        keepalive_seconds=0.4,
        server_tls=certificates.server_context(own) if secure else None,
    )
    platform.device(DEVICE)
    await platform.start()
    state = CameraState(other, "p", password=password, behaviours=set(behaviours))
    configure_clock(state)
    state.main.gop = 10
    port = platform.tls_port if settings.get("transport") == "tls" else platform.port
    usual = {
        "server_address": own, "server_port": port, "server_id": SERVER,
        "password": password, "keepalive_s": 0.4, "retry_s": 0.4, "local_port": 0,
    }  # fmt: skip
    plan = GbSettings.from_plan({**usual, **settings}, DEVICE)
    device = GbDevice(state, plan)
    circumstances = Circumstances(lengths=QUICK, intrusive=intrusive, gb28181=platform)
    desk = VisitDesk(MemoryStore(), circumstances)
    made = Bench(platform, state, device, desk, secret)
    if rig:
        desk._circumstances = replace(circumstances, gb28181_rig=made)
    await device.start()
    try:
        yield made
    finally:
        await device.stop()
        await platform.stop()


def warm(*behaviours: set[str]) -> None:
    """Encode and paint what is shown, so that no session has to wait for it."""
    for each in behaviours or (set(),):
        spec = clip_spec(CameraState("127.0.0.1", "p", behaviours=each))
        clips.encode(spec)
        panorama(spec.scene, spec.look, spec.seed)


def steps(recording: Recording, name: str) -> list[dict[str, Any]]:
    return [one for one in recording.facts["steps"] if one["name"] == name]
