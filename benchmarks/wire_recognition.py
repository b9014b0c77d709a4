"""What the wire privacy probe tells of each kind of traffic: the table in docs/wire-privacy.md.

Run: ``python -m benchmarks.wire_recognition`` prints the table as Markdown.
"""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterable
from itertools import cycle

from protocols.rtp_packetise import nal_units, packetise_h264, rtp_header
from simulators.camera.encoders import ClipSpec
from tests import wire_bench as bench

_SEEDS = range(5)
Frames = Iterable[tuple[int, bytes]]


def xored(data: bytes, key: bytes) -> bytes:
    """``data`` under a repeating mask."""
    return bytes(a ^ b for a, b in zip(data, cycle(key), strict=False))


def masked_payloads(spec: ClipSpec, size: int, seed: int) -> Frames:
    """RTP with clear headers and masked payloads."""
    key = random.Random(seed).randbytes(size)
    return bench.udp((at, data[:12] + xored(data[12:], key)) for at, data in bench.rtp(spec))


def masked_stream(name: str, spec: ClipSpec, size: int, seed: int) -> Frames:
    """A bare stream over TCP under one running mask."""
    key = random.Random(seed).randbytes(size)
    if spec.codec == "JPEG":
        data = b"".join(unit.data for unit in bench.clip(spec).access_units) * 3
    else:
        data = bench.container(name, spec)
    return bench.tcp(bench.spread(xored(data, key)))


def scrambled(seed: int) -> Frames:
    """RTP headers in clear, payloads of random bytes, no SRTCP."""
    return bench.udp(
        (at, data[:12] + bench.noise(len(data) - 12, seed + number))
        for number, (at, data) in enumerate(bench.rtp())
    )


def clear_headers(seed: int) -> Frames:
    """H.264 whose slices are encrypted behind clear NAL headers."""
    packets: list[tuple[float, bytes]] = []
    for at, unit in enumerate(bench.clip().access_units):
        hidden = [
            nal if nal[0] & 31 in (7, 8) else nal[:3] + bench.noise(len(nal) - 3, seed + at)
            for nal in nal_units(unit.data)
        ]
        for payload in packetise_h264(hidden):
            packets.append((at / 25, rtp_header(96, False, len(packets), at * 3600, 5) + payload))
    return bench.udp(packets)


def rows() -> list[tuple[str, Callable[[int], Frames]]]:
    """Kinds of traffic, each made anew from a seed."""
    found: list[tuple[str, Callable[[int], Frames]]] = [
        ("H.264 in RTP, clear", lambda _: bench.udp(bench.rtp())),
        ("H.265 in RTP, clear", lambda _: bench.udp(bench.rtp(bench.H265))),
        ("JPEG in RTP, clear", lambda _: bench.udp(bench.rtp(bench.MJPEG))),
        ("MPEG-TS over TCP, clear", lambda _: bench.tcp(bench.spread(bench.container("mpegts")))),
        (
            "base64 of RTP over TCP",
            lambda _: bench.tcp((at, base64.b64encode(data) + b"\n") for at, data in bench.rtp()),
        ),
    ]
    for size in (1, 2, 4, 8, 16):
        found.append(
            (
                f"H.264 in RTP, payload XOR {size} B",
                lambda s, n=size: masked_payloads(bench.H264, n, s),
            )
        )
    for size in (4, 8, 12, 16):
        found.append(
            (
                f"H.265 in RTP, payload XOR {size} B",
                lambda s, n=size: masked_payloads(bench.H265, n, s),
            )
        )
    for size in (4, 16, 32):
        found.append(
            (
                f"JPEG stream over TCP, XOR {size} B",
                lambda s, n=size: masked_stream("", bench.MJPEG, n, s),
            )
        )
        found.append(
            (
                f"MPEG-TS over TCP, XOR {size} B",
                lambda s, n=size: masked_stream("mpegts", bench.H264, n, s),
            )
        )
        found.append(
            (
                f"H.264 Annex B over TCP, XOR {size} B",
                lambda s, n=size: masked_stream("h264", bench.H264, n, s),
            )
        )
    found += [
        ("RTP with random payload, no SRTCP", scrambled),
        ("H.264, slices encrypted under clear headers", clear_headers),
        ("random bytes over TCP", lambda s: bench.tcp(bench.spread(bench.noise(400_000, s)))),
    ]
    return found


def main() -> None:
    """Print the table."""
    print("| traffic | told | of | CPU s |")
    print("| --- | --- | --- | --- |")
    for name, make in rows():
        told: dict[str, int] = {}
        spent = 0.0
        for seed in _SEEDS:
            frames = list(make(seed * 1000))
            began = time.process_time()
            measured = bench.measure(frames)
            spent += time.process_time() - began
            code = bench.reason(measured).removeprefix("wire-privacy.")
            told[code] = told.get(code, 0) + 1
        words = ", ".join(f"{code} {count}" for code, count in sorted(told.items()))
        print(f"| {name} | {words} | {len(_SEEDS)} | {spent / len(_SEEDS):.2f} |")


if __name__ == "__main__":
    main()
