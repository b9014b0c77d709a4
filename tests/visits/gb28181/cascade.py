"""A lower platform between the harness and a camera, for the tests of visits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from assessment.recording import Recording
from protocols.sip.passed import PassedMessage
from simulators.camera.clock import configure as configure_clock
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState
from simulators.platform.lower_platform import LowerPlatform
from targets.camera import parse_camera
from targets.credentials import Secret
from targets.gb28181 import ServerSettings, UpperPlatform
from tests.loopback import fresh_addresses
from tests.visits.equipment import MemoryStore
from tests.visits.gb28181.equipment import PASSWORD, QUICK, SERVER
from visits.circumstances import Circumstances
from visits.desk import VisitDesk

LOWER = "61010200002000000002"
CAMERA = "61010200001320000009"
_ADDRESSES = fresh_addresses("127.66")


@dataclass
class Cascade:
    """The platform, its camera, what the camera hears and says, and a desk to visit both from."""

    platform: LowerPlatform
    camera: CameraState
    passed: list[PassedMessage]
    desk: VisitDesk

    async def visit(self, kind: str) -> Recording:
        """Visit the platform; ``clock``: the camera below, over ONVIF."""
        secret = Secret(PASSWORD)
        if kind != "clock":
            target = parse_camera(f"gb28181://{LOWER}", point="p", secret=lambda: secret)
            return await self.desk.visit(f"gb28181:{kind}", target)
        self.camera.ports = {"http": 0, "https": 0, "rtsp": 1, "rtsps": 322}
        server = OnvifServer(self.camera)
        await server.start()
        try:
            address = f"onvif://admin@{self.camera.address}:{self.camera.ports['http']}"
            target = parse_camera(address, point="c", secret=lambda: secret)
            return await self.desk.visit(kind, target)
        finally:
            await server.stop()


async def _reference() -> dict[str, object]:
    return {"error_s": 0.001, "source": "ntp"}


@asynccontextmanager
async def cascade(*behaviours: str) -> AsyncIterator[Cascade]:
    """A platform with behaviours, and a camera that has tried to register with it."""
    own, other = next(_ADDRESSES), next(_ADDRESSES)
    upper = UpperPlatform(
        ServerSettings(own, 0, server_id=SERVER),
        lambda _: Secret(PASSWORD),
        keepalive_seconds=2.0,
    )
    upper.device(LOWER)
    await upper.start()
    usual = {"password": PASSWORD, "keepalive_s": 2.0, "retry_s": 0.4, "local_port": 0}
    above = {"server_address": own, "server_port": upper.port, "server_id": SERVER}
    state = CameraState(other, LOWER, behaviours=set(behaviours))
    lower = LowerPlatform(
        state,
        GbSettings.from_plan({**usual, **above}, LOWER),
        {CAMERA: "东门"},
        lambda _: PASSWORD,
        port=0,
        keepalive_s=2.0,
    )
    await lower.start()
    below = {
        "server_address": other,
        "server_port": lower.endpoint.port,
        "server_id": LOWER,
    }
    camera = CameraState(next(_ADDRESSES), CAMERA, password=PASSWORD)
    configure_clock(camera)
    passed: list[PassedMessage] = []
    device = GbDevice(
        camera, GbSettings.from_plan({**usual, **below}, CAMERA), passed=passed.append
    )
    await device.start()
    desk = VisitDesk(
        MemoryStore(), Circumstances(lengths=QUICK, gb28181=upper, reference=_reference)
    )
    try:
        await upper.device(LOWER).wait_for(lambda: upper.device(LOWER).is_registered, 5.0)
        await upper.device(LOWER).wait_for(lambda: len(passed) >= 4, 5.0)
        yield Cascade(lower, camera, passed, desk)
    finally:
        await device.stop()
        await lower.stop()
        await upper.stop()
