import asyncio

import pytest

from protocols.gb28181.manscdp import Listing, build_manscdp
from tests.targets.gb28181.scripted import DEVICE, device_of, upper_platform


def run(scenario) -> None:
    asyncio.run(scenario())


def pages(question, sizes, total):
    return [
        build_manscdp(
            "Response", "Catalog", question.sn, DEVICE,
            [("SumNum", total), ("DeviceList", Listing([{"DeviceID": DEVICE}] * size))],
        )
        for size in sizes
    ]  # fmt: skip


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_paged_answer_is_collected_to_its_end(transport):
    async def scenario():
        async with upper_platform() as platform, device_of(platform, transport) as device:
            await device.register()
            device.answer = lambda question: pages(question, [2, 2, 1], 5)
            exchange = await platform.device(DEVICE).query("Catalog", seconds=2)
            assert exchange.complete
            assert len(exchange.pages) == 3

    run(scenario)


def test_an_answer_to_another_question_is_left_out(monkeypatch):
    monkeypatch.setattr("targets.gb28181.exchange.GAP_SECONDS", 0.1)

    async def scenario():
        async with upper_platform() as platform, device_of(platform) as device:
            await device.register()

            def answer(question):
                other = build_manscdp("Response", "Catalog", question.sn + 1, DEVICE, {})
                return [other, *pages(question, [1], 3)]

            device.answer = answer
            exchange = await platform.device(DEVICE).query("Catalog", seconds=2)
            assert exchange.answered
            assert not exchange.complete
            assert len(exchange.pages) == 1

    run(scenario)
