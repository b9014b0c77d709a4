"""A clock that is told by DeviceStatus only: offset and zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assessment.recording import Recording
from probes.beijing_time import measure_time_zone
from probes.clock_offset import measure_clock_offset

START = datetime(2026, 9, 21, 4, tzinfo=UTC)


def watched(offset_s: float, *, east_s: int = 28_800) -> Recording:
    polls: list[dict[str, Any]] = []
    for index in range(60):
        sent = START.timestamp() + index * 0.37
        shown = datetime.fromtimestamp(sent + 0.02 + offset_s, UTC) + timedelta(seconds=east_s)
        names = ("year", "month", "day", "hour", "minute", "second")
        polls.append(
            {
                "path": "gb28181",
                "sent": sent,
                "received": sent + 0.04,
                "utc": None,
                "local": {name: getattr(shown, name) for name in names},
            }
        )
    facts = {"polls": polls, "reference": {"error_s": 0.01, "source": "ntp"}}
    return Recording("clock", "p", START, START + timedelta(seconds=25), facts=facts)


def test_the_offset_comes_from_device_time() -> None:
    measured = measure_clock_offset(watched(0.3), second_convention="truncated")
    assert measured.value == pytest.approx(0.3, abs=0.1)
    assert set(measured.details["paths"]) == {"gb28181"}


def test_the_zone_is_beijing_or_utc() -> None:
    assert measure_time_zone(watched(0.3)).value == "+08:00"
    assert measure_time_zone(watched(0.3, east_s=0)).value == "+00:00"
