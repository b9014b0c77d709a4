"""What is known of a user (4.3.3.6-f): each field is kept, and each that decides is enforced."""

from __future__ import annotations

from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.moments import same_moment
from probes.platform.reading import DENIED, done, mapping, mappings, step, steps

INSTRUMENT = "platform-user-fields/1"
QUANTITY = "platform-user-fields"
_FIELDS = ("organisation", "phone", "ptz_level", "valid_from", "valid_until", "state", "cameras")


def measure_user_fields(recording: Recording) -> Measurement:
    """Judge the user of a ``platform:accounts`` recording.

    Quantity ``platform-user-fields``; ``details``: ``aftermath`` of suspension and expiry,
    ``commands`` by PTZ level.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    created = step(recording, "create", kind="users", of="watcher")
    if created is None:
        judgement.doubt("not-tried")
    elif not done(created):
        judgement.fault("cannot-be-kept", state=created.get("state", "-"))
    else:
        _kept(judgement)
        for what in ("suspended", "expired"):
            _out_at_once(judgement, what)
        _ptz_level(judgement)
    return judgement.measurement(problem_first=False)


def _kept(judgement: Judgement) -> None:
    recording = judgement.recording
    wanted = mapping(mapping(step(recording, "create", kind="users", of="watcher")).get("wanted"))
    read = step(recording, "read", kind="users", of="watcher")
    if not done(read):
        judgement.doubt("not-read-back")
        return
    found = mapping(mapping(read).get("found"))
    if not found:
        return  # read by a person, who said that all is there
    missing = [name for name in _FIELDS if name not in found]
    if missing:
        judgement.fault("field-missing", fields=", ".join(missing))
        return
    other = [
        name for name in _FIELDS if name in wanted and not _same(name, wanted[name], found[name])
    ]
    if other:
        judgement.fault("field-not-kept", fields=", ".join(other))


def _same(name: str, wanted: Any, found: Any) -> bool:
    if name in ("valid_from", "valid_until"):
        return same_moment(wanted, found)
    if name == "cameras":
        return [one.get("channel") for one in mappings(wanted)] == [
            one.get("channel") for one in mappings(found)
        ]
    return bool(wanted == found)


def _out_at_once(judgement: Judgement, what: str) -> None:
    """A suspended or expired user: what ran has ended, and there is no way back in."""
    recording = judgement.recording
    aftermath = step(recording, "aftermath", of=what)
    log_in = step(recording, "log-in", of=what)
    if aftermath is None and log_in is None:
        judgement.doubt(f"{what}-not-tried")
        return
    ran = mapping(aftermath)
    judgement.details.setdefault("aftermath", {})[what] = {
        name: ran.get(name) for name in ("stream", "events", "session_status", "stream_after_s")
    }
    if done(log_in):
        judgement.fault(f"{what}-logs-in")
    elif ran.get("session_status") == 200:
        judgement.fault(f"{what}-session-works")
    elif "runs" in (ran.get("stream"), ran.get("events")):
        judgement.fault(f"{what}-runs-on")


def _ptz_level(judgement: Judgement) -> None:
    """A level that holds the camera keeps a lower one out, and nobody moves it without a level."""
    commands = {str(one.get("of")): one for one in steps(judgement.recording, "command")}
    statuses = {of: one.get("status") for of, one in commands.items()}
    judgement.details["commands"] = statuses
    if not {"high", "low", "none"} <= set(statuses) or statuses["high"] in (*DENIED, 0):
        judgement.doubt("ptz-level-not-tried")
        return
    both = {statuses["high"], statuses["low"]} <= {200, 202, 204}
    if both or statuses["none"] not in DENIED:
        judgement.fault("ptz-level-ignored")
