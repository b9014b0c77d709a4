"""Sound: which codec the stream carries, whether it decodes, sounds, and keeps its rate."""

from __future__ import annotations

import io
import wave
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part, Recording
from probes.frame_timing import Rate, rate_of_events
from probes.opening import open_track, outcome
from probes.rtp_track import Integers
from probes.sound_decoding import (
    Samples,
    aac_units,
    bits_of_g726,
    decode_sound,
    format_parameter,
)
from probes.streams import COMFORT_NOISE, Track
from protocols.errors import ProtocolError

QUANTITY = "audio"
INSTRUMENT = "audio/1"
METHOD = "method.audio"
Content = Literal["sound", "steady-noise", "digital-silence"]

_FEWEST_PACKETS = 10
_FITTING_SHARE = 0.9
_RATE_AGREES = 0.02
_SILENT_PEAK = 16 / 32768
_QUIET_DBFS = -50.0
_STEADY_DB = 2.0
_BLOCK_S = 0.1
_EXTRACT_S = 3
_FRAME_TICKS_OF_G7221 = 320
_TICKS_OF_AAC = 1024
_STATIC_TYPES = {0: "PCMU", 8: "PCMA", 9: "G722"}
_NAMES = {
    "PCMA": "G.711A",
    "PCMU": "G.711U",
    "G722": "G.722",
    "G7221": "G.722.1",
    "MPEG4-GENERIC": "AAC",
    "MP4A-LATM": "AAC",
}


@dataclass(frozen=True, slots=True)
class Loudness:
    """``rms_dbfs`` and ``peak_dbfs`` relative to full scale, and what it sounds like:

    ``digital-silence``: no sample leaves the smallest steps of the codec; ``steady-noise``: below
    -50 dBFS and of even level, as comfort noise or a room without any sound; else ``sound``.
    """

    rms_dbfs: float
    peak_dbfs: float
    content: Content


def measure_audio(recording: Recording) -> Measurement:
    """The codec of the first audio track: ``G.711A``, ``G.711U``, ``G.726``, ``G.722.1``, ``AAC``.

    The name comes from the session description and counts only when the payloads have its
    structure; else the value is ``unknown``.

    details: ``encoding``, ``payload_type``, ``clock_rate`` as declared; ``structure_agrees``;
    ``bits_per_tick`` (median); ``sampling_rate`` and ``media_clock`` [value, lower, upper] by
    arrival, ``rate_agrees`` (both within 2 % of the declared one); ``decodable`` (a decoder
    exists), ``decoded_s``; ``loudness`` {rms_dbfs, peak_dbfs, content} or ``None``;
    ``comfort_noise_packets``, ``packets``, ``loss``. evidence: ``sound.wav``, three seconds.

    spoilt: ``audio.too-few-packets`` and those of ``open_track`` (``audio.no-audio``: no track).
    """
    track = open_track(recording, QUANTITY, "audio")
    if isinstance(track, Reason):
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=track)
    sound = np.flatnonzero(track.packets.headers.payload_type != COMFORT_NOISE)
    if len(sound) < _FEWEST_PACKETS:
        too_few = Reason(f"{QUANTITY}.too-few-packets", {"packets": len(sound)})
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=too_few)
    encoding = track.encoding or _STATIC_TYPES.get(track.payload_type, "")
    payloads = [track.packets.payload(int(row)) for row in sound]
    agrees = _structure_agrees(track, encoding, sound, payloads)
    samples = decode_sound(payloads, encoding, track.clock_rate, track.format) if agrees else None
    return outcome(
        recording,
        QUANTITY,
        "",
        INSTRUMENT,
        METHOD,
        _name(encoding) if agrees else "unknown",
        details={
            "encoding": encoding,
            "payload_type": track.payload_type,
            "clock_rate": track.clock_rate,
            "structure_agrees": agrees,
            "bits_per_tick": _bits_per_tick(track, sound),
            "decodable": samples is not None,
            "decoded_s": 0.0 if samples is None else len(samples) / max(track.clock_rate, 1),
            "loudness": _loudness_fact(samples, track.clock_rate),
            "packets": len(sound),
            "comfort_noise_packets": len(track.packets) - len(sound),
            "loss": {**asdict(track.loss), "share": track.loss.share},
            **_rates(track, encoding, sound, payloads),
        },
        evidence=_extract(samples, track.clock_rate),
    )


def _name(encoding: str) -> str:
    if encoding.startswith(("G726", "AAL2-G726")):
        return "G.726"
    return _NAMES.get(encoding, encoding or "unknown")


def _bits_per_tick(track: Track, sound: Integers) -> float:
    """Median payload bits for one tick of the media clock."""
    ticks = np.diff(track.packets.timestamp[sound])
    following = (np.diff(track.packets.sequence[sound]) == 1) & (ticks > 0)
    if not following.any():
        return 0.0
    sizes = track.packets.size[sound][:-1]
    return float(np.median(8 * sizes[following] / ticks[following]))


def _structure_agrees(track: Track, encoding: str, sound: Integers, payloads: list[bytes]) -> bool:
    """Whether the payloads have the form that the encoding prescribes."""
    if encoding == "MPEG4-GENERIC":
        return _share_of_aac(payloads, track.format) >= _FITTING_SHARE
    if encoding == "G7221":
        size = _frame_bytes_of_g7221(track)
        whole = sum(len(payload) % size == 0 and len(payload) > 0 for payload in payloads)
        expected = 8 * size / _FRAME_TICKS_OF_G7221
        return whole >= _FITTING_SHARE * len(payloads) and _close(
            _bits_per_tick(track, sound), expected
        )
    bits = _sample_bits(encoding)
    if bits is None:
        return bool(encoding)
    ticks_per_sample = 0.5 if encoding == "G722" else 1.0
    return _close(_bits_per_tick(track, sound), bits / ticks_per_sample)


def _sample_bits(encoding: str) -> int | None:
    if encoding in ("PCMA", "PCMU"):
        return 8
    if encoding.startswith(("G726", "AAL2-G726")):
        return bits_of_g726(encoding)
    return 4 if encoding == "G722" else None


def _close(measured: float, expected: float) -> bool:
    return abs(measured - expected) <= 0.05 * expected


def _frame_bytes_of_g7221(track: Track) -> int:
    """RFC 5577: 60 bytes for 20 ms at 24 kbit/s, 80 at 32 kbit/s."""
    rate = format_parameter(track.format, "bitrate")
    return int(rate) // 400 if rate in ("24000", "32000", "48000") else 80


def _share_of_aac(payloads: list[bytes], session_format: str) -> float:
    good = 0
    for payload in payloads:
        try:
            good += all(aac_units(payload, session_format))
        except ProtocolError:
            continue
    return good / len(payloads)


def _rates(track: Track, encoding: str, sound: Integers, payloads: list[bytes]) -> dict[str, Any]:
    """Samples and ticks of the media clock per second of arrival."""
    times = (track.packets.time_ns[sound] - int(track.packets.time_ns[sound[0]])) / 1e9
    ticks = (track.packets.timestamp[sound] - track.packets.timestamp[sound[0]]).astype(float)
    clock = rate_of_events(times, ticks) if (np.diff(ticks) > 0).all() else None
    counts = np.array([_sample_count(track, encoding, payload) for payload in payloads], float)
    missing = np.concatenate(([0], np.diff(track.packets.sequence[sound]) - 1)).clip(0)
    before = np.concatenate(([0], np.cumsum(counts)[:-1])) + np.cumsum(missing) * np.median(counts)
    flow = rate_of_events(times, before) if counts.all() else None
    agree = [
        abs(rate.value / track.clock_rate - 1) <= _RATE_AGREES
        or rate.lower <= track.clock_rate <= rate.upper
        for rate in (clock, flow)
        if rate is not None and track.clock_rate > 0
    ]
    return {
        "media_clock": _triple(clock),
        "sampling_rate": _triple(flow),
        "rate_agrees": all(agree) if agree else None,
    }


def _triple(rate: Rate | None) -> list[float] | None:
    return None if rate is None else [rate.value, rate.lower, rate.upper]


def _sample_count(track: Track, encoding: str, payload: bytes) -> float:
    """Ticks of sound in a payload by its bytes alone; 0 when they do not tell."""
    bits = _sample_bits(encoding)
    if bits is not None:
        return 8 * len(payload) / bits / (2 if encoding == "G722" else 1)
    if encoding == "G7221":
        return len(payload) / _frame_bytes_of_g7221(track) * _FRAME_TICKS_OF_G7221
    if encoding == "MPEG4-GENERIC":
        try:
            return _TICKS_OF_AAC * len(aac_units(payload, track.format))
        except ProtocolError:
            return 0.0
    return 0.0


def loudness(samples: Samples, sampling_rate: int) -> Loudness:
    """How loud decoded samples (-1 to 1) are, and what they sound like."""
    centred = samples - np.median(samples)
    peak = float(np.abs(centred).max())
    rms = float(np.sqrt((centred**2).mean()))
    content: Content = "sound"
    if peak <= _SILENT_PEAK:
        content = "digital-silence"
    elif _decibels(rms) < _QUIET_DBFS:
        size = max(1, round(_BLOCK_S * sampling_rate))
        blocks = centred[: len(centred) // size * size].reshape(-1, size)
        levels = [_decibels(float(np.sqrt((block**2).mean()))) for block in blocks]
        content = "steady-noise" if len(levels) < 2 or np.std(levels) < _STEADY_DB else "sound"
    return Loudness(_decibels(rms), _decibels(peak), content)


def _decibels(amplitude: float) -> float:
    return float(20 * np.log10(max(amplitude, 1e-6)))


def _loudness_fact(samples: Samples | None, sampling_rate: int) -> dict[str, Any] | None:
    if samples is None or not len(samples):
        return None
    return asdict(loudness(samples, sampling_rate))


def _extract(samples: Samples | None, sampling_rate: int) -> dict[str, Part]:
    """The first seconds as a file that anybody can play."""
    if samples is None or not len(samples) or sampling_rate <= 0:
        return {}
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sampling_rate)
        first = np.clip(samples[: _EXTRACT_S * sampling_rate] * 32767, -32768, 32767)
        file.writeframes(first.astype("<i2").tobytes())
    return {"sound.wav": Part.of(out.getvalue(), "audio/wav")}
