"""Wide dynamic range (4.3.1-f1) and highlight suppression (4.3.1-f2): does the switch do anything?

Two captures of one scene, the function off and on. Clipped is what has a luma of at most 5 or at
least 250 of 255. Wide dynamic range works where things that were clipped at both ends can be read
with it; highlight suppression where the clipped bright area shrinks. The grade by GA/T 1127 is a
laboratory's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.colour import shown_picture
from probes.decoding import Picture
from probes.opening import outcome, video_of

WIDE_DYNAMIC, HIGHLIGHT = "wide-dynamic", "highlight-suppression"
INSTRUMENT = "sensor-functions/1"

_DARK, _BRIGHT = 5.0, 250.0
#: Less of the picture than this at an end, and the scene asks nothing of the function there.
_LEAST_END = 0.02
#: A change of less than this part of what was clipped is what two captures differ by anyhow.
_NO_CHANGE = 0.1
_HALF = 0.5
#: Sky, walls and what is black itself hold no structure: few blocks need show any.
_SEEN, _UNSEEN = 0.05, 0.02
_BLOCK = 16
_EDGE = 7
_READABLE = 3.0
#: A function that brightens the shade; it is no highlight suppression if it does only that.
_BACKLIGHT = "BacklightCompensation"
Luma = NDArray[np.float32]


@dataclass(frozen=True)
class _Pair:
    off: Picture
    on: Picture


def measure_wide_dynamic(recording: Recording) -> Measurement:
    """``works``, ``no-effect``, ``misreports``, ``refused``, ``not-offered``, or ``None``.

    details: ``function``, ``told_off``, ``told_on``: the mode as the device told it after each
    command; ``bright_off``, ``bright_on``, ``dark_off``, ``dark_on``: clipped shares of the
    picture; of the blocks clipped at an end without the function: ``bright_regained``,
    ``dark_regained``: share that is inside the range with it, ``bright_read``, ``dark_read``: share
    in which structure is seen with it; ``restored``.

    spoilt: ``wide-dynamic.no-picture`` (part), ``.no-contrast`` (bright and dark, percent):
    the scene does not clip at both ends, ``.partly`` (bright and dark, percent), or the visit's
    own problem.
    """
    details, early = _answered(recording, WIDE_DYNAMIC)
    if early is not None:
        return early
    told = details["told_off"], details["told_on"]
    if "ON" in told[:1] or "OFF" in told[1:]:
        return _result(recording, WIDE_DYNAMIC, "misreports", details)
    pair = _pair(recording, WIDE_DYNAMIC, details)
    if isinstance(pair, Measurement):
        return pair
    _clipped(pair, details)
    bright, dark = details["bright_off"], details["dark_off"]
    if min(bright, dark) < _LEAST_END:
        reason = _shares("no-contrast", bright, dark)
        return _result(recording, WIDE_DYNAMIC, None, details, reason, pair)
    read = details["bright_read"], details["dark_read"]
    regained = details["bright_regained"], details["dark_regained"]
    if min(regained) >= _HALF and min(read) >= _SEEN:
        return _result(recording, WIDE_DYNAMIC, "works", details, None, pair)
    greyed = min(regained) >= _HALF and max(read) < _UNSEEN  # grey laid over what is lost
    if greyed or (_kept(details, "bright") and _kept(details, "dark")):
        return _result(recording, WIDE_DYNAMIC, "no-effect", details, None, pair)
    reason = _shares("partly", *read)
    return _result(recording, WIDE_DYNAMIC, None, details, reason, pair)


def measure_highlight(recording: Recording) -> Measurement:
    """``suppresses``, ``no-effect``, ``refused``, ``not-offered``, or ``None``.

    details: as of wide dynamic range.

    spoilt: ``highlight-suppression.no-picture`` (part), ``.no-highlight`` (bright, percent):
    nothing is clipped without the function, ``.partly`` (before and after, percent),
    ``.backlight-only``: what is offered is a backlight compensation, which leaves the bright end
    alone; or the visit's own problem.
    """
    details, early = _answered(recording, HIGHLIGHT)
    if early is not None:
        return early
    pair = _pair(recording, HIGHLIGHT, details)
    if isinstance(pair, Measurement):
        return pair
    _clipped(pair, details)
    before, after = details["bright_off"], details["bright_on"]
    value: str | None = None
    reason: Reason | None = None
    if before < _LEAST_END:
        reason = Reason(f"{HIGHLIGHT}.no-highlight", {"bright": _percent(before)})
    elif after <= _HALF * before:
        value = "suppresses"
    elif not _kept(details, "bright"):
        shares = {"before": _percent(before), "after": _percent(after)}
        reason = Reason(f"{HIGHLIGHT}.partly", shares)
    elif details["function"] == _BACKLIGHT:
        reason = Reason(f"{HIGHLIGHT}.backlight-only")
    else:
        value = "no-effect"
    return _result(recording, HIGHLIGHT, value, details, reason, pair)


def _answered(recording: Recording, quantity: str) -> tuple[dict[str, Any], Measurement | None]:
    """What was answered, and the measurement where that settles it."""
    facts = recording.facts
    answers = {
        str(one.get("state")): one for one in facts.get("answers") or () if isinstance(one, Mapping)
    }
    told = {f"told_{state}": answers.get(state, {}).get("told") for state in ("off", "on")}
    details = {"function": facts.get("function"), "restored": facts.get("restored"), **told}
    if recording.problem is not None:
        return details, _result(recording, quantity, None, details, recording.problem)
    if details["function"] is None:
        return details, _result(recording, quantity, "not-offered", details)
    if not answers.get("on", {}).get("accepted"):
        return details, _result(recording, quantity, "refused", details)
    return details, None


def _pair(recording: Recording, quantity: str, details: dict[str, Any]) -> _Pair | Measurement:
    """The last key picture of each capture, when the function has long been set."""
    found: dict[str, Picture] = {}
    for state in ("off", "on"):
        picture = _last(recording, f"{state}.pcap")
        if picture is None:
            reason = Reason(f"{quantity}.no-picture", {"part": state})
            return _result(recording, quantity, None, details, reason)
        found[state] = picture
    if found["off"].luma().shape != found["on"].luma().shape:
        reason = Reason(f"{quantity}.no-picture", {"part": "on"})
        return _result(recording, quantity, None, details, reason)
    return _Pair(found["off"], found["on"])


def _last(recording: Recording, part: str) -> Picture | None:
    track = video_of(recording, part)
    if track is None:
        return None
    for index in reversed(track.key_units()[-2:]):
        picture = track.decoder.key_picture(int(index))
        if picture is not None and not picture.damaged:
            return picture
    return None


def _full(picture: Picture) -> Luma:
    luma = picture.luma().astype(np.float32)
    return luma if picture.full_range else (luma - 16) * np.float32(255 / 219)


def _clipped(pair: _Pair, details: dict[str, Any]) -> None:
    off, on = _full(pair.off), _full(pair.on)
    for name, luma in (("off", off), ("on", on)):
        details[f"bright_{name}"] = round(float((luma >= _BRIGHT).mean()), 4)
        details[f"dark_{name}"] = round(float((luma <= _DARK).mean()), 4)
    for name, clipped in (("bright", off >= _BRIGHT), ("dark", off <= _DARK)):
        details[f"{name}_regained"], details[f"{name}_read"] = _regained(on, clipped)


def _regained(luma: Luma, clipped: NDArray[np.bool_]) -> tuple[float, float]:
    """Of the blocks that are mostly ``clipped``: share inside the range, share with structure.

    Structure is what differs among the clipped pixels themselves, beyond the noise of pixels: what
    was seen before, and its edges, lend them none.
    """
    inner = cv2.erode(clipped.astype(np.uint8), np.ones((_EDGE, _EDGE), np.uint8))
    smooth = np.asarray(cv2.blur(luma, (5, 5)), np.float32)
    weight = _cut(inner.astype(np.float32))
    count = weight.sum(axis=(1, 3))
    lost = count > _HALF * _BLOCK * _BLOCK
    if not lost.any():
        return 0.0, 0.0

    def mean(plane: Luma) -> Luma:
        return np.asarray((_cut(plane) * weight).sum(axis=(1, 3))[lost] / count[lost], np.float32)

    inside = mean(((luma > _DARK) & (luma < _BRIGHT)).astype(np.float32)) > _HALF
    spread = np.sqrt(np.maximum(mean(smooth * smooth) - mean(smooth) ** 2, 0))
    read = inside & (spread > _READABLE)
    return round(float(inside.mean()), 3), round(float(read.mean()), 3)


def _cut(plane: Luma) -> Luma:
    rows, columns = plane.shape[0] // _BLOCK, plane.shape[1] // _BLOCK
    cut = plane[: rows * _BLOCK, : columns * _BLOCK]
    return cut.reshape(rows, _BLOCK, columns, _BLOCK)


def _kept(details: Mapping[str, Any], end: str) -> bool:
    """Whether what was clipped at an end still is."""
    return bool(details[f"{end}_on"] > (1 - _NO_CHANGE) * details[f"{end}_off"])


def _shares(code: str, bright: float, dark: float) -> Reason:
    shares = {"bright": _percent(bright), "dark": _percent(dark)}
    return Reason(f"{WIDE_DYNAMIC}.{code}", shares)


def _percent(share: float) -> float:
    return round(100 * share, 1)


def _result(
    recording: Recording,
    quantity: str,
    value: str | None,
    details: dict[str, Any],
    spoilt: Reason | None = None,
    pair: _Pair | None = None,
) -> Measurement:
    shown = {}
    if pair is not None:
        shown = {"off.jpg": shown_picture(pair.off), "on.jpg": shown_picture(pair.on)}
    return outcome(
        recording,
        quantity,
        "",
        INSTRUMENT,
        f"method.{quantity}",
        value,
        spoilt=spoilt,
        details=details,
        evidence=shown,
    )
