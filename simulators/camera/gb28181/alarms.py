"""The alarm input and what the platform is told of it (clause 9.4, annex A.2.5 b)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulators.behaviours import defect
from simulators.camera.gb28181.markup import Element, date_time, e
from simulators.camera.onvif.event_queue import NO_ALARM_INPUT

if TYPE_CHECKING:
    from simulators.camera.gb28181.device import GbDevice

NOT_SENT = defect("alarm-not-sent", "An alarm is raised at the device and never told.")
METHOD_WRONG = defect(
    "alarm-method-wrong", "The alarm of the alarm input is told as a video alarm (AlarmMethod 5)."
)
INPUT_DEAD = defect("alarm-input-dead", "Closing the contact at the alarm input does nothing.")

_TRIES = 4
_PATIENCE_S = 4.0
_BETWEEN_S = 1.0


async def contact(device: GbDevice, closed: bool) -> None:
    """The contact at the alarm input was closed or opened."""
    state, memory = device.state, device.memory
    if state.has(INPUT_DEAD) or state.has(NO_ALARM_INPUT):
        return
    was, memory.input_closed = memory.input_closed, closed
    # A second alarm of method 2 waits for ResetAlarm (note to A.2.5 b).
    if closed and not was and memory.guarded and not memory.alarming:
        memory.alarming = True
        device.spawn(_tell(device))


async def _tell(device: GbDevice) -> None:
    """Tell of the alarm until somebody has heard it."""
    if device.state.has(NOT_SENT):
        return
    source = device.settings.alarm_input_id
    fields = _fields(device)
    device.spawn(_notify(device, fields, source))
    body = device.body("Notify", "Alarm", str(device.next_sn()), source, fields)
    for _ in range(_TRIES):
        if await device.say(body, timeout=_PATIENCE_S):
            return
        await asyncio.sleep(_BETWEEN_S)


async def _notify(device: GbDevice, fields: list[Element], source: str) -> None:
    await device.subscriptions.tell("Alarm", fields, source)


def _fields(device: GbDevice) -> list[Element]:
    method = 5 if device.state.has(METHOD_WRONG) else 2
    fields = [
        e("AlarmPriority", 1),
        e("AlarmMethod", method),
        e("AlarmTime", date_time(device.state.clock.now())),
        e("AlarmDescription", "报警输入 1"),
        e("Longitude", "108.940174"),
        e("Latitude", "34.341568"),
    ]
    if method == 5:
        fields.append(e("Info", [e("AlarmType", 2)]))
    return fields
