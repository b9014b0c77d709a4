"""How well the change of view and the sharpness of a zoomed lens are measured.

    python -m benchmarks.lens --seed 7 --write docs/lens-and-light.md

Scenes of photographs that no threshold was set on (see benchmarks/material.py) are seen wide and
narrow, the narrow view a little turned, shifted, brighter or darker and out of focus by a known
blur, through optics, sensor noise, an encoder and a decoder; some by the light of a night.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.material import (
    HELD_OUT,
    Optics,
    Picture,
    by_night,
    camera_picture,
    key_pictures,
    mosaic,
)
from benchmarks.measured_part import publish
from probes.lens import BREATHING
from probes.registration import Registration, Sharpness, compare_sharpness, register
from standard.catalogue import catalogue

FULL = (1920, 1080)
RATIOS = (1.0, 1.02, 1.1, 1.3, 1.6, 2.0)
BLURS = (0.0, 0.5, 1.0, 2.0, 4.0)
RATES = (2000, 4000, 8000)
MARKS = "<!-- measured -->", "<!-- end -->"


@dataclass(frozen=True)
class Case:
    """One pair of views: what it was, what was found."""

    ratio: float
    blur: float
    night: bool
    found: Registration | None
    sharpness: Sharpness | None
    seconds: float


def cases(scenes: int, seed: int) -> Iterator[Case]:
    """Every ratio and blur on ``scenes`` scenes, one in four by night."""
    draw = np.random.default_rng(seed)
    for number in range(scenes):
        scene = mosaic(HELD_OUT, seed + number)
        night = number % 4 == 3
        before = _coded(camera_picture(scene, FULL, Optics(), draw), night, draw)
        for ratio in RATIOS:
            for blur in BLURS:
                narrow = _narrow(scene, ratio, draw)
                seen = camera_picture(narrow, FULL, Optics(), draw)
                if blur:
                    seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), blur), np.uint8)
                after = _coded(seen, night, draw)
                begun = time.process_time()
                found = register(before, after)
                sharp = None if found is None else compare_sharpness(before, after, found)
                yield Case(ratio, blur, night, found, sharp, time.process_time() - begun)


def _narrow(scene: Picture, ratio: float, draw: np.random.Generator) -> Picture:
    """The middle of ``scene``, ``ratio`` times narrower, turned and shifted as mounts allow."""
    height, width = scene.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), draw.uniform(-0.3, 0.3), ratio)
    turn[:, 2] += draw.uniform(-20, 20, 2)
    return np.asarray(
        cv2.warpAffine(
            scene, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        ),
        np.uint8,
    )


def _coded(picture: Picture, night: bool, draw: np.random.Generator) -> Picture:
    """The luma that is left after exposure, light, encoder and decoder."""
    exposed = np.clip(picture * draw.uniform(0.8, 1.15), 0, 255).astype(np.uint8)
    if night:
        exposed = by_night(exposed, 0.08, draw)
    rate = int(RATES[int(draw.integers(len(RATES)))])
    return key_pictures([exposed] * 2, "libx264", rate, 25)[0][0]


def page(found: list[Case]) -> str:
    """The measured part of the page."""
    known = [one for one in found if one.found is not None]
    errors = [abs(one.found.ratio / one.ratio - 1) for one in known if one.found]
    covered = sum(one.found.lower <= one.ratio <= one.found.upper for one in known if one.found)
    least = float(catalogue()["4.3.1-e"].limits["zoom-sharpness"].value)  # type: ignore[arg-type]
    rows = [
        f"{len(found)} pairs of views; laid over each other: {len(known)}.",
        "",
        f"- Error of the ratio of views: {100 * float(np.median(errors)):.2f} % (median), "
        f"{100 * max(errors):.2f} % (largest); the true ratio lay inside the stated interval "
        f"in {covered} of {len(known)}.",
        f"- A view that was not zoomed called zoomed: {_called(known, 1.02, zoomed=True)}; "
        f"one narrower by 10 % or more called unzoomed: {_called(known, 1.1, zoomed=False)}.",
        f"- CPU for one pair: {float(np.median([one.seconds for one in found])):.1f} s (median).",
        "",
        f"Pairs called less sharp than {100 * least:.0f} %, beyond the uncertainty, of those that"
        " were laid over each other, by the blur of the narrow view (standard deviation in its"
        " pixels):",
        "",
        "| narrower by | " + " | ".join(f"{blur:g}" for blur in BLURS) + " |",
        "| ---: |" + " ---: |" * len(BLURS),
    ]
    for ratio in RATIOS:
        cells = []
        for blur in BLURS:
            chosen = [one for one in known if (one.ratio, one.blur) == (ratio, blur)]
            failed = sum(
                one.sharpness is not None and one.sharpness.upper < least for one in chosen
            )
            cells.append(f"{failed} of {len(chosen)}")
        rows.append(f"| {ratio:g} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _called(known: list[Case], bound: float, *, zoomed: bool) -> str:
    chosen = [one for one in known if (one.ratio <= bound if zoomed else one.ratio >= bound)]
    wrong = [
        one
        for one in chosen
        if one.found
        and (one.found.lower > 1 + BREATHING if zoomed else one.found.upper <= 1 + BREATHING)
    ]
    return f"{len(wrong)} of {len(chosen)}"


def main() -> None:
    """Measure, and print or write into the page."""
    publish(__doc__, MARKS, lambda scenes, seed: page(list(cases(scenes, seed))), scenes=8)


if __name__ == "__main__":
    main()
