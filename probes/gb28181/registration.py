"""Registration (GB/T 28181-2016 9.1): entry with digest, refresh before expiry, and leaving.

What the standard leaves open is not judged: when a device tries again after a refusal is noted,
and a device that was never let in may simply have been given another password.
"""

from __future__ import annotations

import re
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import (
    Conversation,
    Exchange,
    moment,
    number,
    receiver_of,
    status_of,
    steps_of,
)
from probes.gb28181.judging import Judgement, begin
from probes.gb28181.manners import turned_away_since
from protocols.errors import ProtocolError
from protocols.http_digest import Challenge, Credentials, parse_authorization, parse_challenges
from protocols.sip.fields import expires_of

INSTRUMENT = "gb-registration/1"
_TWENTY = re.compile(r"[0-9]{20}")
#: So many challenges without any credentials are no accident.
_PATIENCE = 3
#: Beyond the granted time until a refresh counts as missed: seconds, at most this share of it.
_GRACE_S, _GRACE_SHARE = 3.0, 0.2
#: How a keepalive of a device is answered whose registration is over.
_TURNED_AWAY = (403, 404)


def measure_registration(recording: Recording) -> Measurement:
    """Entry: the identifier, the answer to a challenge, a stale nonce, coming back.

    Quantity ``gb-registration``; ``details``: ``registers``, ``challenges``, ``answers`` (how
    often right, wrong), ``user``.
    """
    judgement, conversation = begin(recording, "gb-registration", INSTRUMENT)
    registers = conversation.of_device("REGISTER")
    judgement.details["registers"] = len(registers)
    if registers:
        _identifier(judgement, registers)
        _challenged(judgement, registers)
        _correct(judgement)
        _forgotten(judgement, conversation)
        _stale(judgement, registers)
        _returns(judgement)
    elif conversation.messages:
        judgement.doubt("no-register-seen")
    return judgement.measurement(conversation, problem_first=not registers)


def _identifier(judgement: Judgement, registers: list[Exchange]) -> None:
    for one in registers:
        for user in (one.sender, receiver_of(one.sip)):
            if not _TWENTY.fullmatch(user):
                judgement.fault("id-malformed", found=user[:40])
                return


def _challenges(exchange: Exchange) -> list[Challenge]:
    final = exchange.final
    if final is None or status_of(final) != 401:
        return []
    try:
        return parse_challenges(final.message.headers.get_all("WWW-Authenticate"))
    except ProtocolError:
        return []


def credentials_of(exchange: Exchange) -> Credentials | None:
    """The digest credentials of a request, ``None`` without readable ones."""
    value = exchange.sip.headers.get("Authorization")
    if value is None:
        return None
    try:
        return parse_authorization(value)
    except ProtocolError:
        return None


def _challenged(judgement: Judgement, registers: list[Exchange]) -> None:
    """Whether a challenge is answered, and with its own realm and nonce."""
    challenged = [one for one in registers if _challenges(one)]
    with_credentials = [one for one in registers if one.sip.headers.get("Authorization")]
    judgement.details["challenges"] = len(challenged)
    if len(challenged) >= _PATIENCE and not with_credentials:
        judgement.fault("no-credentials", challenges=len(challenged))
    elif challenged and not with_credentials:
        judgement.doubt("challenge-unanswered", challenges=len(challenged))
    for before in challenged:
        answer = next(
            (
                one
                for one in registers
                if one.at > before.at and one.call_id == before.call_id and credentials_of(one)
            ),
            None,
        )
        if answer is None:
            continue
        given = credentials_of(answer)
        offered = _challenges(before)
        if given is None or any(one.scheme != "Digest" for one in offered):
            continue
        if given.realm not in {one.realm for one in offered}:
            judgement.fault("realm-ignored", found=given.realm[:40], wanted=offered[0].realm)
            return
        if answer.number <= before.number:
            judgement.note("cseq-not-raised")


def _correct(judgement: Judgement) -> None:
    """Whether the digests were right, as the harness, which knows the password, found them."""
    answers = _listed(judgement.recording.facts.get("answers"))
    sound = [one for one in answers if one.get("realm_matches") and one.get("nonce_matches")]
    right = [one for one in sound if one.get("correct") is True]
    wrong = [one for one in sound if one.get("correct") is False]
    judgement.details["answers"] = {"right": len(right), "wrong": len(wrong), "all": len(answers)}
    if right and wrong:
        judgement.fault("digest-sometimes-wrong", wrong=len(wrong), right=len(right))
    elif wrong:
        judgement.doubt("never-authenticated", tries=len(wrong))
    elif not right and not judgement.faults:
        judgement.doubt("no-authentication-seen")
    users = {str(one.get("user")) for one in answers}
    judgement.details["user"] = sorted(users)[:4]


def _forgotten(judgement: Judgement, conversation: Conversation) -> None:
    """Told by 403 that it is not known; no clause says that it has to register anew then."""
    for step in steps_of(judgement.recording, "forget"):
        begun, ended = moment(step) or 0.0, moment(step, "ended") or 0.0
        count = turned_away_since(conversation, begun, ended)
        if count >= _PATIENCE and not step.get("registered_again"):
            judgement.doubt("not-back-after-403", keepalives=count)


def _stale(judgement: Judgement, registers: list[Exchange]) -> None:
    """A stale challenge asks for the same password with a new nonce (RFC 2617 3.2.1)."""
    for step in steps_of(judgement.recording, "stale-nonce"):
        begun, ended = moment(step), moment(step, "ended")
        if begun is None:
            continue
        stale = [
            one
            for one in registers
            if one.at >= begun - 0.5 and any(ch.stale for ch in _challenges(one))
        ]
        if not stale:
            judgement.doubt("stale-not-tried")
            continue
        refused = {found.nonce for one in stale if (found := credentials_of(one)) is not None}
        after = [one for one in registers if one.at > stale[0].at]
        again = [one for one in after if (own := credentials_of(one)) and own.nonce in refused]
        fresh = [one for one in after if (own := credentials_of(one)) and own.nonce not in refused]
        if fresh:
            continue
        if len(again) >= _PATIENCE:
            judgement.fault("stale-not-followed", tries=len(again))
        else:
            judgement.doubt("stale-unanswered", seconds=round((ended or begun) - begun, 1))


def _returns(judgement: Judgement) -> None:
    """Registration again after the platform forgot, refused or was left: no clause sets a time."""
    for name in ("initial", "accept", "return"):
        for step in steps_of(judgement.recording, name):
            if step.get("registered") is False:
                waited = (moment(step, "ended") or 0.0) - (moment(step) or 0.0)
                judgement.doubt(f"not-registered-{name}", seconds=round(waited, 1))


def measure_refresh(recording: Recording, *, governing: str = "granted") -> Measurement:
    """Whether the registration is refreshed in time.

    ``governing`` (ruling R-035): the time that binds is ``granted`` in the 200 answer (RFC 3261
    10.2.4), or the one the device ``requested`` even where less was granted.

    Quantity ``gb-refresh``; ``details``: ``requested_s``, ``granted_s``, ``after_s``.
    """
    judgement, conversation = begin(recording, "gb-refresh", INSTRUMENT)
    step = next(iter(steps_of(recording, "refresh")), None)
    if step is None or moment(step) is None:
        judgement.doubt("not-watched")
        return judgement.measurement(conversation)
    begun = moment(step) or 0.0
    ended = moment(step, "ended") or begun + number(step.get("watched_s"))
    bound = _binding(conversation, begun)
    if bound is None:
        judgement.doubt("no-registration-before")
        return judgement.measurement(conversation)
    accepted, at, requested, granted = bound
    limit = requested if governing == "requested" else min(requested, granted)
    judgement.details |= {"requested_s": requested, "granted_s": granted}
    fresh = next(
        (
            one
            for one in conversation.of_device("REGISTER")
            if one.at > at and one is not accepted and expires_of(one.sip) != 0
        ),
        None,
    )
    due, grace = at + limit, min(_GRACE_S, _GRACE_SHARE * limit)
    until = fresh.at if fresh is not None else ended
    turned_away = [
        one
        for one in conversation.told("Notify", "Keepalive")
        if at < one.at < until and one.status in _TURNED_AWAY
    ]
    if turned_away:
        # Registering anew because the platform knows it no more is no refresh.
        _late(judgement, conversation, due, until, limit, None)
    elif fresh is not None:
        after = fresh.at - at
        judgement.details["after_s"] = after
        if after > limit + grace:
            _late(judgement, conversation, due, fresh.at, limit, after)
    elif ended < due + grace:
        judgement.doubt("watched-too-short", seconds=round(ended - at), limit=limit)
    else:
        _late(judgement, conversation, due, ended, limit, None)
    return judgement.measurement(conversation)


def _late(
    judgement: Judgement,
    conversation: Conversation,
    due: float,
    until: float,
    limit: float,
    after: float | None,
) -> None:
    """No refresh in time: a fault only when the path was open meanwhile."""
    if not conversation.reliable and not conversation.heard_between(due - limit / 2, until):
        judgement.doubt("nothing-heard", seconds=round(until - due, 1))
    elif after is None:
        judgement.fault("none", limit=limit)
    else:
        judgement.fault("late", after=round(after, 1), limit=limit)


def _binding(
    conversation: Conversation, moment_: float
) -> tuple[Exchange, float, float, float] | None:
    """The last accepted REGISTER before the watch, or the first in it: with its two times."""
    accepted = [
        one
        for one in conversation.of_device("REGISTER")
        if one.status == 200 and expires_of(one.sip) != 0
    ]
    before = [one for one in accepted if one.at <= moment_ + 0.5]
    chosen = before[-1] if before else (accepted[0] if accepted else None)
    if chosen is None or chosen.final is None:
        return None
    requested = expires_of(chosen.sip)
    granted = expires_of(chosen.final.message)
    if requested is None and granted is None:
        return None
    asked = float(requested if requested is not None else granted or 0)
    return chosen, chosen.final.at, asked, float(granted if granted is not None else asked)


def measure_unregistration(recording: Recording) -> Measurement:
    """Whether the device leaves with Expires 0 and falls silent when it is told to leave.

    Quantity ``gb-unregistration``.
    """
    judgement, conversation = begin(recording, "gb-unregistration", INSTRUMENT)
    step = next(iter(steps_of(recording, "unregister")), None)
    begun = moment(step) if step else None
    if step is None or begun is None or step.get("by") in (None, "none"):
        judgement.doubt("not-triggered")
        return judgement.measurement(conversation)
    ended = moment(step, "ended") or recording.ended.timestamp()
    left = [
        one
        for one in conversation.of_device("REGISTER")
        if one.at >= begun - 0.5 and expires_of(one.sip) == 0
    ]
    since = left[0].at if left else begun
    until = max(ended, since)
    beats = [
        one for one in conversation.told("Notify", "Keepalive") if since + 1.0 < one.at <= until
    ]
    judgement.details |= {"left": bool(left), "keepalives_after": len(beats)}
    if not left and beats:
        judgement.fault("ignored", keepalives=len(beats))
    elif not left:
        judgement.doubt("nothing-heard", seconds=round(until - begun, 1))
    elif len(beats) > 1:
        judgement.fault("goes-on", keepalives=len(beats))
    return judgement.measurement(conversation)


def _listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
