"""How well wide dynamic range and highlight suppression are told from what only says so.

    python -m benchmarks.sensor_functions --seed 7 --write docs/lens-and-light.md

Photographs that no threshold was set on are lit by sun on one half and shade on the other, 32 to
1 in luminance, and shown by one exposure and by what each function makes of it, through an encoder
and a decoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.material import HELD_OUT, Picture, camera_picture, mosaic
from benchmarks.material import Optics as Lens
from benchmarks.measured_part import publish
from probes.sensor_functions import measure_highlight, measure_wide_dynamic
from tests.picture_recordings import switched_recording

MARKS = "<!-- measured functions -->", "<!-- end of functions -->"
RATIO = 32.0
Radiance = NDArray[np.float64]


def single(radiance: Radiance) -> Picture:
    """One exposure, between sun and shade: both ends clip."""
    return _shown(_exposed(radiance))


def wide(radiance: Radiance) -> Picture:
    """Two exposures laid together, compressed to the range of the picture."""
    return np.asarray(((radiance + 0.002) / (RATIO + 0.002)) ** 0.22 * 245, np.uint8)


def suppressed(radiance: Radiance) -> Picture:
    """One exposure whose upper end is bent."""
    exposed = _exposed(radiance)
    above = np.maximum(exposed - 0.35, 0)
    return _shown(np.minimum(exposed, 0.35) + above / (1 + above / 0.55))


def lifted(radiance: Radiance) -> Picture:
    """Grey laid over what is lost: nothing is regained."""
    return np.asarray(single(radiance) // 2 + 60, np.uint8)


SHOWN: dict[str, Callable[[Radiance], Picture]] = {
    "no change": single,
    "wide dynamic range": wide,
    "upper end bent": suppressed,
    "grey laid over": lifted,
}


def _exposed(radiance: Radiance) -> Radiance:
    return radiance / RATIO * 4 - 0.03


def _shown(linear: Radiance) -> Picture:
    return np.asarray(np.clip(linear, 0, 1) ** (1 / 2.2) * 255, np.uint8)


def judged(scenes: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """What was shown, and what either instrument says of it."""
    draw = np.random.default_rng(seed)
    for number in range(scenes):
        scene = mosaic(HELD_OUT, seed + number)
        radiance = (scene[::2, ::2].astype(np.float64) / 255) ** 2.2
        radiance[:, radiance.shape[1] // 2 :] *= RATIO
        off = _taken(single(radiance), draw)
        for name, shows in SHOWN.items():
            pair = switched_recording(off, _taken(shows(radiance), draw), function="Tone")
            found = measure_wide_dynamic(pair), measure_highlight(pair)
            said = [str(one.value or (one.spoilt and one.spoilt.code)) for one in found]
            yield name, said[0], said[1]


def _taken(picture: Picture, draw: np.random.Generator) -> Picture:
    size = picture.shape[1], picture.shape[0]
    return camera_picture(picture, size, Lens(blur=0.0), draw)


def page(found: list[tuple[str, str, str]]) -> str:
    """The measured part of the page."""
    rows = [
        "| what the switch does | wide dynamic range is | highlight suppression is |",
        "| --- | --- | --- |",
    ]
    for name in SHOWN:
        own = [one for one in found if one[0] == name]
        cells = [
            ", ".join(f"{what} ({count})" for what, count in Counter(said).most_common())
            for said in ([one[1] for one in own], [one[2] for one in own])
        ]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Measure, and print or write into the page."""
    publish(__doc__, MARKS, lambda scenes, seed: page(list(judged(scenes, seed))), scenes=12)


if __name__ == "__main__":
    main()
