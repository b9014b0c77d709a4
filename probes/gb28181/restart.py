"""A restart by TeleBoot (GB/T 28181-2016 9.3, A.2.3): the device goes, and registers anew."""

from __future__ import annotations

from itertools import pairwise

from probes.gb28181.conversation import Conversation, Exchange, moment, steps_of
from probes.gb28181.judging import Judgement
from protocols.sip.fields import expires_of

#: So many keepalives after the command, the last of them so late in the watch, and the device
#: never went.
_BEATS, _LATE_SHARE = 2, 0.5
#: A silence of so many keepalive intervals is more than a lost message.
_SILENT = 1.5


def judge_restart(judgement: Judgement, conversation: Conversation) -> None:
    """Whether the device restarted, where it was told to (with leave to change it).

    It did when it came back under a new Call-ID (RFC 3261 10.2: one for a boot cycle), after a
    farewell, or after a silence. No clause says how long it may take (ruling R-059).
    ``details["restart"]``: ``done``, ``ignored``, ``not-back`` or ``unclear``.
    """
    recording = judgement.recording
    told = [one for one in steps_of(recording, "command") if one.get("what") == "reboot"]
    back = next((one for one in reversed(steps_of(recording, "return"))), None)
    at = moment(told[-1]) if told else None
    if at is None or back is None:
        judgement.note("restart-not-tried")
        return
    status = told[-1].get("status")
    if isinstance(status, int) and status >= 300:
        judgement.fault("restart-refused", status=status)
        return
    until = moment(back, "ended") or at
    heard = [one for one in conversation.exchanges if one.from_device and at < one.at <= until]
    found = _found(conversation, heard, at, until)
    judgement.details["restart"] = found
    seconds = round(until - at, 1)
    if found == "ignored":
        judgement.fault("restart-ignored", seconds=seconds)
    elif found == "not-back":
        judgement.doubt("restart-not-back", seconds=seconds)
    elif found == "unclear":
        judgement.doubt("restart-unseen")


def _found(conversation: Conversation, heard: list[Exchange], at: float, until: float) -> str:
    registers = [one for one in heard if one.method == "REGISTER"]
    came = [one for one in registers if expires_of(one.sip) != 0]
    beats = [one.at for one in heard if one.manscdp and one.manscdp.command == "Keepalive"]
    before = [one for one in conversation.of_device("REGISTER") if one.at <= at]
    if came:
        farewell = len(came) < len(registers)
        renamed = bool(before) and came[0].call_id != before[-1].call_id
        earlier = [
            one.at for one in conversation.told("Notify", "Keepalive") if one.at <= came[0].at
        ]
        return "done" if farewell or renamed or _silent(earlier, at, came[0].at) else "unclear"
    if len(beats) >= _BEATS and beats[-1] - at >= _LATE_SHARE * (until - at):
        return "ignored"
    return "not-back" if not beats else "unclear"


def _silent(beats: list[float], at: float, came: float) -> bool:
    """Whether the device said nothing for longer than its keepalives are apart."""
    gaps = sorted(after - before for before, after in pairwise(one for one in beats if one <= at))
    if not gaps:
        return False
    last = max((one for one in beats if one < came), default=at)
    return came - max(last, at) > _SILENT * gaps[len(gaps) // 2]
