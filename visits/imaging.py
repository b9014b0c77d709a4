"""The visits ``wide-dynamic`` and ``highlight``: a function of the sensor off and on, and seen.

The scene of sun and shade comes from a light box; without one, what stands before the camera is
recorded as it is, and the probe says whether that is contrast enough.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from targets.errors import VisitProblem
from targets.onvif_client import OnvifFault
from targets.onvif_imaging import FUNCTIONS, ImagingSwitch
from targets.onvif_reading import Facts
from visits.circumstances import Lengths, Visit
from visits.stream import main_of
from visits.stream_source import seconds_with_a_key_picture, take_profile
from visits.waiting import wait

IMAGING_KINDS = tuple(FUNCTIONS)


async def record_imaging(visit: Visit, wanted: str) -> None:
    """Fill the draft as docs/recordings.md describes; the setting is left as it was found.

    Raises:
        VisitProblem: the device does not serve, or nothing was received.
    """
    visit.needs_onvif()
    with visit.transcribed():
        await visit.client.connect()
        profile = await main_of(visit)
        source = str((profile or {}).get("video_source") or "")
        switch = await ImagingSwitch.find(visit.client, source, wanted)
        visit.facts["function"] = None if switch is None else switch.name
        visit.facts["offered"] = [] if switch is None else switch.modes
        visit.facts.update({"before": None, "answers": [], "restored": None})
        if switch is None:
            return
        await _light(visit)
        await _off_and_on(visit, switch, profile)


async def _light(visit: Visit) -> None:
    """A scene of sun and shade where a rig can make one."""
    try:
        await visit.need_light("high-contrast")
    except VisitProblem as problem:
        if problem.reason.code != "visit.no-rig":
            raise
        visit.facts["light"] = {"level": "as-found", "source": "device"}


async def _off_and_on(visit: Visit, switch: ImagingSwitch, profile: Facts | None) -> None:
    visit.facts["before"] = before = await switch.read()
    seconds = seconds_with_a_key_picture(profile, visit.lengths.lamp)
    try:
        for state in ("off", "on"):
            visit.facts["answers"].append(await _switched(switch, state, before["level"]))
            await wait(visit.lengths.imaging_settles)
            await take_profile(visit, profile, seconds, part=f"{state}.pcap")
    finally:
        visit.facts["restored"] = await _restored(switch, before)


async def _switched(switch: ImagingSwitch, state: str, level: float | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"state": state, "accepted": True, "detail": "", "told": None}
    try:
        await switch.set(state.upper(), level)
    except OnvifFault as fault:
        answer |= {"accepted": False, "detail": str(fault)}
    answer["told"] = (await switch.read())["mode"]
    return answer


async def _restored(switch: ImagingSwitch, before: Facts) -> bool:
    """Whether the device took back what it told before; off where it told nothing."""
    with contextlib.suppress(OnvifFault, VisitProblem):
        await switch.set(before["mode"] or "OFF", before["level"])
        return True
    return False


def _recorder(wanted: str) -> Callable[[Visit], Awaitable[None]]:
    async def record(visit: Visit) -> None:
        await record_imaging(visit, wanted)

    return record


IMAGING_RECORDERS = {kind: _recorder(kind) for kind in IMAGING_KINDS}


def planned_imaging(lengths: Lengths) -> float:
    """Seconds of one of these visits by plan."""
    return 2 * (lengths.imaging_settles + lengths.lamp)
