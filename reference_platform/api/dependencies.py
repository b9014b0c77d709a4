"""What every route asks for: the platform, and who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Query, Request
from starlette.requests import HTTPConnection

from reference_platform.behaviours import defect
from reference_platform.errors import Denied, PlatformError
from reference_platform.people.access import Principal, raise_refusal

if TYPE_CHECKING:
    from reference_platform.platform import Platform

TOKEN_IN_URL = defect(
    "token-in-url",
    "A session's token is taken from the query of an address, where logs and histories keep it.",
)
COOKIE = "session"
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def platform_of(connection: HTTPConnection) -> Platform:
    """The platform that answers."""
    return cast("Platform", connection.app.state.platform)


def caller_address(connection: HTTPConnection) -> str:
    """The peer's IP address; no header can change it."""
    return connection.client.host if connection.client else ""


async def find_principal(connection: HTTPConnection) -> Principal:
    """Who asks, by bearer token or cookie.

    Raises:
        PlatformError: 401 ``session.missing`` or ``session.ended``; 403 ``request.cross-site`` for
            a change that another site's page sent with our cookie.
    """
    platform = platform_of(connection)
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        token = connection.cookies.get(COOKIE, "")
        if token:
            _require_same_site(connection)
    if not token and platform.settings.has(TOKEN_IN_URL):
        token = connection.query_params.get("token", "")
    if not token:
        raise PlatformError("session.missing", 401)
    principal = await platform.people.log_in.find(token.strip(), caller_address(connection))
    if principal is None:
        raise PlatformError("session.ended", 401)
    return principal


def _require_same_site(connection: HTTPConnection) -> None:
    """Of a cookie alone nothing is changed: a page of another site could have sent it."""
    reading = connection.scope["type"] == "http" and connection.scope["method"] in READING
    origin = connection.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != connection.headers.get("host", ""):
        raise Denied("request.cross-site")
    if connection.scope["type"] == "websocket" and origin is None:
        raise Denied("request.cross-site")
    if reading or connection.scope["type"] == "websocket":
        return
    json_body = connection.headers.get("content-type", "").startswith("application/json")
    if connection.headers.get("x-requested-with") != "tantou" and not (json_body and origin):
        raise Denied("request.cross-site")


async def _principal(request: Request) -> Principal:
    principal = await find_principal(request)
    request.state.principal = principal
    raise_refusal(platform_of(request).access.session_refusal(principal))
    return principal


async def _full_principal(
    request: Request, principal: Annotated[Principal, Depends(_principal)]
) -> Principal:
    """As ``_principal``, for one who need not change the password first."""
    if platform_of(request).access.rights.users[principal.user_id].must_change_password:
        raise Denied("password.must-change")
    return principal


PlatformDep = Annotated["Platform", Depends(platform_of)]
AnyPrincipalDep = Annotated[Principal, Depends(_principal)]
"""Also one who must change the password first; for log-out and one's own password."""

PrincipalDep = Annotated[Principal, Depends(_full_principal)]
VersionQuery = Annotated[
    int, Query(ge=1, le=2_000_000_000, description="the version that was seen")
]
