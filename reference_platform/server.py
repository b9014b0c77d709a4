"""HTTPS by uvicorn inside the running loop, and a plain port that only leads there."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import uvicorn
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from reference_platform.behaviours import defect
from reference_platform.errors import StartFailure
from reference_platform.media.tickets import MEDIA_URL_PLAIN_HTTP

HTTP_OPEN = defect("http-open", "The pages and the API answer over plain HTTP as well.")
PLAIN_WEBSOCKET = defect("plain-websocket", "The WebSocket of events answers without TLS.")
_BACKLOG = 1024
_MEDIA = ("/api/live/", "/api/playbacks/", "/api/downloads/")
_GRACE_SECONDS = 2
_LOG = logging.getLogger(__name__)


class _Quiet(uvicorn.Server):
    """A server among others in one process: signals belong to the process, not to it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None."""
        yield


class WebServer:
    """One listener of an ASGI application."""

    def __init__(self, app: ASGIApp, address: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._socket = _listen(address, port)
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            app,
            loop="none",
            http="h11",
            ws="websockets-sansio",
            ws_max_size=65536,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            h11_max_incomplete_event_size=65536,
        )
        config.load()
        config.ssl = tls
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Accept connections."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)
        if self._task.done():
            self._task.result()

    async def close(self) -> None:
        """Accept no more, end what runs."""
        if self._task is None:
            self._socket.close()
            return
        self._server.should_exit = True
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None


class LeadToHttps:
    """Answers every request with a permanent redirect (RFC 9110, 308) and nothing else."""

    def __init__(self, https_port: int, default_host: str) -> None:
        self._port = https_port
        self._default = default_host

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        host = Headers(scope=scope).get("host", "").rpartition(":")
        name = host[0] if host[0] and host[2].isdigit() else "".join(host)
        if not name or not all(each.isalnum() or each in ".-" for each in name):
            name = self._default
        port = "" if self._port == 443 else f":{self._port}"
        query = scope["query_string"]
        target = f"https://{name}{port}{quote(scope['path'])}".encode("latin-1", "replace")
        headers = [
            (b"location", target + (b"?" + query if query else b"")),
            (b"content-length", b"0"),
        ]
        await send({"type": "http.response.start", "status": 308, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


class _Some:
    """What is ``wanted`` passes, everything else is led to HTTPS."""

    def __init__(self, app: ASGIApp, lead: ASGIApp, wanted: Callable[[Scope], bool]) -> None:
        self._app = app
        self._lead = lead
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await (self._app if self._wanted(scope) else self._lead)(scope, receive, send)


def plain_app(
    app: ASGIApp, https_port: int, default_host: str, behaviours: frozenset[str]
) -> ASGIApp:
    """What the plain port answers with."""
    lead = LeadToHttps(https_port, default_host)
    if HTTP_OPEN in behaviours:
        return app
    if PLAIN_WEBSOCKET in behaviours:
        return _Some(app, lead, lambda scope: scope["type"] == "websocket")
    if MEDIA_URL_PLAIN_HTTP in behaviours:
        return _Some(app, lead, lambda scope: scope.get("path", "").startswith(_MEDIA))
    return lead


def _listen(address: str, port: int) -> socket.socket:
    # The protocol is named: asyncio sets TCP_NODELAY only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise StartFailure("port.taken", address=address, port=port) from error
    return listener
