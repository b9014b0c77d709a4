"""The camera's own detectors: what happens before it, and whom it tells (ONVIF, GB/T 28181)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from protocols.onvif_topics import gb28181_type
from simulators.behaviours import defect, variant
from simulators.camera.gb28181.markup import date_time, e
from simulators.camera.onvif import event_queue
from simulators.camera.onvif.event_queue import Events
from simulators.camera.state import CameraState

if TYPE_CHECKING:
    from simulators.camera.gb28181.device import GbDevice

MISSING = defect("event-missing", "What the camera should detect happens, and it tells nobody.")
LATE = defect("event-late", "Events are told 6.5 s after they began.")
NOWHERE = defect("event-without-source", "Events do not say which source or rule they come from.")
SLOW = variant("event-after-2s", "Events are told 2 s after they began.")
REPEATED = variant("event-repeated", "Each event is told three times.")
LATE_S, SLOW_S = 6.5, 2.0

_RULE = {
    "VideoSourceConfigurationToken": "source_config",
    "VideoAnalyticsConfigurationToken": "analytics",
}
#: Topic, source (``None``: the topic's own), data while it lasts, data when it is over.
_OF_EVENT: Mapping[
    str, tuple[str, Mapping[str, str] | None, Mapping[str, str], Mapping[str, str] | None]
] = {
    "line-crossing": (
        event_queue.LINE_CROSSED, {**_RULE, "Rule": "line"}, {"ObjectId": "7"}, None,
    ),
    "intrusion": (
        event_queue.FIELD_INTRUSION, None,
        {"IsInside": "true", "ObjectId": "7"}, {"IsInside": "false", "ObjectId": "7"},
    ),
    "sound": (
        event_queue.SOUND, None, {"isSoundDetected": "true"}, {"isSoundDetected": "false"},
    ),
    "defocus": (event_queue.DEFOCUS, None, {"State": "true"}, {"State": "false"}),
    "motion": (event_queue.MOTION_ALARM, None, {"State": "true"}, {"State": "false"}),
}  # fmt: skip


class Detectors:
    """All detectors of one camera; ``gb28181`` is its GB/T 28181 side, if it has one."""

    def __init__(self, state: CameraState, events: Events, gb28181: GbDevice | None = None) -> None:
        self._state = state
        self._events = events
        self._gb28181 = gb28181
        self._tasks: set[asyncio.Task[None]] = set()

    def see(self, event: str, lasts: bool) -> None:
        """An event of ``protocols.onvif_topics.SCENE_EVENTS`` begins, or is over."""
        if self._state.has(MISSING):
            return
        task = asyncio.get_running_loop().create_task(self._tell(event, lasts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Forget what was not told yet."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, event: str, lasts: bool) -> None:
        delays = ((LATE, LATE_S), (SLOW, SLOW_S))
        await asyncio.sleep(next((delay for name, delay in delays if self._state.has(name)), 0.0))
        topic, source, begun, over = _OF_EVENT[event]
        data = begun if lasts else over
        if data is None:
            return
        if self._state.has(NOWHERE):
            source = {}
        for _ in range(3 if self._state.has(REPEATED) else 1):
            self._events.emit(topic, source, data)
        kind = gb28181_type(event)
        if lasts and kind is not None and self._gb28181 is not None:
            await self._tell_platform(self._gb28181, kind)

    async def _tell_platform(self, device: GbDevice, kind: int) -> None:
        """A video alarm (GB/T 28181-2016 A.2.5 b, AlarmMethod 5)."""
        if not device.memory.guarded:
            return
        fields = [
            e("AlarmPriority", 2),
            e("AlarmMethod", 5),
            e("AlarmTime", date_time(self._state.clock.now())),
            e("Info", [e("AlarmType", kind)]),
        ]
        channel = device.settings.device_id
        await device.subscriptions.tell("Alarm", fields, channel)
        await device.say(device.body("Notify", "Alarm", str(device.next_sn()), channel, fields))
