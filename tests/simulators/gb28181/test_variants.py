"""Unusual behaviours of the simulated device that are no quirks."""

from __future__ import annotations

import asyncio
import time

import pytest

from protocols.mpeg_ps.demultiplex import demultiplex
from simulators.camera.gb28181 import wire
from simulators.camera.gb28181.markup import date_time
from simulators.camera.gb28181.records import SEGMENT_S, records
from simulators.camera.gb28181.stream_faults import NO_KEY_S
from tests.simulators.gb28181.bench import Registrar, e, registered
from tests.simulators.gb28181.test_sessions import Receiver

HOURS_6 = 6 * 3600


async def spans_of(registrar: Registrar, start: float, end: float) -> list[tuple[str, str]]:
    """Beginning and end of every record that the device tells."""
    channel = "61010000001310001101"
    span = (e("StartTime", date_time(start)), e("EndTime", date_time(end)), e("Type", "all"))
    sn = await registrar.tell("Query", "RecordInfo", channel, *span)

    def whole() -> list[tuple[str, str]]:
        pages = [one for one in registrar.of("RecordInfo") if one.sn == sn]
        found = [
            (item.findtext("StartTime") or "", item.findtext("EndTime") or "")
            for page in pages
            for item in page.root.iter("Item")
        ]
        return found if pages and len(found) == int(pages[0].text("SumNum")) else []

    found: list[tuple[str, str]] = await registrar.until(whole)
    return found


async def test_slow_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SLOW_S", 0.3)
    for names, least, most in ((["gb-slow-answers"], 0.6, 5.0), ([], 0.0, 0.6)):
        async with registered(*names) as (registrar, _device):
            begun = time.monotonic()
            answer = await registrar.ask("DeviceStatus")
            assert answer.text("Result") == "OK"
            assert least <= time.monotonic() - begun < most


async def test_records_with_gaps() -> None:
    async with registered("gb-record-gaps") as (registrar, device):
        now = device.state.clock.now()
        kept = list(records(device.state, now - HOURS_6, now))
        missing = HOURS_6 / SEGMENT_S - len(kept)
        assert 1 <= missing <= 4
        assert all(one.start // SEGMENT_S % 5 != 2 for one in kept)
        told = await spans_of(registrar, now - HOURS_6, now)
        assert told == [(date_time(one.start), date_time(one.end)) for one in kept]


async def test_no_key_picture_at_first() -> None:
    for names, key in ((["no-iframe-for-10s"], False), ([], True)):
        async with registered(*names) as (registrar, device):
            receiver = Receiver(registrar, device)
            try:
                await receiver.invite()
                await receiver.gather(60)
                units = demultiplex(receiver.stream()).access_units
                assert any(unit.key for unit in units) is key
                (session,) = device.sessions._sessions.values()
                assert session.stream.plan.keyless_s == (0.0 if key else NO_KEY_S)
            finally:
                await receiver.close()
                await asyncio.sleep(0)
