"""The visit ``platform:management``: organisations, cameras and the five areas, made and changed.

Everything is read back in a fresh session, and once more after a restart where a rig can restart
the platform.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Outcome, Session
from targets.platform.port import Kind
from visits.circumstances import Visit
from visits.platform.script import PlatformScript, kept, working

LEVELS = 5
#: What is changed of areas that have one record each, and by how much or to what.
_SINGLE: dict[Kind, tuple[str, Any]] = {
    "network": ("upstream_ntp", ["192.0.2.2"]),
    "security": ("session_minutes", None),
}
#: Of a session, where nobody says how long one is now.
_MINUTES = 45


async def record_management(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``.
    """
    async with working(visit) as script:
        await _make(script)
        before = await _change(script)
        try:
            await _restart(script)
            await script.log_in_again()
            await _read_back(script, "read-again")
        finally:
            await _put_back(script, before)
        await _delete(script)


async def _make(script: PlatformScript) -> None:
    await script.list_own("organisations", name="list-before")
    root = parent = await _root(script)
    for level in range(1, LEVELS + 1):
        name = f"level-{level}"
        fields: dict[str, Any] = {"name": script.name(name)}
        if parent:
            fields["parent"] = parent
        outcome = await script.create("organisations", name, fields)
        if not outcome.done:
            break
        parent = outcome.id
    device = script.device_id("132")
    await script.create(
        "devices",
        "camera",
        {"id": device, "name": script.name("camera"), "organisation": root, "protocol": "gb28181"},
    )
    if "camera" in script.made and script.port.has_interface:
        # It will never register, so that nobody needs to stand by with a camera.
        channel = {"id": script.device_id("131"), "device": device, "name": script.name("channel")}
        await script.create("channels", "channel", channel)
    await script.create(
        "customers",
        "customer",
        {
            "name": script.name("customer"),
            "organisation": root,
            "contact": script.name("contact"),
        },
    )
    if "customer" in script.made:
        await script.create(
            "services",
            "service",
            {
                "customer": script.made["customer"].id,
                "modes": ["pc"],
                "concurrent_viewers": 2,
                "retention_days": 30,
            },
        )


async def _root(script: PlatformScript) -> str:
    """The organisation under which the administrator stands, "" when there is none."""
    listed = await script.port.list(script.admin, "organisations")
    known = {str(one.get("id")) for one in listed.items}
    roots = [one for one in listed.items if str(one.get("parent")) not in known]
    return str(roots[0].get("id")) if roots else ""


async def _change(script: PlatformScript) -> dict[Kind, Outcome]:
    """Change one thing of everything; what stood in the single records before."""
    for of, field in (
        ("level-3", "name"),
        ("camera", "name"),
        ("customer", "contact"),
        ("service", "concurrent_viewers"),
    ):
        if of in script.made:
            value: Any = 3 if field == "concurrent_viewers" else script.name(f"{of}-changed")
            await script.change(of, {field: value})
    before: dict[Kind, Outcome] = {}
    for kind, (field, value) in _SINGLE.items():
        found = await script.do("read", kind, kind, partial(script.port.read, script.admin, kind))
        if not found.done:
            continue
        before[kind] = found
        known = found.fields.get(field)
        wanted = value
        if value is None:
            wanted = known + 1 if isinstance(known, int) else _MINUTES
        await script.do(
            "change",
            kind,
            kind,
            partial(script.port.change, script.admin, kind, "", {field: wanted}),
            wanted={field: wanted},
        )
    for of in script.made:
        await script.read(of)
    await _read_back(script, "read")
    return before


async def _read_back(script: PlatformScript, name: str) -> None:
    """Everything of this visit and the single records, as they are now."""
    await script.list_own("organisations", name=f"{name}-tree")
    for of in script.made:
        if name != "read":
            await script.read(of, name=name)
    for kind in _SINGLE:
        found = await script.do(name, kind, kind, partial(script.port.read, script.admin, kind))
        script.steps[-1]["found"] = kept(found.fields)


async def _restart(script: PlatformScript) -> None:
    rig = script.visit.platform.rig
    step: dict[str, Any] = {"name": "restart", "at": script.now, "by": "none"}
    script.steps.append(step)
    if rig is not None:
        await rig.restart(script.visit.camera.point)
        step["by"] = "rig"
    elif script.port.adapter == "attended" and (await script.port.confirm("restart")).done:
        step["by"] = "person"
    step["ended"] = script.now


async def _put_back(script: PlatformScript, before: dict[Kind, Outcome]) -> None:
    for kind, found in before.items():
        field = _SINGLE[kind][0]
        work = partial(script.port.change, script.admin, kind, "", {field: found.fields.get(field)})
        if field not in found.fields:  # a person has seen it, and puts it back
            work = partial(script.port.confirm, "put-back", user=script.admin.user, kind=kind)
        await script.do("put-back", kind, kind, work)


async def _delete(script: PlatformScript) -> None:
    """Delete a parent that has children, then a camera, then all; and look after each."""
    if "level-3" in script.made:
        # What hangs on nothing shows in no list: somebody who stands there can tell.
        lowest = script.made.get(f"level-{LEVELS}", script.made["level-3"])
        tenant = await script.account("tenant", {"organisation": lowest.id})
        await script.remove("level-3")
        await script.list_own("organisations", name="tree-after-parent")
        if tenant is not None:
            await script.log_in(tenant, of="tenant")
            await script.remove("tenant")
    if "camera" in script.made:
        made = script.made.get("channel")
        channels = [made.id] if made is not None else []
        await _views(script, "views-before", channels)
        await script.remove("camera")
        await _views(script, "views-after", channels)
    for of in ("service", "customer"):
        if of in script.made:
            await script.remove(of)
            await script.read(of, name="read-removed")
    for level in range(LEVELS, 0, -1):
        if f"level-{level}" in script.made:
            await script.remove(f"level-{level}")
    await script.list_own("organisations", name="tree-after-all")


async def _views(script: PlatformScript, name: str, channels: list[str]) -> None:
    """Everywhere the camera of this visit shows: each view with its status."""
    device, session, port = script.made["camera"].id, script.admin, script.port
    listed = await port.list(session, "devices")
    views: dict[str, Any] = {
        "device-list": any(str(one.get("id")) == device for one in listed.items),
        "device": (await port.read(session, "devices", device)).fact(),
    }
    if port.has_interface:
        shown = await port.list(session, "channels")
        for channel in channels:
            views[f"channel-list:{channel}"] = any(
                str(one.get("id")) == channel for one in shown.items
            )
            views[f"channel:{channel}"] = (await port.read(session, "channels", channel)).fact()
            views[f"live:{channel}"] = await _live(script, session, channel)
    script.steps.append({"name": name, "at": script.now, "views": views, "channels": channels})


async def _live(script: PlatformScript, session: Session, channel: str) -> dict[str, Any]:
    """How a live picture is answered; nothing when the answer did not come."""
    try:
        async with script.port.live(session, channel) as stream:
            return {"status": stream.status}
    except VisitProblem:
        return {}
