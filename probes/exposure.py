"""Exposure of a main stream (4.3.1-d): how much of the picture is burnt out, how much drowned."""

from __future__ import annotations

from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.colour import shown_picture
from probes.opening import open_track, outcome
from probes.picture_quality.exposure import Exposure, exposure
from probes.picture_quality.view import Reading, View

HIGHLIGHTS, SHADOWS = "clipped-highlights", "clipped-shadows"
INSTRUMENT = "exposure/1"
_PICTURES = 2


def measure_highlights(recording: Recording) -> Measurement:
    """``clipped-highlights``: share of the pixels that are burnt out, 0 to 1.

    details: ``highlights``, ``shadows`` (shares), ``mean_luma`` (0 to 255), ``light`` as in the
    recording. spoilt: ``clipped-highlights.no-recording``, ``.no-video``, ``.no-packets``,
    ``.no-picture``, or the visit's own problem.
    """
    return _measured(recording, HIGHLIGHTS)


def measure_shadows(recording: Recording) -> Measurement:
    """``clipped-shadows``: the same of the pixels that are drowned."""
    return _measured(recording, SHADOWS)


def _measured(recording: Recording, quantity: str) -> Measurement:
    track = open_track(recording, quantity)
    if isinstance(track, Reason):
        return _outcome(recording, quantity, spoilt=track)
    pictures = [one for one in track.key_pictures(_PICTURES) if not one.damaged]
    if not pictures:
        return _outcome(recording, quantity, spoilt=Reason(f"{quantity}.no-picture"))
    found = exposure([View.of(one) for one in pictures])
    reading = found.highlights if quantity == HIGHLIGHTS else found.shadows
    return _outcome(
        recording,
        quantity,
        reading,
        details=_details(found) | {"light": recording.facts.get("light")},
        evidence={"exposure.jpg": shown_picture(pictures[0])},
    )


def _details(found: Exposure) -> dict[str, Any]:
    return {
        "highlights": round(found.highlights.value, 4),
        "shadows": round(found.shadows.value, 4),
        "mean_luma": round(found.mean.value, 1),
    }


def _outcome(
    recording: Recording, quantity: str, reading: Reading | None = None, **more: Any
) -> Measurement:
    interval: dict[str, Any] = {}
    if reading is not None:
        interval = {"lower": round(reading.lower, 4), "upper": round(reading.upper, 4)}
    value = None if reading is None else round(reading.value, 4)
    return outcome(
        recording, quantity, "1", INSTRUMENT, f"method.{quantity}", value, **interval, **more
    )
