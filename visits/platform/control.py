"""The visits ``platform:control`` and ``platform:patrol``: what users do is seen in the picture.

One live picture runs all the while; every step says from when to when the picture should show it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Outcome, Session
from visits.circumstances import Visit
from visits.platform.people import make_roles, make_user
from visits.platform.script import PlatformScript, Step, working
from visits.platform.watching import served_channels, watching

#: Levels of the test users: "up to 10, the highest"; low ones leave the camera at its home preset.
LOW, HIGH = 2, 9
#: Presets that the visits set, far from those that users of the site are likely to have.
HOME, FAR, THIRD = 201, 202, 203
#: Kinds of PTZ cameras by GB/T 28181 (2016, A.2.1.3): 1 dome, 2 half dome.
_TURNS = (1, 2, "1", "2")
#: How long a view is looked at once it stands.
_LOOK_S = 0.8
#: A lock is waited for no longer.
_LONGEST_HOLD_S = 60.0


class _Lens:
    """The camera that is steered: its channel, and who steers it."""

    def __init__(self, script: PlatformScript, channel: str) -> None:
        self.script = script
        self.channel = channel

    async def command(
        self, name: str, of: str, session: Session, seconds: float = 0.0, **command: Any
    ) -> Outcome:
        """One command; a movement is stopped after ``seconds``."""
        script = self.script
        outcome = await script.do(
            name,
            "control",
            of,
            partial(script.port.control, session, self.channel, **command),
            command=dict(command),
        )
        step = script.steps[-1]
        answered = {key: outcome.fields.get(key) for key in ("holder", "level", "remaining_s")}
        step["answer"] = answered
        if outcome.done and seconds:
            await asyncio.sleep(seconds)
            await script.port.control(session, self.channel, command="stop")
            step["stopped"] = script.now
        return outcome

    async def preset(self, of: str, session: Session, number: int, *, home: bool = False) -> None:
        """Keep where the camera stands as a preset."""
        script = self.script
        await script.do(
            "preset",
            "control",
            of,
            partial(
                script.port.set_preset, session, self.channel, number, script.name(of), home=home
            ),
            preset=number,
        )

    async def look(self, of: str) -> None:
        """Let the camera come to rest, then look at what it shows."""
        script = self.script
        await asyncio.sleep(script.visit.lengths.platform_settle)
        step: Step = {"name": "look", "of": of, "at": script.now}
        script.steps.append(step)
        await asyncio.sleep(_LOOK_S)
        step["until"] = script.now

    async def release(self, of: str, session: Session) -> None:
        """Let go of the camera."""
        script = self.script
        await script.do(
            "release", "control", of, partial(script.port.release, session, self.channel)
        )


async def record_control(visit: Visit) -> None:
    """Steer by users of three levels, as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; no camera can be steered.
    """
    async with working(visit) as script:
        channel = await _turning(script)
        await make_roles(script, steering=True)
        low = await make_user(script, "low", [channel], ptz_level=LOW)
        equal = await make_user(script, "equal", [channel], ptz_level=LOW)
        high = await make_user(script, "high", [channel], ptz_level=HIGH)
        lens = _Lens(script, channel)
        opened = partial(script.port.live, low, channel)
        async with watching(script, "view", "low", opened, channel=channel) as stream:
            if stream is None or stream.status != 200:
                return
            await stream.wait_for_bytes(1, script.react)
            await _effects(lens, low)
            await _priority(lens, low, equal, high)
            await _home(lens, low)
        await _forget(lens, high, (HOME, FAR))


async def _effects(lens: _Lens, low: Session) -> None:
    """Turn, zoom, and go back to a preset."""
    move = lens.script.visit.lengths.platform_move
    await lens.look("before")
    await lens.preset("home", low, HOME, home=True)
    await lens.command("move", "low", low, move, command="move", pan=1.0, speed=0.5)
    await lens.look("moved")
    await lens.command("zoom", "low", low, move, command="zoom", zoom=1.0)
    await lens.look("zoomed")
    await lens.preset("far", low, FAR)
    await lens.command("goto", "low", low, command="preset-goto", preset=HOME)
    await lens.look("returned")


async def _priority(lens: _Lens, low: Session, equal: Session, high: Session) -> None:
    """Who gets the camera from whom."""
    turn = {"command": "move", "pan": 1.0, "speed": 0.2}
    brief = 0.2
    await lens.command("hold", "low", low, brief, **turn)
    await lens.command("equal-while-held", "equal", equal, brief, **turn)
    await lens.command("takeover", "high", high, brief, **turn)
    await lens.command("low-while-high", "low", low, brief, **turn)
    await lens.release("high", high)
    await lens.command("after-release", "low", low, brief, **turn)
    state = await lens.script.port.control_state(low, lens.channel)
    remaining = state.fields.get("remaining_s")
    wait = float(remaining) if isinstance(remaining, int | float) else _LONGEST_HOLD_S
    await asyncio.sleep(min(wait, _LONGEST_HOLD_S) + 1.0)
    lens.script.steps.append({"name": "waited", "of": "low", "at": lens.script.now, "for": wait})
    await lens.command("after-time", "equal", equal, brief, **turn)
    await lens.release("equal", equal)


async def _home(lens: _Lens, low: Session) -> None:
    """A low level leaves the camera turned away."""
    move = lens.script.visit.lengths.platform_move
    await lens.command("leave", "low", low, move, command="move", pan=1.0, speed=0.5)
    await lens.look("left-turned")
    await lens.release("low", low)
    await lens.look("home")


async def record_patrol(visit: Visit) -> None:
    """Set three presets, patrol them, stop, as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``record_control``.
    """
    dwell = visit.lengths.platform_dwell
    async with working(visit) as script:
        channel = await _turning(script)
        await make_roles(script, steering=True)
        user = await make_user(script, "guard", [channel], ptz_level=HIGH)
        lens = _Lens(script, channel)
        opened = partial(script.port.live, user, channel)
        async with watching(script, "view", "guard", opened, channel=channel) as stream:
            if stream is None or stream.status != 200:
                return
            await stream.wait_for_bytes(1, script.react)
            for number, preset in enumerate((HOME, FAR, THIRD)):
                if number:
                    await lens.command(
                        "move", "guard", user, visit.lengths.platform_move,
                        command="move", pan=1.0, speed=0.5,
                    )  # fmt: skip
                await lens.look(f"preset-{preset}")
                await lens.preset(f"stop-{preset}", user, preset)
            await lens.release("guard", user)
            await _patrol(script, user, channel, dwell)
        await _forget(lens, user, (HOME, FAR, THIRD))


async def _patrol(script: PlatformScript, user: Session, channel: str, dwell: float) -> None:
    stops = [{"preset": one, "dwell_s": dwell} for one in (HOME, FAR, THIRD)]
    made = await script.create(
        "patrols",
        "round",
        {"name": script.name("round"), "channel": channel, "stops": stops},
        session=user,
    )
    if not made.done:
        return
    script.visit.facts["patrol"] = {"presets": [HOME, FAR, THIRD], "dwell_s": dwell}
    await script.do(
        "start", "patrols", "round", partial(script.port.patrol, user, made.id, "start")
    )
    step = script.steps[-1]
    # One round and one stop more, so that the way from the last to the first is seen.
    await asyncio.sleep((len(stops) + 1.5) * dwell)
    step["until"] = script.now
    await script.do("stop", "patrols", "round", partial(script.port.patrol, user, made.id, "stop"))
    step = script.steps[-1]
    # Long enough to see the next stop of a patrol that goes on, by pictures that come late.
    await asyncio.sleep(3.0 * dwell)
    step["until"] = script.now


async def _forget(lens: _Lens, session: Session, presets: tuple[int, ...]) -> None:
    for preset in presets:
        await lens.command("forget", "", session, command="preset-delete", preset=preset)
    await lens.release("end", session)


async def _turning(script: PlatformScript) -> str:
    """A channel that can be steered: one that says so, else the first that is there."""
    channels = [one for one in await served_channels(script, script.admin) if one["online"]]
    turning = [one for one in channels if one["ptz_type"] in _TURNS] or channels
    if not turning:
        raise VisitProblem("visit.not-offered", what="control")
    return str(turning[0]["id"])
