"""Faults of a picture that a camera may have, painted over a sound frame at any strength."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from simulators.camera.street import Picture, Plane


@dataclass(frozen=True)
class PictureFault:
    """One fault: what it does, what its strength means, and the strength that it usually has."""

    sentence: str
    unit: str
    usual: float
    paint: Callable[[Picture, float, int, int], Picture]


def spoil(frame: Picture, fault: str, strength: float, index: int, seed: int = 0) -> Picture:
    """``frame`` with ``fault`` at ``strength``; picture ``index`` of a stream.

    Raises:
        KeyError: there is no such fault.
    """
    return FAULTS[fault].paint(frame, strength, index, seed)


def _blur(frame: Picture, strength: float, _index: int, _seed: int) -> Picture:
    sigma = strength * frame.shape[0] / 1080
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.uint8) if sigma > 0 else frame


def _expose(frame: Picture, stops: float, _index: int, _seed: int) -> Picture:
    linear = (np.arange(256) / 255) ** 2.2 * 2.0**stops
    curve = np.clip(linear, 0, 1) ** (1 / 2.2) * 255
    return np.asarray(cv2.LUT(frame, curve.astype(np.uint8)), np.uint8)


def _underexpose(frame: Picture, stops: float, index: int, seed: int) -> Picture:
    return _expose(frame, -stops, index, seed)


def _occlude(frame: Picture, share: float, _index: int, seed: int) -> Picture:
    """A dark thing close to the lens: its border is far out of focus, and it stays in place."""
    height, width = frame.shape[:2]
    cover = _cover(width, height, round(share, 4), seed)[:, :, None]
    thing = np.array((26, 30, 34), np.float32)
    return np.asarray(frame * (1 - cover) + thing * cover, np.uint8)


@lru_cache(maxsize=4)
def _cover(width: int, height: int, share: float, seed: int) -> Plane:
    """How much of each pixel is covered: the nearest ``share`` to a lower corner, softened."""
    random = np.random.default_rng(seed + 311)
    corner = width * float(random.choice((0.05, 0.95)))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = 0.12 * np.sin(columns / width * 9 + 1) + 0.1 * np.cos(rows / height * 7)
    distance = np.hypot((columns - corner) / width, (rows - height) / height) + waves * 0.5
    reach = np.quantile(distance, min(max(share, 0.0), 1.0))
    inside = (distance <= reach).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(inside, (0, 0), height / 40), np.float32)


def _cast(frame: Picture, strength: float, _index: int, _seed: int) -> Picture:
    """White balance set for another light: blue too strong, red too weak."""
    gains = np.array((1 + strength, 1.0, 1 / (1 + strength)), np.float32)
    return np.asarray(np.clip(frame * gains, 0, 255), np.uint8)


def _stripe(frame: Picture, amplitude: float, index: int, _seed: int) -> Picture:
    """Slanted bands that roll slowly, as interference on the supply draws them."""
    height, width = frame.shape[:2]
    rows = np.arange(height, dtype=np.float32)[:, None] / 27
    columns = np.arange(width, dtype=np.float32)[None, :] / 311
    wave = amplitude * np.sin(2 * np.pi * (rows + columns + index / 60))
    return np.asarray(np.clip(frame + wave[:, :, None], 0, 255), np.uint8)


def _noise(frame: Picture, sigma: float, index: int, seed: int) -> Picture:
    height, width = frame.shape[:2]
    plane = _noise_plane(width, height, seed)
    mixed = (index * 2654435761 + seed * 977 + 5) & 0xFFFFFFFF
    top, left = mixed >> 8 & 63, mixed >> 20 & 63
    window = plane[top : top + height, left : left + width]
    return np.asarray(np.clip(frame + window * np.float32(sigma), 0, 255), np.uint8)


@lru_cache(maxsize=2)
def _noise_plane(width: int, height: int, seed: int) -> Plane:
    random = np.random.default_rng(seed + 4271)
    return random.standard_normal((height + 64, width + 64, 3), np.float32)


def _lose(frame: Picture, _strength: float, _index: int, _seed: int) -> Picture:
    """What a recorder puts in the place of a signal that is not there."""
    return np.full_like(frame, (176, 48, 16))


FAULTS: Mapping[str, PictureFault] = {
    "blurred": PictureFault("The lens is out of focus.", "px", 6.0, _blur),
    "over-exposed": PictureFault("The exposure is far too long.", "stops", 4.0, _expose),
    "under-exposed": PictureFault("The exposure is far too short.", "stops", 7.0, _underexpose),
    "occluded": PictureFault("Something dark covers the lens.", "1", 0.85, _occlude),
    "colour-cast": PictureFault("White balance is set for another light.", "1", 1.0, _cast),
    "stripes": PictureFault("Interference lays bands over it.", "grey", 14.0, _stripe),
    "heavy-noise": PictureFault("The gain is far too high.", "grey", 26.0, _noise),
    "signal-lost": PictureFault("A plain blue field is sent in its place.", "1", 1.0, _lose),
}
