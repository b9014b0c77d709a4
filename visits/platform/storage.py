"""The visit ``platform:storage``: what the index says of the last days, and pictures drawn of it.

For each camera that is looked at, moments are drawn at random within what the index calls recorded,
some of every day, and the first pictures from there are fetched.
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from targets.errors import VisitProblem
from visits.circumstances import Visit
from visits.platform.moments import spans_of
from visits.platform.script import PlatformScript, Step, working
from visits.platform.watching import first_picture, watching

DAY_S = 86_400.0
#: The standard's days; a contract may say more.
LEAST_DAYS = 7
#: Cameras and, of each day of each, moments that are drawn.
CAMERAS, DRAWS = 2, 2
#: What is asked for at a moment, and how long its first picture is waited for.
_PERIOD_S, _ENOUGH_S, _PATIENCE_S = 10.0, 0.6, 20.0


async def record_storage(visit: Visit) -> None:
    """Ask the index and draw pictures, as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; no camera is listed.
    """
    days = max(LEAST_DAYS, visit.platform.target.access.retention_days)
    draw = random.Random(visit.circumstances.seed)
    visit.facts.update(days=days, seed=visit.circumstances.seed)
    async with working(visit) as script:
        declared = visit.platform.target.access.cameras
        listed = await script.port.list(script.admin, "channels")
        channels = [
            {"id": str(one.get("id")), "name": str(one.get("name"))}
            for one in listed.items
            if (not declared or str(one.get("id")) in declared) and one.get("online") is not False
        ]
        if not channels:
            raise VisitProblem("visit.not-offered", what="recordings")
        visit.facts["channels"] = channels
        now = script.now
        for channel in draw.sample(channels, min(CAMERAS, len(channels))):
            spans = await _index(script, channel, now - days * DAY_S, now)
            for day in range(days):
                for at in _drawn(draw, spans, now - (day + 1) * DAY_S, now - day * DAY_S):
                    await _fetch(script, channel, day, at)


async def _index(
    script: PlatformScript, channel: dict[str, Any], since: float, until: float
) -> list[tuple[float, float]]:
    step: Step = {"name": "index", "of": channel["id"], "at": script.now}
    script.steps.append(step)
    found = await script.port.spans(script.admin, channel["id"], since, until)
    spans = spans_of(found)
    step |= {**found.fact(), "since": since, "until": until, "spans": [list(one) for one in spans]}
    return spans


def _drawn(
    draw: random.Random, spans: list[tuple[float, float]], since: float, until: float
) -> list[float]:
    """Moments within ``spans`` of one day, each second as likely as any other."""
    within = [
        (max(start, since), min(end, until) - _PERIOD_S)
        for start, end in spans
        if min(end, until) - max(start, since) > _PERIOD_S
    ]
    if not within:
        return []
    chosen = draw.choices(within, weights=[end - start for start, end in within], k=DRAWS)
    return sorted(draw.uniform(start, end) for start, end in chosen)


async def _fetch(script: PlatformScript, channel: dict[str, Any], day: int, at: float) -> None:
    """The first pictures from ``at`` on."""
    port, session = script.port, script.admin
    wanted: dict[str, Any] = {"channel": channel["id"], "wanted": at, "day": day}
    try:
        opened = await port.open_playback(session, channel["id"], at, at + _PERIOD_S)
    except VisitProblem as problem:
        script.steps.append(
            {"name": "draw", "of": "", "at": script.now, "problem": problem.reason.code, **wanted}
        )
        return
    if not opened.done:
        script.steps.append({"name": "draw", "of": "", "at": script.now, **opened.fact(), **wanted})
        return
    stream_of = partial(port.playback, session, opened.id)
    async with watching(script, "draw", f"{day}-{round(at)}", stream_of, **wanted) as stream:
        if stream is not None and stream.status == 200:
            await first_picture(script, stream, _PATIENCE_S)
            await stream.wait_for_end(_ENOUGH_S)
    await port.close_playback(session, opened.id)
