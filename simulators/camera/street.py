"""The painted street every scene shows: colours of surfaces, and what they are made of.

Painted once at 3840x2160, twice the usual native size, and then averaged down by the caller
as a lens and a pixel do: so every native size shows the same place, with detail of its own up
to the Nyquist frequency.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 3840, 2160
_HORIZON = 900
_KERB = 1330

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Street:
    """Surface colours (BGR) and masks (0..255) of foliage and sky, all 3840x2160."""

    colours: Picture
    foliage: Picture
    sky: Picture


def grain(height: int, width: int, random: np.random.Generator, coarsest: int = 256) -> Plane:
    """Noise of about unit deviation with equal energy in every octave, as natural surfaces have."""
    total = np.zeros((height, width), np.float32)
    step = 1
    count = 0
    while step <= coarsest:
        small = random.standard_normal((height // step + 2, width // step + 2), np.float32)
        if step > 1:
            small = cv2.resize(small, (width + step, height + step), interpolation=cv2.INTER_CUBIC)
        total += small[:height, :width]
        step *= 2
        count += 1
    return total / np.float32(np.sqrt(count))


def paint(seed: int = 0) -> Street:
    """The street; another seed moves the windows, trees and colours."""
    random = np.random.default_rng(seed)
    colours = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    foliage = np.zeros((HEIGHT, WIDTH), np.uint8)
    sky = np.zeros((HEIGHT, WIDTH), np.uint8)
    _paint_sky(colours, sky, random)
    _paint_buildings(colours, sky, random)
    _paint_ground(colours, random)
    _paint_trees(colours, foliage, sky, random)
    picture = np.clip(colours, 0, 255).astype(np.uint8)
    _paint_furniture(picture, random)
    return Street(picture, foliage, sky)


def _paint_sky(colours: Plane, sky: Picture, random: np.random.Generator) -> None:
    height = _HORIZON + 100
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    blue = np.array([225, 175, 120], np.float32) * (1 - ramp)
    haze = np.array([235, 225, 215], np.float32) * ramp
    colours[:height] = blue + haze
    clouds = np.clip(grain(height, WIDTH, random, 1024) * 30, 0, 45)
    colours[:height] += cv2.GaussianBlur(clouds, (0, 0), 12)[:, :, None]
    sky[:height] = 255
    colours[height:_KERB] = (70, 75, 80)


def _paint_buildings(colours: Plane, sky: Picture, random: np.random.Generator) -> None:
    walls = [(90, 105, 165), (150, 175, 195), (120, 130, 140), (110, 150, 190), (165, 160, 150)]
    left = -60
    while left < WIDTH:
        width = int(random.integers(420, 760))
        top = int(random.integers(120, 560))
        right = min(left + width, WIDTH)
        wall = np.array(walls[int(random.integers(len(walls)))], np.float32)
        region = colours[top:_KERB, max(left, 0) : right]
        texture = grain(region.shape[0], region.shape[1], random, 128)
        region[:] = wall + (texture * 9)[:, :, None]
        _lay_bricks(region, wall)
        _set_windows(region, random)
        sky[top:_KERB, max(left, 0) : right] = 0
        left += width + int(random.integers(-20, 50))


def _lay_bricks(region: Plane, wall: Plane) -> None:
    height, width = region.shape[:2]
    rows = np.arange(height) // 11
    joints = (np.arange(height) % 11 < 2)[:, None]
    stagger = (np.arange(width)[None, :] + (rows % 2)[:, None] * 17) % 34 < 2
    region[joints | stagger] = wall * 0.8 + 40


def _set_windows(region: Plane, random: np.random.Generator) -> None:
    height, width = region.shape[:2]
    for top in range(50, height - 210, 190):
        for left in range(40, width - 110, 150):
            tint = np.array([95, 80, 65], np.float32) * float(random.uniform(0.4, 1.5))
            pane = region[top : top + 120, left : left + 90]
            pane[:] = tint + np.linspace(0, 40, 120, dtype=np.float32)[:, None, None]
            kind = int(random.integers(4))
            if kind == 0:  # a blind: fine horizontal lines
                pane[np.arange(120) % 5 < 2] += 85
            elif kind == 1:  # a curtain
                pane[:, :40] = np.array(random.uniform(60, 220, 3), np.float32)
            pane[:, 43:47] = 215
            pane[58:62] = 215
            pane[:4] = pane[-4:] = 225
            pane[:, :4] = pane[:, -4:] = 225


def _paint_ground(colours: Plane, random: np.random.Generator) -> None:
    pavement = colours[_KERB - 90 : _KERB + 90]
    texture = grain(pavement.shape[0], WIDTH, random, 64)
    pavement[:] = np.array([165, 175, 180], np.float32) + (texture * 16)[:, :, None]
    pavement[np.arange(180) % 26 < 2] = 120
    pavement[:, np.arange(WIDTH) % 52 < 2] = 120
    road = colours[_KERB + 90 :]
    texture = grain(road.shape[0], WIDTH, random, 256)
    road[:] = np.array([98, 96, 94], np.float32) + (texture * 15)[:, :, None]
    colours[_KERB + 84 : _KERB + 96] = 205
    for left in range(0, WIDTH, 420):
        cv2.rectangle(colours, (left, 1780), (left + 220, 1800), (225, 230, 230), -1)
    for left in range(2500, 3300, 110):
        corners = [[left, 1440], [left + 55, 1440], [left - 60, 2150], [left - 140, 2150]]
        cv2.fillPoly(colours, [np.array(corners, np.int32)], (225, 228, 228))
    cv2.rectangle(colours, (0, 1690), (WIDTH, 1700), (40, 190, 235), -1)


def _paint_trees(
    colours: Plane, foliage: Picture, sky: Picture, random: np.random.Generator
) -> None:
    leaves = [(45, 120, 70), (40, 140, 110), (35, 95, 45), (40, 110, 190)]
    for index, centre in enumerate((430, 1420, 2330, 3420)):
        middle = (centre + int(random.integers(-80, 80)), int(random.integers(720, 860)))
        cv2.rectangle(colours, (middle[0] - 22, 800), (middle[0] + 22, _KERB), (45, 60, 80), -1)
        crown = np.zeros((HEIGHT, WIDTH), np.uint8)
        for _ in range(16):
            offset = random.normal(0, (110, 85), 2)
            spot = (int(middle[0] + offset[0]), int(middle[1] + offset[1]))
            cv2.circle(crown, spot, int(random.integers(70, 130)), 255, -1)
        rows, columns = np.nonzero(crown)
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        shape = crown[box]
        texture = grain(shape.shape[0], shape.shape[1], random, 32)
        leaf = np.array(leaves[index], np.float32) * (1 + 0.45 * texture[:, :, None])
        holes = (texture > -1.1) & (shape > 0)
        colours[box][holes] = leaf[holes]
        foliage[box][holes] = 255
        sky[box][holes] = 0
    grass = np.s_[_KERB - 150 : _KERB - 90, 500:2300]
    texture = grain(60, 1800, random, 16)
    colours[grass] = np.array([50, 135, 85], np.float32) * (1 + 0.4 * texture[:, :, None])
    foliage[grass] = 255


def _paint_furniture(colours: Picture, random: np.random.Generator) -> None:
    for left in range(500, 2300, 14):  # a fence, at the limit of what 1080p resolves
        cv2.line(colours, (left, _KERB - 170), (left, _KERB - 70), (60, 60, 60), 3)
    cv2.rectangle(colours, (500, _KERB - 172), (2300, _KERB - 166), (50, 50, 50), -1)
    for height in (260, 300, 352):  # overhead wires
        points = [(x, height + int(60 * (x / 1920 - 1) ** 2)) for x in range(0, WIDTH + 1, 40)]
        cv2.polylines(colours, [np.array(points, np.int32)], False, (40, 40, 40), 3, cv2.LINE_AA)
    signs = [(40, 40, 200), (190, 90, 30), (50, 170, 60), (30, 160, 230), (150, 50, 150)]
    for index, left in enumerate(range(160, 3500, 700)):
        colour = signs[(index + int(random.integers(5))) % 5]
        cv2.rectangle(colours, (left, 1010), (left + 420, 1110), colour, -1)
        label = ("HOTEL 24H", "SHOP No.8", "BANK", "PARKING", "TEA HOUSE")[index % 5]
        cv2.putText(
            colours, label, (left + 24, 1080), cv2.FONT_HERSHEY_DUPLEX, 2.0, (245, 245, 245), 4
        )
    for left, paint_ in ((760, (40, 40, 175)), (1750, (170, 110, 40)), (3150, (215, 215, 215))):
        _park_car(colours, left, paint_)
    _stand_chart(colours)


def _park_car(colours: Picture, left: int, paint_: tuple[int, int, int]) -> None:
    cv2.rectangle(colours, (left, 1330), (left + 430, 1430), paint_, -1)
    roof = [[left + 60, 1330], [left + 120, 1250], [left + 310, 1250], [left + 370, 1330]]
    cv2.fillPoly(colours, [np.array(roof, np.int32)], paint_)
    glass = [[left + 85, 1326], [left + 130, 1264], [left + 300, 1264], [left + 345, 1326]]
    cv2.fillPoly(colours, [np.array(glass, np.int32)], (75, 62, 50))
    for wheel in (left + 90, left + 340):
        cv2.circle(colours, (wheel, 1430), 42, (28, 28, 28), -1)
        cv2.circle(colours, (wheel, 1430), 20, (150, 150, 150), -1)
    cv2.rectangle(colours, (left + 170, 1380), (left + 262, 1412), (190, 80, 20), -1)
    cv2.putText(
        colours, "A-12345", (left + 176, 1405), cv2.FONT_HERSHEY_SIMPLEX, 0.72, (255, 255, 255), 2
    )


def _stand_chart(colours: Picture) -> None:
    """A notice board: six saturated fields and wedges of converging lines."""
    cv2.rectangle(colours, (1950, 1120), (2270, 1340), (235, 235, 235), -1)
    fields = [(60, 60, 190), (70, 160, 70), (170, 80, 50), (40, 200, 230), (150, 70, 180)]
    for index, field in enumerate([*fields, (170, 150, 40)]):
        left, top = 1965 + index % 3 * 50, 1135 + index // 3 * 50
        cv2.rectangle(colours, (left, top), (left + 42, top + 42), field, -1)
    for index in range(24):
        end = (2125 + index * 6, 1325)
        cv2.line(colours, (2140 + index * 3, 1140), end, (30, 30, 30), 2, cv2.LINE_AA)
