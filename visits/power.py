"""The visit ``power``: what the port shows that feeds the camera, and a cut of its supply.

The port is read without any leave. It is cut only with leave to change the device, only when it
feeds, and never when what it has learnt says that another device is there; it is given back
whatever happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from protocols.hardware_address import another_device
from targets import onvif_reading as reading
from targets.errors import NETWORK_FAULTS, VisitProblem
from targets.onvif_client import OnvifFault
from targets.power_port import PortReading, PowerPorts
from visits.circumstances import Lengths, Visit
from visits.waiting import wait

_TRY_S = 3.0


async def record_power(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: nothing can be read that feeds the camera, or it failed.
    """
    ports = visit.circumstances.power
    if ports is None:
        raise VisitProblem("visit.no-power-rig", point=visit.camera.point)
    visit.needs_onvif()
    facts = visit.facts
    facts |= {"readings": [], "cut": None, "intrusive": visit.circumstances.intrusive}
    facts["own_macs"] = await _own_macs(visit)
    before = await _read(visit, ports, "before")
    strange = another_device(before.macs, facts["own_macs"])
    if before.delivering and visit.circumstances.intrusive and not strange:
        await _cut(visit, ports)


def planned_power(lengths: Lengths) -> float:
    """Seconds by plan."""
    return 2 * lengths.power_off + lengths.power_return


async def _own_macs(visit: Visit) -> list[str]:
    """The hardware addresses that the device tells of itself; none where it tells nothing."""
    try:
        await visit.client.connect()
        answer = await visit.client.optional("devicemgmt", "GetNetworkInterfaces")
    except VisitProblem:  # it is read all the same what the port shows of a silent camera
        return []
    return [str(one["mac"]) for one in reading.interfaces(answer) if one["mac"]]


async def _cut(visit: Visit, ports: PowerPorts) -> None:
    """Cut the supply until the camera is silent, give it back, wait until it answers."""
    point, lengths = visit.camera.point, visit.lengths
    cut: dict[str, Any] = {
        "at": visit.time.now(),
        "silent": None,
        "given": None,
        "waited_s": None,
        "back_s": None,
    }
    visit.facts["cut"] = cut
    try:
        await ports.feed(point, "off")
        cut["silent"] = await _within(visit, lengths.power_off, _is_silent)
        await _read(visit, ports, "off")
    finally:
        await ports.feed(point, "on")
    begun = visit.time.monotonic()
    cut["given"] = visit.time.now()
    back = await _within(visit, lengths.power_return, _is_back)
    cut["waited_s"] = round(visit.time.monotonic() - begun, 2)
    cut["back_s"] = cut["waited_s"] if back else None
    await _read(visit, ports, "after")


async def _read(visit: Visit, ports: PowerPorts, when: str) -> PortReading:
    shown = await ports.read(visit.camera.point)
    answers = await _answers(visit)
    visit.facts["readings"].append(
        {"when": when, "at": visit.time.now(), "answers": answers, **shown.document()}
    )
    return shown


async def _within(visit: Visit, seconds: float, so: Callable[[Visit], Awaitable[bool]]) -> bool:
    """Whether it becomes so within ``seconds``; asked again and again until then."""
    ends = visit.time.monotonic() + seconds
    while not await so(visit):
        if visit.time.monotonic() >= ends:
            return False
        await wait(visit.lengths.power_poll)
    return True


async def _is_silent(visit: Visit) -> bool:
    return not await _answers(visit)


async def _is_back(visit: Visit) -> bool:
    return await _answers(visit)


async def _answers(visit: Visit) -> bool:
    """Whether the camera answers on a new connection; what it answers has no bearing."""
    visit.client.close()
    try:
        async with asyncio.timeout(_TRY_S):
            await visit.client.call("devicemgmt", "GetSystemDateAndTime")
    except OnvifFault:
        return True
    except VisitProblem as problem:
        return problem.reason.code in _ANSWERED
    except NETWORK_FAULTS:
        return False
    return True


_ANSWERED = ("visit.unauthorised", "visit.malformed", "visit.not-offered", "visit.certificate")
