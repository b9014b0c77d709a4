"""The visit ``alarm-output``: the alarm output commanded on and off, and read back each time."""

from __future__ import annotations

import contextlib
from typing import Any

from protocols.xml_reading import children, words
from targets.errors import VisitProblem
from targets.onvif_client import OnvifFault
from targets.pull_point import PullPoint, Told
from visits.circumstances import Visit

_RELAY_TOPIC = "Device/Trigger/Relay"
_PULL_SECONDS = 1


async def record_alarm_output(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes; the output is left as it was found.

    Raises:
        VisitProblem: the device does not serve, or has no output by ONVIF.
    """
    visit.needs_onvif()
    with visit.transcribed():
        await _record(visit)


async def _record(visit: Visit) -> None:
    client, facts = visit.client, visit.facts
    await client.connect()
    answer = await client.require("devicemgmt", "GetRelayOutputs")
    relay = next(children(answer, "RelayOutputs"), None)
    if relay is None:
        raise VisitProblem("visit.not-offered", what="RelayOutputs", detail="GetRelayOutputs")
    facts["token"] = token = relay.get("token", "")
    facts["mode"] = words(relay, "Properties", "Mode")
    facts["idle"] = words(relay, "Properties", "IdleState")
    facts |= {"steps": [], "restored": None}
    point = PullPoint(client, visit.time)
    events = client.offers("events")
    try:
        if events:
            await point.open()
        before = await _read(visit, point if events else None, token)
        facts["before"] = before
        try:
            for state in ("active", "inactive"):
                facts["steps"].append(await _step(visit, point if events else None, token, state))
        finally:
            await _restore(visit, token, before)
    finally:
        await point.close()


async def _step(visit: Visit, point: PullPoint | None, token: str, state: str) -> dict[str, Any]:
    step: dict[str, Any] = {"commanded": state, "accepted": True, "detail": ""}
    try:
        await _command(visit, token, state)
    except OnvifFault as fault:
        step |= {"accepted": False, "detail": str(fault)}
    return step | await _read(visit, point, token)


async def _command(visit: Visit, token: str, state: str) -> None:
    await visit.client.call(
        "devicemgmt", "SetRelayOutputState", RelayOutputToken=token, LogicalState=state
    )


async def _read(visit: Visit, point: PullPoint | None, token: str) -> dict[str, Any]:
    """What the device tells of its relay now, and how the contact stands by the rig's meter."""
    told: str | None = None
    if point is not None:
        for one in await point.pull(_PULL_SECONDS):
            if _is_of(one, token):
                told = one.data.get("LogicalState", "")
    contact: str | None = None
    if (rig := visit.circumstances.scene_rig) is not None:
        contact = await rig.output(visit.camera.point)
    return {"told": told, "contact": contact}


def _is_of(told: Told, token: str) -> bool:
    return told.topic == _RELAY_TOPIC and told.source.get("RelayToken", token) == token


async def _restore(visit: Visit, token: str, before: dict[str, Any]) -> None:
    """As the device told it was; inactive, as it is delivered, where it did not tell."""
    with contextlib.suppress(OnvifFault, VisitProblem):
        await _command(visit, token, "active" if before["told"] == "active" else "inactive")
        visit.facts["restored"] = True
