"""The WebSocket of events: only what the session may know, and no longer than the session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from reference_platform.api.dependencies import find_principal, platform_of
from reference_platform.errors import PlatformError
from reference_platform.inventory.events import WEBSOCKET_UNCHECKED, Event
from reference_platform.people.access import Principal, Watch
from reference_platform.times import moment

CLOSE_SESSION_ENDED = 4401
router = APIRouter(tags=["events"])


@router.websocket("/events", name="events")
async def events(socket: WebSocket) -> None:
    """Tell what happens, as JSON, one event a message; refused (403) without a session."""
    platform = platform_of(socket)
    if platform.has(WEBSOCKET_UNCHECKED):
        await socket.accept()
        await _tell(socket, None, None)
        return
    try:
        principal = await find_principal(socket)
        watch = platform.access.watch(principal, None)
    except PlatformError:
        await socket.close()
        return
    with watch:
        await socket.accept()
        await _tell(socket, principal, watch)


async def _tell(socket: WebSocket, principal: Principal | None, watch: Watch | None) -> None:
    subscription = platform_of(socket).events.subscribe(principal)
    ended = watch.ended if watch is not None else asyncio.Event()
    running = [
        asyncio.create_task(_send(socket, subscription.next)),
        asyncio.create_task(_until_gone(socket)),
        asyncio.create_task(ended.wait()),
    ]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        subscription.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if watch is not None and watch.ended.is_set():
        now = moment(platform_of(socket).time_source.now())
        last = Event(type="access-revoked", at=now, data={"reason": watch.reason})
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_text(last.model_dump_json())
            await socket.close(CLOSE_SESSION_ENDED)


async def _send(socket: WebSocket, next_event: Callable[[], Awaitable[Event]]) -> None:
    while True:
        event = await next_event()
        await socket.send_text(event.model_dump_json())


async def _until_gone(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_bytes()
