"""Debian's sipp, whose SIP and digest are its own, as a device of the reference platform."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from benchmarks.sipp import DOMAIN, SERVER, Outcome, Sipp, SippError, device_id
from reference_platform.signalling.directory import KnownDevice
from tests.reference_platform.signalling.bench import (
    PASSWORD,
    MemoryDirectory,
    addresses,
    serving,
)


@pytest.fixture(autouse=True, scope="module")
def _sipp() -> None:
    if shutil.which("sipp") is None:
        pytest.fail("sipp is missing: apt-get install sip-tester")


async def play(server, scenario, local, password=PASSWORD, transport="u1") -> Outcome:
    remote = (server.settings.address, server.endpoint.port)
    sipp = Sipp(remote, (local, 5080), password, transport)
    return await asyncio.to_thread(sipp.run, scenario, 1)


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_registers_and_lives(transport):
    known = KnownDevice(device_id(0), password=PASSWORD)
    directory = MemoryDirectory([known])
    async with serving(directory, server_id=SERVER, domain=DOMAIN, keepalive_s=60.0) as server:
        local = addresses()[1]
        await play(server, "register", local, transport=transport)
        await directory.until(lambda: directory.told)
        assert directory.told == [(known.id, True, "registered")]


async def test_sipp_with_a_wrong_password_is_refused():
    known = KnownDevice(device_id(0), password="another")
    directory = MemoryDirectory([known])
    async with serving(directory, server_id=SERVER, domain=DOMAIN) as server:
        with pytest.raises(SippError):
            await play(server, "register", addresses()[1])
        assert directory.refusals == [(known.id, "wrong-password")]
        assert not len(server.devices)
