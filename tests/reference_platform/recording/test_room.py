"""Recording inside a whole platform: alarms, retention asked for, defects that show in the API."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reference_platform.platform import Platform
from reference_platform.ports import Span
from reference_platform.recording.planting import Planted, PlantedSegments, plant
from reference_platform.recording.storage import StorageLimits
from reference_platform.times import moment
from tests.reference_platform.platforms import CHEAP, Client, administrator, settings_for
from tests.reference_platform.recording.bench import CHANNEL

DAY = 86_400.0


@asynccontextmanager
async def _platform(
    folder: Path, *behaviours: str, days: float = 8.0, **named: Any
) -> AsyncIterator[tuple[Platform, Client, float]]:
    """A platform with planted days up to a minute ago, its administrator, and when that is."""
    settings = settings_for(
        folder, "127.44.0.1", behaviours=frozenset(behaviours), default_record=False
    )
    now = time.time() // 60 * 60 - 60
    plant(settings.data / "recordings", Planted(CHANNEL), [Span(now - days * DAY, now)])
    formats = (PlantedSegments(),)
    platform = Platform(settings, password_cost=CHEAP, recording_formats=formats, **named)
    await platform.start()
    try:
        admin = await administrator(platform)
        try:
            await admin.ok("POST", "/api/devices", {"id": CHANNEL, "name": "Gate"})
            body = {"id": CHANNEL, "device": CHANNEL, "name": "Gate"}
            await admin.ok("POST", "/api/channels", body)
            yield platform, admin, now
        finally:
            await admin.close()
    finally:
        await platform.close()


async def _listed(admin: Client, start: float, end: float) -> Any:
    query = {
        "channel": CHANNEL,
        "start": moment(start).isoformat(),
        "end": moment(end).isoformat(),
    }
    return await admin.ok("GET", "/api/recordings", params=query)


async def test_eight_days_are_there_without_a_gap(tmp_path: Path) -> None:
    async with _platform(tmp_path) as (_, admin, now):
        found = await _listed(admin, now - 8 * DAY, now)
        assert len(found["spans"]) == 1
        assert found["gaps"] == []
        storage = await admin.ok("GET", "/api/recordings/storage")
        assert storage["days"][CHANNEL] == pytest.approx(8, abs=0.01)
        assert storage["alarms"] == []
        assert await admin.ok("GET", "/api/alarms") == []


async def test_a_full_disk_raises_alarms_and_everything_else_goes_on(tmp_path: Path) -> None:
    limits = StorageLimits(reserve_bytes=1 << 60)
    async with _platform(tmp_path, storage_limits=limits) as (_, admin, now):
        alarms = await admin.ok("GET", "/api/alarms", headers={"Accept-Language": "zh"})
        assert {alarm["kind"] for alarm in alarms} == {"storage.full", "storage.below-guarantee"}
        assert any("7 天" in alarm["message"] for alarm in alarms)
        assert (await _listed(admin, now - 7 * DAY + 300, now))["gaps"] == []


async def test_a_contract_keeps_recordings_longer_than_their_channel_asks(tmp_path: Path) -> None:
    async with _platform(tmp_path) as (platform, admin, _):
        customer = await admin.ok("POST", "/api/customers", {"name": "Community"})
        body = {"customer": customer["id"], "channels": [CHANNEL], "retention_days": 40}
        await admin.ok("POST", "/api/services", body)
        (wanted,) = await platform.recording._wanted()
        assert wanted.days == 40
        await platform.recording.recorder.look()
        assert platform.recording.recorder._days == {CHANNEL: 40}


@pytest.mark.parametrize(
    ("defect", "days", "holes"), [("six-days-only", 6, 1), ("overwritten-early", 4.5, 20)]
)
async def test_defects_of_retention_show(
    tmp_path: Path, defect: str, days: float, holes: int
) -> None:
    async with _platform(tmp_path, defect) as (_, admin, now):
        found = await _listed(admin, now - 7 * DAY, now)
        missing = sum(_seconds(gap["end"]) - _seconds(gap["start"]) for gap in found["gaps"])
        assert 7 - missing / DAY == pytest.approx(days, abs=0.1)
        assert len(found["gaps"]) >= holes
        assert await admin.ok("GET", "/api/alarms") == []


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
