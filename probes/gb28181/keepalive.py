"""Keepalive (GB/T 28181-2016 9.6): is it sent, by the device's own id, at the interval that is set?

One message lost on the way never makes a fault: over UDP a gap of twice the interval is a doubt.
"""

from __future__ import annotations

import statistics
from itertools import pairwise

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import Conversation, Exchange, moment, number, steps_of
from probes.gb28181.judging import Judgement, begin

INSTRUMENT = "gb-keepalive/2"
#: Sources of the interval that say what this device is set to, not what is usual.
_DECLARED = frozenset({"config-download", "site", "device", "set"})
_MOST_LISTED = 500
#: Keepalives without an answer that make the peer offline (9.6.1), and how many more are borne.
_MISSED, _PATIENCE = 3, 2


def tolerance_of(interval: float) -> float:
    """Seconds by which a gap may differ (ruling R-036)."""
    return max(0.2 * interval, min(1.0, interval / 2))


def measure_keepalive(recording: Recording) -> Measurement:
    """Judge the watch of a ``gb28181:keepalive`` recording, and what follows unanswered ones.

    Quantity ``gb-keepalive``; ``details``: ``interval_s``, ``source``, ``gaps_s``, ``count``.
    """
    judgement, conversation = begin(recording, "gb-keepalive", INSTRUMENT)
    step = next(iter(steps_of(recording, "watch")), None)
    begun = moment(step) if step else None
    if step is None or begun is None:
        judgement.doubt("not-watched")
        return judgement.measurement(conversation)
    ended = moment(step, "ended") or begun + number(step.get("seconds"))
    interval = number(step.get("interval_s")) or number(recording.facts.get("keepalive_s"), 60.0)
    source = str(step.get("source") or "")
    beats = [one for one in conversation.told("Notify", "Keepalive") if begun <= one.at <= ended]
    gaps = [after.at - before.at for before, after in pairwise(beats)]
    judgement.details |= {
        "interval_s": interval,
        "source": source,
        "gaps_s": [round(gap, 3) for gap in gaps[:_MOST_LISTED]],
        "count": len(beats),
    }
    _own_id(judgement, beats)
    if len(beats) < 2:
        _missing(judgement, conversation, begun, ended, interval, len(beats))
    else:
        if source not in _DECLARED:
            interval = statistics.median(gaps)
        _regular(judgement, gaps, interval, reliable=conversation.reliable)
        _tail(judgement, beats[-1].at, ended, interval, reliable=conversation.reliable)
    _unanswered(judgement)
    return judgement.measurement(conversation)


def _unanswered(judgement: Judgement) -> None:
    """Without answers the device takes the platform for lost, and registers anew (R-060)."""
    for step in steps_of(judgement.recording, "silence"):
        withheld, count = int(number(step.get("withheld"))), int(number(step.get("count"), _MISSED))
        if not step.get("registered_again") and withheld >= count + _PATIENCE:
            judgement.fault("loss-ignored", withheld=withheld, count=count)


def _own_id(judgement: Judgement, beats: list[Exchange]) -> None:
    for one in beats:
        body = one.manscdp
        if body is not None and body.device != one.sender:
            judgement.fault("other-device", found=body.device[:40], wanted=one.sender[:40])
            return


def _missing(
    judgement: Judgement,
    conversation: Conversation,
    begun: float,
    ended: float,
    interval: float,
    count: int,
) -> None:
    seconds = round(ended - begun, 1)
    if ended - begun < 3 * interval + tolerance_of(interval):
        judgement.doubt("watched-too-short", seconds=seconds, interval=interval)
    elif count:
        judgement.doubt("too-few", count=count, seconds=seconds)
    elif conversation.reliable or conversation.heard_between(begun, ended + interval):
        judgement.fault("none", seconds=seconds, interval=interval)
    else:
        judgement.doubt("nothing-heard", seconds=seconds)


def _regular(judgement: Judgement, gaps: list[float], interval: float, *, reliable: bool) -> None:
    allowed = tolerance_of(interval)
    off = [gap for gap in gaps if abs(gap - interval) > allowed]
    if not off:
        return
    worst = max(off, key=lambda gap: abs(gap - interval))
    unexplained = [gap for gap in off if not _lost_one(gap, interval, allowed)]
    proven = off if reliable else unexplained
    parameters = {"off": len(off), "gaps": len(gaps), "worst": worst, "interval": interval}
    if len(proven) >= 2:
        judgement.fault("irregular", **parameters)
    elif len(gaps) == 1 or proven or off:
        judgement.doubt("perhaps-irregular", **parameters)


def _lost_one(gap: float, interval: float, allowed: float) -> bool:
    """Whether a message lost on the way would explain a gap."""
    share = round(gap / interval)
    return share >= 2 and abs(gap - share * interval) <= allowed


def _tail(
    judgement: Judgement, last: float, ended: float, interval: float, *, reliable: bool
) -> None:
    """Keepalives that stop in the midst of the watch."""
    if ended - last <= 3 * interval + tolerance_of(interval):
        return
    if reliable:
        judgement.fault("stopped", seconds=round(ended - last, 1), interval=interval)
    else:
        judgement.doubt("nothing-heard", seconds=round(ended - last, 1))
