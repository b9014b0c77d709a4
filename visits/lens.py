"""The visit ``lens``: the zoom driven a little way and back, and seen before, there and back."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from targets.errors import VisitProblem
from targets.onvif_client import OnvifFault
from targets.onvif_reading import Facts
from targets.onvif_zoom import ZoomDrive
from visits.circumstances import Lengths, Visit
from visits.gb28181.lens import record_lens_by_registration
from visits.stream import main_of
from visits.stream_source import seconds_with_a_key_picture, take_profile
from visits.waiting import wait

#: Part of the whole way that the drive is sent: views of before and after still share most.
_SHARE = 0.1
_SPEED = 0.5
_LOOK_S = 0.2


async def record_lens(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes; the lens is left where it was found.

    By ONVIF where the camera speaks it, else by its registration. A lens without a drive is no
    problem of the visit: there is then the one capture only.

    Raises:
        VisitProblem: the device does not serve, or nothing was received.
    """
    if not visit.camera.speaks_onvif and visit.registers:
        await record_lens_by_registration(visit)
        return
    visit.needs_onvif()
    with visit.transcribed():
        await visit.client.connect()
        profile = await main_of(visit)
        drive = await ZoomDrive.find(visit.client, (profile or {}).get("token", ""))
        visit.facts.update({"offered": drive is not None, "move": None, "restored": None})
        seconds = seconds_with_a_key_picture(profile, visit.lengths.lamp)
        await take_profile(visit, profile, seconds, part="before.pcap")
        if drive is None:
            return
        async with _moved(visit, drive):
            await take_profile(
                visit, profile, visit.lengths.lens_settles + seconds, part="near.pcap"
            )
        await take_profile(visit, profile, seconds, part="back.pcap")


@asynccontextmanager
async def _moved(visit: Visit, drive: ZoomDrive) -> AsyncIterator[None]:
    """Out of its place while the block runs, and back in it afterwards."""
    position = await drive.position()
    target = drive.aside(position, _SHARE)
    move: Facts = {"way": "speed" if target is None else "position", "from": position, "to": target}
    visit.facts["move"] = move
    try:
        await _drive(visit, drive, target, inwards=True)
        move |= {"accepted": True, "detail": ""}
    except OnvifFault as fault:
        move |= {"accepted": False, "detail": str(fault)}
    try:
        yield
    finally:
        visit.facts["restored"] = False
        with contextlib.suppress(OnvifFault, VisitProblem):
            await _drive(visit, drive, None if target is None else position, inwards=False)
            visit.facts["restored"] = True


async def _drive(visit: Visit, drive: ZoomDrive, target: float | None, *, inwards: bool) -> None:
    """To ``target``, or without one for so long inwards or outwards; until it stands."""
    if target is not None:
        await drive.go(target)
    else:
        await drive.run(_SPEED if inwards else -_SPEED)
        await wait(visit.lengths.lens_move)
        await drive.stop()
    ends = visit.time.monotonic() + visit.lengths.lens_stands
    while await drive.moving() is not False and visit.time.monotonic() < ends:
        await wait(_LOOK_S)


def planned_lens(lengths: Lengths) -> float:
    """Seconds of the visit by plan."""
    drives = 2 * (lengths.lens_move + lengths.lens_stands + lengths.gb_move)
    return 3 * lengths.lamp + lengths.lens_settles + drives
