"""What devices tell unasked: keepalives, alarms, changes of their catalogue (9.4, 9.6, 9.11)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from protocols.gb28181.alarms import Alarm, build_alarm_answer, read_alarm
from protocols.gb28181.catalog import read_catalog
from protocols.gb28181.control import build_alarm_reset
from protocols.gb28181.manscdp import Manscdp
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError

if TYPE_CHECKING:
    from reference_platform.signalling.devices import Registered
    from reference_platform.signalling.server import SignallingServer

SECOND_DROPPED = defect(
    "second-alarm-dropped",
    "Of each device the first alarm is shown and no other.",
    "wvp-GB28181-pro#483, #1111, #1130",
)
_REMEMBERED = 10_000
_ALARM_BY_DEVICE = 2
_SAME_ALARM_S = 60.0
#: Changes after which the whole catalogue is asked for again.
_ANEW = ("ADD", "DEL", "UPDATE")


class Notices:
    """Takes notifications.

    Attributes:
        heard: the alarms of late, so that none is taken twice.
    """

    def __init__(self, server: SignallingServer) -> None:
        self._server = server
        self.heard: OrderedDict[tuple[object, ...], float] = OrderedDict()
        self._alarmed: set[str] = set()

    def take(self, device: Registered, message: Manscdp) -> None:
        """One notification, already answered 200."""
        if message.command == "Alarm":
            self._alarm(device, message)
        elif message.command == "Catalog":
            page = read_catalog(message)
            if any(one.event in _ANEW for one in page.items):
                self._server.ask_catalogue(device)
            elif page.items:
                directory = self._server.directory
                self._server.behind(directory.channel_states(device.id, page.items))

    def _alarm(self, device: Registered, message: Manscdp) -> None:
        """Note an alarm and answer it; by MESSAGE and NOTIFY it may come twice."""
        server = self._server
        alarm = read_alarm(message)
        answer = build_alarm_answer(message.sn, message.device, charset=device.charset)
        server.behind(self._say(device, answer))
        if self._is_repeated(device, alarm):
            return
        if server.has(SECOND_DROPPED) and device.id in self._alarmed:
            return
        self._alarmed.add(device.id)
        server.behind(server.directory.alarm(device.id, alarm, server.time.now()))
        if alarm.method == _ALARM_BY_DEVICE:
            # Until it is reset a device may tell of no further one (note to A.2.5 b).
            reset = build_alarm_reset(
                server.next_sn(), message.device, method="2", charset=device.charset
            )
            server.behind(self._say(device, reset))

    def _is_repeated(self, device: Registered, alarm: Alarm) -> bool:
        now = self._server.time.monotonic()
        key = (device.id, alarm.device, alarm.method, alarm.alarm_type, alarm.time_text)
        last = self.heard.get(key)
        self.heard[key] = now
        self.heard.move_to_end(key)
        while len(self.heard) > _REMEMBERED:
            self.heard.popitem(last=False)
        return last is not None and now - last < _SAME_ALARM_S

    async def _say(self, device: Registered, body: bytes) -> None:
        try:
            await self._server.asking.tell(device, device.id, body)
        except PlatformError:
            return  # it will tell of the alarm again
