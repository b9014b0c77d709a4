"""Megabytes a second of writing and reading a program stream, beside FFmpeg in the same run.

A coded clip is repeated until it has the wished size. This process writes it as GB/T 28181 packs
and reads pictures with their times out of them again; FFmpeg (in this process too, through PyAV,
without decoding) muxes the same pictures as VOB and demuxes both streams. Each figure is the best
of three.

Run: python benchmarks/ps.py [--megabytes 64]
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import av

from protocols.mpeg_ps import ProgramStreamBuilder, ProgramStreamParser, demultiplex
from simulators.camera import clips
from simulators.camera.encoders import AccessUnit, ClipSpec

ROUNDS = 3
PIECE = 1400


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest round."""
    spent = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return min(spent)


def build(units: list[AccessUnit]) -> bytes:
    """The packs of ours."""
    builder = ProgramStreamBuilder("H264")
    return b"".join(
        builder.picture(unit.data, 3600 * number, unit.key) for number, unit in enumerate(units)
    )


def feed(data: bytes) -> int:
    """Units read in the pieces that RTP brings."""
    parser = ProgramStreamParser()
    view = memoryview(data)
    count = sum(len(parser.feed(view[at : at + PIECE])) for at in range(0, len(data), PIECE))
    return count + len(parser.flush())


def mux(units: list[AccessUnit]) -> bytes:
    """FFmpeg's VOB of the same pictures."""
    out = io.BytesIO()
    with av.open(out, "w", format="vob") as sink:
        stream = sink.add_stream("h264", rate=25)
        stream.width, stream.height = 1920, 1080
        for number, unit in enumerate(units):
            packet = av.Packet(unit.data)
            packet.stream, packet.time_base = stream, Fraction(1, 90_000)
            packet.pts = packet.dts = 3600 * number
            packet.is_keyframe = unit.key
            sink.mux(packet)
    return out.getvalue()


def demux(data: bytes) -> int:
    """Pictures that FFmpeg finds in a program stream, not decoded."""
    with av.open(io.BytesIO(data), format="mpeg") as source:
        return sum(bool(packet.size) for packet in source.demux(video=0))


def main() -> None:
    """Measure and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=int, default=64)
    options = arguments.parse_args()
    clip = clips.encode(ClipSpec(seconds=2.0))
    once = sum(len(unit.data) for unit in clip.access_units)
    units = clip.access_units * max(1, options.megabytes * 10**6 // once)
    ours, theirs = build(units), mux(units)
    assert len(demultiplex(ours).access_units) == len(units)
    size = len(ours) / 1e6
    rows = [
        ("build", best(lambda: build(units)), "mux", best(lambda: mux(units))),
        ("demultiplex", best(lambda: demultiplex(ours)), "demux", best(lambda: demux(ours))),
        ("parse 1400 B", best(lambda: feed(ours)), "demux", best(lambda: demux(ours))),
        ("read VOB", best(lambda: demultiplex(theirs)), "demux VOB", best(lambda: demux(theirs))),
    ]
    print(f"{len(units)} pictures, {size:.0f} MB")
    print("ours            MB/s   FFmpeg          MB/s   ours/FFmpeg")
    for name, own, other, seconds in rows:
        own_rate, other_rate = size / own, size / seconds
        ratio = own_rate / other_rate
        print(f"{name:13} {own_rate:7.0f}   {other:13} {other_rate:7.0f}   {ratio:8.2f}")


if __name__ == "__main__":
    main()
