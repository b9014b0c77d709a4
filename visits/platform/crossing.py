"""The visit ``platform:crossing``: every address, id and token of one user, tried by another.

Two users of the same role, each with a camera of its own. What the first is given (a playback, a
download, a ticket, a session) the second tries to use; and nobody at all tries every address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.platform import Session
from visits.circumstances import Visit
from visits.platform.script import Account, PlatformScript, working
from visits.platform.sweep import Operation, Place, operations_of

_ROLE = ["live", "playback", "download"]
#: What vendors ship; two tries lock no account.
_DEFAULTS = (("admin", "admin"), ("admin", "123456"))
_PERIOD_S, _BEFORE_S = 2.0, 120.0
_DOWNLOAD_SECONDS = 90.0


async def record_crossing(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; ``visit.not-offered`` without an interface or two cameras.
    """
    async with working(visit) as script:
        tries: list[dict[str, Any]] = []
        visit.facts["tries"] = tries
        await _as_nobody(script, tries)
        await _defaults(script)
        listed = (await script.port.list(script.admin, "channels")).items
        devices: dict[str, str] = {}
        for one in listed:
            devices.setdefault(str(one.get("device")), str(one.get("id")))
        channels = list(devices.values())
        if len(channels) < 2:
            raise VisitProblem("visit.not-offered", what="channels")
        await script.create(
            "roles",
            "role",
            {"name": script.name("role"), "level": "data-access", "operations": _ROLE},
        )
        first = await _user(script, "first", channels[0])
        second = await _user(script, "second", channels[1])
        if first is None or second is None:
            return
        await _cross(script, tries, first, second, channels)


async def _as_nobody(script: PlatformScript, tries: list[dict[str, Any]]) -> None:
    """Every address that can be read, and the channel of events, without a log-in."""
    place = Place("", "0" * 20, "0" * 20, "0")
    operations = operations_of(await script.port.openapi(script.admin))
    gate = asyncio.Semaphore(6)

    async def one(operation: Operation) -> None:
        async with gate:
            await _try(script, tries, "open-address", None, operation.url(place), operation.name)

    await asyncio.gather(*(one(each) for each in operations if each.method == "GET"))
    try:
        async with script.port.events(None) as channel:
            status = channel.status
    except VisitProblem:
        status = 0
    tries.append({"what": "events-without-session", "status": status, "of": "events"})


async def _defaults(script: PlatformScript) -> None:
    """The passwords that platforms are shipped with, for the account that they are shipped with."""
    if script.visit.platform.target.access.user == _DEFAULTS[0][0]:
        return  # a wrong password might lock the very account that the acceptance works with
    for number, (user, word) in enumerate(_DEFAULTS):
        session, outcome = await script.port.log_in(user, Secret(word))
        step = {"name": "default", "at": script.now, "of": f"factory-{number + 1}", "user": user}
        script.steps.append(step | outcome.fact())
        if session is not None:
            await script.port.log_out(session)


async def _user(script: PlatformScript, of: str, channel: str) -> tuple[Account, Session] | None:
    account = await script.account(
        of, {"cameras": [{"channel": channel}]}, role="role" if "role" in script.made else ""
    )
    if account is None:
        return None
    session, _ = await script.log_in(account, of=of)
    return None if session is None else (account, session)


async def _try(
    script: PlatformScript,
    tries: list[dict[str, Any]],
    what: str,
    session: Session | None,
    path: str,
    of: str = "",
    *,
    method: str = "GET",
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> int:
    """One request; its status, and how many bytes came."""
    try:
        answer = await script.port.request(
            session, method, path, body=body, headers=headers, maximum=1 << 16
        )
        status, octets = answer.status, len(answer.body)
    except VisitProblem:
        status, octets = 0, 0
    tries.append({"what": what, "of": of, "status": status, "bytes": octets})
    return status


async def _cross(
    script: PlatformScript,
    tries: list[dict[str, Any]],
    first: tuple[Account, Session],
    second: tuple[Account, Session],
    channels: list[str],
) -> None:
    port, now = script.port, script.now
    (owner, own), (_, other) = first, second
    mine = channels[0]
    await _try(script, tries, "foreign-channel", other, f"/api/channels/{mine}", "channel")
    account = f"/api/users/{owner.made.id}"
    await _try(script, tries, "foreign-account", other, account, "read")
    await _try(
        script, tries, "foreign-account", other, account, "change",
        method="PATCH", body={"display_name": script.name("taken"), "version": 1},
    )  # fmt: skip
    start = now - _BEFORE_S
    playback = await port.open_playback(own, mine, start, start + _PERIOD_S)
    if playback.done and playback.id:
        for of, path in (("state", ""), ("stream", "/stream")):
            await _try(
                script, tries, "foreign-playback", other, f"/api/playbacks/{playback.id}{path}", of
            )
        await port.close_playback(own, playback.id)
    await _downloads(script, tries, own, other, mine, start)
    await _tickets(script, tries, own, other, mine)
    await _try(script, tries, "own-session", own, "/api/me")
    await port.log_out(own)
    await _try(script, tries, "ended-session", own, "/api/channels", "after log-out")
    try:
        async with port.events(own) as channel:
            status = channel.status
    except VisitProblem:
        status = 0
    tries.append({"what": "ended-session", "of": "events", "status": status})


async def _downloads(
    script: PlatformScript,
    tries: list[dict[str, Any]],
    own: Session,
    other: Session,
    channel: str,
    start: float,
) -> None:
    """A finished download of the first user, fetched by the second."""
    port = script.port
    ordered = await port.order_download(own, channel, start, start + _PERIOD_S)
    if not ordered.done or not ordered.id:
        return
    state = ""
    for _ in range(round(_DOWNLOAD_SECONDS / 0.25)):
        state = str((await port.download_state(own, ordered.id)).fields.get("state", ""))
        if state not in ("queued", "running"):
            break
        await asyncio.sleep(0.25)
    script.steps.append({"name": "download", "at": script.now, "state": "done", "became": state})
    path = f"/api/downloads/{ordered.id}"
    await _try(script, tries, "foreign-download", other, path, "state")
    await _try(script, tries, "foreign-download", other, f"{path}/file", "file")
    await _try(script, tries, "foreign-download", None, f"{path}/file", "file, without log-in")
    await _try(script, tries, "own-download", own, f"{path}/file", "file")
    await port.cancel_download(own, ordered.id)


async def _tickets(
    script: PlatformScript,
    tries: list[dict[str, Any]],
    own: Session,
    other: Session,
    channel: str,
) -> None:
    """An address for a player: used once, used again, and given out for a camera of others."""
    port = script.port
    for what, session in (("ticket", own), ("foreign-ticket", other)):
        given = await port.ticket(session, "live", channel)
        parts = urlsplit(str(given.fields.get("url", "")))
        if not given.done or not parts.path:
            continue
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        await _try(script, tries, what, None, path, "first use")
        if session is own:
            await _try(script, tries, "ticket-again", None, path, "second use")
            # The same address without its ticket, and with one that was made up.
            bare = parts.path
            await _try(script, tries, "address-without-ticket", None, bare)
            await _try(script, tries, "made-up-ticket", None, f"{bare}?ticket={'0' * 32}")
