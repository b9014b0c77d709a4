"""Access across accounts (4.4.3-b): nothing of one user opens for another, or for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import done, mappings, steps

INSTRUMENT = "platform-crossing/1"
QUANTITY = "platform-crossing"
#: Addresses that may be open: they say nothing of the system or are how one gets in.
_MAY_BE_OPEN = ("openapi", "/api/login", "/api/health")
#: What is tried by somebody who has no right to it, in the order in which it weighs.
_MUST_FAIL = (
    "open-address",
    "foreign-download",
    "foreign-account",
    "foreign-channel",
    "foreign-playback",
    "foreign-ticket",
    "ticket-again",
    "address-without-ticket",
    "made-up-ticket",
    "ended-session",
)


def measure_crossing(recording: Recording) -> Measurement:
    """Judge a ``platform:crossing`` recording.

    Quantity ``platform-crossing``; ``details``: ``tries`` by what was tried, ``through``.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    tries = list(mappings(recording.facts.get("tries")))
    if not tries and recording.problem is None:
        judgement.doubt("not-tried")
    by_what: dict[str, list[Mapping[str, Any]]] = {}
    for one in tries:
        by_what.setdefault(str(one.get("what")), []).append(one)
    judgement.details["tries"] = {what: len(found) for what, found in by_what.items()}
    through = {what: _through(by_what.get(what, [])) for what in _MUST_FAIL}
    judgement.details["through"] = {what: found for what, found in through.items() if found}
    for one in steps(recording, "default"):
        if done(one):
            judgement.fault("default-password", user=one.get("user", ""))
    for one in by_what.get("events-without-session", ()):
        if one.get("status") == 101:
            judgement.fault("events-without-session")
    for what, found in through.items():
        if found:
            judgement.fault(what, of=", ".join(found[:4]))
    if tries:
        _worked(judgement, by_what)
    return judgement.measurement(problem_first=not tries)


def _through(tried: list[Mapping[str, Any]]) -> list[str]:
    return [
        str(one.get("of", ""))
        for one in tried
        if _passed(one) and not any(name in str(one.get("of")) for name in _MAY_BE_OPEN)
    ]


def _passed(one: Mapping[str, Any]) -> bool:
    """Let through: answered, or failed for a reason other than rights."""
    status = one.get("status")
    if not isinstance(status, int):
        return False
    return status == 101 or 200 <= status < 300 or status in (206, 409) or status >= 500


def _worked(judgement: Judgement, by_what: Mapping[str, list[Mapping[str, Any]]]) -> None:
    """What its owner could not use either proves nothing of others."""
    for what, code in (("own-download", "no-download"), ("ticket", "no-ticket")):
        if not any(_passed(one) for one in by_what.get(what, ())):
            judgement.doubt(code)
