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


async def test_the_server_that_was_set_is_asked_from_then_on():
    """As by SetNTP; a name is not looked up."""
    servers = [NtpServer("127.15.9.240", 0)]
    await servers[0].start()
    servers.append(NtpServer("127.15.9.241", servers[0].port))
    await servers[1].start()
    state = CameraState("127.15.9.5", "point", clock=CameraClock(SystemTime(), 0.7))
    follower = NtpFollower(state, servers[0].address, servers[0].port)
    try:
        state.time_server = servers[1].address
        await follower.ask_once()
        assert abs(state.clock.error()) < 0.05
        assert [len(one.sync_events(state.address)) for one in servers] == [0, 1]
        state.time_server = "time.example"
        with pytest.raises(OSError):
            await follower.ask_once()
    finally:
        for one in servers:
            await one.stop()
