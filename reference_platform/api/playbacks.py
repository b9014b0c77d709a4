"""Playback sessions: begun, steered and watched by their owner."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from reference_platform.api.dependencies import PlatformDep, PrincipalDep
from reference_platform.api.streams import EndingResponse
from reference_platform.api.tickets import ticket_or_session
from reference_platform.fields import OwnIdField
from reference_platform.people.access import Principal
from reference_platform.playback.models import NewPlayback, PlaybackControl, PlaybackView

router = APIRouter(tags=["playback"])
_DEVICE: dict[int | str, dict[str, Any]] = {
    502: {"description": "the device refuses"},
    504: {"description": "it does not answer"},
}


@router.post("/playbacks", name="playbacks.open", status_code=201)
async def open_playback(
    body: NewPlayback, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> PlaybackView:
    """Begin a session at the start of a period; it plays as soon as its stream is taken."""
    request.state.audit_target = body.channel
    return await platform.playbacks.open(principal, body)


@router.get("/playbacks/{playback_id}", name="playbacks.get")
async def playback(
    playback_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep
) -> PlaybackView:
    """How a session stands."""
    return platform.playbacks.view(principal, playback_id)


@router.get(
    "/playbacks/{playback_id}/stream",
    name="playbacks.stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Fragmented MP4, H.264 with the user's watermark in the picture. One "
            "stream over pauses, seeks and changes of pace; it ends with the period. Taken "
            "again, it goes on where it was, and ends the one taken before.",
            "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}},
        },
        **_DEVICE,
    },
)
async def stream(
    playback_id: OwnIdField,
    principal: Annotated[Principal, Depends(ticket_or_session("playback", "playback_id"))],
    platform: PlatformDep,
) -> StreamingResponse:
    """Watch a session."""
    pictures = await platform.playbacks.stream(principal, playback_id)
    return EndingResponse(pictures.body, pictures.ended, media_type="video/mp4")


@router.post("/playbacks/{playback_id}/control", name="playbacks.control", responses=_DEVICE)
async def control(
    playback_id: OwnIdField, body: PlaybackControl, principal: PrincipalDep, platform: PlatformDep
) -> PlaybackView:
    """Pause, resume, go elsewhere, or change the pace."""
    return await platform.playbacks.control(principal, playback_id, body)


@router.delete("/playbacks/{playback_id}", name="playbacks.end", status_code=204)
async def end(playback_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep) -> None:
    """End a session and its stream."""
    await platform.playbacks.end(principal, playback_id)
