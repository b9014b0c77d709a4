"""A QR code of known size in the picture tells the pixels on target."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from assessment.reason import Reason
from probes.marker import measure_marker
from probes.papers.target_pixels import Target
from tests.picture_recordings import recording_of, street

TARGET = Target("width", 1.8, 20.0, 100.0)
SIDE = 150


def with_code(width: int = SIDE, height: int = SIDE) -> np.ndarray:
    """The street with a code of so many pixels on a white board."""
    picture = street("day").copy()
    code = cv2.QRCodeEncoder.create().encode("tantou")
    margin = np.argwhere(code == 0)
    top, left = margin.min(axis=0)
    bottom, right = margin.max(axis=0) + 1
    shown = cv2.resize(code[top:bottom, left:right], (width, height), interpolation=cv2.INTER_AREA)
    picture[560 : 640 + height, 860 : 940 + width] = 235
    picture[600 : 600 + height, 900 : 900 + width] = np.maximum(shown, 25)[:, :, None]
    return picture


def test_the_side_of_the_code_is_measured() -> None:
    measured = measure_marker(recording_of([with_code()]), 0.6, 10.0, TARGET)
    exact = SIDE / 0.6 * 1.8 * 10 / 20
    assert measured.details["pixels"] == pytest.approx(exact, rel=0.015)
    assert measured.lower is not None
    assert measured.upper is not None
    assert measured.lower < exact / 100 < measured.upper


def test_a_code_seen_from_the_side_is_no_measure() -> None:
    measured = measure_marker(recording_of([with_code(120, 150)]), 0.6, 10.0, TARGET)
    assert measured.spoilt == Reason("target-pixels.marker-askew")


def test_without_a_code_nothing_is_measured() -> None:
    measured = measure_marker(recording_of([street("day")]), 0.6, 10.0, TARGET)
    assert measured.spoilt == Reason("target-pixels.marker-unseen")
