"""Colour: does the stream show things in their colours, by day and by night?

Pictures spread over the whole recording are judged one by one on their chroma by blocks
(:mod:`probes.chroma`): noise of pixel size, burnt-in text and a tint over grey are no colour.
A grey scene before a colour camera looks like a grey picture; only a scene that holds enough to
look at, without any chroma, is called monochrome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part, Recording
from probes.chroma import ChromaMap, chroma_map
from probes.decoding import Picture
from probes.opening import open_track, outcome
from probes.streams import Track

QUANTITY = "colour"
INSTRUMENT = "colour/1"
METHOD = "method.colour"

_PICTURES = 2
_CLOSER_LOOK = 8
_BLACK = 20.0
_TOO_DARK = 32.0
_LEAST_USABLE = 0.04
_COLOURED_SPREAD = 2.0
_COLOURED_SHARE = 0.06
_COLOURED_STEPS = 3.0
_GREY_WIDEST = 1.5
_GREY_CAST = 2.5
_TINT_SPREAD = 1.6
_TINT_SHARE = 0.05
_TINT_CAST = 4.0
_TINT_DARK_PART = 0.6
_LUMA_SPREAD = 15.0
_SHOWN = (480, 270)


@dataclass(frozen=True)
class PictureColour:
    """One picture judged.

    Attributes:
        value: ``colour``, ``monochrome``, ``tinted-monochrome``, ``black`` or ``None``.
        reason: why nothing is said.
        numbers: what was measured, JSON-able.
    """

    value: str | None
    reason: Reason | None
    numbers: dict[str, Any]


def judge_colour(chroma: ChromaMap) -> PictureColour:
    """Judge one picture by its chroma map.

    Undecided with ``colour.too-dark`` (luma), ``colour.grey-scene`` (spread),
    ``colour.one-hue`` (cast: a coloured light or a tint) or ``colour.faint`` (spread).
    """
    numbers = _numbers(chroma)
    spread, widest = numbers["chroma_spread"], numbers["chroma_widest"]
    share = numbers["coloured_share"]
    if numbers["bright_luma"] <= _BLACK:
        return PictureColour("black", None, numbers)
    if numbers["usable_share"] < _LEAST_USABLE:
        return _undecided("faint", numbers, spread=spread)
    if spread >= _COLOURED_SPREAD and share >= _COLOURED_SHARE:
        return PictureColour("colour", None, numbers)
    if numbers["bright_luma"] <= _TOO_DARK:
        return _undecided("too-dark", numbers, luma=numbers["bright_luma"])
    poor = numbers["luma_spread"] < _LUMA_SPREAD
    tint = float(np.hypot(*numbers["chroma_mean"]))
    if widest <= _GREY_WIDEST and tint <= _GREY_CAST:
        if poor:
            return _undecided("grey-scene", numbers, spread=numbers["luma_spread"])
        return PictureColour("monochrome", None, numbers)
    if spread <= _TINT_SPREAD and share <= _TINT_SHARE and tint >= _TINT_CAST:
        if poor:
            return _undecided("grey-scene", numbers, spread=numbers["luma_spread"])
        if numbers["dark_cast"] >= _TINT_DARK_PART * tint:
            return PictureColour("tinted-monochrome", None, numbers)
        return _undecided("one-hue", numbers, cast=round(tint, 1))
    return _undecided("faint", numbers, spread=spread)


def _numbers(chroma: ChromaMap) -> dict[str, Any]:
    return {
        "chroma_spread": round(chroma.spread(), 2),
        "chroma_raw_spread": round(chroma.raw_spread(), 2),
        "chroma_widest": round(chroma.widest(), 2),
        "chroma_mean": [round(value, 2) for value in chroma.cast],
        "chroma_noise": round(chroma.pixel_noise, 2),
        "coloured_share": round(chroma.coloured_share(_COLOURED_STEPS), 4),
        "dark_cast": round(chroma.dark_cast(), 2),
        "mean_luma": round(chroma.mean_luma, 1),
        "bright_luma": round(chroma.bright_luma, 1),
        "luma_spread": round(chroma.luma_spread, 1),
        "usable_share": round(float(chroma.usable.mean()), 3),
    }


def _undecided(why: str, numbers: dict[str, Any], **parameters: float) -> PictureColour:
    return PictureColour(None, Reason(f"colour.{why}", parameters), numbers)


def measure_colour(recording: Recording) -> Measurement:
    """``colour``, ``monochrome``, ``tinted-monochrome``, ``black`` or ``None``.

    ``colour`` as soon as one picture shows it and no other denies it; ``monochrome``,
    ``tinted-monochrome`` and ``black`` only when every picture agrees.

    details: the numbers of the first picture that decided (``chroma_spread``: root mean square of
    the structured chroma in 8-bit steps; ``chroma_mean`` [Cb, Cr] from neutral; ``chroma_noise``
    from pixel to pixel; ``coloured_share`` of the blocks; ``mean_luma``, ``bright_luma`` on 0 to
    255; ...), ``series``: per picture ``at_s`` since the first packet, ``value`` and
    ``chroma_spread``; ``colour_from_s``: when colour was first seen, or ``None``.
    evidence: ``picture.jpg``, ``chroma.png`` (chroma by blocks, enlarged four times in strength;
    what was masked is black).

    spoilt: ``colour.no-key-picture``, ``colour.damaged``, ``colour.too-small``,
    ``colour.changes`` (first, last, at_s), the reasons of ``judge_colour`` and those of
    ``open_track``.
    """
    track = open_track(recording, QUANTITY)
    if isinstance(track, Reason):
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=track)
    pictures = track.key_pictures(_PICTURES)
    sound = [picture for picture in pictures if not picture.damaged]
    if not sound:
        why = Reason("colour.damaged" if pictures else "colour.no-key-picture")
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=why)
    try:
        judged = _judge_all(sound)
    except ValueError:
        too_small = Reason("colour.too-small")
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=too_small)
    if len({each.value for _, each, _ in judged}) > 1:
        judged = _judge_all([one for one in track.key_pictures(_CLOSER_LOOK) if not one.damaged])
    value, reason, deciding = _agree(track, judged)
    picture, colour, chroma = judged[deciding]
    return outcome(
        recording,
        QUANTITY,
        "",
        INSTRUMENT,
        METHOD,
        value,
        spoilt=reason,
        details={
            **colour.numbers,
            "series": _series(track, judged),
            "colour_from_s": _colour_from(track, judged),
        },
        evidence={"picture.jpg": shown_picture(picture), "chroma.png": _shown_chroma(chroma)},
    )


_Judged = list[tuple[Picture, PictureColour, ChromaMap]]


def _judge_all(pictures: list[Picture]) -> _Judged:
    judged: _Judged = []
    for picture in pictures:
        chroma = picture_chroma(picture)
        judged.append((picture, judge_colour(chroma), chroma))
    return judged


def picture_chroma(picture: Picture) -> ChromaMap:
    """The chroma map of a decoded picture; neutral when it was coded without chroma."""
    luma, *colour = picture.planes()
    if len(colour) < 2:
        neutral = np.full((max(luma.shape[0] // 2, 1), max(luma.shape[1] // 2, 2)), 128, np.uint8)
        colour = [neutral, neutral]
    return chroma_map(luma, colour[0], colour[1], picture.full_range)


def _agree(track: Track, judged: _Judged) -> tuple[str | None, Reason | None, int]:
    """The common value or why there is none, and which picture shows it."""
    values = [each.value for _, each, _ in judged]
    decided = [value for value in values if value is not None]
    if len(set(decided)) > 1:
        last = len(values) - 1 - values[::-1].index(decided[-1])
        changed = next(at for at, value in enumerate(values) if value not in (None, decided[0]))
        parameters = {
            "first": decided[0],
            "last": decided[-1],
            "at_s": _at(track, judged[changed][0]),
        }
        return None, Reason("colour.changes", parameters), last
    if not decided:
        return None, judged[0][1].reason, 0
    if decided[0] != "colour" and len(decided) < len(values):
        open_one = values.index(None)
        return None, judged[open_one][1].reason, open_one
    return decided[0], None, values.index(decided[0])


def _series(track: Track, judged: _Judged) -> list[dict[str, Any]]:
    return [
        {
            "at_s": _at(track, picture),
            "value": colour.value,
            "chroma_spread": colour.numbers["chroma_spread"],
            "mean_luma": colour.numbers["mean_luma"],
        }
        for picture, colour, _ in judged
    ]


def _colour_from(track: Track, judged: _Judged) -> float | None:
    seen = (_at(track, picture) for picture, colour, _ in judged if colour.value == "colour")
    return next(seen, None)


def _at(track: Track, picture: Picture) -> float:
    """Seconds from the first packet of the track to the picture."""
    return round((picture.arrival_ns - int(track.units.first_ns[0])) / 1e9, 3)


def shown_picture(picture: Picture) -> Part:
    """A small JPEG of a picture for a report."""
    luma, *colour = picture.planes()
    half = np.ascontiguousarray(luma[::2, ::2])
    small = cv2.resize(half, _SHOWN, interpolation=cv2.INTER_AREA)
    if not picture.full_range:
        small = cv2.addWeighted(small, 255 / 219, small, 0, -16 * 255 / 219)
    planes = [small]
    for plane in reversed(colour[:2]):
        planes.append(cv2.resize(plane, _SHOWN, interpolation=cv2.INTER_AREA))
    if len(planes) == 3:
        small = cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2BGR)
    _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return Part.of(coded.tobytes(), "image/jpeg")


def _shown_chroma(chroma: ChromaMap) -> Part:
    strong = [
        np.clip(128 + 4 * plane, 0, 255).astype(np.uint8) for plane in (chroma.red, chroma.blue)
    ]
    grey = np.full(chroma.blue.shape, 128, np.uint8)
    shown = cv2.cvtColor(cv2.merge([grey, *strong]), cv2.COLOR_YCrCb2BGR)
    shown[~chroma.unmasked] = 0
    large = cv2.resize(shown, _SHOWN, interpolation=cv2.INTER_NEAREST)
    _, coded = cv2.imencode(".png", large)
    return Part.of(coded.tobytes(), "image/png")
