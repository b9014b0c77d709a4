"""RTSP tunnelled over HTTP, as ONVIF Streaming 5.1.1.2 takes it over from QuickTime.

A GET carries what the camera sends; a POST with the same session cookie carries, in base64, what
the client sends. Both are joined to the camera's own RTSP port.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib

from aiohttp import web

from simulators.camera.state import CameraState

PATHS = ("/main", "/sub", "/third")
COOKIE = "x-sessioncookie"

_TYPE = "application/x-rtsp-tunnelled"
_MOST_TUNNELS = 16
_LONGEST_COOKIE = 128
_CONNECT_S = 2.0


class RtspTunnel:
    """The open tunnels of one camera."""

    def __init__(self, state: CameraState) -> None:
        self._state = state
        self._writers: dict[str, asyncio.StreamWriter] = {}

    def takes(self, request: web.BaseRequest) -> bool:
        """Whether the request is one half of a tunnel."""
        cookie = request.headers.get(COOKIE, "")
        return request.path in PATHS and 0 < len(cookie) <= _LONGEST_COOKIE

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one half until it ends."""
        cookie = request.headers[COOKIE]
        if request.method == "GET":
            return await self._downwards(request, cookie)
        if request.method == "POST" and cookie in self._writers:
            return await self._upwards(request, self._writers[cookie])
        return web.Response(status=400)

    async def _downwards(self, request: web.BaseRequest, cookie: str) -> web.StreamResponse:
        if cookie in self._writers or len(self._writers) >= _MOST_TUNNELS:
            return web.Response(status=503)
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(
                    self._state.address, self._state.ports["rtsp"]
                )
        except (OSError, TimeoutError):
            return web.Response(status=503)
        self._writers[cookie] = writer
        response = web.StreamResponse(headers={"Content-Type": _TYPE, "Cache-Control": "no-store"})
        response.force_close()
        try:
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(65_536):
                    await response.write(data)
        finally:
            del self._writers[cookie]
            writer.close()
        return response

    async def _upwards(
        self, request: web.BaseRequest, writer: asyncio.StreamWriter
    ) -> web.StreamResponse:
        rest = b""
        response = web.Response(status=200)
        response.force_close()
        with contextlib.suppress(ConnectionError):
            async for part in request.content.iter_any():
                text = rest + part.translate(None, b"\r\n \t")
                whole = len(text) - len(text) % 4
                rest = text[whole:]
                try:
                    writer.write(base64.b64decode(text[:whole], validate=True))
                except binascii.Error:
                    return web.Response(status=400)
                await writer.drain()
        return response
