"""All instruments of picture quality over one recording of a stream.

The pictures are decoded once; what each instrument reads becomes a measurement of its own, with the
reason beside it where it cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.colour import shown_picture
from probes.opening import open_track, outcome
from probes.picture_quality.blocking import blocking
from probes.picture_quality.blur import blur
from probes.picture_quality.cast import cast
from probes.picture_quality.contrast import contrast
from probes.picture_quality.cover import cover
from probes.picture_quality.exposure import exposure
from probes.picture_quality.noise import noise
from probes.picture_quality.signal import signal
from probes.picture_quality.standstill import find_standstill
from probes.picture_quality.stripes import stripes
from probes.picture_quality.view import Reading, View
from probes.streams import Track

QUANTITY = "picture-signal"
INSTRUMENT = "picture-quality/1"
METHOD = "method.picture-quality"

_PICTURES = 4
_COLOURED = 40.0
_BLACK = 3.0
_LIT = 45.0
_FEATURELESS = 0.85
_HUES = 20.0
_LEANS = 5.0
_UNITS: Mapping[str, str] = {
    "picture-freeze": "s",
    "burnt-out-share": "1",
    "drowned-share": "1",
    "mean-luma": "{grey}",
    "covered-share": "1",
    "picture-blur": "px",
    "picture-contrast": "{grey}",
    "colour-cast": "{step}",
    "picture-stripes": "{grey}",
    "picture-noise": "{grey}",
    "picture-blocking": "%",
}


@dataclass(frozen=True)
class Finding:
    """What one instrument reads: a number, or why there is none, and by-products."""

    quantity: str
    reading: Reading | None
    spoilt: Reason | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def measure_picture_quality(recording: Recording) -> Measurement:
    """Quantity ``picture-signal``: ``present``, or ``lost`` where one plain colour is sent.

    ``readings_of`` takes the measurements of the other instruments out of it.

    details: ``readings``: what each instrument says, by quantity. evidence: ``picture.jpg``.

    spoilt: ``picture-signal.no-key-picture``, ``.damaged``, ``.too-small``, ``.one-colour`` (a
    plain grey picture may be a wall), and those of ``open_track``.
    """
    track = open_track(recording, QUANTITY)
    if isinstance(track, Reason):
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=track)
    pictures = track.key_pictures(_PICTURES)
    sound = [one for one in pictures if not one.damaged]
    if not sound:
        why = Reason(f"{QUANTITY}.{'damaged' if pictures else 'no-key-picture'}")
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=why)
    begins = int(track.units.first_ns[0])
    views = [View.of(one, (one.arrival_ns - begins) / 1e9) for one in sound]
    evidence = {"picture.jpg": shown_picture(sound[0])}
    if not all(view.large_enough for view in views):
        small = Reason(f"{QUANTITY}.too-small")
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=small)
    seen = signal(views)
    details: dict[str, Any] = {"even_share": round(seen.even, 3), "luma": round(seen.luma, 1)}
    value, why_not = "present", None
    if not seen.present:
        plain = abs(seen.blue) + abs(seen.red) >= _COLOURED or seen.luma <= _BLACK
        value, why_not = ("lost", None) if plain else ("present", Reason(f"{QUANTITY}.one-colour"))
    else:
        found = [*examine(views), _freeze(track)]
        details["readings"] = {one.quantity: _document(one) for one in found}
    return outcome(
        recording,
        QUANTITY,
        "",
        INSTRUMENT,
        METHOD,
        None if why_not else value,
        spoilt=why_not,
        details=details,
        evidence=evidence,
    )


def readings_of(measured: Measurement) -> Iterator[Measurement]:
    """The measurements of the single instruments out of that of ``measure_picture_quality``."""
    for quantity, told in measured.details.get("readings", {}).items():
        spoilt = told["spoilt"]
        yield replace(
            measured,
            quantity=quantity,
            method=f"method.{quantity}",
            unit=_UNITS[quantity],
            value=told["value"],
            lower=told["lower"],
            upper=told["upper"],
            details=told["details"],
            spoilt=Reason(spoilt["code"], spoilt["parameters"]) if spoilt else measured.spoilt,
        )


def examine(views: Sequence[View]) -> list[Finding]:
    """What every instrument reads in a few pictures of one camera, in order of time.

    Those that cost much look at the first and the last of them.
    """
    return [instrument(views) for instrument in INSTRUMENTS.values()]


def _burnt_out(views: Sequence[View]) -> Finding:
    return Finding("burnt-out-share", exposure(views).highlights)


def _drowned(views: Sequence[View]) -> Finding:
    return Finding("drowned-share", exposure(views).shadows)


def _mean_luma(views: Sequence[View]) -> Finding:
    return Finding("mean-luma", exposure(views).mean)


def _ends(views: Sequence[View]) -> list[View]:
    return [views[0], views[-1]] if len(views) > 1 else list(views)


def _cover(views: Sequence[View]) -> Finding:
    found = cover(_ends(views))
    details = {"featureless_share": round(found.featureless.value, 3)}
    spoilt = None
    if found.dark.value > 0 and found.lit_mean < _LIT:
        spoilt = Reason("covered-share.dark-scene")
    elif found.featureless.value - found.dark.value >= _FEATURELESS:
        share = {"share": round(100 * found.featureless.value)}
        spoilt = Reason("covered-share.featureless", share)
    return Finding("covered-share", found.dark, spoilt, details)


def _blur(views: Sequence[View]) -> Finding:
    found = blur(_ends(views))
    spoilt = None
    if found.width is None:
        spoilt = Reason("picture-blur.no-edges", {"tiles": found.tiles})
    return Finding("picture-blur", found.width, spoilt, {"tiles": found.tiles})


def _contrast(views: Sequence[View]) -> Finding:
    return Finding("picture-contrast", contrast(views))


def _cast(views: Sequence[View]) -> Finding:
    found = cast(_ends(views))
    details = {name: round(getattr(found, name), 1) for name in ("blue", "red", "variety")}
    spoilt = None
    if found.strength is None:
        spoilt = Reason("colour-cast.too-dark")
    elif found.strength.value >= _LEANS and found.variety < _HUES:
        spoilt = Reason("colour-cast.one-hue", {"cast": round(found.strength.value, 1)})
    return Finding("colour-cast", found.strength, spoilt, details)


def _stripes(views: Sequence[View]) -> Finding:
    try:
        found = stripes(_ends(views))
    except ValueError:
        return Finding("picture-stripes", None, Reason("picture-signal.too-small"))
    return Finding("picture-stripes", found.amplitude, None, {"length_px": list(found.length)})


def _blocking(views: Sequence[View]) -> Finding:
    found = blocking(_ends(views))
    details = {"steps_by_place": [round(one, 3) for one in found.steps]}
    return Finding("picture-blocking", found.excess, None, details)


def _noise(views: Sequence[View]) -> Finding:
    if len(views) < 2:
        return Finding("picture-noise", None, Reason("picture-noise.one-picture"))
    found = noise(views)
    spoilt = Reason("picture-noise.restless") if found.level is None else None
    return Finding("picture-noise", found.level, spoilt, {"tiles": found.tiles})


def _freeze(track: Track) -> Finding:
    found = find_standstill(track)
    if found is None:
        return Finding("picture-freeze", None, Reason("picture-freeze.not-decoded"))
    # A standstill that does not begin like a freeze is one at most: the scene may be still.
    known = (found.seconds, found.lower) if found.proven else (0.0, 0.0)
    reading = Reading(*known, found.upper)
    details = {
        "begins_s": round(found.begins_s, 3),
        "still_s": round(found.seconds, 3),
        "proven": found.proven,
    }
    return Finding("picture-freeze", reading, None, details)


#: What reads each quantity in pictures; ``picture-freeze`` needs the whole track.
INSTRUMENTS: Mapping[str, Callable[[Sequence[View]], Finding]] = {
    "burnt-out-share": _burnt_out,
    "drowned-share": _drowned,
    "mean-luma": _mean_luma,
    "covered-share": _cover,
    "picture-blur": _blur,
    "picture-contrast": _contrast,
    "colour-cast": _cast,
    "picture-stripes": _stripes,
    "picture-noise": _noise,
    "picture-blocking": _blocking,
}


def _document(found: Finding) -> dict[str, Any]:
    reading = found.reading
    numbers = (None,) * 3 if reading is None else (reading.value, reading.lower, reading.upper)
    value, lower, upper = (None if one is None else round(one, 4) for one in numbers)
    return {
        "value": value,
        "lower": lower,
        "upper": upper,
        "spoilt": None if found.spoilt is None else found.spoilt.within,
        "details": dict(found.details),
    }
