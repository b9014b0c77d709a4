"""The visits ``platform:live``, ``platform:viewers`` and ``platform:ramp``: pictures of now."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Session
from visits.circumstances import Visit
from visits.platform.people import make_roles, make_user
from visits.platform.script import PlatformScript, working
from visits.platform.watching import served_channels, watched, watching

#: Channels of each codec, and those that the platform calls offline, that are looked at.
_OF_A_CODEC, _OFFLINE = 2, 1
#: People at one channel in ``platform:viewers``.
_VIEWERS = ("first", "second", "third")


async def record_live(visit: Visit) -> None:
    """Watch channels one after another as a test user, as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; the platform makes no test user.
    """
    async with working(visit) as script:
        channels = await served_channels(script, script.admin)
        await make_roles(script)
        user = await make_user(script, "viewer", [one["id"] for one in channels])
        for one in _chosen(channels):
            await _watch(script, user, one, "live", "viewer", visit.lengths.platform_stream)


async def record_viewers(visit: Visit) -> None:
    """Three users at one channel; the first leaves while the others go on watching.

    Raises:
        VisitProblem: see ``record_live``.
    """
    async with working(visit) as script:
        channels = await served_channels(script, script.admin)
        shown = next((one for one in channels if one["online"]), None)
        if shown is None:
            raise VisitProblem("visit.not-offered", what="live")
        await make_roles(script)
        users = {of: await make_user(script, of, [shown["id"]]) for of in _VIEWERS}
        seconds = visit.lengths.platform_stream
        leaving = asyncio.Event()

        async def watch(of: str, waits: bool) -> None:
            opened = partial(script.port.live, users[of], shown["id"])
            name = script.made[of].name
            async with watching(
                script, "viewer", of, opened, channel=shown["id"], user=name
            ) as stream:
                if stream is None or stream.status != 200:
                    return
                await stream.wait_for_bytes(1, seconds + script.react)
                if waits:
                    await leaving.wait()
                await stream.wait_for_end(seconds / 2 if waits else seconds)

        # The first is watching when the others come.
        first = asyncio.create_task(watch(_VIEWERS[0], False))
        await asyncio.sleep(seconds / 4)
        staying = [asyncio.create_task(watch(of, True)) for of in _VIEWERS[1:]]
        try:
            await asyncio.sleep(seconds / 4)
            await _count_pulls(script, shown["id"])
            await first
            script.steps.append({"name": "left", "of": _VIEWERS[0], "at": script.now})
            leaving.set()
            await asyncio.gather(*staying)
        finally:
            for task in (first, *staying):
                task.cancel()
            await asyncio.gather(first, *staying, return_exceptions=True)


async def record_ramp(visit: Visit) -> None:
    """More and more viewers up to the contract's number and one beyond.

    Raises:
        VisitProblem: see ``record_live``; ``visit.not-offered`` where the contract has no number.
    """
    agreed = visit.platform.target.access.concurrent_viewers
    visit.facts["agreed"] = agreed
    async with working(visit) as script:
        channels = [one for one in await served_channels(script, script.admin) if one["online"]]
        if not channels:
            raise VisitProblem("visit.not-offered", what="live")
        await make_roles(script)
        user = await make_user(script, "crowd", [one["id"] for one in channels])
        async with contextlib.AsyncExitStack() as stack:
            running = 0
            for wanted in _steps_up_to(agreed):
                opening = []
                for number in range(running, wanted):
                    one = channels[number % len(channels)]
                    opened = partial(script.port.live, user, one["id"])
                    opening.append(
                        stack.enter_async_context(
                            watching(
                                script, "crowd", f"{number + 1}", opened,
                                channel=one["id"], viewers=wanted,
                            )
                        )
                    )  # fmt: skip
                streams = await asyncio.gather(*opening)
                await asyncio.gather(
                    *(one.wait_for_bytes(1, script.react) for one in streams if one is not None)
                )
                began = script.now
                await asyncio.sleep(visit.lengths.platform_stream)
                script.steps.append(
                    {"name": "held", "of": str(wanted), "at": began, "ended": script.now}
                )
                running = wanted


def _steps_up_to(agreed: int) -> list[int]:
    """One, half, all, and one more; a single look where nothing was agreed."""
    if agreed <= 0:
        return [1]
    return sorted({1, max(1, agreed // 2), agreed, agreed + 1})


def _chosen(channels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some of each codec that are online, then some that are not."""
    chosen: list[dict[str, Any]] = []
    for codec in dict.fromkeys(one["codec"] for one in channels):
        chosen += [one for one in channels if one["online"] and one["codec"] == codec][:_OF_A_CODEC]
    return chosen + [one for one in channels if not one["online"]][:_OFFLINE]


async def _watch(
    script: PlatformScript,
    session: Session,
    channel: dict[str, Any],
    name: str,
    of: str,
    seconds: float,
) -> None:
    await watched(
        script,
        name,
        of,
        partial(script.port.live, session, channel["id"]),
        seconds,
        channel=channel["id"],
        user=script.made[of].name,
    )


async def _count_pulls(script: PlatformScript, channel: str) -> None:
    """How many streams the camera sends for it, as the platform says itself."""
    with contextlib.suppress(VisitProblem):
        found = await script.port.viewers(script.admin, channel)
        viewers = found.fields.get("viewers")
        script.steps.append(
            {
                "name": "pulls",
                "of": channel,
                "at": script.now,
                "state": found.state,
                "by": "platform",
                "upstream_pulls": found.fields.get("upstream_pulls"),
                "viewers": len(viewers) if isinstance(viewers, list) else None,
            }
        )
