"""The visits ``events:...``: something is played before the camera, and what it tells of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from protocols.onvif_topics import SCENE_EVENTS, begins, event_of_alarm, event_of_topic
from targets.errors import VisitProblem
from targets.gb28181.device import RegisteredDevice
from targets.pull_point import PullPoint, listed_topics
from targets.scene_rig import SceneRig
from visits.circumstances import Lengths, Visit
from visits.gb28181.alarm import subscribed_to_alarms
from visits.gb28181.control import on_duty
from visits.gb28181.script import conversation

EVENT_KINDS = tuple(f"events:{event}" for event in SCENE_EVENTS)
_PULL_SECONDS = 1
#: Setting up and taking down, on a slow device.
_SETUP_SECONDS = 60.0
Message = dict[str, Any]


class _Ear(Protocol):
    """By what the device tells of events."""

    async def hear(self, seconds: float) -> list[Message]:
        """What came within ``seconds``, or earlier, once something has come."""


class _PullEar:
    """ONVIF: a pull point."""

    def __init__(self, point: PullPoint) -> None:
        self._point = point

    async def hear(self, seconds: float) -> list[Message]:
        del seconds  # each pull is short: what is told is seen at once in any case
        return [one.fact() for one in await self._point.pull(_PULL_SECONDS)]


class _AlarmEar:
    """GB/T 28181: notifications of alarms."""

    def __init__(self, device: RegisteredDevice, since: float) -> None:
        self._device = device
        self._since = since
        self._heard = 0

    async def hear(self, seconds: float) -> list[Message]:
        await self._device.wait_for(lambda: len(self._all()) > self._heard, seconds)
        fresh = self._all()[self._heard :]
        self._heard += len(fresh)
        return [
            {
                "received": one.at,
                "topic": "",
                "utc": one.message.text("AlarmTime")[:40],
                "operation": "",
                "source": {"DeviceID": one.message.device},
                "data": {
                    "AlarmMethod": one.message.text("AlarmMethod")[:8],
                    "AlarmType": one.message.text("Info", "AlarmType")[:8],
                },
            }
            for one in fresh
        ]

    def _all(self) -> list[Any]:
        return self._device.notified_since(self._since, "Alarm")


def tells_of(message: Message, event: str) -> bool:
    """Whether a message tells that ``event`` has begun."""
    data = message["data"]
    if message["topic"]:
        return event_of_topic(message["topic"]) == event and begins(data)
    return event_of_alarm(data.get("AlarmMethod", ""), data.get("AlarmType", "")) == event


async def record_event(visit: Visit, event: str) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: the device tells of no events at all, or nothing plays them.
    """
    facts = visit.facts
    facts |= {"event": event, "way": None, "listed": None, "messages": [], "played": None}
    async with _listening(visit) as ear:
        rig = visit.circumstances.scene_rig
        if rig is None:
            raise VisitProblem("visit.no-scene-rig", what=event)
        facts["quiet"] = {"from": visit.time.now(), "until": None}
        await _gather(visit, ear, visit.lengths.event_quiet)
        facts["quiet"]["until"] = visit.time.now()
        await _play(visit, rig, ear, event)


async def _play(visit: Visit, rig: SceneRig, ear: _Ear, event: str) -> None:
    point, facts = visit.camera.point, visit.facts
    played = facts["played"] = {"asked": visit.time.now(), "done": None, "waited_s": None}
    try:
        await rig.play(point, event, "on")
        played["done"] = visit.time.now()

        def told() -> bool:
            return any(
                tells_of(one, event)
                for one in facts["messages"]
                if one["received"] >= played["asked"] and one["operation"] != "Initialized"
            )

        await _gather(visit, ear, visit.lengths.event_wait, told)
        played["waited_s"] = visit.time.now() - played["done"]
    finally:
        with contextlib.suppress(VisitProblem):
            await rig.play(point, event, "off")


async def _gather(
    visit: Visit, ear: _Ear, seconds: float, enough: Callable[[], bool] = lambda: False
) -> None:
    """Listen for ``seconds``, or until what came is enough."""
    ends = visit.time.monotonic() + seconds
    while not enough() and (left := ends - visit.time.monotonic()) > 0:
        before = visit.time.monotonic()
        heard = await ear.hear(left)
        visit.facts["messages"] += heard
        if not heard and visit.time.monotonic() - before < _PULL_SECONDS / 2:
            # Some devices answer an empty pull at once: they shall not be asked without a pause.
            await asyncio.sleep(_PULL_SECONDS / 2)


@asynccontextmanager
async def _listening(visit: Visit) -> AsyncIterator[_Ear]:
    """By ONVIF where the device has events there, else by its GB/T 28181 registration."""
    if visit.camera.speaks_onvif:
        await visit.client.connect()
    if visit.camera.speaks_onvif and visit.client.offers("events"):
        way = _by_onvif
    elif visit.registers:
        way = _by_registration
    elif visit.camera.speaks_onvif:
        raise VisitProblem("visit.not-offered", what="events", detail="GetServices")
    else:
        raise VisitProblem("visit.needs-onvif")
    async with way(visit) as ear:
        yield ear


@asynccontextmanager
async def _by_onvif(visit: Visit) -> AsyncIterator[_Ear]:
    visit.facts["way"] = "onvif"
    with visit.transcribed():
        point = PullPoint(visit.client, visit.time)
        try:
            visit.facts["listed"] = await listed_topics(visit.client)
            await point.open()
            yield _PullEar(point)
        finally:
            await point.close()


@asynccontextmanager
async def _by_registration(visit: Visit) -> AsyncIterator[_Ear]:
    visit.facts["way"] = "gb28181"
    async with conversation(visit) as script:
        device, since = script.device, script.now
        subscription = await subscribed_to_alarms(script)
        armed = on_duty(await script.status())
        await script.command("guard", [("GuardCmd", "SetGuard")], answered=True)
        try:
            yield _AlarmEar(device, since)
        finally:
            await script.command("reset", [("AlarmCmd", "ResetAlarm")], answered=True)
            if not armed:
                await script.command("guard-reset", [("GuardCmd", "ResetGuard")], answered=True)
            with script.step("unsubscribe"):
                await subscription.end()


def _recorder(event: str) -> Callable[[Visit], Awaitable[None]]:
    async def record(visit: Visit) -> None:
        await record_event(visit, event)

    return record


EVENT_RECORDERS = {f"events:{event}": _recorder(event) for event in SCENE_EVENTS}


def planned_events(lengths: Lengths) -> float:
    """Seconds of one of these visits by plan."""
    return _SETUP_SECONDS + lengths.event_quiet + lengths.event_wait
