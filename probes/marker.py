"""Pixels on target by a marker of known size in the picture (4.3.1-e): a QR code held up square.

A code that is read is no chance pattern. Its sides in pixels, its size and its distance give the
pixels of a metre there, whatever the lens and the sensor are said to be.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.colour import shown_picture
from probes.opening import open_track, outcome
from probes.papers.target_pixels import QUANTITY, Target

INSTRUMENT = "marker/1"

_DISTANCE = 0.03
#: Pixels by which two opposite sides may be wrong together (95 %), and the least that two sides
#: agree: a code seen from the side is no measure.
_CORNERS = 2.0
_SQUARE = 0.1


def measure_marker(
    recording: Recording, width_m: float, distance_m: float, target: Target
) -> Measurement:
    """``target-pixels`` as the picture of a stream shows them, over those that are required.

    ``width_m`` is the side of the code without its margin, ``distance_m`` how far it is.
    details: ``marker_pixels`` (its side), ``pixels`` on target, ``required``.

    spoilt: ``target-pixels.no-recording`` and its like, ``.marker-unseen``, ``.marker-askew``.
    """
    track = open_track(recording, QUANTITY)
    if isinstance(track, Reason):
        return _outcome(recording, spoilt=track)
    for picture in track.key_pictures(2):
        corners = _read_code(picture.luma())
        if corners is None:
            continue
        across, upright = _sides(corners)
        shown = {"marker.jpg": shown_picture(picture)}
        if abs(across / upright - 1) > _SQUARE:
            return _outcome(recording, spoilt=Reason(f"{QUANTITY}.marker-askew"), evidence=shown)
        side = across if target.axis == "width" else upright
        pixels = side / width_m * target.size_m * distance_m / target.distance_m
        uncertain = math.hypot(_CORNERS / side, _DISTANCE, _DISTANCE)
        ratio = pixels / target.required
        return _outcome(
            recording,
            value=ratio,
            lower=ratio * (1 - uncertain),
            upper=ratio * (1 + uncertain),
            details={
                "marker_pixels": round(side, 1),
                "pixels": round(pixels, 1),
                "required": target.required,
            },
            evidence=shown,
        )
    return _outcome(recording, spoilt=Reason(f"{QUANTITY}.marker-unseen"))


def _read_code(luma: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """The corners of a code that can be read, clockwise from the upper left."""
    try:
        text, corners, _ = cv2.QRCodeDetector().detectAndDecode(np.ascontiguousarray(luma))
    except cv2.error:
        return None
    if not text or corners is None:
        return None
    return np.asarray(corners, np.float64).reshape(4, 2)


def _sides(corners: NDArray[np.float64]) -> tuple[float, float]:
    lengths = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    return float(lengths[[0, 2]].mean()), float(lengths[[1, 3]].mean())


def _outcome(recording: Recording, value: float | None = None, **more: Any) -> Measurement:
    return outcome(recording, QUANTITY, "1", INSTRUMENT, "method.marker", value, **more)
