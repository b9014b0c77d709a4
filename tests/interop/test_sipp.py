"""Debian's sipp, whose SIP and digest are its own, as devices of our registrar."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmarks.sipp import DOMAIN, SERVER, Outcome, Sipp, SippError, device_id
from protocols.gb28181.catalog import read_catalog
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.state import CameraState
from targets.credentials import Secret
from targets.gb28181 import RegisteredDevice, ServerSettings, UpperPlatform, media_session
from targets.gb28181.media_session import MediaOrder, MediaSession

PASSWORD = "Sipp-knows-2026"
PLATFORM, DEVICES = "127.67.1.1", "127.67.1.2"
PORT = 5080


@pytest.fixture(autouse=True, scope="module")
def _sipp() -> None:
    if shutil.which("sipp") is None:
        pytest.fail("sipp is missing: apt-get install sip-tester")


@asynccontextmanager
async def listening(
    address: str = PLATFORM,
) -> AsyncIterator[tuple[UpperPlatform, RegisteredDevice]]:
    settings = ServerSettings(address=address, port=0, server_id=SERVER, domain=DOMAIN)
    secret = Secret(PASSWORD)
    platform = UpperPlatform(settings, password_of=lambda _: secret)
    await platform.start()
    try:
        yield platform, platform.device(device_id(0))
    finally:
        await platform.stop()


async def play(platform: UpperPlatform, scenario: str, calls: int = 1, **more: object) -> Outcome:
    transport, password = more.pop("transport", "u1"), more.pop("password", PASSWORD)
    sipp = Sipp((PLATFORM, platform.port), (DEVICES, PORT), str(password), str(transport))
    return await asyncio.to_thread(sipp.run, scenario, calls, **more)


@pytest.mark.parametrize(("transport", "name"), [("u1", "udp"), ("t1", "tcp")])
def test_sipp_registers_with_its_own_digest_and_lives(transport, name):
    async def scenario():
        async with listening() as (platform, watched):
            assert (await play(platform, "register", transport=transport)).clean
            assert watched.is_registered
            assert (await play(platform, "keepalive", transport=transport)).clean
            assert watched.is_online
        assert {one.transport for one in watched.messages} == {name}
        befell = [one.what for one in watched.events if one.what != "disconnected"]
        assert befell == ["challenged", "registered", "keepalive"]
        assert watched.answers[0].check.accepted

    asyncio.run(scenario())


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_sipp_registers_over_ipv6(transport):
    async def scenario():
        async with listening("::1") as (platform, watched):
            sipp = Sipp(("[::1]", platform.port), ("::1", PORT), PASSWORD, transport)
            assert (await asyncio.to_thread(sipp.run, "register", 1)).clean
            assert watched.is_registered
            assert watched.address[0] == "::1"

    asyncio.run(scenario())


def test_three_hundred_devices_of_sipp_register_at_once():
    async def scenario():
        async with listening() as (platform, _):
            await play(platform, "register", 300, devices=300, rate=300)
            await play(platform, "keepalive", 300, devices=300, rate=300)
            records = platform.registrar.records
            assert len(records) == 300
            assert all(one.registered for one in records.values())

    asyncio.run(scenario())


def test_sipp_with_a_wrong_password_is_kept_out():
    async def scenario():
        async with listening() as (platform, watched):
            with pytest.raises(SippError, match="401"):
                await play(platform, "register", password="guessed", timeout_s=5)
            assert not watched.is_registered
            assert watched.since(0, "wrong-password")

    asyncio.run(scenario())


def test_sipp_as_a_device_answers_a_query_and_an_invitation_and_takes_its_end(monkeypatch):
    monkeypatch.setattr(media_session, "FIRST_PACKET_SECONDS", 0.2)  # sipp sends no media

    async def scenario():
        async with listening() as (platform, watched):
            await play(platform, "register")
            keys = {
                "device": device_id(0), "channel": device_id(1), "video_port": "30000",
                "platform": f"{PLATFORM}:{platform.port}",
            }  # fmt: skip
            playing = asyncio.create_task(play(platform, "device", 2, keys=keys))
            exchange = await watched.query("Catalog")
            assert (exchange.status, exchange.complete) == (200, True)
            page = read_catalog(exchange.pages[0])
            assert [one.device_id for one in page.items] == [device_id(1)]
            async with MediaSession(watched, MediaOrder(channel=device_id(1))) as session:
                assert session.outcome.status == 200
                assert session.answer is not None
                assert (session.answer.address, session.answer.port) == (DEVICES, 30000)
                assert session.answer.ssrc == session.outcome.ssrc
            assert session.outcome.bye_status == 200
            assert (await playing).unexpected == 0

    asyncio.run(scenario())


@pytest.mark.parametrize(("transport", "name"), [("t1", "tcp"), ("u1", "udp")])
def test_a_large_query_reaches_sipp_over_tcp_or_where_it_hears_none_over_udp(transport, name):
    """RFC 3261 18.1.1, with a device that registered over UDP."""

    async def scenario():
        async with listening() as (platform, watched):
            await play(platform, "register")
            keys = {
                "device": device_id(0), "channel": device_id(1), "video_port": "30000",
                "platform": f"{PLATFORM}:{platform.port}",
            }  # fmt: skip
            playing = asyncio.create_task(
                play(platform, "device", 1, keys=keys, transport=transport)
            )
            await _heard(f"{DEVICES}:{PORT}", name)
            exchange = await watched.query("Catalog", [("Info", "x" * 1_300)])
            assert (exchange.status, exchange.complete) == (200, True)
            assert (await playing).clean
            query = next(one for one in watched.messages if b"<Query>" in one.data)
            return query.transport, query.data

    over, data = asyncio.run(scenario())
    assert over == name
    assert f"Via: SIP/2.0/{name.upper()} ".encode() in data


CHALLENGES = {
    "RFC 2069": 'realm="6101000000", nonce="9450c474d1150064"',
    "with its algorithm": 'realm="6101000000", nonce="9450c474d1150064", algorithm=MD5',
    "RFC 2617": 'realm="6101000000", nonce="9450c474d1150064", algorithm=MD5, qop="auth"',
}


@pytest.mark.parametrize("challenge", CHALLENGES.values(), ids=CHALLENGES)
@pytest.mark.parametrize(("transport", "name"), [("u1", "udp"), ("t1", "tcp")])
def test_sipp_as_a_registrar_finds_the_digest_of_the_simulated_device_right(
    challenge, transport, name
):
    async def scenario():
        state = CameraState(address=DEVICES, point=device_id(7), light="day")
        plan = {
            "server_address": PLATFORM, "server_port": PORT, "server_id": SERVER,
            "device_id": device_id(7), "password": PASSWORD, "transport": name,
        }  # fmt: skip
        device = GbDevice(state, GbSettings.from_plan(plan, device_id(7)))
        keys = {
            "device": device_id(7), "password": PASSWORD, "challenge": challenge,
            "date": "2026-07-01T12:00:00.000",
        }  # fmt: skip
        sipp = Sipp((DEVICES, 5060), (PLATFORM, PORT), transport=transport)
        playing = asyncio.create_task(asyncio.to_thread(sipp.run, "registrar", 2, keys=keys))
        await _heard(f"{PLATFORM}:{PORT}", name)
        await device.start()
        try:
            outcome = await playing  # a registration and a keepalive
        finally:
            device.registration = None  # nobody is left to take its farewell
            await device.stop()
        assert outcome.clean

    asyncio.run(scenario())


async def _heard(address: str, transport: str) -> None:
    """Until sipp has its port."""
    command = ("ss", "-Hln", f"--{transport}", "src", address)
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(subprocess.check_output, command):
            await asyncio.sleep(0.02)
