"""The visit ``gb28181:platform``: a platform that registers with us as a lower one (cascade)."""

from __future__ import annotations

import asyncio

from targets.errors import VisitProblem
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import Visit
from visits.gb28181.script import Step, conversation


async def record_platform(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: it does not register.
    """
    platform = {"id": visit.camera.device_id, "registered": False}
    visit.facts["platform"] = platform
    async with conversation(visit) as script:
        with script.step("registration", registered=False) as step:
            await script.device.registered(visit.lengths.gb_come)
            step["registered"] = platform["registered"] = True
        exchange = await script.catalog()
        listed = list(script.device.channels)
        channel = await script.channel()
        script.steps[-1] |= {"listed": bool(listed), "items": len(listed)}
        script.steps[-1]["status"] = exchange.status

        async def watch(_: MediaSession, __: Step) -> None:
            await asyncio.sleep(visit.lengths.gb_live)

        if not listed:
            raise VisitProblem("visit.not-offered", what="Catalog", detail=str(exchange.status))
        await script.media("picture", MediaOrder("Play", channel), watch)
