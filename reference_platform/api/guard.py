"""Around every request: security headers, a bound on the body, and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference_platform.api.dependencies import READING, caller_address

if TYPE_CHECKING:
    from reference_platform.platform import Platform

MAXIMUM_BODY_BYTES = 2 * 1024 * 1024
_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware; plain, so that endless streams pass through untouched."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        self._app = app
        self._platform = platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        api = scope["path"].startswith("/api/")

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if api:
                    headers.setdefault("Cache-Control", "no-store")
                await self._note(scope, message["status"])
            await send(message)

        await self._app(scope, _bounded(scope, receive), answered)

    async def _note(self, scope: Scope, status: int) -> None:
        """Changes and refusals; views are noted by the services that serve them."""
        changes = scope["method"] not in READING
        if not scope["path"].startswith("/api/") or not (changes or status in (401, 403)):
            return
        if scope["path"] == "/api/login":
            return  # noted by the log-in itself, with the name
        route: Any = scope.get("route")
        request = Request(scope)
        target = ",".join(f"{each}" for each in scope.get("path_params", {}).values())
        stored = self._platform.audit.record(
            getattr(request.state, "principal", None),
            getattr(route, "name", "") or "unknown",
            getattr(request.state, "audit_target", target),
            "done" if status < 400 else getattr(request.state, "refusal", str(status)),
            address=caller_address(request),
            method=scope["method"],
            path=scope["path"][:200],
        )
        if changes:
            await stored


def _bounded(scope: Scope, receive: Receive) -> Receive:
    length = Headers(scope=scope).get("content-length", "0")
    left = MAXIMUM_BODY_BYTES
    if length.isdigit() and int(length) > left:
        left = -1

    async def bounded() -> Message:
        nonlocal left
        if left < 0:
            raise HTTPException(413)
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return bounded
