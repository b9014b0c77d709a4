"""The visit ``platform:accounts``: roles and users made, changed, suspended, expired, deleted.

Each change is made while the user it concerns is logged in, watches the event channel and, where a
camera is there, a picture: what becomes of all that is noted.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Session
from targets.platform.moments import iso_time
from targets.platform.port import EventChannel, MediaStream
from visits.circumstances import Visit
from visits.platform.script import Account, PlatformScript, Step, working

#: Longer ago than any clock is wrong.
_LONG_AGO_S = 86_400.0
_SECRET_NAME = re.compile(r"passw|hash|secret|salt|token", re.IGNORECASE)
_SECRET_FORM = {
    "crypt": re.compile(r"^\$(argon2|2[abxy]|5|6|pbkdf2|scrypt)"),
    "hexadecimal": re.compile(r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$"),
}
#: What a person saw, as an interface would have answered.
_AS_STATUS = {"done": 200, "refused": 403, "absent": 404, "failed": 500}
_PHONE, _PHONE_CHANGED = "13900000001", "13900000002"


async def record_accounts(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``.
    """
    async with working(visit) as script:
        channels = await _channels(script)
        visit.facts["channels"] = channels
        await _roles(script)
        account = await _fields(script, channels)
        if account is None:
            return
        await _query(script, account)
        await _rights(script, account, channels)
        await _state(script, account, channels)
        await _ptz_levels(script, channels)
        await _deletion(script, account)


async def _channels(script: PlatformScript) -> list[dict[str, Any]]:
    """The channels of the platform, those that are there first."""
    wanted = script.visit.platform.target.access.cameras
    listed = await script.port.list(script.admin, "channels")
    found = [
        {"id": str(one.get("id")), "online": one.get("online") is True}
        for one in listed.items
        if not wanted or str(one.get("id")) in wanted
    ]
    return sorted(found, key=lambda one: not one["online"])[:8]


async def _roles(script: PlatformScript) -> None:
    """A role of each level; one of them is changed, one deleted."""
    for of, level, operations in (
        ("watchers", "data-access", ["live", "playback"]),
        ("operators", "system-function", ["control", "preset"]),
        ("managers", "system-management", ["customers"]),
        ("short-lived", "data-access", ["live"]),
    ):
        await script.create(
            "roles", of, {"name": script.name(of), "level": level, "operations": operations}
        )
    if "managers" in script.made:
        await script.change("managers", {"operations": ["customers", "services"]})
        await script.read("managers")
    if "short-lived" in script.made:
        await script.remove("short-lived")
        await script.read("short-lived", name="read-removed")


async def _fields(script: PlatformScript, channels: list[dict[str, Any]]) -> Account | None:
    """A user with every field of 4.3.3.6-f, changed and read back."""
    now = script.now
    account = await script.account(
        "watcher",
        {
            "phone": _PHONE,
            "ptz_level": 3,
            "valid_from": iso_time(now - _LONG_AGO_S),
            "valid_until": iso_time(now + 30 * _LONG_AGO_S),
            "state": "active",
            "cameras": [{"channel": one["id"]} for one in channels[:1]],
        },
        role="watchers" if "watchers" in script.made else "",
    )
    if account is None:
        return None
    await script.read("watcher")
    await script.change("watcher", {"phone": _PHONE_CHANGED, "ptz_level": 4})
    await script.read("watcher", name="read-changed")
    return account


async def _query(script: PlatformScript, account: Account) -> None:
    """Found by a part of the name; what the answers hold that they must not."""
    port = script.port
    await script.list_own("users", name="query", query=script.mark)
    listed = script.steps[-1]
    listed["finds"] = [one.get("name") for one in listed["own"]]
    await script.list_own("users", name="query-nobody", query=f"{script.mark}-nobody")
    if not port.has_interface:
        return
    outcomes = {
        "list": await port.list(script.admin, "users"),
        "read": await port.read(script.admin, "users", account.made.id),
    }
    script.steps.append(
        {
            "name": "secrets",
            "at": script.now,
            "found": [
                {"answer": name, **leak}
                for name, outcome in outcomes.items()
                for leak in _leaks(outcome.fields)
            ][:20],
        }
    )


def _leaks(value: Any, name: str = "") -> Iterator[dict[str, str]]:
    """Fields that hold a password, a hash or a token: their names and forms, never the values."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaks(inner, str(key))
    elif isinstance(value, list):
        for inner in value[:5]:
            yield from _leaks(inner, name)
    elif isinstance(value, str) and value:
        form = next((form for form, shape in _SECRET_FORM.items() if shape.match(value)), "")
        if form or _SECRET_NAME.search(name):
            yield {"field": name[:40], "form": form or "text"}


@dataclass
class Running:
    """What a user has running: the session, its events, and a picture where there is one."""

    session: Session
    events: EventChannel | None
    stream: MediaStream | None


@asynccontextmanager
async def _running(
    script: PlatformScript, session: Session, channels: list[dict[str, Any]]
) -> AsyncIterator[Running]:
    """Everything that a user can have running, for as long as the block lasts."""
    async with contextlib.AsyncExitStack() as stack:
        events: EventChannel | None = None
        stream: MediaStream | None = None
        with contextlib.suppress(VisitProblem):
            events = await stack.enter_async_context(script.port.events(session))
        if channels:
            with contextlib.suppress(VisitProblem):
                stream = await stack.enter_async_context(
                    script.port.live(session, channels[0]["id"])
                )
                await stream.wait_for_bytes(1, script.react)
        yield Running(session, events, stream)


async def _aftermath(script: PlatformScript, running: Running, what: str) -> None:
    """What became of everything that ran, within the time that "at once" may take."""
    step: Step = {"name": "aftermath", "of": what, "at": script.now}
    script.steps.append(step)
    for name, one in (("stream", running.stream), ("events", running.events)):
        if one is None or one.status >= 400:
            step[name] = "none"
            continue
        ended = await one.wait_for_end(script.react)
        step[name] = "ended" if ended else "runs"
        if one.ended_at is not None:
            step[f"{name}_after_s"] = round(one.ended_at - step["at"], 3)
    if script.port.has_interface:
        answer = await script.port.request(running.session, "GET", "/api/channels")
        step["session_status"] = answer.status
    else:
        seen = await script.port.confirm("session-works", user=running.session.user)
        step |= {"session_status": _AS_STATUS[seen.state], "who": seen.who}
    step["ended"] = script.now


async def _sees(
    script: PlatformScript, session: Session, channel: str, of: str, name: str = "try"
) -> None:
    """Whether a session may view, play back and see a channel: the statuses of each."""
    step: Step = {"name": name, "of": of, "at": script.now}
    script.steps.append(step)
    if not script.port.has_interface:
        seen = await script.port.confirm("view-live", user=session.user, channel=channel)
        step |= {"live": _AS_STATUS[seen.state], "who": seen.who}
        return
    now = script.now
    playback = await script.port.open_playback(session, channel, now - 120, now - 60)
    if playback.done and playback.id:
        await script.port.close_playback(session, playback.id)
    step["playback"] = playback.status
    try:
        async with script.port.live(session, channel) as stream:
            step["live"] = stream.status
    except VisitProblem:
        step["live"] = 0
    shown = await script.port.list(session, "channels")
    step["listed"] = any(str(one.get("id")) == channel for one in shown.items)


async def _rights(script: PlatformScript, account: Account, channels: list[dict[str, Any]]) -> None:
    """A right is taken away while its holder is logged in and uses it."""
    session, _ = await script.log_in(account, of="watcher")
    if session is None or not channels:
        return
    channel = channels[0]["id"]
    async with _running(script, session, channels) as running:
        await _sees(script, session, channel, "with the right")
        if "watchers" in script.made:
            await script.change("watchers", {"operations": ["playback"]})
            await _aftermath(script, Running(session, None, running.stream), "right revoked")
            await _sees(script, session, channel, "right revoked")
            await script.change("watchers", {"operations": ["live", "playback"]})
            await _sees(script, session, channel, "right given back")
        await script.change("watcher", {"cameras": []})
        await _sees(script, session, channel, "camera taken away")
        await script.change("watcher", {"cameras": [{"channel": channel}]})


async def _state(script: PlatformScript, account: Account, channels: list[dict[str, Any]]) -> None:
    """Suspended, active again, and expired: each while the user has things running."""
    now = script.now
    for what, bad, good in (
        ("suspended", {"state": "suspended"}, {"state": "active"}),
        (
            "expired",
            {"valid_until": iso_time(now - 60.0)},
            {"valid_until": iso_time(now + 30 * _LONG_AGO_S)},
        ),
    ):
        session, _ = await script.log_in(account, of=f"before {what}")
        if session is None:
            continue
        async with _running(script, session, channels) as running:
            changed = await script.change("watcher", bad)
            script.steps[-1]["to"] = what
            if changed.done:
                await _aftermath(script, running, what)
        if changed.done:
            await script.log_in(account, of=what)
            await script.change("watcher", good)


async def _ptz_levels(script: PlatformScript, channels: list[dict[str, Any]]) -> None:
    """Users of a high, a low and no PTZ level command the same camera, one after another."""
    if not channels or "operators" not in script.made or not script.port.has_interface:
        return
    channel = channels[0]["id"]
    for of, level in (("high", 9), ("low", 1), ("none", 0)):
        account = await script.account(
            f"ptz-{of}",
            {"ptz_level": level, "cameras": [{"channel": channel}]},
            role="operators",
        )
        if account is None:
            continue
        session, _ = await script.log_in(account, of=f"ptz-{of}")
        if session is None:
            continue
        outcome = await script.do(
            "command",
            "control",
            of,
            partial(script.port.control, session, channel, command="stop"),
            level=level,
        )
        holder = {name: outcome.fields.get(name) for name in ("level", "remaining_s")}
        script.steps[-1]["holder"] = holder


async def _deletion(script: PlatformScript, account: Account) -> None:
    session, _ = await script.log_in(account, of="before deleted")
    if session is None:
        return
    removed = await script.remove("watcher")
    if removed.done:
        await _aftermath(script, Running(session, None, None), "deleted")
        await script.read("watcher", name="read-removed")
        await script.log_in(account, of="deleted")
