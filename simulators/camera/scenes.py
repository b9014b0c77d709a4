"""What the simulated camera sees: frames of a named scene at any native size, by seed.

``render`` never enlarges: each size is averaged down from one painting. Motion repeats every
four seconds, so that clips of whole multiples of that loop without a jump.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from simulators.camera import street
from simulators.camera.street import Picture, Plane

PERIOD_SECONDS = 4.0
SCENES = (
    "day",
    "motion",
    "static",
    "fog",
    "wall",
    "high-contrast",
    "high-contrast-wdr",
    "high-contrast-hlc",
    "overexposed",
    "night-white-light",
    "night-coloured-light",
    "night-colour",
    "night-infrared",
    "night-unlit",
)
LOOKS = ("", "monochrome", "tint", "chroma-noise", "black")


@dataclass(frozen=True)
class _Setting:
    """A scene at one size, ready to be animated: background, light map, noise."""

    background: Picture
    light: Plane
    foliage_box: tuple[int, int, int, int]
    foliage: Picture
    noise: float
    moves: bool
    monochrome: bool


def render(
    scene: str,
    index: int,
    width: int,
    height: int,
    seed: int = 0,
    fps: float = 25.0,
    *,
    moving: bool = True,
    zoom: float = 1.0,
) -> Picture:
    """Frame ``index`` of ``scene`` as BGR, height x width x 3.

    ``zoom`` narrows the view to the middle; as far as the painting goes, with more detail.

    Raises:
        ValueError: the scene is not one of ``SCENES``.
    """
    if scene not in SCENES:
        raise ValueError(f"no scene called {scene!r}")
    if zoom > 1:
        whole = _whole(width, height, zoom)
        seen = render(scene, index, *whole, seed, fps, moving=moving)
        return _narrowed(seen, width, height, zoom)
    setting = _setting(scene, width, height, seed)
    frame = setting.background.copy()
    phase = (index / fps / PERIOD_SECONDS) % 1.0
    if setting.moves and moving:
        _sway(frame, setting, phase)
        for lane in range(3 if scene == "motion" else 2):
            speed = 1 + lane if scene == "motion" else 1
            _drive(frame, setting, (phase * speed + 0.55 * lane) % 1.0, lane)
    _add_noise(frame, setting, index, seed)
    return frame


def _whole(width: int, height: int, zoom: float) -> tuple[int, int]:
    """Size at which the whole scene is rendered for a view that is ``zoom`` times narrower."""
    factor = min(zoom, street.WIDTH / width)
    return round(width * factor / 2) * 2, round(height * factor / 2) * 2


def _narrowed(whole: Picture, width: int, height: int, zoom: float) -> Picture:
    wide, tall = round(whole.shape[1] / zoom), round(whole.shape[0] / zoom)
    left, top = (whole.shape[1] - wide) // 2, (whole.shape[0] - tall) // 2
    part = whole[top : top + tall, left : left + wide]
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def apply_look(frame: Picture, look: str, index: int, seed: int = 0) -> Picture:
    """A defective colour processing over a frame; "" leaves it as it is.

    ``tint`` lays one hue over a grey picture, ``chroma-noise`` lays colour noise of pixel size
    over it, ``monochrome`` and ``black`` are what they say.

    Raises:
        ValueError: the look is not one of ``LOOKS``.
    """
    if look not in LOOKS:
        raise ValueError(f"no look called {look!r}")
    if not look:
        return frame
    if look == "black":
        return (frame // 64).astype(np.uint8)
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    if look == "monochrome":
        return cv2.merge([grey, grey, grey])
    if look == "tint":
        shifts = (30.0, 2.0, 24.0)
        return cv2.merge([cv2.add(grey, shift) for shift in shifts])
    noise = _noise_plane(frame.shape[1], frame.shape[0], seed + 1)
    top, left = _noise_offset(index, seed + 1)
    window = noise[top : top + frame.shape[0], left : left + frame.shape[1]]
    window = window - window.mean(axis=2, keepdims=True)
    return np.clip(grey[:, :, None] + window * 14.0, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _street(seed: int) -> street.Street:
    return street.paint(seed)


@lru_cache(maxsize=6)
def _setting(scene: str, width: int, height: int, seed: int) -> _Setting:
    painted = _street(seed)

    def small(picture: Picture) -> Picture:
        return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)

    colours = small(painted.colours).astype(np.float32)
    foliage = small(painted.foliage).astype(np.float32) / 255
    sky = small(painted.sky).astype(np.float32) / 255
    light, noise = _LIGHTS[scene](width, height, sky, foliage)
    monochrome = scene == "night-infrared"
    if monochrome:
        colours = _infrared(colours, foliage)
    if scene == "wall":
        colours = np.full_like(colours, (168.0, 186.0, 196.0))
    lit = colours * light
    if scene.startswith("high-contrast"):
        lit = _expose(lit, scene.removeprefix("high-contrast"))
    if scene == "overexposed":
        lit = lit * np.float32(_OVEREXPOSED)
    if scene == "fog":
        sigma = width / 60
        lit = cv2.GaussianBlur(lit, (0, 0), sigma) * 0.22 + np.float32(150)
    rows, columns = np.nonzero(foliage[: height // 2] > 0.5)
    box = (0, 1, 0, 1)
    if rows.size:
        box = (int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max()))
    return _Setting(
        background=np.clip(lit, 0, 255).astype(np.uint8),
        light=light,
        foliage_box=box,
        foliage=(foliage[box[0] : box[1], box[2] : box[3]] > 0.5).astype(np.uint8),
        noise=noise,
        moves=scene not in ("static", "fog", "wall", "night-unlit"),
        monochrome=monochrome,
    )


def _infrared(colours: Plane, foliage: Plane) -> Plane:
    """Grey as a sensor without its infrared filter sees it: leaves reflect near infrared."""
    grey = colours @ np.array([0.2, 0.4, 0.4], np.float32)
    grey = grey * (1 - foliage) + np.minimum(grey * 1.9 + 20, 235) * foliage
    return cv2.merge([grey, grey, grey])


def _beam(width: int, height: int, spread: float) -> Plane:
    """A lamp beside the lens: brightest on the optical axis, 0..1."""
    rows = (np.arange(height, dtype=np.float32) / height - 0.5) * 9 / 16
    columns = np.arange(width, dtype=np.float32) / width - 0.5
    squared = rows[:, None] ** 2 + columns[None, :] ** 2
    return np.exp(-squared / np.float32(2 * spread * spread))


Light = Callable[[int, int, Plane, Plane], tuple[Plane, float]]


def _flat(level: float, noise: float) -> Light:
    def light(width: int, height: int, _sky: Plane, _foliage: Plane) -> tuple[Plane, float]:
        return np.full((height, width, 1), level, np.float32), noise

    return light


_SKY_GLOW = (0.07, 0.075, 0.085)


def _lamp(
    colour: tuple[float, float, float],
    reach: float,
    ambient: tuple[float, float, float] = _SKY_GLOW,
) -> Light:
    def light(width: int, height: int, sky: Plane, _foliage: Plane) -> tuple[Plane, float]:
        near = (1 - sky * 0.97) * _beam(width, height, 0.27) * np.float32(reach)
        beam = near[:, :, None] * np.array(colour, np.float32)
        return beam + np.array(ambient, np.float32), 2.0

    return light


def _street_lamps(width: int, height: int, sky: Plane, _foliage: Plane) -> tuple[Plane, float]:
    """The town's own dim light, warm, from two lamps and the sky glow."""
    pools = np.zeros((height, width), np.float32)
    for column in (0.24, 0.78):
        rows = (np.arange(height, dtype=np.float32) / height - 0.62)[:, None]
        columns = (np.arange(width, dtype=np.float32) / width - column)[None, :]
        pools += np.exp(-(rows**2 / 0.05 + columns**2 / 0.035))
    level = (0.10 + 0.14 * pools) * (1 - 0.75 * sky)
    return level[:, :, None] * np.array((0.72, 0.95, 1.15), np.float32), 3.2


def _half_lit(width: int, height: int, _sky: Plane, _foliage: Plane) -> tuple[Plane, float]:
    """Sun on the right, deep shade on the left: a ratio of 32 to 1."""
    ramp = np.clip((np.arange(width, dtype=np.float32) / width - 0.5) * 40, -1, 1)
    stops = np.exp2(ramp * 2.5)[None, :, None]
    return np.repeat(stops, height, axis=0).astype(np.float32), 1.2


_OVEREXPOSED = 2.6
_KNEE = np.float32(150)
_LIGHTS: dict[str, Light] = {
    "day": _flat(1.0, 1.3),
    "motion": _flat(1.0, 1.3),
    "static": _flat(1.0, 1.0),
    "fog": _flat(1.0, 0.8),
    "wall": _flat(1.0, 0.8),
    "high-contrast": _half_lit,
    "high-contrast-wdr": _half_lit,
    "high-contrast-hlc": _half_lit,
    "overexposed": _flat(1.0, 1.0),
    "night-white-light": _lamp((1.0, 0.97, 0.93), 0.80),
    "night-coloured-light": _lamp((0.10, 0.14, 1.15), 0.85),
    "night-colour": _street_lamps,
    "night-infrared": _lamp((1.0, 1.0, 1.0), 0.85, (0.07, 0.07, 0.07)),
    "night-unlit": _flat(0.012, 1.0),
}


def _expose(lit: Plane, function: str) -> Plane:
    """Radiance to picture: one exposure clips both ends, wide dynamic range keeps them.

    Highlight suppression bends the upper end of the one exposure and leaves the lower.
    """
    if function == "-wdr":
        return np.log2(1 + lit / 6) * np.float32(28)
    exposed = (lit - 30) * np.float32(0.9)
    if function == "-hlc":
        above = np.maximum(exposed - _KNEE, 0)
        return np.minimum(exposed, _KNEE) + above / (1 + above / (250 - _KNEE))
    return exposed


def _sway(frame: Picture, setting: _Setting, phase: float) -> None:
    """Wind: the crowns of the trees move by a thousandth of the picture's width."""
    top, bottom, left, right = setting.foliage_box
    if bottom - top < 4:
        return
    shift = frame.shape[1] / 1000 * np.sin(2 * np.pi * phase * 3)
    lift = frame.shape[1] / 2500 * np.cos(2 * np.pi * phase * 2)
    patch = setting.background[top:bottom, left:right]
    matrix = np.array([[1, 0, shift], [0, 1, lift]], np.float32)
    moved = cv2.warpAffine(
        patch, matrix, (right - left, bottom - top), borderMode=cv2.BORDER_REPLICATE
    )
    cv2.copyTo(moved, setting.foliage, frame[top:bottom, left:right])


@lru_cache(maxsize=8)
def _car(width: int, monochrome: bool, colour: int) -> tuple[Picture, Plane]:
    """A van and its cover, drawn four times too large and averaged down."""
    large = np.zeros((600, 1200, 3), np.uint8)
    cover = np.zeros((600, 1200), np.uint8)
    paints = ((40, 60, 205), (200, 120, 30), (60, 190, 230))
    for picture, body, glass, tyre, rim in (
        (large, paints[colour], (70, 58, 48), (25, 25, 25), (160, 160, 160)),
        (cover, 255, 255, 255, 255),
    ):
        cv2.rectangle(picture, (20, 90), (1180, 470), body, -1)
        cv2.rectangle(picture, (820, 130), (1150, 260), glass, -1)
        for x in range(90, 760, 150):
            cv2.rectangle(picture, (x, 140), (x + 110, 250), glass, -1)
        for x in (240, 940):
            cv2.circle(picture, (x, 480), 95, tyre, -1)
            cv2.circle(picture, (x, 480), 45, rim, -1)
    cv2.putText(large, "EXPRESS 85", (90, 400), cv2.FONT_HERSHEY_DUPLEX, 4, (250, 250, 250), 8)
    size = (max(8, width // 7), max(4, width // 14))
    car = cv2.resize(large, size, interpolation=cv2.INTER_AREA)
    if monochrome:
        car = cv2.cvtColor(cv2.cvtColor(car, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    mask = cv2.resize(cover, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return car, mask[:, :, None]


def _drive(frame: Picture, setting: _Setting, phase: float, lane: int) -> None:
    """The van crosses the picture from the left once a period and is outside at its ends."""
    height, width = frame.shape[:2]
    car, cover = _car(width, setting.monochrome, lane)
    tall, wide = cover.shape[:2]
    position = phase * (width + 2 * wide) - wide * 1.5
    left = int(np.floor(position))
    matrix = np.array([[1, 0, position - left], [0, 1, 0]], np.float32)
    size = (wide + 1, tall)
    car = cv2.warpAffine(car, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpAffine(cover, matrix, size)[:, :, None]
    top = int(height * (0.70 + 0.07 * lane))
    begin, end = max(left, 0), min(left + wide + 1, width)
    tall = min(tall, height - top)
    if begin >= end:
        return
    road = frame[top : top + tall, begin:end]
    part = np.s_[:tall, begin - left : end - left]
    light = setting.light[top + tall // 2, (begin + end) // 2]
    lit = np.minimum(car[part] * light, 255)
    road[:] = (road * (1 - cover[part]) + lit * cover[part]).astype(np.uint8)


@lru_cache(maxsize=4)
def _noise_plane(width: int, height: int, seed: int) -> Plane:
    random = np.random.default_rng(seed + 7919)
    return random.standard_normal((height + 64, width + 64, 3), np.float32)


@lru_cache(maxsize=4)
def _halved_noise(
    width: int, height: int, seed: int, sigma: float, mono: bool
) -> tuple[Picture, Picture]:
    """Noise as what is to be added and what is to be taken away, for two fast byte operations."""
    plane = _noise_plane(width, height, seed) * np.float32(sigma)
    if mono:
        plane = np.repeat(plane[:, :, :1], 3, axis=2)
    rounded = np.rint(plane)
    return np.maximum(rounded, 0).astype(np.uint8), np.maximum(-rounded, 0).astype(np.uint8)


def _noise_offset(index: int, seed: int) -> tuple[int, int]:
    """Another window into the noise for each frame."""
    mixed = (index * 2654435761 + seed * 40503 + 12345) & 0xFFFFFFFF
    return mixed >> 8 & 63, mixed >> 20 & 63


def _add_noise(frame: Picture, setting: _Setting, index: int, seed: int) -> None:
    height, width = frame.shape[:2]
    more, less = _halved_noise(width, height, seed, setting.noise, setting.monochrome)
    top, left = _noise_offset(index, seed)
    window = np.s_[top : top + height, left : left + width]
    cv2.add(frame, more[window], dst=frame)
    cv2.subtract(frame, less[window], dst=frame)
