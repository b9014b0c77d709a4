"""The platform's clock over real sockets: held against upstreams, served to cameras."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from protocols.errors import ProtocolError
from protocols.ntp import NtpSample
from protocols.ntp_endpoints import query_ntp, server_address
from protocols.time_source import SystemTime
from reference_platform.platform import Platform
from simulators.ntp_server import FALSETICKER, NOT_SYNCHRONISED, NtpServer
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import Client

NOW = SystemTime()


@pytest.fixture
async def upstreams() -> AsyncIterator[list[NtpServer]]:
    servers = [NtpServer("127.41.0.1", 0) for _ in range(3)]
    for server in servers:
        await server.start()
    yield servers
    for server in servers:
        await server.stop()


def served_by(platform: Platform) -> str:
    return f"{platform.settings.address}:{platform.clock.status().ntp_port}"


async def ask(server: str) -> NtpSample:
    return await query_ntp(*server_address(server), time_source=NOW)


async def follow(admin: Client, servers: list[NtpServer]) -> dict:
    """Set the upstreams and wait for what they say."""
    network = await admin.ok("GET", "/api/network")
    names = [f"{server.address}:{server.port}" for server in servers]
    await admin.ok("PATCH", "/api/network", {"version": network["version"], "upstream_ntp": names})
    async with asyncio.timeout(15):
        while len((found := await admin.ok("GET", "/api/network/clock"))["upstreams"]) < len(names):
            await asyncio.sleep(0.02)
    return found


async def test_time_is_served_even_without_an_upstream(new_platform: StartPlatform) -> None:
    platform = await new_platform(ntp_port=0)
    sample = await ask(served_by(platform))
    assert abs(sample.offset_s) < 0.2
    assert sample.stratum == 10


async def test_most_upstreams_decide_and_the_platform_stands_below_them(
    new_platform: StartPlatform, client: People, upstreams: list[NtpServer]
) -> None:
    platform = await new_platform(ntp_port=0)
    upstreams[1].behaviours.add(FALSETICKER)
    found = await follow(await client(platform), upstreams)
    assert abs(found["offset_s"]) < 0.2
    assert [one["problem"] for one in found["upstreams"]] == ["", "", ""]
    assert found["upstreams"][1]["offset_s"] == pytest.approx(5, abs=0.2)
    assert (await ask(served_by(platform))).stratum == 2


async def test_a_clock_that_is_off_is_an_alarm_and_is_not_handed_on(
    new_platform: StartPlatform, client: People, upstreams: list[NtpServer]
) -> None:
    platform = await new_platform("clock-off-2s", ntp_port=0)
    assert (await ask(served_by(platform))).offset_s == pytest.approx(2, abs=0.2)
    admin = await client(platform)
    found = await follow(admin, upstreams[:1])
    assert found["offset_s"] == pytest.approx(-2, abs=0.2)
    assert not found["good"]
    alarms = await admin.ok("GET", "/api/alarms")
    assert [one["kind"] for one in alarms] == ["clock.off"]
    assert "+2.0 s" in alarms[0]["message"]
    with pytest.raises(ProtocolError, match="not synchronised"):
        await ask(served_by(platform))


async def test_what_an_upstream_cannot_say_is_told(
    new_platform: StartPlatform, client: People, upstreams: list[NtpServer]
) -> None:
    platform = await new_platform()
    upstreams[0].behaviours.add(NOT_SYNCHRONISED)
    gone = upstreams[1]
    await gone.stop()
    found = await follow(await client(platform), upstreams[:2])
    assert [one["problem"] for one in found["upstreams"]] == ["unusable", "unreachable"]
    assert found["offset_s"] is None
    assert found["good"]


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [("ntp-not-served", OSError), ("ntp-unsynchronised", ProtocolError)],
)
async def test_defects(new_platform: StartPlatform, behaviour: str, fault: type[Exception]) -> None:
    platform = await new_platform(behaviour, ntp_port=41_123)
    with pytest.raises(fault):
        await ask(f"{platform.settings.address}:41123")


async def test_rubbish_is_not_answered(new_platform: StartPlatform) -> None:
    platform = await new_platform(ntp_port=0)
    answer = platform.clock._server.answer
    assert answer(b"", "127.0.0.1") is None
    assert answer(b"\x1c" + bytes(47), "127.0.0.1") is None


def test_a_server_may_name_its_port() -> None:
    assert server_address("time.example:1123") == ("time.example", 1123)
    assert server_address("192.0.2.1") == ("192.0.2.1", 123)
    assert server_address("2001:db8::1") == ("2001:db8::1", 123)
