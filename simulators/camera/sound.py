"""What the simulated microphone hears, coded and cut into RTP payloads.

A tone of 1 kHz over noise, four seconds that repeat. G.722.1 has no free encoder: its frames
have the right length and timing, and random content.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from protocols.rtp_packetise import packetise_aac
from simulators.behaviours import defect, variant
from simulators.camera.state import CameraState

AAC_ONLY = defect("aac-only", "Sound is AAC and nothing else.")
SILENT = defect("silent-audio", "The sound is digital silence.")
MICROPHONE_DEAD = defect("microphone-dead", "The microphone hears nothing: digital silence.")
WRONG_RATE = defect(
    "wrong-sample-rate", "Described as 8 kHz, the G.711 sound is sampled at 16 kHz."
)
NO_TRACK = defect("no-audio-track", "There is no audio track.")
G711U = variant("g711u", "Sound is G.711 mu-law.")
G726 = variant("g726", "Sound is G.726 at 32 kbit/s.")
G722_1 = variant("g722-1", "Sound is G.722.1 at 32 kbit/s.")

SECONDS = 4.0
_PACKET_S = 0.04


@dataclass(frozen=True)
class SoundFormat:
    """How a session description names a sound coding."""

    payload_type: int
    name: str
    clock_rate: int
    format: str = ""


@dataclass(frozen=True)
class Sound:
    """Payloads sent every ``packet_s`` seconds, each ``ticks`` of the media clock long."""

    format: SoundFormat
    payloads: tuple[bytes, ...]
    packet_s: float
    ticks: int


FORMATS = {
    "PCMA": SoundFormat(8, "PCMA", 8000),
    "PCMU": SoundFormat(0, "PCMU", 8000),
    "G726": SoundFormat(97, "G726-32", 8000),
    "G7221": SoundFormat(98, "G7221", 16000, "bitrate=32000"),
    "AAC": SoundFormat(
        99,
        "MPEG4-GENERIC",
        16000,
        "streamtype=5;profile-level-id=15;mode=AAC-hbr;sizelength=13;indexlength=3;"
        "indexdeltalength=3;config=1408",
    ),
}


def configure(state: CameraState) -> None:
    """Put the audio coding that the switched-on behaviours ask for into the state."""
    wanted = {G711U: "PCMU", G726: "G726", G722_1: "G7221", AAC_ONLY: "AAC", NO_TRACK: ""}
    for name, encoding in wanted.items():
        if state.has(name):
            state.audio_encoding = encoding


def sound_of(state: CameraState) -> Sound | None:
    """The sound that the camera sends now, None without an audio track."""
    if state.audio_encoding not in FORMATS or state.has(NO_TRACK):
        return None
    silent = state.has(SILENT) or state.has(MICROPHONE_DEAD)
    return make_sound(state.audio_encoding, silent, state.has(WRONG_RATE))


@lru_cache(maxsize=16)
def make_sound(encoding: str, silent: bool = False, wrong_rate: bool = False) -> Sound:
    """Code the sound. ``wrong_rate`` samples G.711 at twice the described rate."""
    described = FORMATS[encoding]
    factor = 2 if wrong_rate and encoding in ("PCMA", "PCMU") else 1
    rate = described.clock_rate * factor
    if encoding == "G7221":
        random = np.random.default_rng(7221)
        frames = [random.bytes(80) for _ in range(int(SECONDS / 0.02))]
        return Sound(described, tuple(frames), 0.02, 320)
    samples = _samples(rate, silent)
    if encoding == "AAC":
        payloads = [packetise_aac([frame]) for frame in _coded("aac", rate, samples)]
        return Sound(described, tuple(payloads), 1024 / rate, 1024)
    codec = {"PCMA": "pcm_alaw", "PCMU": "pcm_mulaw", "G726": "g726le"}[encoding]
    stream = b"".join(_coded(codec, rate, samples))
    ticks = int(_PACKET_S * rate)
    size = ticks // 2 if encoding == "G726" else ticks
    whole = len(stream) // size * size
    payloads = [stream[start : start + size] for start in range(0, whole, size)]
    return Sound(described, tuple(payloads), _PACKET_S, ticks)


def _samples(rate: int, silent: bool) -> NDArray[np.int16]:
    count = int(SECONDS * rate)
    if silent:
        return np.zeros(count, np.int16)
    moments = np.arange(count) / rate
    noise = np.random.default_rng(1000).standard_normal(count) * 700
    swell = 6000 + 2500 * np.sin(2 * np.pi * moments)
    return np.rint(swell * np.sin(2 * np.pi * 1000 * moments) + noise).astype(np.int16)


def _coded(codec: str, rate: int, samples: NDArray[np.int16]) -> Iterable[bytes]:
    context: Any = av.CodecContext.create(codec, "w")
    context.sample_rate = rate
    context.layout = "mono"
    context.format = "fltp" if codec == "aac" else "s16"
    if codec == "g726le":
        context.bit_rate = 32_000
    if codec == "aac":
        context.bit_rate = 64_000
    context.open()
    size = context.frame_size or 320
    out = []
    for start in range(0, len(samples) - size + 1, size):
        out += context.encode(_frame(samples[start : start + size], rate, start, codec == "aac"))
    out += context.encode(None)
    return [bytes(packet) for packet in out]


def _frame(samples: NDArray[np.int16], rate: int, start: int, planar: bool) -> av.AudioFrame:
    if planar:
        content = (samples.astype(np.float32) / 32768)[None, :]
        frame = av.AudioFrame.from_ndarray(content, format="fltp", layout="mono")
    else:
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
    frame.sample_rate = rate
    frame.pts = start
    return frame
