"""What a moved head sees: a window into a painted panorama around the street of the other scenes.

At rest, zoom 1, the window is the scene itself; the panorama around it is the street mirrored.
"""

from __future__ import annotations

import threading
from functools import lru_cache

import cv2
import numpy as np

from simulators.camera import scenes
from simulators.camera.gb28181.head import Position
from simulators.camera.street import Picture

_WIDTH, _HEIGHT = 1920, 1080


_PAINTING = threading.Lock()


def panorama(scene: str, look: str = "", seed: int = 0) -> Picture:
    """The scene with as much again on every side, 5760x3240; the scene keeps still.

    Cameras of one process that want the same one at once have it painted once: each by itself,
    they would keep a busy machine painting long after their heads were told to move.
    """
    with _PAINTING:
        return _painted(scene, look, seed)


@lru_cache(maxsize=2)
def _painted(scene: str, look: str, seed: int) -> Picture:
    middle = scenes.render(scene, 0, _WIDTH, _HEIGHT, seed, moving=False)
    middle = scenes.apply_look(middle, look, 0, seed)
    wide = cv2.copyMakeBorder(middle, _HEIGHT, _HEIGHT, _WIDTH, _WIDTH, cv2.BORDER_REFLECT_101)
    return np.asarray(wide, np.uint8)


def window(whole: Picture, position: Position, width: int, height: int) -> Picture:
    """The picture of ``width`` x ``height`` pixels that a head at ``position`` takes."""
    wide, tall = _WIDTH / position.zoom, _HEIGHT / position.zoom
    left = _WIDTH * (1.5 + position.pan) - wide / 2
    top = _HEIGHT * (1.5 - position.tilt) - tall / 2
    first = max(0, min(whole.shape[1] - round(wide), round(left)))
    upper = max(0, min(whole.shape[0] - round(tall), round(top)))
    part = whole[upper : upper + round(tall), first : first + round(wide)]
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
