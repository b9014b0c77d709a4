"""What the wire privacy probe tells of each kind of traffic: the table in docs/wire-privacy.md.

Run: ``python -m benchmarks.wire_recognition`` prints the table as Markdown.
"""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterable
from itertools import cycle

from protocols.depacketise import START_CODE
from protocols.mpeg_ps.build import Flaws
from protocols.rtp_packetise import nal_units, packetise_h264, rtp_header
from protocols.rtp_stream import frame
from simulators.camera.encoders import ClipSpec
from simulators.uplink.tunnel import Tunnel
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


def hidden_slices(seed: int) -> Frames:
    """A program stream that is clear but for its slices, as level C of GB 35114 sends it."""

    def hide(picture: bytes) -> bytes:
        units = [
            nal if nal[0] & 31 in (7, 8) else nal[:3] + bench.noise(len(nal) - 3, seed + len(nal))
            for nal in nal_units(picture)
        ]
        return b"".join(START_CODE + nal for nal in units)

    return bench.udp(bench.program_stream(change=hide))


def tunnelled(seed: int) -> Frames:
    """A program stream inside ESP in UDP whose vectors only count."""
    tunnel = Tunnel(bench.CAMERA, bench.PLATFORM, seed)
    sealed = (
        (at, tunnel.seal(True, (15_060, 30_000), packet)) for at, packet in bench.program_stream()
    )
    return bench.udp(sealed, (bench.CAMERA, 4500), (bench.PLATFORM, 4500))


def over_tcp(seed: int) -> Frames:
    """A program stream over TCP, behind a private header of 256 bytes."""
    pieces = [(at, frame(packet)) for at, packet in bench.program_stream()]
    return bench.tcp([(0.0, bench.noise(256, seed)), *pieces])


def rows() -> list[tuple[str, Callable[[int], Frames]]]:
    """Kinds of traffic, each made anew from a seed."""
    found: list[tuple[str, Callable[[int], Frames]]] = [
        ("H.264 in RTP, clear", lambda _: bench.udp(bench.rtp())),
        ("H.265 in RTP, clear", lambda _: bench.udp(bench.rtp(bench.H265))),
        ("JPEG in RTP, clear", lambda _: bench.udp(bench.rtp(bench.MJPEG))),
        ("MPEG-TS over TCP, clear", lambda _: bench.tcp(bench.spread(bench.container("mpegts")))),
        ("PS in RTP, clear", lambda _: bench.udp(bench.program_stream())),
        (
            "PS in RTP, map names another codec",
            lambda _: bench.udp(bench.program_stream(flaws=Flaws(video_type=0x24))),
        ),
        (
            "PS of H.265 in RTP, map names another codec",
            lambda _: bench.udp(bench.program_stream(bench.H265, Flaws(video_type=0x1B))),
        ),
        ("PS in RTP over TCP, private header", over_tcp),
        ("PS in RTP with tags, NULL cipher", lambda _: bench.udp(bench.program_stream(tag=10))),
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
        ("PS in RTP, slices encrypted", hidden_slices),
        ("PS in RTP inside ESP (GCM)", tunnelled),
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
            code = bench.reason(measured).removeprefix("wire-privacy.") or str(measured.value)
            told[code] = told.get(code, 0) + 1
        words = ", ".join(f"{code} {count}" for code, count in sorted(told.items()))
        print(f"| {name} | {words} | {len(_SEEDS)} | {spent / len(_SEEDS):.2f} |")


if __name__ == "__main__":
    main()
