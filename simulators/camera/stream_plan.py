"""Which pictures a stream shows, how they are coded and when they are sent.

Pure functions of the camera's state: its settings, the light around it, its lamp and the
behaviours switched on. The behaviours of picture, coding and pace are declared here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from simulators.behaviours import defect, variant
from simulators.camera import optics, scenes
from simulators.camera.encoders import ClipSpec
from simulators.camera.lamp import COLOURED_LIGHT, infrared_shines, white_light_shines
from simulators.camera.picture_defects import with_faults
from simulators.camera.state import CameraState, EncoderSettings

Which = Literal["main", "sub", "third"]
STREAMS: tuple[Which, ...] = ("main", "sub", "third")

SMALL = defect("720p", "The main stream is 1280x720 and says so.")
CLAIMS_LARGE = defect(
    "claims-1080p-streams-720p", "The main stream is 1280x720; settings say 1920x1080."
)
UPSCALED_720 = defect(
    "upscaled-from-720p", "The 1920x1080 picture is enlarged from 1280x720 (bicubic)."
)
UPSCALED_480 = defect(
    "upscaled-from-480p", "The 1920x1080 picture is enlarged from 854x480 (Lanczos)."
)
CROPPED = defect("cropped-1920x1072", "Cropping in the parameter set leaves 1920x1072 pixels.")
SHRINKS = defect(
    "resolution-falls-under-load", "The main stream falls to 1280x720 four seconds after PLAY."
)
ANAMORPHIC = defect(
    "anamorphic-1440x1080", "1440x1080 pixels are coded, to be shown 4:3 times as wide."
)
SLOW_20 = defect("20fps", "The main stream has 20 pictures a second and says so.")
SLOW_24 = defect("24fps", "The main stream has 24 pictures a second and says so.")
CLAIMS_25 = defect(
    "claims-25-sends-15", "Settings and parameter sets say 25 pictures a second; 15 are sent."
)
REPEATS = defect("repeated-frames", "Of 25 pictures a second 5 repeat the one before.")
NIGHT_DROP = defect("night-frame-rate-drop", "By night 12.5 pictures a second are sent.")
BURSTS = defect(
    "bursts-average-25-with-gaps",
    "25 pictures are captured in the first half of each second and none in the other.",
)
TIMESTAMPS_LIE = defect(
    "timestamps-lie", "Timestamps tell 25 pictures a second; 18 are captured and sent."
)
H265_15 = defect("h265-15fps", "The main stream is H.265 at 15 pictures a second and says so.")
MONOCHROME = defect("monochrome-at-night", "By night the picture is grey, lit white or not.")
IR_CUT = defect(
    "ir-cut-mode",
    "By night the infrared filter swings out: grey infrared pictures unless it is held in.",
)
TINT = defect("false-tint-over-grey", "By night one hue is laid over a grey picture.")
CHROMA_NOISE = defect("chroma-noise-only", "By night the only colour is the noise of the pixels.")
BLACK = defect("black-picture-at-night", "By night the picture is black: the lamp gives nothing.")
OSD_COLOUR = defect("colour-only-in-osd", "By night only the text in the picture has colour.")
SLOW_SWITCH = defect(
    "slow-switch-60s", "For 60 s after the light changed to night the picture is grey."
)
NO_H264 = defect("h264-missing", "H.264 is not offered.")
NO_MJPEG = defect("mjpeg-missing", "MJPEG is not offered.")
H265_AS_H264 = defect(
    "sdp-says-h264-stream-is-h265", "What is described as H.264 is an H.265 stream."
)
UNDECODABLE = defect("undecodable-h264", "The slices of the H.264 stream cannot be decoded.")
BROKEN_RESTARTS = defect(
    "mjpeg-broken-restart-markers", "Restart intervals are missing and their markers misnumbered."
)
H265_NOT_STREAMED = defect(
    "h265-claimed-not-streamed", "H.265 is offered and can be set; the stream stays H.264."
)
NO_KEY_PICTURE = defect("no-key-picture", "The stream never holds a picture to begin with.")

H265_MAIN = variant("h265-main", "The main stream is H.265.")
FPS_30 = variant("30fps", "The main stream has 30 pictures a second.")
FPS_50 = variant("50fps", "The main stream has 50 pictures a second.")
LARGE = variant("2560x1440", "The main stream has 2560x1440 pixels.")
ULTRA = variant("4k", "The main stream has 3840x2160 pixels.")
JITTER = variant("rtp-jitter-30ms", "Pictures leave up to 30 ms late, in order.")
LOSS = variant("packet-loss-on-path", "The path loses 1 % of the RTP packets of a sound camera.")
B_FRAMES = variant("b-frames", "Pictures are coded with two B pictures between references.")
MULTI_SLICE = variant("multi-slice", "Each picture is coded in four slices.")
AGGREGATED = variant(
    "sps-every-key", "Parameter sets come in one STAP-A packet before each key picture."
)
SETS_IN_SDP = variant("parameter-sets-in-sdp-only", "Parameter sets are in the SDP only.")
SLOW_CRYSTAL = variant(
    "crystal-50ppm-slow", "25 pictures a second of a crystal that is 50 ppm slow."
)
LOW_BITRATE = variant("low-bitrate", "The main stream has 1 Mbit/s.")
NO_TIMING = variant("25fps-vui-absent", "The parameter sets tell no picture rate.")
STATIC = variant("static-scene", "Nothing moves before the camera; only the sensor's noise.")
OSD_CLOCK_MAIN = variant("osd-clock-main", "The clock is burnt into the main stream too.")

SLOW_SWITCH_S = 60.0
_SHRINKS_AFTER_S = 4.0
_LARGEST_JPEG = 2040  # a side, RFC 2435
_CLIP_S = 2.0
"""Length of a clip: two groups of pictures at most, for a clip costs seconds to make. Where it
begins again, with a key picture, the cars jump."""
_PASSING_S = 0.5


@dataclass(frozen=True)
class Delivery:
    """When coded pictures are sent, and what of them arrives.

    Attributes:
        pace: seconds of media time that pass in one second.
        bursts: the pictures of each second are captured in its first half.
        jitter_s: most that a picture leaves late.
        loss: share of RTP packets that the path loses.
    """

    pace: float = 1.0
    bursts: bool = False
    jitter_s: float = 0.0
    loss: float = 0.0

    def capture_time(self, shown: float, fps: float) -> float:
        """Media time in seconds of a picture that steady capture would take at ``shown``."""
        if not self.bursts:
            return shown
        second = math.floor(shown + 0.5 / fps)
        return second + (shown - second) * 0.47


def configure(state: CameraState) -> None:
    """Put the settings that the switched-on behaviours ask for into the state."""
    main = state.main
    if state.has(SMALL):
        main.width, main.height = 1280, 720
    if state.has(LARGE):
        main.width, main.height, main.bitrate_kbps = 2560, 1440, 6144
    if state.has(ULTRA):
        main.width, main.height, main.bitrate_kbps = 3840, 2160, 8192
    rates = {SLOW_20: 20, SLOW_24: 24, H265_15: 15, FPS_30: 30, FPS_50: 50}
    for name, rate in rates.items():
        if state.has(name):
            main.frame_rate, main.gop = rate, 2 * rate
    if state.has(H265_MAIN) or state.has(H265_15) or state.has(NO_H264):
        main.encoding = "H265"
    if state.has(NO_H264):
        state.sub.encoding = "H265"
    if state.has(NO_MJPEG):
        state.third.encoding, state.third.gop = "H264", 2 * state.third.frame_rate
    if state.has(LOW_BITRATE):
        main.bitrate_kbps = 1024


def offered_encodings(state: CameraState) -> tuple[str, ...]:
    """The encodings that the camera offers and accepts."""
    without = {NO_H264: "H264", NO_MJPEG: "JPEG"}
    missing = {encoding for name, encoding in without.items() if state.has(name)}
    return tuple(one for one in ("H264", "H265", "JPEG") if one not in missing)


def settings_of(state: CameraState, which: Which) -> EncoderSettings:
    """The encoder settings of a stream."""
    return {"main": state.main, "sub": state.sub, "third": state.third}[which]


def described_encoding(state: CameraState, settings: EncoderSettings) -> str:
    """The encoding that the session description tells."""
    if settings.encoding == "H265" and state.has(H265_NOT_STREAMED):
        return "H264"
    return settings.encoding


def has_live_clock(state: CameraState, which: Which) -> bool:
    """Whether the camera's clock is burnt into the stream as it runs."""
    return which == "sub" or (which == "main" and state.has(OSD_CLOCK_MAIN))


def delivery(state: CameraState, which: Which) -> Delivery:
    """When the pictures of a stream are sent; the defects of pace are the main stream's."""
    main = which == "main"
    pace = 1.0
    if main and state.has(TIMESTAMPS_LIE):
        pace = 18 / 25
    elif state.has(SLOW_CRYSTAL):
        pace = 1 - 50e-6
    return Delivery(
        pace=pace,
        bursts=main and state.has(BURSTS),
        jitter_s=0.03 if state.has(JITTER) else 0.0,
        loss=0.01 if state.has(LOSS) else 0.0,
    )


def stream_plan(
    state: CameraState,
    which: Which,
    *,
    settings: EncoderSettings | None = None,
    elapsed: float = 0.0,
    light_age: float = math.inf,
    footage: str = "",
) -> ClipSpec:
    """The clip that a stream shows now.

    Args:
        settings: those that the session began with; the present ones by default.
        elapsed: seconds since PLAY.
        light_age: seconds since the light around the camera changed.
        footage: path of a video file shown instead of the painted scene.
    """
    chosen = settings or settings_of(state, which)
    spec = ClipSpec(
        scene=_scene(state, light_age),
        codec=chosen.encoding,
        width=chosen.width,
        height=chosen.height,
        fps=float(chosen.frame_rate),
        seconds=_seconds(state, chosen),
        bitrate_kbps=chosen.bitrate_kbps,
        gop=max(1, chosen.gop),
        quality=50 if which == "main" else 60,
        still=state.has(STATIC),
        zoom=optics.zoom_factor(state),
        blur=optics.blur(state),
        footage=footage,
    )
    spec = _night_look(state, spec, light_age)
    spec = _coding(state, spec)
    return _main_defects(state, spec, elapsed) if which == "main" else spec


def _seconds(state: CameraState, settings: EncoderSettings) -> float:
    """Length of a clip; MJPEG is large to keep, and some views are seen for a moment only."""
    passing = state.light == "high-contrast" or optics.zoom_factor(state) > optics.WIDEST
    if passing:
        return _PASSING_S
    return 1.0 if settings.encoding == "JPEG" else _CLIP_S


def _scene(state: CameraState, light_age: float) -> str:
    if state.light == "high-contrast":
        return optics.contrast_scene(state)
    if state.light == "day" and state.has(optics.CLIPPED_HIGHLIGHTS):
        return "overexposed"
    if state.light != "night":
        return state.light if state.light in scenes.SCENES else "day"
    if state.has(BLACK):
        return "night-unlit"
    late = state.has(SLOW_SWITCH) and light_age < SLOW_SWITCH_S
    filter_out = state.has(IR_CUT) and state.ir_cut != "ON"
    if infrared_shines(state) or filter_out or late:
        return "night-infrared"
    if white_light_shines(state):
        return "night-coloured-light" if state.has(COLOURED_LIGHT) else "night-white-light"
    return "night-colour"


def _night_look(state: CameraState, spec: ClipSpec, light_age: float) -> ClipSpec:
    if state.light != "night":
        return spec
    if state.has(OSD_COLOUR):
        caption, colour = "CAMERA 01 GATE", (30, 40, 230)
        return replace(spec, look="monochrome", caption=caption, caption_colour=colour)
    looks = {MONOCHROME: "monochrome", TINT: "tint", CHROMA_NOISE: "chroma-noise"}
    look = next((look for name, look in looks.items() if state.has(name)), "")
    if state.has(SLOW_SWITCH) and light_age < SLOW_SWITCH_S:
        look = "monochrome"
    return replace(spec, look=look)


def _coding(state: CameraState, spec: ClipSpec) -> ClipSpec:
    if spec.codec == "H265" and state.has(H265_NOT_STREAMED):
        spec = replace(spec, codec="H264")
    if spec.codec == "H264" and state.has(H265_AS_H264):
        spec = replace(spec, codec="H265")
    if spec.codec == "JPEG":
        if spec.width > _LARGEST_JPEG:
            spec = replace(spec, width=1920, height=1080)
        return replace(spec, damage="restart-markers" if state.has(BROKEN_RESTARTS) else "")
    if state.has(NO_KEY_PICTURE):
        spec = replace(spec, damage="no-key-picture")
    if spec.codec == "H264":
        if state.has(UNDECODABLE):
            spec = replace(spec, damage="slices")
        spec = replace(
            spec,
            slices=4 if state.has(MULTI_SLICE) else 1,
            timing_info=not state.has(NO_TIMING),
        )
    return replace(spec, b_frames=2 if state.has(B_FRAMES) else 0)


def _main_defects(state: CameraState, spec: ClipSpec, elapsed: float) -> ClipSpec:
    if state.has(CLAIMS_LARGE) or (state.has(SHRINKS) and elapsed >= _SHRINKS_AFTER_S):
        spec = replace(spec, width=1280, height=720)
    if state.has(UPSCALED_720):
        spec = replace(spec, rendered=(1280, 720))
    if state.has(UPSCALED_480):
        spec = replace(spec, rendered=(854, 480), resample="lanczos")
    if state.has(CROPPED) and spec.codec == "H264":
        spec = replace(spec, crop_bottom=8)
    if state.has(ANAMORPHIC):
        spec = replace(spec, width=1440, height=1080, aspect=(4, 3))
    if state.has(CLAIMS_25):
        spec = replace(spec, fps=15.0, declared_fps=25.0)
    if state.has(NIGHT_DROP) and state.light == "night":
        spec = replace(spec, fps=12.5, declared_fps=spec.fps)
    if state.has(REPEATS):
        spec = replace(spec, repeat_every=5)
    return with_faults(state, spec, elapsed)
