import asyncio

import pytest

from protocols.sip.dates import parse_gb_date
from protocols.sip.endpoint import SipTimeoutError
from targets.credentials import Secret
from targets.errors import VisitProblem
from tests.targets.gb28181.scripted import DEVICE, PASSWORD, device_of, upper_platform


def run(scenario) -> None:
    asyncio.run(scenario())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_device_registers_and_learns_the_time(transport):
    async def scenario():
        came = []
        async with upper_platform(on_registered=came.append) as platform:
            watched = platform.device(DEVICE)
            async with device_of(platform, transport) as device:
                answers = await device.register(7200)
            assert [one.status for one in answers] == [401, 200]
            told, deviation = parse_gb_date(answers[1].headers.get("Date"))
            assert deviation is None
            assert abs(told - platform.time.now()) < 2
            assert answers[1].headers.get("Expires") == "7200"
            await watched.registered(1)
            assert came == [DEVICE]
            assert [one.transport for one in watched.messages] == [transport] * 4
            assert watched.answers[0].check.accepted
            assert [one.what for one in watched.events] == ["challenged", "registered"]

    run(scenario)


def test_a_wrong_password_an_unknown_id_and_a_refusal_are_told():
    async def scenario():
        async with upper_platform() as platform:
            watched = platform.device(DEVICE)
            async with device_of(platform, password="wrong") as device:
                assert [one.status for one in await device.register()] == [401] * 4
                device.identifier = DEVICE[:-1] + "9"
                assert (await device.register())[0].status == 404
                device.identifier, device.password = DEVICE, PASSWORD
                watched.policy.refuse = 403
                assert (await device.register())[0].status == 403
                assert not watched.is_registered
                with pytest.raises(VisitProblem):
                    await watched.registered(0.05)
                watched.policy.reset()
                watched.policy.stale_once = True
                statuses = [one.status for one in await device.register()]
                assert statuses == [401, 401, 200]
            assert watched.since(0, "wrong-password")
            assert watched.since(0, "stale")

    run(scenario)


def test_keepalives_are_followed_withheld_and_forgotten():
    async def scenario():
        async with upper_platform(keepalive_seconds=0.05) as platform:
            watched = platform.device(DEVICE)
            async with device_of(platform) as device:
                assert (await device.keepalive()).status == 404
                await device.register()
                assert (await device.keepalive()).status == 200
                assert watched.is_online
                watched.policy.withhold_keepalives = 1
                with pytest.raises(SipTimeoutError):
                    await device.keepalive(timeout=0.2)
                assert not watched.is_online
                watched.policy.forgotten = True
                assert (await device.keepalive()).status == 403
                await device.register()
                assert (await device.keepalive()).status == 200
                assert (await device.register(0))[-1].status == 200
                assert not watched.is_registered
                assert (await device.keepalive()).status == 403

    run(scenario)


def test_a_device_that_comes_from_another_port_is_followed_there():
    async def scenario():
        async with upper_platform() as platform:
            watched = platform.device(DEVICE)
            async with device_of(platform) as device:
                await device.register()
            async with device_of(platform) as device:
                device.answer = lambda question: []
                assert (await device.keepalive()).status == 200
                assert watched.peer.port == device.endpoint.port
                exchange = await watched.query("DeviceInfo", seconds=0.2)
                assert (exchange.status, exchange.answered) == (200, False)
                assert device.asked[0].sn == exchange.sn
            assert watched.since(0, "moved")

    run(scenario)


def test_nothing_but_a_record_is_kept_of_a_device_nobody_asks_about():
    async def scenario():
        async with upper_platform() as platform, device_of(platform) as device:
            await device.register()
            assert platform.record(DEVICE).registered
            assert platform.watched(DEVICE) is None

    run(scenario)


def test_a_second_device_with_the_same_id_is_refused_while_the_first_is_there():
    async def scenario():
        async with upper_platform() as platform:
            watched = platform.device(DEVICE)
            async with (
                device_of(platform) as first,
                device_of(platform, address="127.65.0.3") as second,
            ):
                await first.register()
                assert (await second.register())[-1].status == 403
                assert watched.peer.port == first.endpoint.port
                assert [one.detail for one in watched.since(0, "second-address")] == ["127.65.0.3"]

    run(scenario)


def test_many_devices_leave_little_behind():
    async def scenario():
        async with upper_platform() as platform, device_of(platform) as device:
            platform.registrar._password_of = lambda _: Secret(PASSWORD)
            for number in range(50):
                device.identifier = f"{DEVICE[:-4]}{number:04d}"
                assert (await device.register())[-1].status == 200
            assert len(platform.registrar.records) == 50
            assert not hasattr(platform.record(device.identifier), "__dict__")

    run(scenario)


@pytest.mark.parametrize(("transport", "kept"), [("udp", True), ("tcp", False)])
def test_a_platform_that_takes_over_waits_for_those_whose_connection_ended(transport, kept):
    async def scenario():
        async with upper_platform() as first, device_of(first, transport) as device:
            await device.register()
            known = dict(first.registrar.records)
        async with upper_platform() as second:
            second.adopt(known)
            assert second.device(DEVICE).is_registered is kept

    asyncio.run(scenario())
