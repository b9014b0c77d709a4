"""Exposure of a main stream: its shares come from the decoded pictures."""

from __future__ import annotations

import numpy as np

from probes.exposure import measure_highlights, measure_shadows
from simulators.camera.scenes import render
from tests.picture_recordings import recording_of


def test_a_burnt_out_street_and_a_sound_one() -> None:
    burnt = recording_of([render("overexposed", 0, 640, 360)])
    measured = measure_highlights(burnt)
    assert isinstance(measured.value, float)
    assert measured.lower is not None
    assert measured.lower > 0.5
    assert measure_shadows(burnt).value == 0.0
    sound = measure_highlights(recording_of([render("day", 0, 640, 360)]))
    assert sound.upper is not None
    assert sound.upper < 0.1
    assert sound.unit == "1"


def test_a_drowned_picture() -> None:
    black = measure_shadows(recording_of([np.full((360, 640, 3), 2, np.uint8)]))
    assert isinstance(black.value, float)
    assert black.value > 0.9
