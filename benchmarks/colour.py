"""How often colour is seen where it is, and where it is not.

    python -m benchmarks.colour --write docs/colour.md

Photographs and films fill a 1920x1080 picture, by day and by the light of a night (photon and
read noise, gain), as a colour camera and as cameras with each colour defect show them, through
an encoder at 1 to 8 Mbit/s and a decoder. One key picture of each clip is judged.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.material import (
    COLOUR_HELD_OUT,
    COLOUR_TRAINING,
    Picture,
    by_night,
    filling,
    key_pictures,
    photograph,
)
from probes.chroma import chroma_map
from probes.colour import judge_colour
from simulators.camera.scenes import render

Treatment = Callable[[Picture, np.random.Generator], Picture]
PAINTED = ("day", "night-white-light", "night-colour")
PICTURES, GOP = 13, 12


def _grey(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(_luma(picture), cv2.COLOR_GRAY2BGR), np.uint8)


def _luma(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def _tinted(picture: Picture, _: np.random.Generator) -> Picture:
    return cv2.merge([cv2.add(_luma(picture), shift) for shift in (26.0, -16.0, 20.0)])


def _chroma_noise(picture: Picture, draw: np.random.Generator) -> Picture:
    noise = draw.normal(0, 12, picture.shape)
    noise -= noise.mean(axis=2, keepdims=True)
    return np.clip(_grey(picture) + noise, 0, 255).astype(np.uint8)


def _coloured_text(picture: Picture, _: np.random.Generator) -> Picture:
    shown = _grey(picture)
    for text, place in (("2026-11-23 08:44:20", (40, 80)), ("GATE 01 EAST", (700, 560))):
        cv2.putText(shown, text, place, 0, 1.8, (0, 0, 0), 9, cv2.LINE_AA)
        cv2.putText(shown, text, place, 0, 1.8, (40, 40, 230), 4, cv2.LINE_AA)
    return shown


def _foggy(picture: Picture, _: np.random.Generator) -> Picture:
    soft = cv2.GaussianBlur(picture, (0, 0), 30)
    return cv2.addWeighted(soft, 0.15, np.full_like(soft, 160), 0.85, 0)


COLOURFUL: dict[str, Treatment] = {
    "by day": lambda picture, _: picture,
    "at 5 % of the light": lambda picture, draw: by_night(picture, 0.05, draw),
    "at 1 % of the light": lambda picture, draw: by_night(picture, 0.01, draw),
    "in fog": _foggy,
}
DEFECTIVE: dict[str, tuple[Treatment, str]] = {
    "grey": (lambda picture, _: _grey(picture), "monochrome"),
    "grey by night": (lambda picture, draw: _grey(by_night(picture, 0.05, draw)), "monochrome"),
    "grey under a tint": (_tinted, "tinted-monochrome"),
    "grey with colour noise": (_chroma_noise, "monochrome"),
    "grey with coloured text": (_coloured_text, "monochrome"),
    "black": (lambda picture, _: (picture // 64).astype(np.uint8), "black"),
}


def judged(held_out: bool, seed: int) -> Iterator[tuple[str, str, float]]:
    """What each clip was, what was said, and the CPU seconds of the judgement."""
    draw = np.random.default_rng(seed)
    sources = [
        (f"{name}:{number}", filling(photograph(name, number)))
        for name, number in (COLOUR_HELD_OUT if held_out else COLOUR_TRAINING)
    ]
    sources += [(scene, render(scene, 10, 1920, 1080, seed)) for scene in PAINTED]
    for name, picture in sources:
        night = name.startswith("night")
        treatments = dict(COLOURFUL) if not night else {"by night": COLOURFUL["by day"]}
        treatments |= {key: treatment for key, (treatment, _) in DEFECTIVE.items()}
        for key, treatment in treatments.items():
            shown = treatment(picture, draw)
            rate, codec = int(draw.choice([1000, 2000, 4000, 8000])), "libx264"
            if draw.random() < 0.33:
                codec = "libx265"
            luma, blue, red = key_pictures([shown] * PICTURES, codec, rate, GOP)[0]
            began = time.process_time()
            colour = judge_colour(chroma_map(luma, blue, red, full_range=False))
            spent = time.process_time() - began
            said = colour.value
            if said is None:
                said = "inconclusive: " + (colour.reason.code if colour.reason else "")
            print(name, key, rate, codec, said, colour.numbers, sep=" | ", flush=True)
            yield key, said, spent


def report(results: list[tuple[str, str, float]], command: str) -> str:
    """The page docs/colour.md."""
    real = [one for one in results if one[0] not in DEFECTIVE]
    false = [one for one in results if one[0] in DEFECTIVE]
    wrong_fail = sum(said != "colour" and not said.startswith("inc") for _, said, _ in real)
    wrong_pass = sum(said == "colour" for _, said, _ in false)
    caught = sum(said == DEFECTIVE[key][1] for key, said, _ in false)
    cpu = float(np.median([spent for _, _, spent in results])) * 1000
    lines = [
        "# Colour: published rates",
        "",
        f"Generated by `{command}`; do not edit.",
        "",
        (__doc__ or "").split("\n\n")[2].strip(),
        "",
        "Held-out material: "
        + ", ".join(f"{name} ({number})" for name, number in COLOUR_HELD_OUT)
        + "; painted scenes: "
        + ", ".join(PAINTED)
        + ". Thresholds were set on: "
        + ", ".join(f"{name} ({number})" for name, number in COLOUR_TRAINING)
        + ". The number is the picture of a film.",
        "",
        f"- Real colour called monochrome, tinted or black (a wrong fail): **{wrong_fail} of "
        f"{len(real)}**.",
        f"- A defect called colour (a lucky pass): **{wrong_pass} of {len(false)}**.",
        f"- Defects named rightly: {caught} of {len(false)}.",
        f"- CPU for one picture: {cpu:.1f} ms (median).",
        "",
        "| what the camera showed | clips | colour | monochrome | tinted | black | inconclusive |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for key in dict.fromkeys(one[0] for one in results):
        said = Counter(one[1].split(":")[0] for one in results if one[0] == key)
        cells = [
            said[value]
            for value in ("colour", "monochrome", "tinted-monochrome", "black", "inconclusive")
        ]
        lines.append(f"| {key} | {sum(said.values())} | " + " | ".join(map(str, cells)) + " |")
    why = Counter(one[1].split(": ")[1] for one in results if one[1].startswith("inconclusive"))
    lines += ["", "Reasons of the inconclusive ones: "]
    lines[-1] += ", ".join(f"{code} ({count})" for code, count in why.most_common()) or "none"
    lines[-1] += "."
    return "\n".join([*lines, ""])


def main() -> None:
    """Run, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--training", action="store_true", help="on the training material")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    results = list(judged(not options.training, options.seed))
    command = f"python -m benchmarks.colour --seed {options.seed}"
    page = report(results, command + (" --training" if options.training else ""))
    if options.write:
        options.write.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
