"""The visit ``gb28181:alarm``: an alarm input is closed, and what the platform hears of it."""

from __future__ import annotations

import contextlib

from targets.errors import VisitProblem
from targets.gb28181.exchange import Fields
from targets.gb28181.subscription import Subscription
from visits.circumstances import Visit
from visits.gb28181.control import on_duty
from visits.gb28181.script import Script, conversation, problem_fact, rigged

_SUBSCRIBED_SECONDS = 600
#: Without a rig a person may close the contact, within so long.
_PERSON_SECONDS = 20.0
#: Beyond its end a subscription is left alone for so long.
_OVER_SECONDS = 1.5
#: What else is subscribed to. Positions are asked for so often, seconds.
_POSITION_INTERVAL = 1


async def record_alarm(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes; guard and alarm are reset again."""
    async with conversation(visit) as script:
        await script.channel()
        subscription = await subscribed_to_alarms(script)
        armed = on_duty(await script.status())
        try:
            await _alarm(script)
            await _runs_out(script, subscription)
        finally:
            await _put_back(script, subscription, armed=armed)


async def subscribed_to_alarms(script: Script) -> Subscription:
    """Ask to be told of every alarm, and note how that was answered."""
    fields = [("StartAlarmPriority", "0"), ("EndAlarmPriority", "0"), ("AlarmMethod", "0")]
    subscription = Subscription(script.device, "Alarm", fields)
    with script.step("subscribe", status=None, sn=subscription.sn) as step:
        try:
            await subscription.begin(_SUBSCRIBED_SECONDS)
        except VisitProblem as problem:
            step["problem"] = problem_fact(problem)
        step |= {"status": subscription.status, "granted": subscription.granted}
    return subscription


async def _alarm(script: Script) -> None:
    device, lengths = script.device, script.lengths
    await _control(script, "guard", "GuardCmd", "SetGuard")
    since = script.now
    # Only over UDP does a device repeat what was not answered; TCP loses nothing.
    withhold = device.peer.transport == "udp"
    device.policy.withhold_alarms = int(withhold)
    with script.step("raise", by="none") as step:
        try:
            step["by"] = await rigged(script.visit, "alarm_input", "on")
        except VisitProblem as problem:
            step["problem"] = problem_fact(problem)
    bound = lengths.gb_react if script.steps[-1]["by"] == "rig" else _PERSON_SECONDS
    bound = min(bound, max(lengths.gb_react, 1.0))
    with script.step("notified", at_device=None, via=None, method=None) as step:
        first = "withheld" if withhold else "alarm"
        came = await device.wait_for(
            lambda: device.since(since, first) or device.since(since, "alarm"), bound
        )
        events = [*device.since(since, "withheld"), *device.since(since, "alarm")]
        step["notified_at"] = min(one.at for one in events) if came and events else None
    with script.step("withhold", withheld=0, repeated_at=None) as step:
        step["withheld"] = len(device.since(since, "withheld"))
        if step["withheld"] and await script.happened("repeated", since, lengths.gb_react):
            step["repeated_at"] = device.since(since, "repeated")[0].at
    device.policy.withhold_alarms = 0
    await device.wait_for(lambda: device.notified_since(since, "Alarm"), 1.0)
    _tell(script, since)


async def _runs_out(script: Script, subscription: Subscription) -> None:
    """Refreshed for a short while the subscription runs out; then another alarm is raised.

    Only where the first one was told. Meanwhile the other subscriptions are tried for as long.
    """
    seconds = script.lengths.gb_subscribed
    told = next(one for one in script.steps if one["name"] == "notified")
    if not subscription.accepted or told["at"] is None:
        return
    with script.step("refresh", expires=seconds, status=None, granted=None) as step:
        await subscription.refresh(seconds)
        step |= {"status": subscription.status, "granted": subscription.granted}
    granted = subscription.granted if subscription.granted is not None else seconds
    others = [
        await _subscribed(script, "Catalog", ()),
        await _subscribed(script, "MobilePosition", [("Interval", _POSITION_INTERVAL)]),
    ]
    await _opened(script)
    with script.step("run-out", seconds=min(granted, seconds) + _OVER_SECONDS) as step:
        await script.device.wait_for(lambda: False, step["seconds"])
    for other in others:
        if other.accepted and (other.granted or 0) > seconds:
            await other.end()
    if subscription.accepted and granted <= seconds:
        subscription.forget()
        await _again(script)


async def _subscribed(script: Script, command: str, fields: Fields) -> Subscription:
    subscription = Subscription(script.device, command, fields)
    name = "subscribe-other"
    with script.step(name, command=command, status=None, sn=subscription.sn) as step:
        try:
            await subscription.begin(script.lengths.gb_subscribed)
        except VisitProblem as problem:
            step["problem"] = problem_fact(problem)
        step |= {"status": subscription.status, "granted": subscription.granted}
    return subscription


async def _opened(script: Script) -> None:
    """The contact is open again, and the alarm reset."""
    with contextlib.suppress(VisitProblem):
        await rigged(script.visit, "alarm_input", "off")
    await _control(script, "reset", "AlarmCmd", "ResetAlarm")


async def _again(script: Script) -> None:
    """Another alarm, when nobody is subscribed any more: by MESSAGE it may be told."""
    device, since = script.device, script.now
    with script.step("raise-again", by="none", ways=[]) as step:
        try:
            step["by"] = await rigged(script.visit, "alarm_input", "on")
        except VisitProblem as problem:
            step["problem"] = problem_fact(problem)
        if step["by"] == "rig":
            bound = min(script.lengths.gb_react, script.lengths.gb_answer)
            await device.wait_for(lambda: device.notified_since(since, "Alarm"), bound)
            await device.wait_for(lambda: False, 0.5)  # what comes by another way comes with it
            told = device.notified_since(since, "Alarm")
            step["ways"] = sorted({one.method for one in told})


def _tell(script: Script, since: float) -> None:
    """What the alarm said, into the step ``notified``."""
    step = next(one for one in script.steps if one["name"] == "notified")
    step["at"] = step["notified_at"]
    told = script.device.notified_since(since, "Alarm")
    step["ways"] = sorted({one.method for one in told})
    if told:
        message = told[0].message
        step |= {
            "via": told[0].method,
            "method": message.text("AlarmMethod")[:8],
            "priority": message.text("AlarmPriority")[:8],
            "alarm_time": message.text("AlarmTime")[:40],
            "device": message.device,
            "sn": message.sn,
        }
    del step["notified_at"], step["at_device"]


async def _control(script: Script, name: str, element: str, value: str) -> None:
    await script.ask(
        name,
        lambda: script.device.control(
            [(element, value)], seconds=script.lengths.gb_answer, wait=True
        ),
    )


async def _put_back(script: Script, subscription: Subscription, *, armed: bool) -> None:
    """Contact open, alarm reset, guard as it was, subscription ended."""
    await _opened(script)
    if not armed:
        await _control(script, "guard-reset", "GuardCmd", "ResetGuard")
    await script.status()
    with script.step("unsubscribe"):
        await subscription.end()
