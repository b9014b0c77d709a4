"""The visit ``gb28181:platform``: a platform that registers with us as a lower one (cascade)."""

from __future__ import annotations

import asyncio

from targets.errors import VisitProblem
from targets.gb28181.media_session import MediaOrder, MediaSession
from targets.gb28181.subscription import Subscription
from visits.circumstances import Visit
from visits.gb28181.script import Script, Step, conversation, problem_fact

_SUBSCRIBED_SECONDS = 600
#: The first notification follows the subscription at once, where one is sent.
_NOTIFIED_SECONDS = 2.0


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
        subscription = await _subscribed(script)
        exchange = await script.catalog()
        listed = list(script.device.channels)
        channel = await script.channel()
        script.steps[-1] |= {"listed": bool(listed), "items": len(listed)}
        script.steps[-1]["status"] = exchange.status
        with script.step("unsubscribe"):
            await subscription.end()

        async def watch(_: MediaSession, __: Step) -> None:
            await asyncio.sleep(visit.lengths.gb_live)

        if not listed:
            raise VisitProblem("visit.not-offered", what="Catalog", detail=str(exchange.status))
        await script.media("picture", MediaOrder("Play", channel), watch)


async def _subscribed(script: Script) -> Subscription:
    """Have the platform tell which cameras come and go: its catalog is held against that."""
    subscription, since = Subscription(script.device, "Catalog", ()), script.now
    with script.step("subscribe", status=None, sn=subscription.sn, notified=0) as step:
        try:
            await subscription.begin(_SUBSCRIBED_SECONDS)
        except VisitProblem as problem:
            step["problem"] = problem_fact(problem)
        step["status"] = subscription.status
        if subscription.status == 200:
            await script.device.wait_for(
                lambda: script.device.notified_since(since, "Catalog"), _NOTIFIED_SECONDS
            )
        step["notified"] = len(script.device.notified_since(since, "Catalog"))
    return subscription
