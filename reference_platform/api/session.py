"""Logging in and out, and oneself."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from reference_platform.api.dependencies import (
    COOKIE,
    AnyPrincipalDep,
    PlatformDep,
    caller_address,
)
from reference_platform.errors import Denied
from reference_platform.inventory.models import Mode
from reference_platform.people.models import LoggedIn, Login, Me, PasswordChange
from reference_platform.times import moment

router = APIRouter(tags=["session"])


@router.post("/login", name="login")
async def log_in(
    body: Login, request: Request, response: Response, platform: PlatformDep
) -> LoggedIn:
    """Begin a session; its token is answered, and set as cookie.

    Users whose organisation's contract does not name the way they come by are refused.
    """
    people = platform.people
    began = await people.log_in.begin(body.user, body.password, caller_address(request))
    try:
        await platform.inventory.contracts.require_mode(began.principal, _mode_of(request))
    except Denied:
        await people.log_in.end(began.principal)
        raise
    response.set_cookie(COOKIE, began.token, secure=True, httponly=True, samesite="strict")
    me = people.log_in.me(began.principal)
    return LoggedIn(
        token=began.token,
        expires_at=moment(began.expires),
        must_change_password=me.must_change_password,
        user=me,
    )


def _mode_of(request: Request) -> Mode:
    """The way of service by which somebody comes, as their browser says."""
    hint = request.headers.get("sec-ch-ua-mobile", "")
    told = request.headers.get("user-agent", "")
    return "mobile" if hint == "?1" or "Mobile" in told else "pc"


@router.post("/logout", name="logout", status_code=204)
async def log_out(response: Response, principal: AnyPrincipalDep, platform: PlatformDep) -> None:
    """End the session, and all that runs in it."""
    await platform.people.log_in.end(principal)
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict")


@router.get("/me", name="me")
async def me(principal: AnyPrincipalDep, platform: PlatformDep) -> Me:
    """Who asks, and what the roles allow."""
    return platform.people.log_in.me(principal)


@router.post("/me/password", name="me.password", status_code=204)
async def change_password(
    body: PasswordChange, principal: AnyPrincipalDep, platform: PlatformDep
) -> None:
    """Change one's own password; other sessions of the account end."""
    await platform.people.log_in.change_password(principal, body.old, body.new)
