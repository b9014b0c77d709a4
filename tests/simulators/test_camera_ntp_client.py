import asyncio

import pytest

from protocols.errors import ProtocolError
from protocols.time_source import SystemTime
from simulators.camera.clock import CameraClock
from simulators.camera.ntp_client import NtpFollower
from simulators.camera.state import CameraState
from simulators.ntp_server import NtpServer


async def followed(address, *behaviours, upstream=()):
    """The clock's error after the first exchange of a camera that is 0.7 s ahead."""
    server = NtpServer("127.15.9.250", 0, behaviours=upstream)
    await server.start()
    state = CameraState(address, "point", clock=CameraClock(SystemTime(), 0.7))
    state.switch(on=behaviours)
    follower = NtpFollower(state, server.address, server.port, interval_s=3600.0)
    await follower.start()
    try:
        async with asyncio.timeout(5):
            while not follower.answered:
                await asyncio.sleep(0.01)
        return state.clock.error(), server.sync_events(address)
    finally:
        await follower.stop()
        await server.stop()


async def test_the_camera_follows_and_is_seen_asking():
    error, events = await followed("127.15.9.1")
    assert abs(error) < 0.05
    (event,) = events
    assert (event["what"], event["from"], event["to"]) == (
        "ntp-request",
        "127.15.9.1",
        "127.15.9.250",
    )


async def test_asked_and_not_followed():
    error, events = await followed("127.15.9.2", "ntp-asked-not-followed")
    assert error == pytest.approx(0.7, abs=0.01)
    assert len(events) == 1


async def test_a_liar_is_followed_too():
    error, _ = await followed("127.15.9.3", upstream=("ntp-falseticker",))
    assert error == pytest.approx(5.0, abs=0.05)


async def test_an_unfit_server_is_not():
    server = NtpServer("127.15.9.251", 0, behaviours=("ntp-stratum-0",))
    await server.start()
    state = CameraState("127.15.9.4", "point", clock=CameraClock(SystemTime(), 0.7))
    try:
        with pytest.raises(ProtocolError):
            await NtpFollower(state, server.address, server.port).ask_once()
    finally:
        await server.stop()
    assert state.clock.error() == pytest.approx(0.7, abs=0.01)
