"""Downloads: queued, followed, fetched, cancelled; and their history, which nobody deletes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from reference_platform.api.dependencies import PlatformDep, PrincipalDep
from reference_platform.api.streams import EndingResponse
from reference_platform.api.tickets import ticket_or_session
from reference_platform.fields import OwnIdField
from reference_platform.people.access import Principal
from reference_platform.playback.models import DownloadRecord, DownloadView, NewDownload
from reference_platform.playback.ranges import Unsatisfiable, requested_part

router = APIRouter(tags=["downloads"])
_CHUNK = 256 << 10


@router.post("/downloads", name="downloads.add", status_code=201)
async def add(
    body: NewDownload, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> DownloadView:
    """Let a period be saved as an MP4 file with the user's watermark in the picture."""
    request.state.audit_target = body.channel
    return await platform.downloads.add(principal, body)


@router.get("/downloads", name="downloads.list")
async def listed(principal: PrincipalDep, platform: PlatformDep) -> list[DownloadView]:
    """One's own downloads, the newest first; all within one's scope for who reads the history."""
    return await platform.downloads.listed(principal)


@router.get("/downloads/history", name="downloads.history")
async def history(principal: PrincipalDep, platform: PlatformDep) -> list[DownloadRecord]:
    """Who downloaded what and when, also what was cancelled or failed."""
    return await platform.downloads.history(principal)


@router.get("/downloads/{download_id}", name="downloads.get")
async def download(
    download_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep
) -> DownloadView:
    """How a download stands."""
    return await platform.downloads.get(principal, download_id)


@router.delete("/downloads/{download_id}", name="downloads.cancel", status_code=204)
async def cancel(download_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep) -> None:
    """Cancel a download, or remove its finished file; its history stays."""
    await platform.downloads.cancel(principal, download_id)


@router.get(
    "/downloads/{download_id}/file",
    name="downloads.file",
    response_class=Response,
    responses={
        200: {
            "description": "the whole file; its `ETag` is strong",
            "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {
            "description": "the part that `Range` asks for",
            "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}},
        },
        304: {"description": "it is what `If-None-Match` names"},
        416: {"description": "`Range` lies outside the file"},
    },
)
async def file(
    download_id: OwnIdField,
    request: Request,
    principal: Annotated[Principal, Depends(ticket_or_session("download", "download_id"))],
    platform: PlatformDep,
) -> Response:
    """Fetch the file; with `Range` (and `If-Range`) an interrupted transfer goes on."""
    found = await platform.downloads.file(principal, download_id)
    tag = f'"{found.sha256}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{found.name}"',
    }
    if tag in request.headers.get("if-none-match", ""):
        found.watch.close()
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", tag) != tag:
        wanted = None
    try:
        part = requested_part(wanted, found.size)
    except Unsatisfiable:
        found.watch.close()
        headers["Content-Range"] = f"bytes */{found.size}"
        return Response(status_code=416, headers=headers)
    begin, end = part or (0, found.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{found.size}"
    if begin == 0:
        platform.downloads.note_fetch(principal, download_id)
    headers["Content-Length"] = str(end - begin)
    return EndingResponse(
        _read(found.path, begin, end),
        found.watch.ended,
        status_code=200 if part is None else 206,
        media_type="video/mp4",
        headers=headers,
        close=found.watch.close,
    )


async def _read(path: Path, begin: int, end: int) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(file.seek, begin)
        while begin < end and (
            data := await asyncio.to_thread(file.read, min(_CHUNK, end - begin))
        ):
            begin += len(data)
            yield data
    finally:
        file.close()
