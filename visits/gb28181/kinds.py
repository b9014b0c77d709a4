"""Every kind of GB/T 28181 visit by name, in the order in which a device is best visited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from visits.circumstances import Visit
from visits.gb28181.alarm import record_alarm
from visits.gb28181.broadcast import record_broadcast
from visits.gb28181.clock import record_gb28181_clock
from visits.gb28181.control import record_control
from visits.gb28181.keepalive import record_keepalive
from visits.gb28181.live import record_live
from visits.gb28181.platform import record_platform
from visits.gb28181.protection import record_protection
from visits.gb28181.queries import record_queries
from visits.gb28181.records import record_records
from visits.gb28181.registration import record_registration

GB28181_RECORDERS: Mapping[str, Callable[[Visit], Awaitable[None]]] = {
    "gb28181:registration": record_registration,
    "gb28181:keepalive": record_keepalive,
    "gb28181:queries": record_queries,
    "gb28181:live": record_live,
    "gb28181:control": record_control,
    "gb28181:records": record_records,
    "gb28181:alarm": record_alarm,
    "gb28181:broadcast": record_broadcast,
    "gb28181:clock": record_gb28181_clock,
    "gb28181:protection": record_protection,
    "gb28181:platform": record_platform,
}
