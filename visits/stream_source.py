"""Which stream of a camera a visit takes, and taking it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.reason import Reason
from targets.errors import VisitProblem
from targets.onvif_reading import Facts
from targets.rtsp_client import Reception, RtspSession, open_session
from visits.circumstances import PCAP, SDP, Visit

#: A short capture is stretched over so many groups of pictures, so that it holds a key picture.
_GROUPS = 1.25
_LONGEST_GROUP = 8.0


def main_profile(profiles: list[Facts]) -> Facts:
    """The profile with the largest picture, the first of equals.

    Raises:
        VisitProblem: no profile holds video.
    """
    return max(_with_video(profiles), key=_area)


def sub_profile(profiles: list[Facts]) -> Facts:
    """The profile with the smallest picture.

    Raises:
        VisitProblem: there is no second size.
    """
    smallest = min(_with_video(profiles), key=_area)
    if _area(smallest) >= _area(main_profile(profiles)):
        raise VisitProblem("visit.not-offered", what="sub-stream", detail="profiles")
    return smallest


def _with_video(profiles: list[Facts]) -> list[Facts]:
    found = [one for one in profiles if one["video"] is not None]
    if not found:
        raise VisitProblem("visit.not-offered", what="video", detail="profiles")
    return found


def _area(profile: Facts) -> int:
    video = profile["video"]
    return (video["width"] or 0) * (video["height"] or 0)


def seconds_with_a_key_picture(profile: Facts | None, least: float) -> float:
    """``least``, or longer where the declared group of pictures is longer."""
    video = profile["video"] if profile else None
    if not video or not video["gop"] or not video["frame_rate"]:
        return least
    group: float = _GROUPS * video["gop"] / video["frame_rate"]
    return max(least, min(_LONGEST_GROUP, group))


async def take_profile(
    visit: Visit, profile: Facts | None, seconds: float, *, part: str = "packets.pcap"
) -> RtspSession:
    """Record ``seconds`` of ``profile`` (``None``: the camera's own RTSP address) into the draft.

    Raises:
        VisitProblem: nothing was received; what is known is in the draft.
    """
    facts = visit.facts
    facts["profile"] = declared(profile)
    facts["asked_seconds"] = seconds
    secure = visit.camera.options.transport == "rtsps" or visit.camera.scheme == "rtsps"
    if profile is None:
        uri = visit.camera.stream_uri
    else:
        uri = await visit.media.stream_uri(profile["token"], secure=secure)
    return await take_uri(visit, uri, seconds, part=part)


async def take_uri(visit: Visit, uri: str, seconds: float, *, part: str) -> RtspSession:
    """As ``take_profile``, from an address."""
    wanted = visit.camera.options.transport
    udp = wanted in ("auto", "udp") and not uri.startswith("rtsps:")
    try:
        return await _take(visit, uri, seconds, part=part, udp=udp)
    except VisitProblem as problem:
        nothing_came = problem.reason.parameters.get("waiting_for") == "RTP"
        if not (wanted == "auto" and visit.facts["transport"] == "udp" and nothing_came):
            raise
        visit.facts["udp"] = problem.reason.code
    return await _take(visit, uri, seconds, part=part, udp=False)


async def _take(visit: Visit, uri: str, seconds: float, *, part: str, udp: bool) -> RtspSession:
    facts = visit.facts
    facts["transport"] = "rtsps" if uri.startswith("rtsps:") else "udp" if udp else "tcp"
    async with open_session(visit.camera, uri, time_source=visit.time) as session:
        try:
            await _set_up(visit, session, udp=udp)
            reception = await session.play(seconds)
        finally:
            facts["round_trip_s"] = session.round_trip
            if session.sdp:
                visit.draft.keep("session.sdp", session.sdp, SDP)
        facts["tracks"] = [track.as_fact() for track in session.tracks]
        facts |= _outcome(reception)
        visit.draft.keep(part, reception.capture.to_pcap(session.flows()), PCAP)
        if reception.first_packet_s is None:
            raise VisitProblem(
                "visit.timeout", seconds=session.first_packet_seconds, waiting_for="RTP"
            )
    return session


async def _set_up(visit: Visit, session: RtspSession, *, udp: bool) -> None:
    """Set up by UDP if wanted; by TCP when the device refuses UDP and TCP is allowed."""
    description = await session.describe()
    try:
        await session.set_up(description, udp=udp)
    except VisitProblem as problem:
        allowed = udp and visit.camera.options.transport == "auto"
        if not (allowed and _refuses_udp(problem.reason)):
            raise
        visit.facts["udp"] = problem.reason.code
        visit.facts["transport"] = "tcp"
        await session.set_up(description, udp=False)


def _refuses_udp(reason: Reason) -> bool:
    return reason.code == "visit.not-offered" and reason.parameters.get("what") == "UDP"


def _outcome(reception: Reception) -> Mapping[str, Any]:
    return {
        "first_packet_s": reception.first_packet_s,
        "end": reception.end,
        "dropped_by_receiver": reception.capture.dropped,
    }


def declared(profile: Facts | None) -> Facts | None:
    """What the profile declares of its video, as streams have it."""
    if profile is None:
        return None
    video = profile["video"] or {}
    names = ("encoding", "width", "height", "frame_rate", "gop", "bitrate_kbps")
    return {"token": profile["token"]} | {name: video.get(name) for name in names}
