"""Cameras on a platform (4.3.3.6-a2): added, changed, kept over a restart, gone when deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import done, mapping, status, step, texts

INSTRUMENT = "platform-cameras/1"
QUANTITY = "platform-cameras"
_KIND = "devices"
#: How a platform says that there is no such thing, or none for whoever asks.
_GONE = (401, 403, 404, 410)


def measure_cameras(recording: Recording) -> Measurement:
    """Judge the camera of a ``platform:management`` recording.

    Quantity ``platform-cameras``; ``details``: ``views`` that were compared.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    created = step(recording, "create", kind=_KIND)
    if created is None:
        judgement.doubt("not-tried")
    elif not done(created):
        judgement.fault("cannot-be-added", state=created.get("state", "-"))
    else:
        _changed(judgement)
        _kept(judgement)
        _deleted(judgement)
    return judgement.measurement(problem_first=False)


def _name(found: Mapping[str, Any] | None) -> Any:
    return mapping(mapping(found).get("found")).get("name")


def _changed(judgement: Judgement) -> None:
    recording = judgement.recording
    change = step(recording, "change", kind=_KIND)
    if not done(change):
        judgement.fault("change-refused", state=mapping(change).get("state", "-"))
        return
    read = step(recording, "read", kind=_KIND)
    wanted = mapping(mapping(change).get("wanted")).get("name")
    if not done(read):
        judgement.fault("not-shown")
    elif _name(read) not in (wanted, None):
        judgement.fault("change-not-kept")


def _kept(judgement: Judgement) -> None:
    recording = judgement.recording
    restart = mapping(step(recording, "restart"))
    if restart.get("by", "none") == "none" or "ended" not in restart:
        judgement.doubt("not-restarted")
        return
    wanted = mapping(mapping(step(recording, "change", kind=_KIND)).get("wanted")).get("name")
    again = step(recording, "read-again", kind=_KIND)
    if again is None:
        judgement.doubt("not-restarted")
    elif not done(again) or _name(again) not in (wanted, None):
        judgement.fault("lost-at-restart")


def _deleted(judgement: Judgement) -> None:
    recording = judgement.recording
    removal = step(recording, "remove", kind=_KIND)
    if not done(removal):
        judgement.fault("cannot-be-deleted", state=mapping(removal).get("state", "-"))
        return
    before = mapping(mapping(step(recording, "views-before")).get("views"))
    after_step = step(recording, "views-after")
    after = mapping(mapping(after_step).get("views"))
    judgement.details["views"] = sorted({name.partition(":")[0] for name in after})
    if not after:
        judgement.doubt("not-looked-for")
        return
    left = [name.partition(":")[0] for name, found in after.items() if _shows(found)]
    if left:
        judgement.fault("still-viewable", views=", ".join(sorted(set(left))))
    channels = texts(mapping(after_step).get("channels"))
    unasked = [one for one in channels if not status(before.get(f"live:{one}"))]
    if not channels or unasked:
        # What was never answered cannot be told from what is gone.
        judgement.note("live-not-compared")


def _shows(found: Any) -> bool:
    """Whether a view still shows the camera: listed, or answered as something that is there."""
    if isinstance(found, bool):
        return found
    answered = status(found)
    if answered:
        return answered not in _GONE
    return mapping(found).get("state") == "done"
