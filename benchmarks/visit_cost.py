"""CPU seconds of one ten-second 1080p25 visit that yields size, rate, codec, colour and detail.

A simulated camera in a process of its own streams over loopback. Each reader gets the same
stream for the same time, one after another:

* tantou: this process receives by RTSP, seals the recording and runs the five probes;
* OpenCV: ``VideoCapture.read`` of every picture, in a process of its own;
* ffprobe: ``-count_frames`` (decodes every picture; includes the start of the program).

The cost of importing is left out for the first two, and the harness judges a one-second visit
first: it is started once for many visits.

Run: python benchmarks/visit_cost.py [--seconds 10] [--transport tcp] [--address 127.13.8.1]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from assessment.measurement import Measurement
from assessment.recording import Part, Recording
from probes.colour import measure_colour
from probes.frame_rate import measure_frame_rate
from probes.picture_size import measure_picture_size
from probes.streams import forget
from probes.true_detail import measure_true_detail
from probes.video_codec import measure_video_codec
from protocols.time_source import SystemTime
from targets.camera import parse_camera
from targets.rtsp_client import open_session

TARGET_SHARE = 1 / 8
PROBES: dict[str, Callable[[Recording], Measurement]] = {
    "size": measure_picture_size,
    "rate": measure_frame_rate,
    "codec": measure_video_codec,
    "colour": measure_colour,
    "detail": measure_true_detail,
}


async def _camera(address: str, pipe: Connection) -> None:
    from simulators.camera.rtsp_server import ANONYMOUS, RtspServer
    from simulators.camera.state import CameraState

    state = CameraState(address=address, point="benchmark", light="day", behaviours={ANONYMOUS})
    state.ports = {"rtsp": 0}
    server = RtspServer(state)
    await server.start()
    pipe.send(state.ports["rtsp"])
    while not pipe.poll():
        await asyncio.sleep(0.1)
    await server.stop()


def _run_camera(address: str, pipe: Connection) -> None:
    asyncio.run(_camera(address, pipe))


async def _receive(uri: str, seconds: float, *, udp: bool) -> Recording:
    started = datetime.now(UTC)
    camera = parse_camera(uri)
    async with open_session(camera, camera.stream_uri, time_source=SystemTime()) as session:
        await session.set_up(await session.describe(), udp=udp)
        reception = await session.play(seconds)
        return Recording(
            kind="stream:day",
            subject="benchmark",
            started=started,
            ended=datetime.now(UTC),
            facts={
                "transport": "udp" if udp else "tcp",
                "tracks": [track.as_fact() for track in session.tracks],
                "asked_seconds": seconds,
                "end": reception.end,
                "light": {"level": "day", "source": "device"},
                "reference": {"error_s": 0.001, "source": "benchmark"},
            },
            parts={
                "packets.pcap": Part.of(reception.capture.to_pcap(session.flows()), "pcap"),
                "session.sdp": Part.of(session.sdp, "application/sdp"),
            },
        )


def _tantou(uri: str, seconds: float, *, udp: bool) -> dict[str, float]:
    """CPU seconds by step."""
    spent: dict[str, float] = {}
    begun = time.process_time()
    recording = asyncio.run(_receive(uri, seconds, udp=udp))
    spent["receive"] = time.process_time() - begun
    for name, measure in PROBES.items():
        begun = time.process_time()
        result = measure(recording)
        spent[name] = time.process_time() - begun
        doubt = f" ({result.spoilt.code})" if result.spoilt else ""
        print(f"  {name:8} {spent[name]:6.3f} s   {result.value}{doubt}")
    print(f"  {'receive':8} {spent['receive']:6.3f} s")
    forget(recording)
    return spent


def _read_with_opencv(uri: str, pictures: int, pipe: Connection) -> None:
    import cv2

    begun = time.process_time()
    capture = cv2.VideoCapture(uri, cv2.CAP_FFMPEG)
    count = 0
    while count < pictures and capture.read()[0]:
        count += 1
    capture.release()
    pipe.send((time.process_time() - begun, count))


def _opencv(uri: str, pictures: int, *, udp: bool) -> float:
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = f"rtsp_transport;{'udp' if udp else 'tcp'}"
    mine, other = multiprocessing.Pipe()
    reader = multiprocessing.get_context("spawn").Process(
        target=_read_with_opencv, args=(uri, pictures, other)
    )
    reader.start()
    spent, count = mine.recv()
    reader.join()
    print(f"  OpenCV read {count} pictures")
    return float(spent)


def _ffprobe(uri: str, seconds: float, *, udp: bool) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "udp" if udp else "tcp"]
    command += ["-select_streams", "v", "-count_frames", "-read_intervals", f"%+{seconds:g}"]
    command += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", uri]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"  ffprobe counted {done.stdout.split()} pictures")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _pairing(uri: str, seconds: float, *, udp: bool) -> tuple[float, float, float]:
    """CPU seconds of the harness, of OpenCV and of ffprobe, one after another."""
    spent = sum(_tantou(uri, seconds, udp=udp).values())
    opencv = _opencv(uri, round(25 * seconds), udp=udp)
    ffprobe = _ffprobe(uri, seconds, udp=udp)
    print(
        f"tantou {spent:.3f} s   OpenCV {opencv:.3f} s   ffprobe {ffprobe:.3f} s of CPU", end="   "
    )
    print(f"tantou / OpenCV = 1/{opencv / spent:.1f}")
    return spent, opencv, ffprobe


def main() -> int:
    """Run all three and print the ratio; 1 when the harness costs more than 1/8 of OpenCV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--transport", choices=("udp", "tcp"), default="tcp")
    parser.add_argument("--address", default="127.13.8.1")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    udp = options.transport == "udp"
    pipe, other = multiprocessing.Pipe()
    camera = multiprocessing.get_context("spawn").Process(
        target=_run_camera, args=(options.address, other), daemon=True
    )
    camera.start()
    uri = f"rtsp://{options.address}:{pipe.recv()}/main"
    try:
        first = asyncio.run(_receive(uri, 1.0, udp=udp))
        for measure in PROBES.values():
            measure(first)
        forget(first)
        print(f"{options.seconds:g} s of 1080p25 by {options.transport}, {os.cpu_count()} cores")
        runs = [_pairing(uri, options.seconds, udp=udp) for _ in range(options.runs)]
    finally:
        pipe.send("end")
        camera.join(5)
    shares = sorted(opencv / spent for spent, opencv, _ in runs)
    middle = statistics.median(shares)
    print(
        f"tantou / OpenCV: best 1/{shares[-1]:.1f}, median 1/{middle:.1f}, worst 1/{shares[0]:.1f}"
    )
    print(f"the median must be at most 1/{1 / TARGET_SHARE:.0f}")
    return 0 if 1 / middle <= TARGET_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
