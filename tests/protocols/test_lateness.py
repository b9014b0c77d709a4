"""How late an event loop is."""

import asyncio
import time

from protocols.lateness import Lateness


async def test_a_loop_that_stood_still_is_late_and_an_idle_one_is_not():
    async with Lateness() as idle:
        await asyncio.sleep(0.2)
    told: list[float] = []
    async with Lateness(told.append) as busy:
        await asyncio.sleep(0.06)
        time.sleep(0.5)
        await asyncio.sleep(0.06)
    assert 0.4 < busy.worst_s < 5.0
    assert max(told) == busy.worst_s
    assert idle.worst_s < busy.worst_s
