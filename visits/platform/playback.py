"""The visit ``platform:playback``: a recorded period, its pace, pauses and seeks."""

from __future__ import annotations

from functools import partial
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Session
from targets.platform.port import MediaStream
from visits.circumstances import Visit
from visits.platform.moments import period_with_gap
from visits.platform.people import make_roles, make_user
from visits.platform.script import PlatformScript, working
from visits.platform.watching import served_channels, watching

#: How far back a recorded period is looked for.
LOOK_BACK_S = 3_600.0
#: Where in the period the places to seek lie: apart from each other by parts of a key interval.
_SEEKS = (61.4, 127.9, 94.6)
#: Two people play the same, so that their marks can be told apart.
_PLAYERS = ("player", "other")
#: How long the picture that follows a command is waited for; one that comes sooner ends it.
_PATIENCE_S = 20.0
#: Of pictures that were on their way when a command was given.
_ON_THE_WAY_S = 0.05


async def record_playback(visit: Visit) -> None:
    """Play, hasten, slow down, pause and seek as a test user, as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; nothing is recorded.
    """
    async with working(visit) as script:
        channels = await served_channels(script, script.admin)
        now = script.now
        channel, period = await period_with_gap(
            script, channels, now - LOOK_BACK_S, now, least=max(_SEEKS) + 30.0
        )
        await make_roles(script)
        sessions = {of: await make_user(script, of, [channel["id"]]) for of in _PLAYERS}
        await _play(script, sessions["player"], channel, period)
        await _glance(script, sessions["other"], channel, period)


async def _play(
    script: PlatformScript, session: Session, channel: dict[str, Any], period: dict[str, Any]
) -> None:
    start, end = period["start"], period["end"]
    identifier = await _open(script, session, "player", channel["id"], start, end)
    opened = partial(script.port.playback, session, identifier)
    length = script.visit.lengths.platform_stream
    async with watching(
        script, "playback", "player", opened,
        channel=channel["id"], user=script.made["player"].name, start=start, end=end,
    ) as stream:  # fmt: skip
        if stream is None or stream.status != 200:
            return
        await stream.wait_for_bytes(1, script.react)
        control = partial(_control, script, session, identifier, stream)
        await control("scale", length, scale=1.0)
        await control("scale", length, scale=4.0)
        await control("scale", 1.5 * length, scale=0.5)
        await control("scale", 1.0, scale=1.0)
        await control("pause", length / 2)
        await control("resume", length / 2)
        for place in _SEEKS:
            await control("seek", length / 2, position=start + place)
        gap = period["gap"]
        if gap is not None:
            await control("seek", length / 4, position=gap["start"] - 8.0, gap="before")
            await control("seek", length / 2, position=gap["end"] + 8.3, gap="behind")
    await script.port.close_playback(session, identifier)


async def _glance(
    script: PlatformScript, session: Session, channel: dict[str, Any], period: dict[str, Any]
) -> None:
    """The same by somebody else, for a moment."""
    start, end = period["start"], period["end"]
    identifier = await _open(script, session, "other", channel["id"], start, end)
    opened = partial(script.port.playback, session, identifier)
    async with watching(
        script, "playback", "other", opened,
        channel=channel["id"], user=script.made["other"].name, start=start, end=end,
    ) as stream:  # fmt: skip
        if stream is not None and stream.status == 200:
            await stream.wait_for_end(script.visit.lengths.platform_stream / 2)
    await script.port.close_playback(session, identifier)


async def _open(
    script: PlatformScript, session: Session, of: str, channel: str, start: float, end: float
) -> str:
    outcome = await script.do(
        "open-playback",
        "playbacks",
        of,
        partial(script.port.open_playback, session, channel, start, end),
        channel=channel,
        start=start,
        end=end,
    )
    if not outcome.done:
        raise VisitProblem("visit.not-offered", what="playback")
    return outcome.id


async def _control(
    script: PlatformScript,
    session: Session,
    identifier: str,
    stream: MediaStream,
    action: str,
    seconds: float,
    **command: Any,
) -> None:
    """One command, and the stretch of the stream that follows it; ``gap`` is only noted."""
    sent = {name: value for name, value in command.items() if name != "gap"}
    outcome = await script.do(
        "steer",
        action,
        "player",
        partial(script.port.control_playback, session, identifier, action=action, **sent),
        **command,
    )
    step = script.steps[-1]
    if outcome.done:
        if action != "pause":
            await _answered(script, stream)
        await stream.wait_for_end(seconds)
    step["until"] = script.now


async def _answered(script: PlatformScript, stream: MediaStream) -> None:
    """Wait for what comes after the command and was not on its way before."""
    behind = script.now + _ON_THE_WAY_S
    last = script.now + _PATIENCE_S
    while await stream.wait_for_bytes(len(stream.data) + 1, last - script.now):
        if stream.arrivals[-1][0] > behind:
            return
