"""Sound: codec, decoding, loudness and sampling rate against known truth and ffmpeg."""

import subprocess

import numpy as np
import pytest

from assessment.reason import Reason
from probes.audio import loudness, measure_audio
from simulators.camera.sound import make_sound
from tests.stream_recordings import (
    AUDIO_PORTS,
    START_S,
    Sender,
    audio_track,
    sealed_stream,
)

NAMES = {
    "PCMA": "G.711A",
    "PCMU": "G.711U",
    "G726": "G.726",
    "G7221": "G.722.1",
    "AAC": "AAC",
}


def recording_of(sound, *, seconds=10.0, jitter_s=0.01, lose=(), stretch=1.0, **track):
    random = np.random.default_rng(5)
    sender = Sender(payload_type=sound.format.payload_type, ports=AUDIO_PORTS, lose=lose)
    for index in range(int(seconds / sound.packet_s)):
        at = START_S + index * sound.packet_s * stretch + random.uniform(0, jitter_s)
        payload = sound.payloads[index % len(sound.payloads)]
        sender.packet(round(at * 1e9), 2**32 - 9000 + index * sound.ticks, payload, False)
    facts = audio_track(sound.format.name, sound.format.payload_type, sound.format.clock_rate)
    return sealed_stream([sender], [{**facts, "format": sound.format.format, **track}])


@pytest.mark.parametrize("encoding", list(NAMES))
def test_each_codec_is_named_and_keeps_its_rate(encoding):
    sound = make_sound(encoding)
    measured = measure_audio(recording_of(sound))
    assert measured.value == NAMES[encoding]
    assert measured.spoilt is None
    details = measured.details
    assert details["structure_agrees"]
    assert details["rate_agrees"]
    rate = sound.format.clock_rate
    for name in ("sampling_rate", "media_clock"):
        value, lower, upper = details[name]
        assert lower <= rate <= upper or value == pytest.approx(rate, rel=2e-4)
    if encoding == "G7221":
        assert not details["decodable"]
        assert details["loudness"] is None
        return
    assert details["loudness"]["content"] == "sound"
    assert details["loudness"]["rms_dbfs"] == pytest.approx(-17.2, abs=0.8)
    assert details["decoded_s"] == pytest.approx(10, abs=0.2)
    assert measured.evidence["sound.wav"].size > 40_000


@pytest.mark.parametrize("encoding", ["PCMA", "PCMU", "G726", "AAC"])
def test_digital_silence_is_heard_as_such(encoding):
    measured = measure_audio(recording_of(make_sound(encoding, silent=True)))
    assert measured.details["loudness"]["content"] == "digital-silence"


@pytest.mark.parametrize("encoding", ["PCMA", "PCMU"])
def test_another_sampling_rate_than_declared_is_found(encoding):
    measured = measure_audio(recording_of(make_sound(encoding, wrong_rate=True)))
    assert not measured.details["rate_agrees"]
    assert measured.details["sampling_rate"][0] == pytest.approx(16_000, rel=1e-3)
    assert measured.details["media_clock"][0] == pytest.approx(16_000, rel=1e-3)


def test_a_media_clock_that_only_its_timestamps_betray():
    sound = make_sound("PCMA")
    measured = measure_audio(recording_of(sound, stretch=0.5))
    assert not measured.details["rate_agrees"]
    assert measured.details["sampling_rate"][0] == pytest.approx(16_000, rel=2e-3)


def test_a_crystal_off_by_100_ppm_agrees():
    assert measure_audio(recording_of(make_sound("PCMA"), stretch=1.0001)).details["rate_agrees"]


def test_lost_packets_do_not_slow_the_flow():
    lose = set(np.flatnonzero(np.random.default_rng(1).random(250) < 0.05).tolist())
    measured = measure_audio(recording_of(make_sound("PCMA"), lose=lose))
    assert measured.details["rate_agrees"]
    assert measured.details["sampling_rate"][0] == pytest.approx(8000, rel=1e-3)


@pytest.mark.parametrize(
    ("encoding", "claimed"),
    [("PCMA", "G726-32"), ("G726", "PCMA"), ("AAC", "PCMU"), ("PCMA", "MPEG4-GENERIC")],
)
def test_payloads_of_another_form_are_not_what_is_claimed(encoding, claimed):
    sound = make_sound(encoding)
    measured = measure_audio(recording_of(sound, encoding=claimed))
    assert measured.value == "unknown"
    assert not measured.details["structure_agrees"]
    assert measured.details["loudness"] is None


def test_a_static_payload_type_needs_no_name():
    assert measure_audio(recording_of(make_sound("PCMU"), encoding="")).value == "G.711U"


def test_comfort_noise_packets_are_neither_loss_nor_sound():
    sound = make_sound("PCMA")
    sender = Sender(payload_type=8, ports=AUDIO_PORTS)
    for index in range(250):
        sender.payload_type = 13 if index % 10 == 9 else 8
        payload = b"\x40" if index % 10 == 9 else sound.payloads[index % len(sound.payloads)]
        sender.packet(round((START_S + index * 0.04) * 1e9), index * 320, payload, False)
    measured = measure_audio(sealed_stream([sender], [audio_track("PCMA", 8, 8000)]))
    assert measured.value == "G.711A"
    assert measured.details["comfort_noise_packets"] == 25
    assert measured.details["loss"]["lost"] == 0


def test_loudness_of_known_samples():
    random = np.random.default_rng(1)
    seconds = np.arange(24_000) / 8000
    tone = loudness(0.1 * np.sin(2 * np.pi * 440 * seconds), 8000)
    assert tone.rms_dbfs == pytest.approx(-23.0, abs=0.1)
    assert tone.peak_dbfs == pytest.approx(-20.0, abs=0.1)
    assert tone.content == "sound"
    assert loudness(random.normal(0, 0.001, 24_000), 8000).content == "steady-noise"
    speech = random.normal(0, 0.002, 24_000) * (np.sin(2 * np.pi * seconds) > 0.3)
    assert loudness(speech, 8000).content == "sound"
    assert loudness(np.full(24_000, 8 / 32768), 8000).content == "digital-silence"
    assert loudness(np.zeros(24_000), 8000).rms_dbfs == -120.0


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("PCMA", ["-f", "alaw", "-ar", "8000"]),
        ("PCMU", ["-f", "mulaw", "-ar", "8000"]),
        ("G726", ["-f", "g726le", "-code_size", "4", "-sample_rate", "8000"]),
    ],
)
def test_the_decoded_level_agrees_with_ffmpeg(encoding, options, tmp_path):
    sound = make_sound(encoding)
    coded = tmp_path / "sound"
    coded.write_bytes(b"".join(sound.payloads))
    said = subprocess.run(
        ["ffmpeg", "-hide_banner", *options, "-i", coded, "-af", "volumedetect", "-f", "null", "-"],
        capture_output=True,
        check=True,
        text=True,
    ).stderr
    level = float(said.split("mean_volume:")[1].split("dB")[0])
    seconds = len(sound.payloads) * sound.packet_s + 0.001
    measured = measure_audio(recording_of(sound, seconds=seconds))
    assert measured.details["loudness"]["rms_dbfs"] == pytest.approx(level, abs=0.3)


@pytest.mark.parametrize(
    ("recording", "code"),
    [
        (sealed_stream([], []), "audio.no-audio"),
        (sealed_stream([], [audio_track("PCMA", 8, 8000)]), "audio.no-packets"),
        (sealed_stream([], [], problem=Reason("visit.refused")), "visit.refused"),
        (recording_of(make_sound("PCMA"), seconds=0.2), "audio.too-few-packets"),
    ],
    ids=["no-audio", "no-packets", "refused", "too-few"],
)
def test_without_data_the_reason_is_told(recording, code):
    measured = measure_audio(recording)
    assert measured.value is None
    assert measured.spoilt.code == code


@pytest.mark.parametrize("clock_rate", [0, -5, 8000])
@pytest.mark.parametrize("encoding", ["PCMA", "G726-32", "MPEG4-GENERIC", "G7221", "OPUS", ""])
def test_strange_descriptions_never_raise(clock_rate, encoding):
    sound = make_sound("PCMA")
    for text in ("", "config=zz;sizelength=99;bitrate=x", "sizelength=0;indexlength=0"):
        recording = recording_of(
            sound, seconds=2, encoding=encoding, clock_rate=clock_rate, format=text
        )
        measure_audio(recording)
