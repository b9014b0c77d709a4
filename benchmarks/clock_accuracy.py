"""Accuracy of the clock instruments against known truth: the table of docs/clock.md.

python -m benchmarks.clock_accuracy [--draws 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics

from probes.clock_offset import measure_clock_offset
from tests.clock_bench import LAN, LOPSIDED, MOBILE, Bench, Path, clock_recording

FAR = Path(0.150, 0.150, 0.050)
CASES = (
    ("LAN 4 ms, jitter 0.5 ms", LAN, 12),
    ("LAN 4 ms, jitter 0.5 ms", LAN, 20),
    ("mobile 60 ± 20 ms", MOBILE, 12),
    ("mobile 60 ± 20 ms", MOBILE, 20),
    ("one way 55, other 5 ms", LOPSIDED, 12),
    ("far 300 ± 50 ms", FAR, 12),
)


async def whole_seconds(path: Path, polls: int, draws: int) -> tuple[list[float], int]:
    """Half-widths in ms, and how often the truth lay outside."""
    widths, outside = [], 0
    for seed in range(draws):
        bench = Bench(path, seed)
        bench.clock.drift_ppm = random.Random(seed).uniform(-100, 100)
        true = random.Random(seed).uniform(-3, 3)
        bench.clock.step(true)
        recording = await bench.recording(polls, seed)
        middle = (recording.started.timestamp() + recording.ended.timestamp()) / 2
        truth = bench.clock.error() - bench.clock.drift_ppm * 1e-6 * (bench.time.now() - middle)
        measured = measure_clock_offset(recording, second_convention="truncated")
        outside += not (measured.lower or 0.0) <= truth <= (measured.upper or 0.0)
        widths.append(1000 * (measured.uncertainty or 0.0))
    return widths, outside


async def sender_reports(path: Path, draws: int) -> tuple[list[float], int]:
    """The same by sender reports alone."""
    widths, outside = [], 0
    for seed in range(draws):
        bench = Bench(path, seed)
        true = random.Random(seed).uniform(-3, 3)
        bench.clock.step(true)
        nothing = clock_recording([], bench.time.now(), bench.time.now())
        measured = measure_clock_offset(nothing, stream=bench.stream())
        outside += not (measured.lower or 0.0) <= true <= (measured.upper or 0.0)
        widths.append(1000 * (measured.uncertainty or 0.0))
    return widths, outside


def row(name: str, count: str, widths: list[float], outside: int) -> str:
    """One line of the table."""
    high = statistics.quantiles(widths, n=20)[-1]
    middle = statistics.median(widths)
    return f"| {name} | {count} | {middle:.1f} | {high:.1f} | {max(widths):.1f} | {outside} |"


async def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    print("| path | polls | median ± ms | 95 % ± ms | worst ± ms | truth outside |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, path, polls in CASES:
        print(row(name, str(polls), *await whole_seconds(path, polls, draws)))
    for name, path in (("LAN 4 ms", LAN), ("mobile 60 ± 20 ms", MOBILE)):
        print(row(f"{name}, sender reports", "3 reports", *await sender_reports(path, draws)))


if __name__ == "__main__":
    asyncio.run(main())
