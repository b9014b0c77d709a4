"""The visit ``gb28181:registration``: how the device registers when things do not go smoothly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from protocols.deviation import printable
from protocols.sip.authentication import check_authorization
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.gb28181.record import RegisterAnswer
from visits.circumstances import Visit
from visits.gb28181.script import Script, conversation, problem_fact, rigged
from visits.weak_passwords import offline_candidates

#: How far a refresh may come after expiry and still be seen.
_LATE = 1.25


async def record_registration(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: the device does not register at all.
    """
    async with conversation(visit, from_the_first=True) as script:
        try:
            await _initial(script)
            await _forget(script)
            await _stale_nonce(script)
            await _refuse_and_accept(script)
            await _unregister_and_return(script)
        finally:
            visit.facts["answers"] = list(answers(script))


async def _initial(script: Script) -> None:
    device = script.device
    with script.step("initial", registered=False) as step:
        await device.registered(script.lengths.gb_come)
        step["registered"] = True


async def _forget(script: Script) -> None:
    """Keepalives meet 403, as from a platform that was restarted: the device registers anew.

    It is challenged without ``algorithm`` then.
    """
    device, since = script.device, script.now
    with script.step("forget", answered=None, registered_again=False) as step:
        device.policy.forgotten = device.policy.plain_challenge = True
        step["registered_again"] = await script.happened(
            "registered", since, script.lengths.gb_react
        )
        step["answered"] = 403 if device.since(since, "forgotten") else None
        device.policy.forgotten = device.policy.plain_challenge = False


async def _stale_nonce(script: Script) -> None:
    """A right answer to an old nonce: the device takes the new one at once."""
    device, since = script.device, script.now
    with script.step("stale-nonce", stale=False, registered_again=False) as step:
        device.policy.stale_once = device.policy.forgotten = True
        step["stale"] = await script.happened("stale", since, script.lengths.gb_react)
        device.policy.stale_once = False
        if step["stale"]:
            step["registered_again"] = await script.happened(
                "registered", device.since(since, "stale")[0].at, script.lengths.gb_react
            )
        device.policy.forgotten = False


async def _refuse_and_accept(script: Script) -> None:
    device, lengths = script.device, script.lengths
    since = script.now
    seconds = lengths.gb_refuse
    with script.step("refuse", seconds=seconds, status=403, tries=0) as step:
        device.policy.refuse = 403
        device.policy.forgotten = True
        if await script.happened("refused", since, lengths.gb_react):
            first = device.since(since, "refused")[0].at
            step["first_at"] = first
            await device.wait_for(lambda: False, first + seconds - script.now)
        step["tries"] = len(device.since(since, "refused"))
        device.policy.refuse = 0
    since = script.now
    granted = lengths.gb_granted
    with script.step("accept", granted_expires_s=granted, registered=False) as step:
        device.policy.granted_expires, device.policy.trying = granted, True
        bound = max(lengths.gb_react, seconds)
        step["registered"] = await script.happened("registered", since, bound)
        device.policy.forgotten = device.policy.trying = False
    if step["registered"]:
        await script.catalog()  # some refuse it when they were first answered 100
    accepted = device.since(since, "registered")
    asked = accepted[0].seconds if accepted else None
    with script.step("refresh", watched_s=0.0, requested_expires_s=asked, refreshed=False) as step:
        if accepted:
            after = accepted[-1].at
            left = after + granted * _LATE - script.now
            step["refreshed"] = await device.wait_for(
                lambda: [one for one in device.since(after, "registered") if one.at > after], left
            )
        step["watched_s"] = script.now - step["at"]
    device.policy.granted_expires = None


async def _unregister_and_return(script: Script) -> None:
    visit, device, lengths = script.visit, script.device, script.lengths
    since = script.now
    with script.step("unregister", by="none", unregistered=False) as step:
        try:
            step["by"] = await rigged(visit, "registration", "off")
        except VisitProblem as problem:
            step["problem"] = problem_fact(problem)
        if step["by"] == "rig":
            step["unregistered"] = await script.happened("unregistered", since, lengths.gb_react)
            # A device that has left sends no keepalive: look for as long as one would take.
            quiet = min(lengths.gb_react, 1.5 * device.platform.keepalive_seconds)
            await device.wait_for(lambda: False, quiet)
    since = script.now
    with script.step("return", registered=False) as step:
        if script.steps[-2]["by"] == "rig":
            await rigged(visit, "registration", "on")
            await script.happened("registered", since, lengths.gb_come)
        else:
            # The shortened registration is to be replaced by a usual one.
            device.policy.forgotten = True
            await script.happened("registered", since, lengths.gb_react)
            device.policy.forgotten = False
        step["registered"] = device.is_registered


def answers(script: Script) -> Iterator[dict[str, Any]]:
    """What each REGISTER with an answer to a challenge proves; nothing that lets it be tried."""
    labels: dict[str, str | None] = {}
    for one in script.device.answers:
        check = one.check
        key = printable(check.user)
        if check.correct and key not in labels:
            labels[key] = weak_label(one)
        label = labels.get(key) if check.correct else weak_label(one)
        yield {
            "at": one.at,
            "user": key,
            "realm": printable(check.realm),
            "algorithm": printable(check.algorithm, 16),
            "qop": printable(check.qop, 16),
            "realm_matches": check.realm_matches,
            "nonce_matches": check.nonce_matches,
            "correct": check.correct,
            "weak": label,
        }


def weak_label(answer: RegisterAnswer) -> str | None:
    """The label of a weak password that explains the answer, found without asking the device."""

    def explains(word: Secret) -> bool:
        return check_authorization(
            answer.request, word.reveal(), realm=answer.realm, nonce=answer.nonce
        ).correct

    candidates = offline_candidates(answer.check.user)
    return next((label for label, word in candidates if explains(word)), None)
