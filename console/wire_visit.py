"""The wire visit of a site: a live interface or the capture files that the site file names."""

from __future__ import annotations

import asyncio
import socket

from assessment.recording import Recording
from hardware_rigs.http_rig import HttpLinkSwitch
from targets.errors import VisitProblem, problem_of
from targets.site import Site, Wire
from visits.circumstances import Visit
from visits.desk import Recorder
from visits.wire import WireScope, capture_wire, import_capture
from visits.wire_sniffer import Sniffer

#: Time allowed for plugging the cable, on top of the watch itself.
_LINK_SECONDS = 10.0


def wire_recorder(site: Site) -> Recorder:
    """Records what goes over the wire between a camera and the platform of ``site``."""

    async def record(visit: Visit) -> None:
        if site.wire is None:
            raise VisitProblem("visit.no-wire")
        scope = WireScope(
            camera=await _address(visit.camera.host),
            platform=site.platform_addresses,
            own_addresses=_own_addresses(site, site.wire),
        )
        if site.wire.files:
            recording = await asyncio.to_thread(
                import_capture, visit.camera.point, scope, site.wire.files[0]
            )
        else:
            recording = await _capture(visit, site.wire, scope)
        _take_over(visit, recording)

    return record


def _own_addresses(site: Site, wire: Wire) -> tuple[str, ...]:
    """Whose flows are not judged: what the camera says to the harness is not for the platform."""
    listening = (site.gb28181.address,) if site.gb28181 is not None else ()
    return (*wire.own_addresses, *listening)


async def _capture(visit: Visit, wire: Wire, scope: WireScope) -> Recording:
    point = visit.camera.point
    switch = HttpLinkSwitch(wire.link, time_source=visit.time) if wire.link else None

    async def plug_and_watch() -> None:
        if switch is not None:
            await switch.set(point, "up")
        await asyncio.sleep(wire.seconds)

    if switch is not None:
        await switch.set(point, "down")
    return await capture_wire(
        point,
        scope,
        Sniffer(wire.interface),
        wire.seconds + _LINK_SECONDS,
        time_source=visit.time,
        during=plug_and_watch,
    )


def _take_over(visit: Visit, recording: Recording) -> None:
    visit.facts.update(recording.facts)
    for name, part in recording.parts.items():
        visit.draft.keep(name, part.read(), part.media_type)
    if recording.problem is not None:
        raise VisitProblem(recording.problem.code, **recording.problem.parameters)


async def _address(host: str) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as fault:
        raise problem_of(fault, waiting_for="name") from fault
    return str(found[0][4][0])
