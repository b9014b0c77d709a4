"""The visit ``platform:rights``: every operation of the interface by every kind of user.

Roles of the three levels that the standard names, no role, and accounts that were suspended or
have expired since they logged in; each about a camera of its own, about another channel of the same
device, and about a camera that belongs to others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Session
from targets.platform.moments import iso_time
from visits.circumstances import Visit
from visits.platform.pages import asked_in_browser, browser_of_this_machine
from visits.platform.script import PlatformScript, working
from visits.platform.sweep import Operation, Place, operations_of, places_by_operation

#: Asked side by side; a sweep is no load test.
_SIDE_BY_SIDE = 6
#: Operations about no camera that are asked from a browser as well.
_SAMPLE = 12
LEVELS = ("data-access", "system-function", "system-management")


async def record_rights(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; ``visit.not-offered`` without an interface or two cameras.
    """
    async with working(visit) as script:
        operations = operations_of(await script.port.openapi(script.admin))
        places = await _places(script)
        visit.facts["places"] = [vars(one) for one in places]
        visit.facts["operations"] = [one.name for one in operations]
        cells: list[dict[str, Any]] = []
        visit.facts["cells"] = cells
        if not places:
            raise VisitProblem("visit.not-offered", what="channels")
        offered = await _offered(script)
        people = await _people(script, places, offered)
        for label, session in people.items():
            await _sweep(script, label, session, operations, places, cells)
        await _in_browser(script, operations, places, cells)
        await _suspend(script, people, operations, places, cells)
        await _narrowed(script, places, cells)
        await _clear_sweep(script)


async def _places(script: PlatformScript) -> list[Place]:
    """A camera (``own``), a channel of its device (``sibling``), one of others (``foreign``)."""
    listed = await script.port.list(script.admin, "channels")
    every = [
        Place("", str(one.get("id")), str(one.get("device")), str(one.get("organisation")))
        for one in listed.items
    ]
    for own in every:
        siblings = [one for one in every if one.device == own.device and one != own]
        foreign = [one for one in every if one.organisation != own.organisation]
        foreign = foreign or [one for one in every if one.device != own.device]
        if siblings and foreign:
            break
    else:
        siblings = []
        own = every[0] if every else Place("", "", "", "")
        foreign = [one for one in every if one.device != own.device]
    if not every:
        return []
    chosen = {"own": own, **({"sibling": siblings[0]} if siblings else {})}
    if foreign:
        chosen["foreign"] = foreign[0]
    return [
        Place(label, one.channel, one.device, one.organisation) for label, one in chosen.items()
    ]


async def _offered(script: PlatformScript) -> dict[str, list[str]]:
    """The operations that a role of each level may hold, as the platform lists them."""
    listed = await script.port.list(script.admin, "operations")
    offered: dict[str, list[str]] = {level: [] for level in LEVELS}
    for one in listed.items:
        offered.setdefault(str(one.get("level")), []).append(str(one.get("name")))
    script.visit.facts["levels"] = offered
    return offered


async def _people(
    script: PlatformScript, places: list[Place], offered: Mapping[str, list[str]]
) -> dict[str, Session | None]:
    """Somebody of each level, somebody of none, and nobody; by label."""
    own = places[0]
    people: dict[str, Session | None] = {}
    for level in LEVELS:
        await script.create(
            "roles",
            level,
            {"name": script.name(level), "level": level, "operations": offered.get(level, [])},
        )
    for level in (*LEVELS, "no-role"):
        if level != "no-role" and level not in script.made:
            continue
        account = await script.account(
            f"as-{_SHORT[level]}",
            {
                "organisation": own.organisation,
                "cameras": [{"channel": own.channel}],
                "ptz_level": 5,
            },
            role="" if level == "no-role" else level,
        )
        if account is None:
            continue
        script.accounts[level] = account
        session, _ = await script.log_in(account, of=level)
        if session is not None:
            people[level] = session
    people["nobody"] = None
    return people


_SHORT = {
    "data-access": "data",
    "system-function": "function",
    "system-management": "management",
    "no-role": "none",
}


async def _sweep(
    script: PlatformScript,
    label: str,
    session: Session | None,
    operations: list[Operation],
    places: list[Place],
    cells: list[dict[str, Any]],
) -> None:
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(operation: Operation, place: Place) -> dict[str, Any]:
        async with gate:
            status = await _asked(script, session, operation, place)
        about = place.label if operation.about else ""
        return {"as": label, "operation": operation.name, "about": about, "status": status}

    work = [
        one(operation, place)
        for operation in operations
        for place in places_by_operation(operation, places)
    ]
    cells += await asyncio.gather(*work)


async def _asked(
    script: PlatformScript, session: Session | None, operation: Operation, place: Place
) -> int:
    """The status of one operation, 0 when no answer came."""
    try:
        answer = await script.port.request(
            session,
            operation.method,
            operation.url(place),
            body=operation.body(place, script.mark),
            maximum=1 << 16,
        )
    except VisitProblem:
        return 0
    return answer.status


async def _in_browser(
    script: PlatformScript,
    operations: list[Operation],
    places: list[Place],
    cells: list[dict[str, Any]],
) -> None:
    """A sample once more from the page of a real browser, by somebody who may only view."""
    browser, account = browser_of_this_machine(), script.accounts.get("data-access")
    if browser is None or account is None:
        return
    reading = [one for one in operations if one.method == "GET"]
    sample = [one for one in reading if one.about][:4]
    sample += [one for one in reading if not one.about and "{" not in one.path][:_SAMPLE]
    asked = [(one, place) for one in sample for place in places_by_operation(one, places)]
    try:
        statuses = await asyncio.to_thread(
            asked_in_browser,
            browser,
            script.visit.platform.target.base,
            account.user,
            account.password.reveal(),
            [operation.url(place) for operation, place in asked],
        )
    except VisitProblem as problem:
        script.visit.facts["browser"] = problem.reason.code
        return
    script.visit.facts["browser"] = len(statuses)
    for (operation, place), status in zip(asked, statuses, strict=True):
        about = place.label if operation.about else ""
        cell = {"as": "data-access", "operation": operation.name, "about": about}
        cells.append({**cell, "status": status, "in": "browser"})


async def _suspend(
    script: PlatformScript,
    people: dict[str, Session | None],
    operations: list[Operation],
    places: list[Place],
    cells: list[dict[str, Any]],
) -> None:
    """The same once more by accounts that were suspended or have expired since the log-in."""
    reading = [one for one in operations if one.method == "GET"]
    for label, level, change in (
        ("suspended", "system-management", {"state": "suspended"}),
        ("expired", "data-access", {"valid_until": iso_time(script.now - 60.0)}),
    ):
        session = people.get(level)
        of = f"as-{_SHORT[level]}"
        if session is not None and (await script.change(of, change)).done:
            await _sweep(script, label, session, reading, places[:1], cells)


async def _narrowed(
    script: PlatformScript, places: list[Place], cells: list[dict[str, Any]]
) -> None:
    """Two users of one role: one may only view the camera, the other may only play it back."""
    if "data-access" not in script.made:
        return
    own = places[0]
    now = script.now
    for label, operation in (("only-live", "live"), ("only-playback", "playback")):
        account = await script.account(
            label,
            {"cameras": [{"channel": own.channel, "operations": [operation]}]},
            role="data-access",
        )
        if account is None:
            continue
        session, _ = await script.log_in(account, of=label)
        if session is None:
            continue
        played = await script.port.open_playback(session, own.channel, now - 120, now - 60)
        cells.append(
            {"as": label, "operation": "playback", "about": "own", "status": played.status}
        )
        try:
            async with script.port.live(session, own.channel) as stream:
                status = stream.status
        except VisitProblem:
            status = 0
        cells.append({"as": label, "operation": "live", "about": "own", "status": status})


async def _clear_sweep(script: PlatformScript) -> None:
    """Remove what a platform made of the sweep although it should not have."""
    for kind in ("users", "roles", "customers", "organisations"):
        listed = await script.port.list(script.admin, kind)
        for one in listed.items:
            if str(one.get("name", "")).startswith(f"{script.mark}-sweep"):
                await script.port.remove(script.admin, kind, str(one.get("id")))
    await script.port.remove(script.admin, "devices", "61999900001189999999")
