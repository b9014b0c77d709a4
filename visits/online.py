"""The visit ``online``: whether the device itself answers, lets us in and delivers a picture."""

from __future__ import annotations

import asyncio
from typing import Any

from targets.camera import CameraTarget
from targets.errors import VisitProblem
from targets.onvif_client import OnvifClient
from targets.onvif_media import CameraMedia
from targets.rtsp_client import RtspSession, open_session
from visits.circumstances import JPEG, Visit
from visits.gb28181.online import gb28181_picture
from visits.key_picture import key_picture
from visits.stream_source import main_profile, seconds_with_a_key_picture
from visits.waiting import wait

_LEAST_SECONDS = 2.0


async def record_online(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes: a device that is away is a result."""
    facts = visit.facts
    polls: list[dict[str, Any]] = []
    facts["polls"] = polls
    facts["expected"] = visit.lengths.online_polls
    facts["declared_online"] = None
    camera = visit.camera
    started = visit.time.monotonic()
    for number in range(visit.lengths.online_polls):
        due = started + number * visit.lengths.online_interval
        await wait(max(0.0, due - visit.time.monotonic()))
        poll = await _poll(visit, camera)
        polls.append(poll)
        if poll["detail"] == "visit.unauthorised":
            camera = camera.without_password()  # one try: the account is not to be locked


async def _poll(visit: Visit, camera: CameraTarget) -> dict[str, Any]:
    poll: dict[str, Any] = {
        "at": visit.time.now(),
        "answers": False,
        "authenticates": False,
        "picture": False,
        "detail": "",
    }
    try:
        picture = await _ask(visit, camera, poll)
    except VisitProblem as problem:
        poll["detail"] = problem.reason.code
        # A refusal, a malformed or an unexpected answer is an answer all the same.
        poll["answers"] = poll["answers"] or problem.reason.code in _ANSWERED
        return poll
    poll["picture"] = picture is not None
    if picture is None:
        poll["detail"] = "no-key-picture"
    else:
        visit.draft.keep("picture.jpg", picture, JPEG)
    return poll


_ANSWERED = frozenset(
    {"visit.unauthorised", "visit.malformed", "visit.too-much", "visit.not-offered"}
)


async def _ask(visit: Visit, camera: CameraTarget, poll: dict[str, Any]) -> bytes | None:
    """One poll on connections of its own; marks in ``poll`` how far it came."""
    if camera.only_registers:
        return await gb28181_picture(visit, poll)
    if not camera.speaks_onvif:
        return await _picture(visit, camera, poll, camera.stream_uri, _LEAST_SECONDS)
    client = OnvifClient(camera, time_source=visit.time)
    try:
        media = CameraMedia(client)
        await client.require("devicemgmt", "GetSystemDateAndTime")
        poll["answers"] = True
        profile = main_profile(await media.profiles())
        uri = await media.stream_uri(profile["token"])
    finally:
        client.close()
    seconds = seconds_with_a_key_picture(profile, _LEAST_SECONDS)
    return await _picture(visit, camera, poll, uri, seconds)


async def _picture(
    visit: Visit, camera: CameraTarget, poll: dict[str, Any], uri: str, seconds: float
) -> bytes | None:
    """A key picture by the transport that loses nothing."""
    async with open_session(camera, uri, time_source=visit.time) as session:
        poll["answers"] = True
        description = await session.describe()
        poll["authenticates"] = True
        await session.set_up(description, udp=False)
        reception = await session.play(seconds)
        return await asyncio.to_thread(_decode, session, reception.capture.packets)


def _decode(session: RtspSession, packets: list[tuple[int, int, bytes]]) -> bytes | None:
    for number, track in enumerate(session.tracks):
        payload_type = next(iter(track.media.payload_types), None)
        if track.media.kind != "video" or payload_type is None:
            continue
        mapped = track.media.rtpmap(payload_type)
        return key_picture(
            (data for _, flow, data in packets if flow == 2 * number),
            mapped.encoding.upper() if mapped else "",
            track.media.fmtp_parameters(payload_type),
        )
    return None
