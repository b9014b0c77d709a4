"""The measured part of a page whose rest is written by hand, between two marks."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def publish(
    description: str | None,
    marks: tuple[str, str],
    measure: Callable[[int, int], str],
    *,
    scenes: int,
) -> None:
    """Run a benchmark from the command line.

    Args:
        description: of the benchmark.
        marks: comments between which the page holds what was measured.
        measure: makes that text from a number of scenes and a seed.
        scenes: how many unless ``--scenes`` says otherwise.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--scenes", type=int, default=scenes)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    measured = measure(options.scenes, options.seed)
    if options.write is None:
        print(measured)
        return
    begin, end = marks
    text = options.write.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    options.write.write_text(f"{before}{begin}\n\n{measured}\n{end}{after}", encoding="utf-8")
