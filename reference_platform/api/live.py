"""Live view, and who watches."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from reference_platform.api.dependencies import PlatformDep, PrincipalDep
from reference_platform.api.tickets import ticket_or_session
from reference_platform.fields import NationalIdField
from reference_platform.media.viewer import WATERMARK_ONLY_IN_CLIENT_LAYER, Viewer
from reference_platform.media.viewers import LiveViews
from reference_platform.people.access import Principal

router = APIRouter(tags=["live"])
_LAST_WORDS_S = 2.0


class ViewerResponse(StreamingResponse):
    """A live view as an answer without end; whatever ends it frees the view."""

    def __init__(self, viewer: Viewer) -> None:
        headers = {"X-Viewer": viewer.id}
        if WATERMARK_ONLY_IN_CLIENT_LAYER in viewer.behaviours:
            headers["X-Watermark"] = quote(viewer.stamp.text(viewer.since))
        super().__init__(viewer, media_type=viewer.content_type, headers=headers)
        self._viewer = viewer

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        gone = asyncio.create_task(_disconnected(receive))
        sent = asyncio.create_task(self.stream_response(send))
        ended = asyncio.create_task(self._viewer.closed.wait())
        try:
            await asyncio.wait({gone, sent, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._viewer.close()
            # A connection that takes nothing any more must not hold anything here.
            await asyncio.wait({sent}, timeout=_LAST_WORDS_S)
            for task in (gone, sent, ended):
                task.cancel()
            await asyncio.gather(gone, sent, ended, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get(
    "/live/{channel_id}",
    name="live",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Fragmented MP4 without end: H.264 with the user's watermark in the "
            "picture. `X-Viewer` names the view.",
            "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}},
        },
        502: {"description": "the camera refuses"},
        504: {"description": "the camera does not answer, or sends no picture"},
    },
)
async def live(
    channel_id: NationalIdField,
    principal: Annotated[Principal, Depends(ticket_or_session("live", "channel_id"))],
    platform: PlatformDep,
    stream: Annotated[Literal["main", "sub"], Query(description="of the camera")] = "main",
) -> StreamingResponse:
    """Watch a channel now."""
    return ViewerResponse(await platform.media.viewers.open(principal, channel_id, stream))


@router.get("/live/{channel_id}/viewers", name="live.viewers")
async def viewers(
    channel_id: NationalIdField, principal: PrincipalDep, platform: PlatformDep
) -> LiveViews:
    """Who watches a channel, and how many streams the camera sends for it."""
    return await platform.media.viewers.views(principal, channel_id)
