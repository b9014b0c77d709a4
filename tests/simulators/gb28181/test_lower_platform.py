from __future__ import annotations

import pytest

from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.state import CameraState
from simulators.platform.lower_platform import LowerPlatform
from tests.simulators.gb28181.bench import DEVICE, PASSWORD, SERVER, Registrar

LOWER = "61010100002000000001"


@pytest.mark.parametrize(("name", "status"), [("", "ON"), ("no-camera-registered", "OFF")])
async def test_lists_its_cameras(name: str, status: str) -> None:
    low = 1 if name else 3
    registrar = Registrar(f"127.64.97.{low}")
    await registrar.endpoint.start()
    state = CameraState(f"127.64.97.{low + 10}", LOWER)
    state.behaviours |= {name} - {""}
    plan = {
        "server_address": registrar.endpoint.address,
        "server_port": registrar.endpoint.port,
        "server_id": SERVER,
        "password": PASSWORD,
        "keepalive_s": 0.3,
        "local_port": 0,
    }
    settings = GbSettings.from_plan(plan, LOWER)
    platform = LowerPlatform(
        state, settings, {DEVICE: "东门"}, lambda _: "camera-secret", port=0, keepalive_s=0.3
    )
    await platform.start()
    camera = GbDevice(
        CameraState(f"127.64.97.{low + 20}", DEVICE),
        GbSettings.from_plan(
            plan
            | {
                "server_address": state.address,
                "server_port": platform.endpoint.port,
                "server_id": LOWER,
                "password": "camera-secret",
            },
            DEVICE,
        ),
    )
    await camera.start()
    try:
        await registrar.until(lambda: registrar.peer)
        await registrar.until(lambda: platform.members[DEVICE].heard)
        await registrar.tell("Query", "Catalog", LOWER)
        pages = await registrar.until(
            lambda: len(registrar.of("Catalog")) == 2 and registrar.orders
        )
        items = {
            one.findtext("DeviceID"): one.findtext("Status")
            for page in pages
            for one in page.root.iter("Item")
        }
        assert items == {LOWER: "ON", DEVICE: status}
    finally:
        await camera.stop()
        await platform.stop()
        await registrar.endpoint.stop()
