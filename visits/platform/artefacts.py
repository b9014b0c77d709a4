"""Pictures that a person at the vendor's client records and brings: the same instruments read them.

The person films the screen, or hands over a saved file; nobody is asked whether it looked right.
"""

from __future__ import annotations

import mimetypes
from typing import Any

from targets.errors import VisitProblem
from targets.platform.moments import iso_time
from visits.circumstances import Visit
from visits.platform.people import make_roles, make_user
from visits.platform.script import PlatformScript, Step, working

#: What a person does with a channel: how many channels of the list, and the codecs to be shown.
_CHANNELS, _CODECS = 2, {"h264": "H.264", "h265": "H.265"}
#: Two people watch the same, so that their marks can be told apart.
_PEOPLE = ("first", "second")
#: How long ago the period begins that is played and saved, and its length, in seconds.
_AGO_S, _PERIOD_S = 900.0, 20.0


async def brought(script: PlatformScript, name: str, of: str, task: str, **asked: Any) -> Step:
    """One artefact as a step; ``began`` says by whose count its pictures are timed.

    Raises:
        VisitProblem: ``visit.unanswered``.
    """
    step: Step = {"name": name, "of": of, "at": script.now, "status": 0}
    artefact = await script.port.artefact(task, **asked)
    part = f"{len(script.steps):03d}-{name}-{of}{_ending(artefact.name)}"
    script.visit.draft.keep(part, artefact.content, _type(artefact.name))
    step |= {"part": part, "who": artefact.who, "began": step["at"]}
    script.steps.append(step)
    return step


async def _channels(script: PlatformScript) -> list[dict[str, Any]]:
    """The channels that a person sees in the list, noted under ``channels``.

    Raises:
        VisitProblem: ``visit.not-offered``, there is none.
    """
    listed = await script.port.list(script.admin, "channels")
    channels = [
        {"id": one["id"], "device": "", "name": one["name"], "online": True, "codec": ""}
        for one in listed.items
    ]
    if not channels:
        raise VisitProblem("visit.not-offered", what="channels")
    script.visit.facts["channels"] = channels
    return channels


def civil(moment: float) -> str:
    """As a person reads it: Beijing time to the second."""
    return iso_time(moment)[:19].replace("T", " ")


def _ending(name: str) -> str:
    ending = name[name.rfind(".") :] if "." in name else ""
    return ending if ending[1:].isalnum() and len(ending) <= 6 else ""


def _type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


async def bring_live(visit: Visit) -> None:
    """Films of live pictures: of channels by name, and of one of each codec."""
    async with working(visit) as script:
        channels = await _channels(script)
        await make_roles(script)
        await make_user(script, "viewer", [one["id"] for one in channels])
        user = script.made["viewer"].name
        for one in channels[:_CHANNELS]:
            step = await brought(script, "live", "viewer", "live", user=user, channel=one["name"])
            step |= {"channel": one["id"], "user": user}
        for codec, shown in _CODECS.items():
            try:
                step = await brought(
                    script, "live-codec", codec, "live-codec", user=user, codec=shown
                )
            except VisitProblem:  # there is no such channel
                continue
            step |= {"channel": codec, "user": user}
            channels.append({"id": codec, "name": shown, "codec": codec, "online": True})


async def bring_viewers(visit: Visit) -> None:
    """Films of one channel on the screens of two users."""
    async with working(visit) as script:
        channels = await _channels(script)
        await make_roles(script)
        for of in _PEOPLE:
            await make_user(script, of, [channels[0]["id"]])
        for of in _PEOPLE:
            user, channel = script.made[of].name, channels[0]
            step = await brought(script, "viewer", of, "live", user=user, channel=channel["name"])
            step |= {"channel": channel["id"], "user": user}


async def bring_playback(visit: Visit) -> None:
    """Films of one recorded moment on the screens of two users."""
    async with working(visit) as script:
        channels = await _channels(script)
        await make_roles(script)
        start = float(int(script.now - _AGO_S))
        for of, whose in (("player", "first"), ("other", "second")):
            await make_user(script, whose, [channels[0]["id"]])
            user, channel = script.made[whose].name, channels[0]
            step = await brought(
                script, "playback", of, "playback",
                user=user, channel=channel["name"], time=civil(start),
            )  # fmt: skip
            step |= {"channel": channel["id"], "user": user, "start": start}


async def bring_download(visit: Visit) -> None:
    """A file that a user has saved from the client."""
    async with working(visit) as script:
        channels = await _channels(script)
        await make_roles(script)
        await make_user(script, "saver", [channels[0]["id"]])
        user, channel = script.made["saver"].name, channels[0]
        start = float(int(script.now - _AGO_S))
        end = start + _PERIOD_S
        order: Step = {
            "name": "order", "of": "saved", "at": script.now, "channel": channel["id"],
            "device": channel["device"], "user": user, "start": start, "end": end,
        }  # fmt: skip
        script.steps.append(order)
        step = await brought(
            script, "fetch", "saved", "download",
            user=user, channel=channel["name"], start=civil(start), end=civil(end),
        )  # fmt: skip
        size = len(visit.draft.content(step["part"]))
        step |= {"size": size, "received": size}
