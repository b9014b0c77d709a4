"""A simulated camera's RTSP server with small, quickly encoded pictures, for tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from simulators.camera import sound, stream_plan
from simulators.camera.rtsp_server import RtspServer
from simulators.camera.state import CameraState, EncoderSettings
from tests.loopback import fresh_addresses
from tests.simulators.rtsp_player import Player

_ADDRESSES = fresh_addresses("127.10")


def small_state(*behaviours: str, **changes) -> CameraState:
    """A camera of 320x180 pixels on an address of its own, ports given by the system."""
    state = CameraState(
        next(_ADDRESSES),
        "test",
        main=EncoderSettings("main", "H264", 320, 180, 25, 400, 50),
        sub=EncoderSettings("sub", "H264", 320, 180, 25, 300, 50),
        third=EncoderSettings("third", "JPEG", 320, 180, 10, 800, 1),
        behaviours=set(behaviours),
        ports={"rtsp": 0, "rtsps": 0},
        **changes,
    )
    stream_plan.configure(state)
    sound.configure(state)
    return state


@contextlib.asynccontextmanager
async def serving(state: CameraState, **options) -> AsyncIterator[RtspServer]:
    server = RtspServer(state, **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def player(state: CameraState) -> Player:
    return Player(state.address, state.ports["rtsp"], state.user, state.password)


async def watch(state: CameraState, seconds: float, path: str = "/main"):
    """Serve the state and play one of its streams."""
    async with serving(state), player(state) as client:
        return await client.play(path, seconds)
