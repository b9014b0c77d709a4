"""The three ways of service (4.1-4): docking, PC and mobile, each that the contract names.

A page serves a screen when one logs in and nothing of it lies beside the screen: no sideways
scrolling, no control out of reach, letters that can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import steps_of
from probes.gb28181.judging import Judgement
from probes.platform.reading import done, mapping, mappings

INSTRUMENT = "platform-modes/1"
PAGES_QUANTITY = "platform-pages"
DOCKING_QUANTITY = "platform-docking"
CASCADE_QUANTITY = "platform-cascade"
_SCREENS = {"pc": "desktop", "mobile": "phone"}
#: A scroll bar or a rounding is not a broken page.
_SLACK = 20


def measure_pages(recording: Recording) -> Measurement:
    """Judge a ``platform:pages`` recording.

    Quantity ``platform-pages``; ``details``: ``screens`` with what each page made of it.
    """
    judgement = Judgement(recording, PAGES_QUANTITY, INSTRUMENT)
    modes = recording.facts.get("modes")
    wanted = [mode for mode in _SCREENS if not modes or mode in modes]
    screens = {str(one.get("name")): one for one in mappings(recording.facts.get("screens"))}
    judgement.details["screens"] = {
        name: {"page": dict(mapping(one.get("page"))), "logged_in": one.get("logged_in")}
        for name, one in screens.items()
    }
    for mode in wanted:
        screen = screens.get(_SCREENS[mode])
        if screen is not None:
            _screen(judgement, mode, screen)
        elif recording.problem is None:
            judgement.doubt("not-shown", mode=mode)
    for name, part in recording.parts.items():
        judgement.evidence[name] = part
    return judgement.measurement()


def _screen(judgement: Judgement, mode: str, screen: Mapping[str, Any]) -> None:
    page = mapping(screen.get("page"))
    if screen.get("logged_in") is not True or not page:
        judgement.doubt("not-logged-in", mode=mode)
        return
    width, reach = _whole(page, "width"), _whole(page, "scroll_width")
    controls, beyond = _whole(page, "controls"), _whole(page, "beyond")
    letters, small = _whole(page, "letters"), _whole(page, "small")
    if reach > width + _SLACK:
        judgement.fault("layout-broken", mode=mode, width=reach, screen=width)
    elif controls and beyond * 4 > controls:
        judgement.fault("out-of-reach", mode=mode, controls=beyond)
    elif letters and small * 2 > letters:
        judgement.fault("unreadable", mode=mode)
    elif not controls or not _whole(page, "words"):
        judgement.fault("empty-page", mode=mode)


def _whole(found: Mapping[str, Any], name: str) -> int:
    value = found.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def measure_docking(recording: Recording) -> Measurement:
    """Whether the platform serves an upper one: registers, lists, passes a picture on.

    Quantity ``platform-docking``; ``details``: ``items`` of its catalogue.
    """
    judgement = Judgement(recording, DOCKING_QUANTITY, INSTRUMENT)
    if not _entered(judgement):
        return judgement.measurement(problem_first=False)
    registration = next(iter(steps_of(recording, "registration")), None)
    catalogs = steps_of(recording, "catalog")
    refused = [one.get("status") for one in catalogs if one.get("status") in (403, 405, 488, 603)]
    listed = any(one.get("listed") is True for one in catalogs)
    judgement.details["items"] = max((_whole(one, "items") for one in catalogs), default=0)
    picture = next(iter(steps_of(recording, "picture")), None)
    if registration is None or registration.get("registered") is not True:
        judgement.doubt("not-registered")
    elif not listed and refused:
        judgement.fault("refused", status=refused[0])
    elif not listed:
        judgement.doubt("nothing-listed")
    elif picture is None or picture.get("first_packet_at") is None:
        judgement.doubt("no-picture")
    return judgement.measurement(problem_first=False)


def measure_cascade(recording: Recording) -> Measurement:
    """Whether the link to the user's platform is protected (4.4.2-c): signalling and media.

    Quantity ``platform-cascade``; ``details``: ``transport``, ``srtp``.
    """
    judgement = Judgement(recording, CASCADE_QUANTITY, INSTRUMENT)
    if not _entered(judgement):
        return judgement.measurement(problem_first=False)
    device = mapping(recording.facts.get("device"))
    transport = device.get("transport")
    picture = next(iter(steps_of(recording, "picture")), None)
    offered = next((one.get("offered") for one in mappings(recording.facts.get("work"))), "")
    judgement.details |= {"transport": transport, "offered": offered}
    if offered != "tls":
        judgement.doubt("tls-not-offered")
    elif not transport:
        judgement.doubt("not-registered")
    elif transport != "tls":
        judgement.fault("signalling-in-clear", transport=transport)
    elif picture is None or picture.get("first_packet_at") is None:
        judgement.doubt("no-picture")
    else:
        judgement.details["srtp"] = picture.get("srtp")
        if picture.get("srtp") is not True:
            judgement.fault("media-in-clear")
        elif _whole(picture, "not_protected"):
            judgement.fault("media-not-authentic", packets=_whole(picture, "not_protected"))
    return judgement.measurement(problem_first=False)


def _entered(judgement: Judgement) -> bool:
    """Whether the link was entered on the platform; it has no docking when it cannot be."""
    recording = judgement.recording
    made = next(iter(mappings(recording.facts.get("work"))), None)
    if made is None:
        if recording.problem is None:
            judgement.doubt("not-tried")
        return False
    if done(made):
        return True
    judgement.fault("cannot-be-entered", state=made.get("state", "-"))
    return False
