"""Protected mobile access (4.4.2-d): a token that ends, and that no address or history holds."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.moments import posix_time
from probes.platform.reading import mappings, status, step, steps

INSTRUMENT = "platform-tokens/1"
QUANTITY = "platform-tokens"
#: The longest life of a session (ruling R-042), in seconds, with a minute for the clocks.
LONGEST_S = 24 * 3600.0 + 60.0


def measure_tokens(recording: Recording) -> Measurement:
    """Judge a ``platform:tokens`` recording.

    Quantity ``platform-tokens``; ``details``: ``lifetime_s`` as the platform says, ``outlived``.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    if step(recording, "with-token") is None:
        if recording.problem is None:
            judgement.doubt("not-tried")
        return judgement.measurement()
    _address(judgement)
    _end(judgement)
    _cookie(judgement)
    return judgement.measurement(problem_first=False)


def _address(judgement: Judgement) -> None:
    recording = judgement.recording
    if status(step(recording, "with-token")) != 200 or status(
        step(recording, "without-token")
    ) not in (401, 403):
        judgement.doubt("token-decides-nothing")
        return
    taken = [one for one in steps(recording, "token-in-address") if status(one) == 200]
    holds = any(one.get("holds_token") is True for one in steps(recording, "ticket"))
    if taken or holds:
        names = ", ".join(str(one.get("parameter")) for one in taken) or "ticket"
        judgement.fault("token-in-address", parameters=names)


def _end(judgement: Judgement) -> None:
    recording = judgement.recording
    ended = step(recording, "after-log-out")
    outlived = step(recording, "outlived")
    if status(ended) == 200:
        judgement.fault("survives-log-out")
    began, expires = recording.facts.get("logged_in_at"), recording.facts.get("expires_at")
    until = posix_time(expires)
    if until is not None and isinstance(began, int | float):
        lifetime = until - began
        judgement.details["lifetime_s"] = round(lifetime)
        if lifetime > LONGEST_S:
            judgement.fault("lives-too-long", hours=round(lifetime / 3600, 1))
    judgement.details["outlived"] = status(outlived)
    if status(outlived) == 200:
        judgement.fault("never-ends")
    elif outlived is None or status(outlived) == 0:
        judgement.doubt("end-not-seen")


def _cookie(judgement: Judgement) -> None:
    for found in steps(judgement.recording, "cookie"):
        for cookie in mappings(found.get("cookies")):
            if cookie.get("secure") is not True:
                judgement.fault("cookie-not-secure", name=cookie.get("name", ""))
            elif cookie.get("http_only") is not True:
                judgement.note("cookie-for-scripts", name=cookie.get("name", ""))
