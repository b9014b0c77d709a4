from __future__ import annotations

import pytest

from reference_platform.errors import Conflict
from reference_platform.ports import ChannelRef
from reference_platform.signalling.directory import KnownDevice
from reference_platform.signalling.steering import (
    Lens,
    Move,
    PresetOrder,
    Steering,
    SwitchOrder,
    ptz_command,
)
from simulators.camera.camera import SimulatedCamera
from simulators.camera.state import CameraState
from tests.reference_platform.signalling.bench import CAMERA, MemoryDirectory, addresses, serving


@pytest.mark.parametrize(
    ("order", "digits"),
    [
        # Vectors worked out from annex A.3 by hand.
        (Move(), "A50F0100000000B5"),
        (Move(tilt=50 / 255), "A50F0108003200EF"),
        (Move(pan=50 / 255, tilt=50 / 255), "A50F010932320022"),
        (Move(zoom=3 / 15), "A50F0110000030F5"),
        (Lens(focus=-32 / 255), "A50F014120000016"),
        (Lens(), "A50F0140000000F5"),
        (PresetOrder("call", 1), "A50F018200010038"),
        (SwitchOrder("wiper", True), "A50F018C01000042"),
        (SwitchOrder("wiper", False), "A50F018D01000043"),
    ],
)
def test_orders_are_the_bytes_of_the_standard(order, digits):
    assert ptz_command(order).to_hex() == digits


def test_the_slowest_zoom_still_zooms():
    assert ptz_command(Move(zoom=0.01)).zoom_speed == 1
    assert "zoom-out" in ptz_command(Move(zoom=-0.01)).actions


async def test_an_onvif_dome_is_steered():
    state = CameraState(addresses()[1], CAMERA)
    device = SimulatedCamera(state)
    await device.start()
    known = KnownDevice(CAMERA, "onvif", state.address, state.user, state.password)
    channel = ChannelRef("61010200001310000007", CAMERA, "onvif")
    try:
        async with serving(MemoryDirectory([known])) as server:
            steering = Steering(server)
            await steering.send(channel, PresetOrder("set", 3), 5)
            await steering.send(channel, Move(pan=0.5), 5)
            await steering.send(channel, Move(), 5)
            await steering.send(channel, PresetOrder("call", 3), 5)
            await steering.send(channel, PresetOrder("delete", 3), 5)
            with pytest.raises(Conflict) as caught:
                await steering.send(channel, PresetOrder("call", 3), 5)
            assert caught.value.code == "control.no-preset"
            with pytest.raises(Conflict):
                await steering.send(channel, SwitchOrder("wiper", True), 5)
    finally:
        await device.stop()
