"""Pictures of known faults for the tests of the instruments; small enough to be quick."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

from benchmarks.material import decoded, encoded, planes
from probes.picture_quality.quality import INSTRUMENTS, Finding
from probes.picture_quality.view import View
from simulators.camera.picture_faults import spoil
from simulators.camera.scenes import render
from simulators.camera.street import Picture

SIZE = (960, 540)


@cache
def scene(name: str = "day", seed: int = 3) -> tuple[Picture, ...]:
    """Three pictures of a painted scene."""
    return tuple(render(name, 9 * at, *SIZE, seed) for at in range(3))


def view_of(picture: Picture, at_s: float = 0.0) -> View:
    """A BGR picture as a view, without a codec in between."""
    height, width = picture.shape[:2]
    packed = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    return View.of_planes(packed[:height], (chroma[0], chroma[1]), False, at_s)


def spoilt(fault: str, strength: float, name: str = "day") -> list[View]:
    """The scene with a fault, as views."""
    return [view_of(spoil(one, fault, strength, at)) for at, one in enumerate(scene(name))]


def sound(name: str = "day") -> list[View]:
    """The scene as it is, as views."""
    return [view_of(one) for one in scene(name)]


def coded(pictures: Sequence[Picture], kbps: int, gop: int) -> list[View]:
    """The key pictures of an encoded clip, as views."""
    frames = decoded(encoded(list(pictures), "libx264", kbps, gop))
    found = []
    for number, frame in enumerate(frames):
        if frame.key_frame:
            luma, blue, red = planes(frame)
            found.append(View.of_planes(luma, (blue, red), False, number / 25))
    return found


def read(quantity: str, views: Sequence[View]) -> Finding:
    """What the instrument of ``quantity`` says."""
    return INSTRUMENTS[quantity](views)


def value(quantity: str, views: Sequence[View]) -> float:
    """Its number, which must be there and lie inside its interval."""
    reading = read(quantity, views).reading
    assert reading is not None
    assert reading.lower <= reading.value <= reading.upper
    return reading.value


def grey(level: int = 128) -> View:
    """An even picture."""
    return view_of(np.full((SIZE[1], SIZE[0], 3), level, np.uint8))
