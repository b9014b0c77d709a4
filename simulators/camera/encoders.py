"""Scenes through encoders: what a clip is made of, and the access units that come out.

Everything a clip depends on is in its ``ClipSpec``, so that a clip can be cached by it.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.camera import overlay, picture_faults, scenes
from simulators.camera.parameter_sets import without_usability
from simulators.camera.street import Picture

CodedPicture = tuple[bytes, bool, int]
"""Annex B bytes, whether decoding can begin here, number in display order."""

LIVE: dict[str, Any] = {"crf": 25}
"""Rate control of a live encoder: steady quality below the highest rate."""

_NO_SLICE_TYPE = 0b10001100  # first macroblock 0, then the Exp-Golomb code of slice type 11

_ENLARGE = {"bicubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}


@dataclass(frozen=True)
class ClipSpec:
    """One clip: the picture, the codec and its settings, and what is wrong with it.

    Attributes:
        codec: ``H264``, ``H265`` or ``JPEG``.
        width, height: of the encoded pictures, before ``crop_bottom``.
        fps: pictures really captured a second.
        declared_fps: what the encoder is told and writes into its parameter sets; 0: ``fps``.
        rendered: size of the picture before it is enlarged to width x height; None: native.
        fault, strength: of the picture, see ``picture_faults``; "": none.
        held: the picture that is shown all the time, as a frozen sensor shows it; None: none.
        starved: without the filter that hides the borders of blocks.
        repeat_every: every n-th picture is the one before, encoded anew; 0: none.
        aspect: sample aspect ratio.
        caption: text burnt in at the top right, ``caption_colour`` in BGR.
        damage: ``""``, ``slices`` (slice data scrambled), ``restart-markers`` or
            ``no-key-picture``.
        footage: path of a video file shown instead of the scene.
        still: nothing moves in the scene.
        zoom: how much narrower the view is than that of the whole scene.
        blur: standard deviation in pixels, of a picture 1920 wide, of a lens out of focus.
    """

    scene: str = "day"
    codec: str = "H264"
    width: int = 1920
    height: int = 1080
    fps: float = 25.0
    seconds: float = scenes.PERIOD_SECONDS
    bitrate_kbps: int = 4096
    gop: int = 50
    look: str = ""
    declared_fps: float = 0.0
    rendered: tuple[int, int] | None = None
    resample: str = "bicubic"
    fault: str = ""
    strength: float = 0.0
    held: int | None = None
    starved: bool = False
    repeat_every: int = 0
    b_frames: int = 0
    slices: int = 1
    crop_bottom: int = 0
    aspect: tuple[int, int] = (1, 1)
    timing_info: bool = True
    caption: str = ""
    caption_colour: tuple[int, int, int] = (255, 255, 255)
    quality: int = 70
    damage: str = ""
    footage: str = ""
    still: bool = False
    zoom: float = 1.0
    blur: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class AccessUnit:
    """One coded picture.

    Attributes:
        data: Annex B byte stream with start codes, or a JPEG image.
        key: whether decoding can begin here.
        shown: capture time in seconds from the beginning of the clip; without B pictures the
            units are in this order.
    """

    data: bytes
    key: bool
    shown: float


@dataclass(frozen=True)
class Clip:
    """Coded pictures in decoding order that can be repeated for ever after ``seconds``."""

    access_units: list[AccessUnit]
    fps: float
    codec: str
    width: int
    height: int
    seconds: float


def picture(spec: ClipSpec, index: int) -> Picture:
    """Picture ``index`` of a clip before encoding, BGR."""
    source = index if spec.held is None else spec.held
    if spec.repeat_every and index % spec.repeat_every == spec.repeat_every - 1:
        source = index - 1
    width, height = spec.rendered or (spec.width, spec.height)
    if spec.aspect != (1, 1):
        width = width * spec.aspect[0] // spec.aspect[1]
    if spec.footage:
        frames = _footage(spec.footage, width, height)
        frame = frames[source % len(frames)].copy()
    else:
        frame = scenes.render(
            spec.scene,
            source,
            width,
            height,
            spec.seed,
            spec.fps,
            moving=not spec.still,
            zoom=spec.zoom,
        )
    if spec.blur:
        frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), spec.blur * width / 1920), np.uint8)
    frame = scenes.apply_look(frame, spec.look, source, spec.seed)
    if spec.fault:
        frame = picture_faults.spoil(frame, spec.fault, spec.strength, source, spec.seed)
    if spec.rendered or spec.aspect != (1, 1):
        size = (spec.width, spec.height)
        method = _ENLARGE[spec.resample] if spec.rendered else cv2.INTER_AREA
        frame = np.asarray(cv2.resize(frame, size, interpolation=method), np.uint8)
    if spec.caption:
        height = overlay.character_height(spec.height)
        left = spec.width - (len(spec.caption) + 1) * overlay.character_box(height)[0]
        overlay.burn(frame, spec.caption, left, height, height, spec.caption_colour)
    return frame


def planar(frame: Picture) -> NDArray[np.uint8]:
    """A BGR picture as I420 (BT.601, limited range), the layout of the encoders."""
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420), np.uint8)


@lru_cache(maxsize=2)
def _footage(path: str, width: int, height: int) -> list[Picture]:
    """Up to four seconds of a video file, scaled to the wanted size."""
    frames: list[Picture] = []
    with av.open(path) as container:
        for frame in container.decode(video=0):
            shown = frame.to_ndarray(format="bgr24")
            reduces = shown.shape[1] >= width
            method = cv2.INTER_AREA if reduces else cv2.INTER_CUBIC
            frames.append(np.asarray(cv2.resize(shown, (width, height), interpolation=method)))
            if len(frames) >= 100:
                break
    if not frames:
        raise ValueError("the footage holds no picture")
    return frames


def encode_clip(spec: ClipSpec) -> Clip:
    """Render and encode a clip. Takes seconds; ``clips.encode`` keeps the result."""
    count = max(1, round(spec.seconds * spec.fps))
    if spec.codec == "JPEG":
        units = [
            AccessUnit(jpeg(spec, picture(spec, index)), True, index / spec.fps)
            for index in range(count)
        ]
    else:
        units = list(_encoded(spec, count))
    height = spec.height - spec.crop_bottom
    return Clip(units, spec.fps, spec.codec, spec.width, height, count / spec.fps)


def _encoded(spec: ClipSpec, count: int) -> Iterator[AccessUnit]:
    for data, key, shown in _packets(spec, count):
        if spec.damage == "no-key-picture" and key:
            continue
        if spec.damage == "slices":
            data = _scramble(data)
        if not spec.timing_info and spec.codec == "H264":
            data = without_usability(data)
        yield AccessUnit(data, key, shown / spec.fps)


def _packets(spec: ClipSpec, count: int) -> list[CodedPicture]:
    """All pictures coded; H.264 in two passes, for key pictures starve those after them else."""
    frames = (planar(picture(spec, index)) for index in range(count))
    if spec.codec == "H265":
        return _run(VideoEncoder(spec), frames)
    kept = list(frames)
    with tempfile.TemporaryDirectory(prefix="tantou-passes-") as folder:
        statistics = f"{folder}/statistics"
        for number in (1, 2):
            encoder = VideoEncoder(spec, {"pass": number, "stats": statistics})
            packets = _run(encoder, kept)
    return packets


def _run(encoder: VideoEncoder, frames: Iterable[NDArray[np.uint8]]) -> list[CodedPicture]:
    packets: list[CodedPicture] = []
    for index, frame in enumerate(frames):
        packets += encoder.encode(frame, index)
    return packets + encoder.flush()


class VideoEncoder:
    """An H.264 or H.265 encoder fed picture by picture (also used live)."""

    def __init__(self, spec: ClipSpec, rate_control: dict[str, Any] | None = None) -> None:
        name = {"H264": "libx264", "H265": "libx265"}[spec.codec]
        rate = Fraction(spec.declared_fps or spec.fps).limit_denominator(1001)
        context: Any = av.CodecContext.create(name, "w")
        context.width, context.height = spec.width, spec.height
        context.pix_fmt = "yuv420p"
        context.framerate = rate
        context.time_base = 1 / rate
        context.thread_count = 1
        context.options = _options(spec, float(rate), rate_control or {})
        self._context = context

    def encode(
        self, frame: NDArray[np.uint8], index: int, *, key: bool = False
    ) -> list[CodedPicture]:
        """Encode an I420 picture: ``(Annex B bytes, key, index shown)`` of what is ready."""
        wrapped = av.VideoFrame.from_ndarray(frame, format="yuv420p")
        wrapped.pts = index
        if key:
            wrapped.pict_type = av.video.frame.PictureType.I
        return [_packet(packet) for packet in self._context.encode(wrapped)]

    def flush(self) -> list[CodedPicture]:
        """What the encoder still holds."""
        return [_packet(packet) for packet in self._context.encode(None)]


def _packet(packet: Any) -> CodedPicture:
    return bytes(packet), bool(packet.is_keyframe), int(packet.pts)


def _options(spec: ClipSpec, rate: float, control: dict[str, Any]) -> dict[str, str]:
    kbps = round(spec.bitrate_kbps * rate / spec.fps)
    common: dict[str, Any] = {
        "keyint": 9999 if spec.damage == "no-key-picture" else spec.gop,
        "min-keyint": spec.gop,
        "scenecut": 0,
        "bframes": spec.b_frames,
        "open-gop": 0,
    }
    if spec.codec == "H265":
        common |= {"bitrate": kbps, "vbv-maxrate": kbps * 2, "vbv-bufsize": kbps}
        common |= {"frame-threads": 1, "pools": "none", "repeat-headers": 1, "info": 0}
        common |= {"log-level": "none"}
        return {"preset": "ultrafast", "x265-params": _joined(common)}
    common |= {"slices": spec.slices, "threads": 1, "rc-lookahead": 0, "sync-lookahead": 0}
    if spec.starved:
        common["no-deblock"] = 1
    common |= {"mbtree": 0, "b-pyramid": "none", "force-cfr": 1}
    common["sar"] = f"{spec.aspect[0]}/{spec.aspect[1]}"
    if spec.crop_bottom:
        common["crop-rect"] = f"0,0,0,{spec.crop_bottom}"
    if "crf" in control:
        common |= {"vbv-maxrate": kbps * 2, "vbv-bufsize": kbps}
    else:
        common["bitrate"] = kbps
    preset = "ultrafast" if "crf" in control else "superfast"
    return {"preset": preset, "forced-idr": "1", "x264-params": _joined(common | control)}


def _joined(parameters: dict[str, Any]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items())


def _scramble(data: bytes) -> bytes:
    """Keep every NAL unit header and parameter set, spoil the slices beyond decoding."""
    out = bytearray(data)
    starts = [index + 3 for index in _start_codes(data)] + [len(data) + 3]
    for begin, end in itertools.pairwise(starts):
        if data[begin] & 31 in (1, 5):
            out[begin + 1] = _NO_SLICE_TYPE
            for index in range(begin + 2, end - 4):
                out[index] = (out[index] * 167 + index * 29 + 13) & 0xFF | 0x04
    return bytes(out)


def _start_codes(data: bytes) -> list[int]:
    found = []
    position = data.find(b"\0\0\1")
    while position >= 0:
        found.append(position)
        position = data.find(b"\0\0\1", position + 3)
    return found


def jpeg(spec: ClipSpec, frame: Picture) -> bytes:
    """Baseline 4:2:0 JPEG with the standard Huffman tables, as RFC 2435 needs it."""
    options = [cv2.IMWRITE_JPEG_QUALITY, spec.quality, cv2.IMWRITE_JPEG_OPTIMIZE, 0]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    if spec.damage == "restart-markers":
        options += [cv2.IMWRITE_JPEG_RST_INTERVAL, (spec.width + 15) // 16]
    done, data = cv2.imencode(".jpg", frame, options)
    if not done:
        raise ValueError("the picture cannot be encoded as JPEG")
    coded = data.tobytes()
    return _break_restarts(coded) if spec.damage == "restart-markers" else coded


def _break_restarts(data: bytes) -> bytes:
    """Number every restart marker 0 and leave out every third interval."""
    scan = data.index(b"\xff\xda")
    pieces = []
    begin = scan
    for position in range(scan, len(data) - 1):
        if data[position] == 0xFF and 0xD0 <= data[position + 1] <= 0xD7:
            pieces.append(data[begin:position])
            begin = position + 2
    pieces.append(data[begin:])
    kept = [piece for index, piece in enumerate(pieces) if index % 3 != 1 or index == 0]
    return data[:scan] + b"\xff\xd0".join(kept)
