"""The visit ``platform:tokens``: how long a session lives, where its token goes, and who takes it.

Nobody waits for hours: a rig puts the platform's clock ahead, or the time without use is set to a
minute, waited for, and put back.
"""

from __future__ import annotations

import asyncio
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

from targets.errors import VisitProblem
from targets.platform import Session
from visits.circumstances import Visit
from visits.platform.script import Account, PlatformScript, Step, working

#: Names under which a token may stand in an address.
_PARAMETERS = ("token", "access_token", "session", "sid")
_PAGE = "/api/me"
#: Longer than any session may live by ruling R-042.
_BEYOND_S = 25 * 3600.0
_IDLE_MINUTES = 1


async def record_tokens(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; ``visit.not-offered`` without an interface.
    """
    async with working(visit) as script:
        if not script.port.has_interface:
            raise VisitProblem("visit.not-offered", what="interface")
        account = await script.account("phone", {})
        if account is None:
            return
        await _log_in(script, account)
        session, _ = await script.log_in(account, of="phone")
        if session is None:
            return
        visit.facts["expires_at"] = session.expires_at
        visit.facts["logged_in_at"] = script.steps[-1]["at"]
        await _in_address(script, session)
        other, _ = await script.log_in(account, of="to be ended")
        if other is not None:
            await script.port.log_out(other)
            await _asked(script, "after-log-out", other)
        await _outlive(script, account)


async def _log_in(script: PlatformScript, account: Account) -> None:
    """What a log-in sets in a browser, and whether its token stands in an address."""
    body = {"user": account.user, "password": account.password.reveal()}
    answer = await script.port.request(None, "POST", "/api/login", body=body)
    step: Step = {"name": "cookie", "at": script.now, "status": answer.status}
    script.steps.append(step)
    cookie: SimpleCookie = SimpleCookie()
    try:
        cookie.load(answer.headers.get("set-cookie", ""))
    except CookieError:
        step["broken"] = True
    step["cookies"] = [
        {
            "name": name[:40],
            "secure": bool(morsel["secure"]),
            "http_only": bool(morsel["httponly"]),
            "same_site": str(morsel["samesite"]).lower(),
        }
        for name, morsel in cookie.items()
    ]


async def _asked(
    script: PlatformScript, name: str, session: Session | None, path: str = _PAGE, **more: Any
) -> int:
    try:
        status = (await script.port.request(session, "GET", path)).status
    except VisitProblem:
        status = 0
    script.steps.append({"name": name, "at": script.now, "status": status, **more})
    return status


async def _in_address(script: PlatformScript, session: Session) -> None:
    """Whether the platform takes the token of a session out of an address."""
    await _asked(script, "with-token", session)
    await _asked(script, "without-token", None)
    token = quote(session.token.reveal(), safe="")
    for parameter in _PARAMETERS:
        await _asked(
            script, "token-in-address", None, f"{_PAGE}?{parameter}={token}", parameter=parameter
        )
    listed = await script.port.list(script.admin, "channels")
    for channel in listed.items[:1]:
        given = await script.port.ticket(session, "live", str(channel.get("id")))
        url = str(given.fields.get("url", ""))
        held = session.token.reveal() in url
        script.steps.append({"name": "ticket", "at": script.now, "holds_token": held})


async def _outlive(script: PlatformScript, account: Account) -> None:
    """What a session is worth when its time is over."""
    session, _ = await script.log_in(account, of="to be outlived")
    if session is None:
        return
    rig = script.visit.platform.rig
    point = script.visit.camera.point
    if rig is not None:
        await rig.shift_clock(point, _BEYOND_S)
        try:
            await _asked(script, "outlived", session, by="rig", seconds=_BEYOND_S)
        finally:
            await rig.shift_clock(point, 0.0)
            await script.log_in_again()
        return
    before = await script.port.read(script.admin, "security")
    minutes = before.fields.get("session_minutes")
    if not before.done or not isinstance(minutes, int):
        return
    shortened = await script.port.change(
        script.admin, "security", "", {"session_minutes": _IDLE_MINUTES}
    )
    if not shortened.done:
        return
    try:
        waited = 60.0 * _IDLE_MINUTES + 10.0
        await asyncio.sleep(waited)
        await _asked(script, "outlived", session, by="waiting", seconds=waited)
    finally:
        await script.log_in_again()
        await script.port.change(script.admin, "security", "", {"session_minutes": minutes})
