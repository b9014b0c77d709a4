"""Polls of the visit ``clock`` by DeviceStatus: DeviceTime tells whole seconds of Beijing time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from protocols.errors import ProtocolError
from protocols.gb28181.times import parse_time
from targets.errors import VisitProblem
from visits.circumstances import Visit
from visits.clock_polling import watch_ticks

_BEIJING = timezone(timedelta(hours=8))
#: A device that does not come or does not answer is not waited for long: there may be other ways.
_COME_SECONDS = 10.0


async def gb28181_polls(visit: Visit) -> list[dict[str, Any]]:
    """Polls as docs/recordings.md has them; none when the device is not there or does not tell."""
    device = visit.gb28181
    only = visit.camera.only_registers
    try:
        await device.registered(visit.lengths.gb_come if only else _COME_SECONDS)
        if await _ask(visit) is None:
            return []
        return await watch_ticks(
            lambda: _ask(visit),
            time_source=visit.time,
            seconds=visit.lengths.clock,
            polls=visit.lengths.clock_polls,
            seed=visit.circumstances.seed,
        )
    except VisitProblem:
        if only:
            raise
        return []


async def _ask(visit: Visit) -> dict[str, Any] | None:
    """One poll, stamped where the message left and where its answer came."""
    time = visit.time
    before, before_mono = time.now(), time.monotonic()
    exchange = await visit.gb28181.query("DeviceStatus", seconds=visit.lengths.gb_answer)
    if not exchange.pages:
        return None
    try:
        moment = datetime.fromtimestamp(
            parse_time(exchange.pages[0].text("DeviceTime"))[0], _BEIJING
        )
    except (ProtocolError, ValueError, OverflowError):
        return None
    received = exchange.arrived[0]
    names = ("year", "month", "day", "hour", "minute", "second")
    return {
        "path": "gb28181",
        "sent": exchange.sent_at,
        "received": received,
        "sent_mono": before_mono + (exchange.sent_at - before),
        "received_mono": before_mono + (received - before),
        "utc": None,
        "local": {name: getattr(moment, name) for name in names},
        "time_zone": None,
        "type": None,
        "daylight_saving": False,
    }
