from __future__ import annotations

import asyncio

import pytest

from simulators.camera.camera import SimulatedCamera
from simulators.camera.telnet_server import TelnetServer
from tests.simulators.onvif_bench import new_state


async def talk(server_port: tuple[str, int], *lines: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*server_port)
    try:
        # Option negotiation in between must not end up in the name.
        writer.write(b"\xff\xfd\x01\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0")
        writer.write(b"".join(line + b"\r\n" for line in lines))
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("password", "answer"), [("", b"~ # "), ("wrong", b"Login incorrect")], ids=("right", "wrong")
)
async def test_login(password: str, answer: bytes) -> None:
    state = new_state("telnet-open")
    state.ports["telnet"] = 0
    server = TelnetServer(state)
    await server.start()
    try:
        password = password or state.password
        place = (state.address, state.ports["telnet"])
        said = await talk(place, b"admin", password.encode(), b"ls -l", b"exit")
        assert said.startswith(b"\r\nTantou SIM-2M\r\ncamera login: ")
        assert answer in said
        assert (b"sh: ls: not found" in said) is (answer == b"~ # ")
        assert state.password.encode() not in said
    finally:
        await server.stop()


async def test_long_lines_end_the_visit() -> None:
    state = new_state("telnet-open")
    state.ports["telnet"] = 0
    server = TelnetServer(state)
    await server.start()
    try:
        said = await talk((state.address, state.ports["telnet"]), b"x" * 10_000)
        assert b"Password" not in said
    except ConnectionResetError:
        pass  # Closed with bytes unread.
    finally:
        await server.stop()


async def test_closed_by_default() -> None:
    state = new_state()
    server = TelnetServer(state)
    await server.start()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(state.address, 23)
    await server.stop()


async def test_the_port_is_23() -> None:
    state = new_state("telnet-open")
    server = TelnetServer(state)
    await server.start()
    assert b"login" in await talk((state.address, 23))
    await server.stop()


async def test_the_camera_opens_and_closes_it_at_run_time() -> None:
    state = new_state()
    state.ports.update(rtsp=0, rtsps=0, telnet=0)
    camera = SimulatedCamera(state)
    await camera.start()
    try:
        camera.switch(on=["telnet-open"])
        await camera.apply()
        place = (state.address, state.ports["telnet"])
        assert b"login" in await talk(place)
        camera.switch(off=["telnet-open"])
        await camera.apply()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*place)
    finally:
        await camera.stop()
