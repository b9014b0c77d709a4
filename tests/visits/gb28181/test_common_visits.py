import asyncio

import pytest

from tests.visits.gb28181.equipment import bench, steps


def test_keepalives_are_watched_and_then_left_without_an_answer():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("keepalive")
            assert recording.problem is None
            silence = steps(recording, "silence")[0]
            assert silence["registered_again"]
            assert 3 <= silence["withheld"] <= 6

    asyncio.run(scenario())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_every_query_is_answered(transport):
    async def scenario():
        async with bench(transport=transport) as made:
            recording = await made.visit("queries")
            assert recording.problem is None
            assert all(one["answered"] for one in recording.facts["steps"])
            assert [one["name"] for one in recording.facts["steps"]] == [
                "catalog", "device-info", "device-status", "config-download", "preset-query",
            ]  # fmt: skip

    asyncio.run(scenario())
