"""Users (4.3.3.6-d): added, changed, deleted, linked to roles, found; and nothing secret shown."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import done, mapping, mappings, step, steps, texts

INSTRUMENT = "platform-users/1"
QUANTITY = "platform-users"
_KIND = "users"
_OF = "watcher"


def measure_users(recording: Recording) -> Measurement:
    """Judge the users of a ``platform:accounts`` recording.

    Quantity ``platform-users``; ``details``: ``secrets`` (names and forms of secret fields).
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    created = step(recording, "create", kind=_KIND, of=_OF)
    if created is None:
        judgement.doubt("not-tried")
    elif not done(created):
        judgement.fault("cannot-be-added", state=created.get("state", "-"))
    else:
        _linked(judgement)
        _changed(judgement)
        _found(judgement)
        _deleted(judgement)
        _secrets(judgement)
    return judgement.measurement(problem_first=False)


def _linked(judgement: Judgement) -> None:
    recording = judgement.recording
    wanted = mapping(mapping(step(recording, "create", kind=_KIND, of=_OF)).get("wanted"))
    found = mapping(mapping(step(recording, "read", kind=_KIND, of=_OF)).get("found"))
    roles = texts(wanted.get("roles"))
    if not roles:
        judgement.doubt("no-role-to-link")
    elif "roles" in found and texts(found["roles"]) != roles:
        judgement.fault("role-not-linked")


def _changed(judgement: Judgement) -> None:
    recording = judgement.recording
    change = step(recording, "change", kind=_KIND, of=_OF)
    if not done(change):
        judgement.fault("cannot-be-changed", state=mapping(change).get("state", "-"))
        return
    wanted = mapping(mapping(change).get("wanted"))
    found = mapping(mapping(step(recording, "read-changed", kind=_KIND, of=_OF)).get("found"))
    if any(name in found and found[name] != value for name, value in wanted.items()):
        judgement.fault("change-not-kept")


def _found(judgement: Judgement) -> None:
    query = step(judgement.recording, "query", kind=_KIND)
    nobody = step(judgement.recording, "query-nobody", kind=_KIND)
    if query is None:
        judgement.doubt("not-queried")
    elif not done(query):
        judgement.fault("cannot-be-queried", state=query.get("state", "-"))
    elif not list(mappings(query.get("own"))):
        judgement.fault("not-found-by-query")
    elif done(nobody) and mapping(nobody).get("count"):
        judgement.note("query-filters-nothing")


def _deleted(judgement: Judgement) -> None:
    recording = judgement.recording
    removal = step(recording, "remove", kind=_KIND, of=_OF)
    if removal is None:
        judgement.doubt("not-deleted")
        return
    if not done(removal):
        judgement.fault("cannot-be-deleted", state=removal.get("state", "-"))
        return
    log_in = step(recording, "log-in", of="deleted")
    aftermath = mapping(step(recording, "aftermath", of="deleted"))
    if done(log_in):
        judgement.fault("deleted-user-logs-in")
    elif aftermath.get("session_status") == 200:
        judgement.fault("deleted-user-session-works")
    elif log_in is None:
        judgement.doubt("not-deleted")


def _secrets(judgement: Judgement) -> None:
    leaks = [
        one
        for found in steps(judgement.recording, "secrets")
        for one in mappings(found.get("found"))
    ]
    judgement.details["secrets"] = [dict(one) for one in leaks]
    if leaks:
        fields = sorted({str(one.get("field", "")) for one in leaks})
        judgement.fault("secret-shown", fields=", ".join(fields))
