"""The test users of the video visits: a role that may watch, save and steer, and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Session
from visits.platform.script import PlatformScript

WATCH = ("live", "playback", "download", "device-recordings")
STEER = ("control", "preset", "patrol")


async def make_role(script: PlatformScript, of: str, level: str, operations: Sequence[str]) -> None:
    """Make a role of ``level``.

    Raises:
        VisitProblem: ``visit.not-offered``, it was not made.
    """
    fields = {"name": script.name(of), "level": level, "operations": list(operations)}
    outcome = await script.create("roles", of, fields)
    if not outcome.done:
        raise VisitProblem("visit.not-offered", what="roles")


async def make_roles(script: PlatformScript, *, steering: bool = False) -> None:
    """The roles ``watchers`` and, where it is asked for, ``steerers``.

    Raises:
        VisitProblem: ``visit.not-offered``, one was not made.
    """
    await make_role(script, "watchers", "data-access", WATCH)
    if steering:
        await make_role(script, "steerers", "system-function", STEER)


async def make_user(
    script: PlatformScript, of: str, channels: Sequence[str], **fields: Any
) -> Session:
    """A test user of all roles made so far who may use ``channels``, logged in.

    Raises:
        VisitProblem: ``visit.not-offered``, it was not made or may not log in.
    """
    cameras = [{"channel": channel} for channel in channels]
    roles = [made.id for made in script.made.values() if made.kind == "roles"]
    account = await script.account(of, {"cameras": cameras, "roles": roles, **fields})
    session = None
    if account is not None:
        script.accounts[of] = account
        session, _ = await script.log_in(account, of=of)
    if session is None:
        raise VisitProblem("visit.not-offered", what="users")
    return session
