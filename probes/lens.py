"""A motorised lens (4.3.1-e): does the view narrow when the zoom is driven, and is it sharp then?

Three captures: before, there, and back. A view that changes by no more than focusing changes it
(breathing) has not been zoomed. Sharpness is that of the same things in the wider of two views,
so that nothing need be known of the scene: see :mod:`probes.registration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part, Recording
from probes.colour import shown_picture
from probes.decoding import Picture
from probes.gb28181.media import Shown, open_media
from probes.opening import outcome, video_of
from probes.registration import Registration, Sharpness, compare_sharpness, register

ZOOM, SHARPNESS = "lens-zoom", "zoom-sharpness"
INSTRUMENT = "lens/1"

BREATHING = 0.05
"""The change of view that focusing alone may bring."""
_PARTS = ("before", "near", "back")
_BY_REGISTRATION = "gb28181"
#: PTZType of what turns, and so zooms: domes, half domes and guns by remote control.
_TURNING = frozenset({"1", "4", "5"})
Luma = NDArray[np.uint8]


@dataclass(frozen=True)
class _Shot:
    luma: Luma
    shown: Part


def measure_lens(recording: Recording) -> tuple[Measurement, ...]:
    """``lens-zoom`` and, where the view was changed and is seen, ``zoom-sharpness``.

    ``lens-zoom``: ``zooms``, ``still``, ``refused``, ``fixed`` (no drive is offered), ``None``.
    details: ``move`` as the visit tells it, ``restored``; ``ratio``: how many times narrower the
    view became, with ``ratio_lower``, ``ratio_upper`` (95 %) and ``matches``; ``ratio_back``: the
    same after the way back.

    ``zoom-sharpness``: fine structure of the same things there or back, whichever has less, over
    that before; 1 = as sharp. details: ``sharpness_first`` (in the first picture there),
    ``sharpness_there``, ``sharpness_back``, ``blocks``.

    spoilt: ``lens-zoom.no-picture`` (part), ``.not-registered``, ``.unclear`` (ratio),
    ``.form-unknown`` (nothing moved, and the device never said that it zooms),
    ``zoom-sharpness.no-texture``, or the visit's own problem.
    """
    facts = recording.facts
    details: dict[str, Any] = {"move": facts.get("move"), "restored": facts.get("restored")}
    if recording.problem is not None:
        return (_zoom(recording, None, details, recording.problem),)
    move = facts.get("move") or {}
    registered = move.get("way") == _BY_REGISTRATION
    if not facts.get("offered") and not registered:
        return (_zoom(recording, "fixed", details),)
    if not move.get("accepted", False):
        return (_zoom(recording, "refused", details),)
    find = _looks if registered else _captures
    shots = find(recording)
    missing = next((part for part in ("before", "near") if not shots[part]), None)
    shown = {f"{part}.jpg": some[-1].shown for part, some in shots.items() if some}
    if missing is not None:
        reason = Reason(f"{ZOOM}.no-picture", {"part": missing})
        return (_zoom(recording, None, details, reason, shown),)
    return _judged(recording, shots, details, shown)


def _judged(
    recording: Recording,
    shots: dict[str, list[_Shot]],
    details: dict[str, Any],
    shown: dict[str, Part],
) -> tuple[Measurement, ...]:
    before = shots["before"][-1].luma
    near = register(before, shots["near"][-1].luma)
    back = register(before, shots["back"][-1].luma) if shots["back"] else None
    if near is None:
        reason = Reason(f"{ZOOM}.not-registered")
        return (_zoom(recording, None, details, reason, shown),)
    details |= {
        "ratio": round(near.ratio, 4),
        "ratio_lower": round(near.lower, 4),
        "ratio_upper": round(near.upper, 4),
        "matches": near.matches,
        "ratio_back": None if back is None else round(back.ratio, 4),
    }
    if not _changed(near) and not (back is not None and _changed(back)):
        if _same(near) and _can_zoom(recording):
            return (_zoom(recording, "still", details, shown=shown),)
        code = "form-unknown" if _same(near) else "unclear"
        reason = Reason(f"{ZOOM}.{code}", {"ratio": round(near.ratio, 3)})
        return (_zoom(recording, None, details, reason, shown),)
    zoom = _zoom(recording, "zooms", details, shown=shown)
    return zoom, _sharpness(recording, shots, near, back)


def _changed(found: Registration) -> bool:
    return found.lower > 1 + BREATHING or found.upper < 1 / (1 + BREATHING)


def _same(found: Registration) -> bool:
    return found.upper <= 1 + BREATHING and found.lower >= 1 / (1 + BREATHING)


def _sharpness(
    recording: Recording,
    shots: dict[str, list[_Shot]],
    near: Registration,
    back: Registration | None,
) -> Measurement:
    before = shots["before"][-1].luma
    ends = shots["near"][0], shots["near"][-1]
    first, there = (compare_sharpness(before, one.luma, near) for one in ends)
    again: Sharpness | None = None
    if back is not None:
        again = compare_sharpness(before, shots["back"][-1].luma, back)
    seen = [one for one in (there, again) if one is not None]
    if there is None:
        return outcome(
            recording, SHARPNESS, "1", INSTRUMENT, f"method.{SHARPNESS}",
            spoilt=Reason(f"{SHARPNESS}.no-texture"),
        )  # fmt: skip
    least = min(seen, key=lambda one: one.ratio)
    return outcome(
        recording,
        SHARPNESS,
        "1",
        INSTRUMENT,
        f"method.{SHARPNESS}",
        round(least.ratio, 3),
        lower=round(least.lower, 3),
        upper=round(least.upper, 3),
        details={
            "sharpness_first": None if first is None else round(first.ratio, 3),
            "sharpness_there": round(there.ratio, 3),
            "sharpness_back": None if again is None else round(again.ratio, 3),
            "blocks": least.blocks,
        },
    )


def _can_zoom(recording: Recording) -> bool:
    """Whether the device says that it can: by ONVIF, or as a dome that turns (PTZType).

    GB/T 28181 has no word on the zoom alone, and an answer of 200 to a command proves nothing.
    """
    return bool(recording.facts.get("offered")) or str(recording.facts.get("ptz_type")) in _TURNING


def _looks(recording: Recording) -> dict[str, list[_Shot]]:
    """The pictures of one session that were there at the three moments."""
    steps = recording.facts.get("steps") or ()
    part = next((one.get("part") for one in steps if one.get("name") == "live"), None)
    looks = recording.facts.get("looks") or {}
    found: dict[str, list[_Shot]] = {name: [] for name in _PARTS}
    last: dict[str, Shown] = {}
    for picture in open_media(recording, part).pictures():
        for name in _PARTS:
            if picture.at <= looks.get(name, -1.0):
                last[name] = picture
    for name, picture in last.items():
        found[name] = [_Shot(picture.luma, _jpeg(picture.luma))]
    return found


def _jpeg(luma: Luma) -> Part:
    return Part.of(cv2.imencode(".jpg", luma)[1].tobytes(), "image/jpeg")


def _captures(recording: Recording) -> dict[str, list[_Shot]]:
    return {
        part: [_Shot(one.luma(), shown_picture(one)) for one in _ends(recording, part)]
        for part in _PARTS
    }


def _ends(recording: Recording, part: str) -> list[Picture]:
    """The first and the last key picture of a capture that are whole."""
    track = video_of(recording, f"{part}.pcap")
    if track is None:
        return []
    keys = [int(one) for one in track.key_units()]
    pictures = [track.decoder.key_picture(one) for one in dict.fromkeys((*keys[:1], *keys[-1:]))]
    return [one for one in pictures if one is not None and not one.damaged]


def _zoom(
    recording: Recording,
    value: str | None,
    details: dict[str, Any],
    spoilt: Reason | None = None,
    shown: dict[str, Part] | None = None,
) -> Measurement:
    return outcome(
        recording, ZOOM, "", INSTRUMENT, f"method.{ZOOM}", value,
        spoilt=spoilt, details=details, evidence=shown or {},
    )  # fmt: skip
