"""The visit ``platform:download``: a period saved and fetched in two parts, and its history."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Session
from targets.platform.port import Answer
from visits.circumstances import Visit
from visits.platform.moments import period_with_gap
from visits.platform.people import make_roles, make_user
from visits.platform.script import PlatformScript, Step, working
from visits.platform.watching import served_channels

#: Length of the period that is saved, and of the one that is cancelled at once.
PERIOD_S, CANCELLED_S = 20.0, 60.0
LOOK_BACK_S = 3_600.0
_POLL_S = 0.2
#: Making a file may take this long for each second of its period, and this long in any case.
_MAKING, _MAKING_LEAST_S = 2.0, 30.0
_HISTORY = (
    "id", "user", "device", "channel", "start", "end", "bytes", "started", "ended", "result",
)  # fmt: skip


async def record_download(visit: Visit) -> None:
    """Order, fetch, cancel, and read the history, as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; nothing is recorded.
    """
    async with working(visit) as script:
        channels = await served_channels(script, script.admin)
        now = script.now
        least = CANCELLED_S + 30.0
        channel, period = await period_with_gap(
            script, channels, now - LOOK_BACK_S, now, least=least
        )
        await make_roles(script)
        session = await make_user(script, "saver", [channel["id"]])
        start = period["start"] + 10.0
        identifier = await _order(script, session, "saved", channel, start, start + PERIOD_S)
        if await _ready(script, session, identifier):
            await _fetch(script, session, identifier)
        cancelled = await _order(script, session, "cancelled", channel, start, start + CANCELLED_S)
        if cancelled:
            await script.do(
                "cancel", "downloads", "cancelled",
                partial(script.port.cancel_download, session, cancelled),
            )  # fmt: skip
        await _history(script, "history")
        await _try_to_delete(script, session, identifier)
        await _history(script, "history-after")


async def _order(
    script: PlatformScript,
    session: Session,
    of: str,
    channel: dict[str, Any],
    start: float,
    end: float,
) -> str:
    outcome = await script.do(
        "order",
        "downloads",
        of,
        partial(script.port.order_download, session, channel["id"], start, end),
        channel=channel["id"],
        device=channel["device"],
        user=script.made["saver"].name,
        start=start,
        end=end,
    )
    script.steps[-1]["id"] = outcome.id
    return outcome.id


async def _ready(script: PlatformScript, session: Session, identifier: str) -> bool:
    """Whether the file is made in time; the state at the end is noted."""
    step: Step = {"name": "made", "of": "saved", "at": script.now}
    script.steps.append(step)
    state = ""
    deadline = script.now + max(_MAKING_LEAST_S, _MAKING * PERIOD_S)
    while identifier and script.now < deadline:
        found = await script.port.download_state(session, identifier)
        state = str(found.fields.get("state", found.state))
        step |= {"state": state, "bytes": found.fields.get("bytes"), "status": found.status}
        if state not in ("queued", "running"):
            break
        await asyncio.sleep(_POLL_S)
    step["ended"] = script.now
    return state == "ready"


async def _fetch(script: PlatformScript, session: Session, identifier: str) -> None:
    """The file in two parts, as after a broken transfer, and its length as a whole."""
    port = script.port
    head = await port.download_file(session, identifier, 0, 0)
    size = _size_of(head)
    middle = size // 2
    parts = [
        await port.download_file(session, identifier, 0, middle - 1),
        await port.download_file(session, identifier, middle),
    ]
    content = b"".join(one.body for one in parts) if all(
        one.status == 206 for one in parts
    ) else (await port.download_file(session, identifier)).body  # fmt: skip
    script.visit.draft.keep("saved.mp4", content, "video/mp4")
    script.steps.append(
        {
            "name": "fetch",
            "of": "saved",
            "at": script.now,
            "part": "saved.mp4",
            "size": size,
            "statuses": [one.status for one in parts],
            "ranges": [one.headers.get("content-range", "") for one in parts],
            "received": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    )


def _size_of(answer: Answer) -> int:
    """The length of the whole file as the answer to a part of it says, or its own."""
    whole = answer.headers.get("content-range", "").rpartition("/")[2]
    if whole.isdigit():
        return int(whole)
    length = answer.headers.get("content-length", "")
    return int(length) if length.isdigit() else len(answer.body)


async def _history(script: PlatformScript, name: str) -> None:
    """The lines of the history that are of this visit's user or downloads, or cannot be told."""
    outcome = await script.do(name, "downloads", "", partial(script.port.history, script.admin))
    known = {step["id"] for step in script.steps if step.get("name") == "order"}
    user = script.made["saver"].name
    script.steps[-1]["lines"] = [
        {field: one.get(field) for field in _HISTORY}
        for one in outcome.items
        if str(one.get("id")) in known or one.get("user") == user
    ]


async def _try_to_delete(script: PlatformScript, session: Session, identifier: str) -> None:
    """What a downloader may try to have a line of the history gone."""
    if identifier:
        await script.do(
            "forget", "downloads", "saved",
            partial(script.port.cancel_download, session, identifier),
        )  # fmt: skip
    if not script.port.has_interface:
        return
    for path in (f"/api/downloads/history/{identifier}", "/api/downloads/history"):
        try:
            answer = await script.port.request(session, "DELETE", path)
        except VisitProblem:
            continue
        script.steps.append(
            {"name": "delete-line", "of": path, "at": script.now, "status": answer.status}
        )
