"""The HTTP and HTTPS server of a simulated camera: ONVIF, snapshot, RTSP tunnel, discovery."""

from __future__ import annotations

import asyncio
import contextlib
from email.utils import formatdate

from aiohttp import web

from simulators.camera.clips import snapshot
from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.discovery import Discovery
from simulators.camera.onvif.endpoint import Answer, Asked, answer
from simulators.camera.onvif.event_queue import Events
from simulators.camera.onvif.hostility import REFUSES, WRONG_LENGTH, cut_short, misbehave
from simulators.camera.onvif.security import LockedError
from simulators.camera.onvif.soap import NotAuthorizedError
from simulators.camera.onvif.uris import SNAPSHOT_PATH
from simulators.camera.rtsp_tunnel import RtspTunnel
from simulators.camera.state import CameraState
from simulators.certificates import behaviour_defect, server_context

LARGEST_REQUEST = 65_536
READ_TIMEOUT_S = 10.0
_PAGE = b"<!DOCTYPE html><title>Network camera</title><p>Network camera</p>\n"


class OnvifServer:
    """Serves one camera at ``state.address`` on ``state.ports`` ``http`` and ``https``.

    Ports of 0 are replaced in ``state.ports`` by those that the system gave; a missing ``https``
    means that there is none.

    Args:
        state: the camera's state, shared by its services.
        footage: path of a video file whose pictures the snapshots show.

    Attributes:
        device: what the ONVIF services remember.
        events: ``events.emit(topic, source, data)`` tells all subscribers of an event.
    """

    def __init__(self, state: CameraState, *, footage: str = "") -> None:
        self.state = state
        self._footage = footage
        self.device = DeviceMemory(state)
        self._discovery = Discovery(self.device)
        self._tunnel = RtspTunnel(state)
        self._http: web.Server | None = None
        self._listeners: list[asyncio.Server] = []
        self._started = False
        self._certificate = ""

    @property
    def events(self) -> Events:
        """Where simulated events are emitted."""
        return self.device.events

    async def start(self) -> None:
        """Open the ports; a camera that refuses opens none.

        Raises:
            OSError: a port cannot be had.
        """
        self._started = True
        self._certificate = behaviour_defect(self.state.behaviours)
        if self.state.has(REFUSES):
            return
        self._http = web.Server(self._handle, handler_cancellation=True, access_log=None)
        try:
            for scheme in ("http", "https"):
                if scheme in self.state.ports:
                    await self._listen(scheme, self._http)
        except OSError:
            await self.stop()
            raise
        await self._discovery.start()

    async def stop(self) -> None:
        """Close everything; requests under way are cut off."""
        self._started = False
        if self._http is None:
            return
        self.device.events.close()
        await self._discovery.stop()
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        await self._http.shutdown(0.2)
        self._http = None

    async def apply(self) -> None:
        """Close or open the ports anew where behaviours switched at run time ask for it."""
        is_open = self._http is not None
        renewed = behaviour_defect(self.state.behaviours) != self._certificate
        if self._started and (renewed or is_open is self.state.has(REFUSES)):
            await self.stop()
            await self.start()

    async def _listen(self, scheme: str, server: web.Server) -> None:
        address = self.state.address
        context = None
        if scheme == "https":
            context = server_context(address, defect=self._certificate)
        listener = await asyncio.get_running_loop().create_server(
            server, address, self.state.ports[scheme], ssl=context
        )
        self._listeners.append(listener)
        self.state.ports[scheme] = listener.sockets[0].getsockname()[1]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.state.has(REFUSES) or self.device.now < self.device.away_until:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        response = await self._route(request)
        if not response.prepared:
            response.headers["Date"] = formatdate(int(self.state.clock.now()), usegmt=True)
            response.headers["Server"] = "Tantou-camera"
        return response

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == SNAPSHOT_PATH and request.method in ("GET", "HEAD"):
            return await self._snapshot(request)
        if self._tunnel.takes(request):
            return await self._tunnel.handle(request)
        if request.path.startswith("/onvif/"):
            return await self._onvif(request)
        if request.path == "/" and request.method in ("GET", "HEAD"):
            return web.Response(body=_PAGE, content_type="text/html")
        return web.Response(status=404)

    async def _onvif(self, request: web.BaseRequest) -> web.StreamResponse:
        hostile = await misbehave(request, self.state)
        if hostile is not None:
            return hostile
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        body = await _read_body(request)
        if body is None:
            response = web.Response(status=413)
            response.force_close()
            return response
        asked = Asked(
            body=body,
            path=request.path,
            authorization=request.headers.get("Authorization", ""),
            secure=request.secure,
        )
        whole = _response(await answer(self.device, asked))
        return await cut_short(request, whole) if self.state.has(WRONG_LENGTH) else whole

    async def _snapshot(self, request: web.BaseRequest) -> web.Response:
        header = request.headers.get("Authorization", "")
        guard = self.device.guard
        try:
            guard.user_of_digest(header, request.method, self.device.password_of)
        except LockedError:
            return web.Response(status=403)
        except NotAuthorizedError as refusal:
            stale = refusal.reason == "stale"
            return _unauthorised(guard.challenges(stale=stale))
        picture = await asyncio.to_thread(snapshot, self.state, self._footage)
        return web.Response(body=picture, content_type="image/jpeg")


async def _read_body(request: web.BaseRequest) -> bytes | None:
    """The body, None when it is larger than allowed or does not come in time."""
    if (request.content_length or 0) > LARGEST_REQUEST:
        return None
    parts: list[bytes] = []
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READ_TIMEOUT_S):
            async for part in request.content.iter_any():
                size += len(part)
                if size > LARGEST_REQUEST:
                    return None
                parts.append(part)
            return b"".join(parts)
    return None


def _response(result: Answer) -> web.Response:
    response = web.Response(status=result.status, body=result.body)
    response.headers["Content-Type"] = result.content_type
    for challenge in result.challenges:
        response.headers.add("WWW-Authenticate", challenge)
    return response


def _unauthorised(challenges: list[str]) -> web.Response:
    response = web.Response(status=401)
    for challenge in challenges:
        response.headers.add("WWW-Authenticate", challenge)
    return response
