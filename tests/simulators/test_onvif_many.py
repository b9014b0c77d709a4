from __future__ import annotations

from benchmarks.onvif_many import measure

MOST_KIB = 200


async def test_many_cameras_in_one_process_are_small() -> None:
    cost = await measure(60)
    assert cost.kib_each < MOST_KIB
    assert cost.cpu_ms_each < 100
