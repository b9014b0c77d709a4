"""Roles and their rights (4.3.3.6-b): defined, changed, deleted; at once in running sessions."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import DENIED, done, mapping, step, steps, texts

INSTRUMENT = "platform-roles/1"
QUANTITY = "platform-roles"
_KIND = "roles"


def measure_roles(recording: Recording) -> Measurement:
    """Judge the roles of a ``platform:accounts`` recording.

    Quantity ``platform-roles``; ``details``: ``tries`` of a right before, without, and with it.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    made = steps(recording, "create", kind=_KIND)
    if not made:
        judgement.doubt("not-tried")
    elif not any(done(one) for one in made):
        judgement.fault("cannot-be-made", state=made[0].get("state", "-"))
    else:
        _changed(judgement)
        _in_sessions(judgement)
    return judgement.measurement(problem_first=False)


def _changed(judgement: Judgement) -> None:
    recording = judgement.recording
    change = step(recording, "change", kind=_KIND, of="managers")
    read = step(recording, "read", kind=_KIND, of="managers")
    if change is not None and not done(change):
        judgement.fault("cannot-be-changed", state=change.get("state", "-"))
    elif done(read):
        wanted = texts(mapping(mapping(change).get("wanted")).get("operations"))
        found = mapping(mapping(read).get("found"))
        if "operations" in found and sorted(texts(found["operations"])) != sorted(wanted):
            judgement.fault("change-not-kept")
    removal = step(recording, "remove", kind=_KIND, of="short-lived")
    if removal is not None and not done(removal):
        judgement.fault("cannot-be-deleted", state=removal.get("state", "-"))
    elif done(step(recording, "read-removed", kind=_KIND, of="short-lived")):
        judgement.fault("deleted-still-there")


def _in_sessions(judgement: Judgement) -> None:
    """A right that is taken away ends at once, one that is given works at once."""
    recording = judgement.recording
    tries = {str(one.get("of")): one for one in steps(recording, "try")}
    judgement.details["tries"] = {
        of: {view: one.get(view) for view in ("live", "playback", "listed")}
        for of, one in tries.items()
    }
    before, without = tries.get("with the right"), tries.get("right revoked")
    if before is None or without is None:
        judgement.doubt("not-tried-in-session")
        return
    if before.get("live") in (*DENIED, 0):
        judgement.doubt("right-never-worked", status=before.get("live"))
        return
    stream = mapping(step(recording, "aftermath", of="right revoked")).get("stream")
    if without.get("live") not in DENIED or stream == "runs":
        judgement.fault("revoked-right-works")
    again = tries.get("right given back")
    if again is not None and again.get("live") in DENIED:
        judgement.fault("given-right-refused")
    away = tries.get("camera taken away")
    if away is not None and (away.get("live") not in DENIED or away.get("listed") is True):
        judgement.fault("camera-still-reached")
