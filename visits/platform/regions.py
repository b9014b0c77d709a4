"""The visit ``platform:regions``: two regions side by side, each with managers and viewers."""

from __future__ import annotations

from functools import partial
from typing import Any

from targets.platform import Session
from targets.platform.port import Kind
from visits.circumstances import Visit
from visits.platform.script import PlatformScript, kept, working

#: Two regions that are nobody's (GB/T 2260 ends at 8299).
REGIONS = {"east": "990101", "west": "990102"}
_MANAGES = ("organisations", "devices", "users", "customers", "services", "audit")
_LISTED: tuple[Kind, ...] = ("organisations", "devices", "channels", "users", "customers")


async def record_regions(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``.
    """
    async with working(visit) as script:
        await _roles(script)
        for side, code in REGIONS.items():
            await _furnish(script, side, code)
        people = {
            f"{side}-{what}": await _session(script, side, what)
            for side in REGIONS
            for what in ("manager", "viewer")
        }
        for who, session in people.items():
            if session is not None:
                await _look_around(script, who, session)
                await _reach_over(script, who, session)


async def _roles(script: PlatformScript) -> None:
    await script.create(
        "roles",
        "managers",
        {"name": script.name("managers"), "level": "system-management",
         "operations": list(_MANAGES)},
    )  # fmt: skip
    await script.create(
        "roles",
        "viewers",
        {"name": script.name("viewers"), "level": "data-access", "operations": ["live"]},
    )


async def _furnish(script: PlatformScript, side: str, code: str) -> None:
    """An organisation with its region, a camera, a customer, a manager and a viewer."""
    made = await script.create("organisations", side, {"name": script.name(side), "region": code})
    if not made.done:
        return
    device = script.device_id("132")
    await script.create(
        "devices",
        f"{side}-camera",
        {"id": device, "name": script.name(f"{side}-camera"), "organisation": made.id,
         "protocol": "gb28181"},
    )  # fmt: skip
    channel = script.device_id("131")
    if script.port.has_interface:
        await script.create(
            "channels",
            f"{side}-channel",
            {"id": channel, "device": device, "name": script.name(f"{side}-channel")},
        )
    await script.create(
        "customers",
        f"{side}-customer",
        {"name": script.name(f"{side}-customer"), "organisation": made.id, "region": code},
    )
    cameras = [{"organisation": made.id}]
    for what, role in (("manager", "managers"), ("viewer", "viewers")):
        fields = {"organisation": made.id, "cameras": cameras}
        account = await script.account(
            f"{side}-{what}", fields, role=role if role in script.made else ""
        )
        if account is not None:
            script.accounts[f"{side}-{what}"] = account


async def _session(script: PlatformScript, side: str, what: str) -> Session | None:
    account = script.accounts.get(f"{side}-{what}")
    if account is None:
        return None
    session, _ = await script.log_in(account, of=f"{side}-{what}")
    return session


def _side(script: PlatformScript, side: str) -> dict[Kind, set[str]]:
    """The ids of what this visit made on one side, by kind."""
    found: dict[Kind, set[str]] = {}
    for of, made in script.made.items():
        if of == side or of.startswith(f"{side}-"):
            found.setdefault(made.kind, set()).add(made.id)
    return found


async def _look_around(script: PlatformScript, who: str, session: Session) -> None:
    """What somebody's lists hold of the own side and of the other."""
    side = who.partition("-")[0]
    other = "west" if side == "east" else "east"
    own, others = _side(script, side), _side(script, other)
    for kind in _LISTED:
        outcome = await script.do("list", kind, who, partial(script.port.list, session, kind))
        ids = {str(one.get("id")) for one in outcome.items}
        script.steps[-1] |= {
            "own": len(ids & own.get(kind, set())),
            "other": len(ids & others.get(kind, set())),
            "beyond": len(ids - own.get(kind, set()) - others.get(kind, set())),
        }


async def _reach_over(script: PlatformScript, who: str, session: Session) -> None:
    """Read, change and make things on the other side, by their ids."""
    side = who.partition("-")[0]
    other = "west" if side == "east" else "east"
    port = script.port
    for of in (f"{other}-camera", f"{other}-channel", f"{other}-viewer", f"{other}-customer"):
        made = script.made.get(of)
        if made is not None:
            await script.do(
                "reach-read", made.kind, who, partial(port.read, session, made.kind, made.id)
            )
    organisation = script.made.get(other)
    if organisation is None:
        return
    renamed: dict[str, Any] = {"name": script.name(f"{other}-taken"), "version": 1}
    await script.do(
        "reach-change",
        "organisations",
        who,
        partial(port.change, session, "organisations", organisation.id, renamed),
    )
    fields = {"name": script.name(f"{side}-spy"), "organisation": organisation.id}
    outcome = await script.create("customers", f"{who}-spy", fields, session=session)
    script.steps[-1] |= {"name": "reach-create", "of": who, "found": kept(outcome.fields)}
