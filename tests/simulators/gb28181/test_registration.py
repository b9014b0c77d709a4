from __future__ import annotations

import asyncio

import pytest

from tests.simulators.gb28181.bench import DEVICE, Registrar, registered


async def keepalives(registrar: Registrar, count: int) -> None:
    await registrar.until(lambda: len(registrar.of("Keepalive")) >= count)


async def test_registers_and_keeps_alive() -> None:
    async with registered() as (registrar, device):
        await keepalives(registrar, 3)
        assert registrar.correct == [True]
        assert all(one.device == DEVICE for one in registrar.of("Keepalive"))
        assert abs(device.state.clock.error()) < 0.2  # type: ignore[attr-defined]


async def test_leaves_with_expires_0() -> None:
    async with registered() as (registrar, device):
        await device.set_registration(False)
        await registrar.until(
            lambda: (
                registrar.requests[-1].request.headers.get("Expires") == "0"
                and registrar.requests[-1].request.headers.get("Authorization")
            )
        )
        await asyncio.sleep(0.1)
        seen = len(registrar.of("Keepalive"))
        await asyncio.sleep(0.7)
        assert len(registrar.of("Keepalive")) == seen
        before = len(registrar.correct)
        await device.set_registration(True)
        await registrar.until(lambda: len(registrar.correct) > before)


async def test_refreshes_what_was_granted() -> None:
    async with registered(wait=False) as (registrar, _device):
        registrar.granted = 1
        await registrar.until(lambda: len(registrar.correct) >= 3)


async def test_stale_nonce_is_answered_at_once() -> None:
    async with registered(wait=False) as (registrar, _device):
        registrar.stale_once = True
        await registrar.until(lambda: registrar.correct, 2.0)
        assert registrar.correct == [True]


async def test_forgotten_or_silent_registers_anew() -> None:
    async with registered() as (registrar, _device):
        registrar.keepalive_status = 403
        await registrar.until(lambda: len(registrar.correct) >= 2)
        registrar.keepalive_status = None
        count = len(registrar.correct)
        await registrar.until(lambda: len(registrar.correct) > count, 8.0)


async def test_refused_tries_again() -> None:
    async with registered(wait=False) as (registrar, _device):
        registrar.refuse = 403
        await registrar.until(lambda: registrar.count("REGISTER") >= 3)
        registrar.refuse = None
        await registrar.until(lambda: registrar.correct)


async def test_follows_the_platform_clock() -> None:
    async with registered(wait=False) as (registrar, device):
        registrar.date_shift = 30.0
        await registrar.until(lambda: registrar.of("Keepalive"))
        assert abs(device.state.clock.error() - 30) < 0.2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "error"),
    [("date-header-ignored", 0.0), ("timezone-wrong", 28_830.0), ("offset-1500ms", 1.5)],
)
async def test_clock_that_does_not_follow(name: str, error: float) -> None:
    async with registered(name, wait=False) as (registrar, device):
        registrar.date_shift = 30.0
        await registrar.until(lambda: registrar.of("Keepalive"))
        assert abs(device.state.clock.error() - error) < 0.2  # type: ignore[attr-defined]


async def test_ignores_401() -> None:
    async with registered("ignores-401", wait=False) as (registrar, _device):
        await registrar.until(lambda: registrar.count("REGISTER") >= 3)
        assert not any("Authorization" in one.request.headers for one in registrar.requests)


@pytest.mark.parametrize("name", ["wrong-digest", "realm-ignored"])
async def test_wrong_answers(name: str) -> None:
    async with registered(name, wait=False) as (registrar, _device):
        await registrar.until(lambda: len(registrar.correct) >= 2)
        assert not any(registrar.correct)


async def test_never_refreshes() -> None:
    async with registered("never-refreshes", wait=False) as (registrar, _device):
        registrar.granted = 1
        await keepalives(registrar, 5)
        assert registrar.correct == [True]


async def test_unregister_ignored() -> None:
    async with registered("unregister-ignored") as (registrar, device):
        await device.set_registration(False)
        seen = len(registrar.of("Keepalive"))
        await keepalives(registrar, seen + 3)
        assert registrar.count("REGISTER") == 2


async def test_keepalive_defects() -> None:
    async with registered("no-keepalive") as (registrar, _device):
        await asyncio.sleep(0.7)
        assert not registrar.of("Keepalive")
    async with registered("wrong-device-id-in-keepalive") as (registrar, _device):
        await keepalives(registrar, 1)
        assert registrar.of("Keepalive")[0].device != DEVICE
    async with registered("irregular-keepalive") as (registrar, _device):
        await keepalives(registrar, 5)


async def test_short_id_and_other_user() -> None:
    async with registered("id-not-20-digits") as (registrar, _device):
        assert f"<sip:{DEVICE[:18]}@" in (registrar.requests[0].request.headers.get("From") or "")
    async with registered("gb-realm-user") as (registrar, _device):
        assert registrar.correct == [True]
        given = registrar.requests[1].request.headers.get("Authorization") or ""
        assert f'username="{DEVICE}"' not in given


@pytest.mark.parametrize(
    "name",
    [
        "gb-tcp",
        "gb-compact-headers",
        "gb-folded-lines",
        "gb-reordered-headers",
        "gb-nat",
        "gb-2022",
    ],
)
async def test_compliant_habits(name: str) -> None:
    async with registered(name) as (registrar, _device):
        await keepalives(registrar, 2)
        assert registrar.correct == [True]
        answer = await registrar.ask("DeviceInfo")
        assert answer.text("Result") == "OK"
