"""A device that registers from an address of IPv6 is visited and judged like any other."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from assessment.recording import Recording
from probes.gb28181.judging import CONFORMS
from probes.gb28181.live import measure_live
from probes.gb28181.queries import measure_queries
from tests.visits.gb28181.equipment import QUICK, bench

HOST = "::1"
LENGTHS = replace(QUICK, gb_live=0.8, gb_after_bye=1.3)


@pytest.fixture(autouse=True, scope="module")
def _ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as trial:
            trial.bind((HOST, 0))
    except OSError as fault:
        pytest.fail(f"this machine has no ::1 ({fault}): switch IPv6 on for its loopback")


def test_devices_of_ipv6_register_answer_and_show_their_pictures():
    async def visited(transport: str) -> list[Recording]:
        async with bench(addresses=(HOST, HOST), transport=transport) as device:
            device.desk._circumstances = replace(device.desk._circumstances, lengths=LENGTHS)
            return [await device.visit(kind) for kind in ("queries", "live")]

    async def scenario():
        return await asyncio.gather(visited("udp"), visited("tls"))

    for recordings in asyncio.run(scenario()):
        for probe, recording in zip((measure_queries, measure_live), recordings, strict=True):
            found = probe(recording)
            assert found.value == CONFORMS, (found.spoilt, found.details)
            assert found.details["deviations"] == []
