"""Alarm (GB/T 28181-2016 9.4): subscribed to, raised at the input, notified, repeated when lost."""

from __future__ import annotations

from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import Conversation, moment, number, steps_of
from probes.gb28181.judging import Judgement, begin
from probes.gb28181.subscriptions import subscriptions_of
from protocols.sip.fields import expires_of

INSTRUMENT = "gb-alarm/2"
#: AlarmMethod of an alarm input: device alarm.
_DEVICE = "2"
_REPEAT_S = 4.0
#: A refresh for too short a time may be refused so (RFC 6665 4.2.1.1).
_TOO_BRIEF = 423
#: A notification by NOTIFY comes with the one by MESSAGE: within seconds.
_MEANWHILE_S = 1.0


def measure_alarm(recording: Recording) -> Measurement:
    """Judge a ``gb28181:alarm`` recording.

    Quantity ``gb-alarm``; ``details``: ``notified`` {at, via, method, priority, delay_s}.
    """
    judgement, conversation = begin(recording, "gb-alarm", INSTRUMENT)
    raised = next(iter(steps_of(recording, "raise")), None)
    notified = next(iter(steps_of(recording, "notified")), None)
    for step in steps_of(recording, "subscribe"):
        _subscribed(judgement, int(number(step.get("status"))))
    _subscription(judgement, conversation)
    if raised is None or notified is None:
        judgement.doubt("not-tried")
        return judgement.measurement(conversation)
    by_rig = raised.get("by") == "rig"
    at = moment(notified)
    if at is None:
        _silent(judgement, conversation, raised, by_rig=by_rig)
        return judgement.measurement(conversation)
    judgement.details["notified"] = {
        name: notified.get(name) for name in ("at", "via", "method", "priority", "alarm_time")
    } | {"delay_s": round(at - (moment(raised) or at), 3)}
    method = str(notified.get("method") or "")
    if by_rig and method and method != _DEVICE:
        judgement.fault("wrong-method", found=method)
    elif not method:
        judgement.doubt("unread")
    _repeated(judgement, recording, conversation)
    return judgement.measurement(conversation)


def _subscribed(judgement: Judgement, status: int) -> None:
    if status >= 300:
        judgement.fault("subscription-refused", status=status)
    elif not status:
        judgement.doubt("subscription-unanswered")


def _subscription(judgement: Judgement, conversation: Conversation) -> None:
    """Told in its dialog while it lasts, refreshed, and over at its end (9.11, RFC 6665)."""
    mine = next((one for one in subscriptions_of(conversation) if one.command == "Alarm"), None)
    if mine is None or not mine.accepted:
        return
    refused = next((one for one in mine.later if one.status >= 300), None)
    if refused is not None and refused.status != _TOO_BRIEF and expires_of(refused.sip):
        judgement.fault("refresh-refused", status=refused.status)
    if mine.outside:
        judgement.fault("notify-outside-dialog")
    if mine.after_the_end:
        seconds = mine.after_the_end[0].at - mine.ends
        judgement.fault("notified-after-end", seconds=round(seconds, 1))
    by_message = [
        one
        for one in conversation.told("Notify", "Alarm")
        if one.method == "MESSAGE" and mine.first.at < one.at < mine.ends
    ]
    strays = [one for one in conversation.of_device("NOTIFY") if one.call_id != mine.first.call_id]
    if by_message and not mine.notified:
        if any(one.manscdp and one.manscdp.command == "Alarm" for one in strays):
            judgement.fault("notify-outside-dialog")
        elif mine.ends - by_message[0].at > _MEANWHILE_S:
            judgement.fault("not-by-subscription")
        else:
            judgement.doubt("subscription-too-short")


def _silent(
    judgement: Judgement, conversation: Conversation, raised: dict[str, Any], *, by_rig: bool
) -> None:
    begun = moment(raised) or 0.0
    until = judgement.recording.ended.timestamp()
    if not by_rig:
        judgement.doubt("not-triggered")
    elif conversation.reliable or conversation.heard_between(begun, until):
        judgement.fault("not-sent", seconds=round(until - begun, 1))
    else:
        judgement.doubt("nothing-heard", seconds=round(until - begun, 1))


def _repeated(judgement: Judgement, recording: Recording, conversation: Conversation) -> None:
    """Over UDP a message without an answer is sent again (RFC 3261 17.1.2)."""
    for step in steps_of(recording, "withhold"):
        if not number(step.get("withheld")) or moment(step, "repeated_at") is not None:
            continue
        if conversation.reliable:
            continue
        waited = (moment(step, "ended") or 0.0) - (moment(step) or 0.0)
        if waited >= _REPEAT_S:
            judgement.fault("not-repeated", seconds=round(waited, 1))
        else:
            judgement.doubt("repeat-unseen")
