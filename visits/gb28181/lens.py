"""The visit ``lens`` of a device that only registers: the zoom by PTZCmd, in one live session."""

from __future__ import annotations

import contextlib

from protocols.gb28181 import ptz
from targets.errors import VisitProblem
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import Visit
from visits.gb28181.script import Script, Step, conversation

_SPEED = 8


async def record_lens_by_registration(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes; the lens is driven back as long.

    Raises:
        VisitProblem: the device is not known to register, or does not, or shows no picture.
    """
    visit.facts.update({"offered": None, "move": None, "restored": None, "looks": {}})
    async with conversation(visit) as script:
        channel = await script.channel()

        async def during(_: MediaSession, __: Step) -> None:
            await _there_and_back(script, channel)

        session = await script.media("live", MediaOrder("Play", channel), during)
        if problem := session.outcome.problem:
            raise VisitProblem(problem["code"], **problem["parameters"])


async def _there_and_back(script: Script, channel: str) -> None:
    facts, lengths = script.visit.facts, script.lengths
    move = {"way": "gb28181", "from": None, "to": None, "accepted": False, "detail": ""}
    facts["move"] = move
    await script.rest(lengths.gb_move)
    facts["looks"]["before"] = script.now
    try:
        move["accepted"] = await _drive(script, channel, "zoom-in", _SPEED)
        await script.rest(lengths.lens_settles + lengths.gb_move)
        facts["looks"]["near"] = script.now
    finally:
        facts["restored"] = False
        with contextlib.suppress(VisitProblem):
            facts["restored"] = await _drive(script, channel, "zoom-out", -_SPEED)
    await script.rest(lengths.lens_settles + lengths.gb_move)
    facts["looks"]["back"] = script.now


async def _drive(script: Script, channel: str, what: str, speed: int) -> bool:
    """Drive the zoom for a moment; whether the device took both commands."""
    fields = (
        (what, ptz.move(zoom=speed).to_hex(), script.lengths.lens_move),
        ("stop", ptz.stop().to_hex(), 0.0),
    )
    taken = []
    for name, digits, seconds in fields:
        told = await script.command(name, [("PTZCmd", digits)], target=channel)
        taken.append(told.status == 200)
        if seconds:
            await script.rest(seconds)
    return all(taken)
