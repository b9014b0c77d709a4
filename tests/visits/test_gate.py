from __future__ import annotations

import asyncio

import pytest

from visits.gate import Gate


async def test_who_has_most_left_comes_first_and_nobody_beyond_the_places() -> None:
    gate, order, inside, most = Gate(2), [], 0, 0
    work = asyncio.Event()

    async def one(left_s: float) -> None:
        nonlocal inside, most
        async with gate.passed(left_s):
            inside += 1
            most = max(most, inside)
            order.append(left_s)
            await work.wait()
            inside -= 1

    tasks = [asyncio.create_task(one(left_s)) for left_s in (5.0, 1.0, 2.0, 9.0, 3.0, 9.0)]
    while len(order) < 2:
        await asyncio.sleep(0)
    work.set()
    await asyncio.gather(*tasks)
    assert order == [5.0, 1.0, 9.0, 9.0, 3.0, 2.0]
    assert most == 2


@pytest.mark.parametrize("called", [False, True])
async def test_who_gives_up_takes_nobodys_place(called: bool) -> None:
    gate = Gate(1)
    async with asyncio.timeout(2):
        holding = gate.passed(1.0)
        await holding.__aenter__()
        waiting = asyncio.create_task(_once(gate))
        await asyncio.sleep(0)
        if called:  # its place is given to it in the same moment
            await holding.__aexit__(None, None, None)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if not called:
            await holding.__aexit__(None, None, None)
        await _once(gate)


async def _once(gate: Gate) -> None:
    async with gate.passed(1.0):
        pass
