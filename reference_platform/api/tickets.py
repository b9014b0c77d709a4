"""Tickets for players that cannot send a header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from reference_platform.api.dependencies import (
    PlatformDep,
    PrincipalDep,
    caller_address,
    find_principal,
    platform_of,
)
from reference_platform.fields import Bounded
from reference_platform.media.tickets import MEDIA_URL_PLAIN_HTTP, TicketKind
from reference_platform.people.access import Principal
from reference_platform.times import Moment, moment

router = APIRouter(tags=["tickets"])
_PATHS: dict[TicketKind, str] = {
    "live": "/api/live/{0}?stream={1}&ticket={2}",
    "playback": "/api/playbacks/{0}/stream?ticket={2}",
    "download": "/api/downloads/{0}/file?ticket={2}",
}


class NewTicket(Bounded):
    """What a player is to open."""

    kind: TicketKind
    target: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")] = Field(
        description="channel, playback or download"
    )
    stream: Literal["main", "sub"] = "main"


class Ticket(BaseModel):
    """An address that opens once."""

    url: str
    expires_at: Moment


@router.post("/tickets", name="tickets.issue", status_code=201)
async def issue(
    body: NewTicket, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> Ticket:
    """An address for one use within a minute, with the caller's rights at the time of use."""
    ticket = platform.media.tickets.issue(principal, body.kind, body.target)
    request.state.audit_target = f"{body.kind}:{body.target}"
    base = f"https://{request.url.netloc}"
    if platform.has(MEDIA_URL_PLAIN_HTTP):
        base = f"http://{request.url.hostname}:{platform.http_port}"
    path = _PATHS[body.kind].format(body.target, body.stream, ticket)
    expires = platform.time_source.now() + platform.media.limits.ticket_s
    return Ticket(url=base + path, expires_at=moment(expires))


def ticket_or_session(kind: TicketKind, parameter: str) -> Callable[..., Awaitable[Principal]]:
    """A dependency: who asks, by a ticket for the path's ``parameter``, or by the session."""

    async def who(
        request: Request,
        ticket: Annotated[
            str | None,
            Query(max_length=64, description="instead of a session; see `POST /api/tickets`"),
        ] = None,
    ) -> Principal:
        if ticket is None:
            principal = await find_principal(request)
        else:
            target = request.path_params[parameter]
            redeemed = platform_of(request).media.tickets.redeem(ticket, kind, target)
            principal = replace(redeemed, address=caller_address(request))
        request.state.principal = principal
        return principal

    return who
