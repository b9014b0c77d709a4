"""Captures for the tests of the wire: real coded video in whatever wrapping a test asks for."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import av
import cv2
import numpy as np

from assessment.measurement import Measurement
from assessment.recording import Part, Recording
from probes.wire_privacy import measure_wire_privacy
from protocols.mpeg_ps import ProgramStreamBuilder
from protocols.mpeg_ps.build import NO_FLAWS, Flaws
from protocols.pcap import LINKTYPE_RAW, udp_datagram, write_pcap
from protocols.recorded_streams import RecordedStream
from protocols.rtp_packetise import (
    nal_units,
    packetise_h264,
    packetise_h265,
    packetise_jpeg,
    rtp_header,
)
from protocols.rtp_stream import packetise_program_stream
from simulators.camera import clips
from simulators.camera.encoders import Clip, ClipSpec, jpeg, picture

CAMERA, PLATFORM, HARNESS, STRANGER = "127.16.9.1", "127.16.9.2", "127.16.9.3", "127.16.9.4"
START = 1_770_000_000_000_000_000
H264 = ClipSpec(width=640, height=360, seconds=2.0, bitrate_kbps=1000, gop=25)
H265 = ClipSpec(codec="H265", width=640, height=360, seconds=3.0, bitrate_kbps=600, gop=25)
MJPEG = ClipSpec(codec="JPEG", width=640, height=360, seconds=1.0, fps=5.0)


@cache
def clip(spec: ClipSpec = H264) -> Clip:
    return clips.encode(spec)


@cache
def rtp(spec: ClipSpec = H264, largest: int = 1200) -> tuple[tuple[float, bytes], ...]:
    """(seconds, RTP packet) of a clip."""
    packetise = {"H264": packetise_h264, "H265": packetise_h265}.get(spec.codec)
    found: list[tuple[float, bytes]] = []
    for number, unit in enumerate(clip(spec).access_units):
        at = number / spec.fps
        if packetise is None:
            payloads = packetise_jpeg(unit.data, largest)
        else:
            payloads = packetise(nal_units(unit.data), largest)
        for position, payload in enumerate(payloads):
            header = rtp_header(
                26 if packetise is None else 96,
                position == len(payloads) - 1,
                40_000 + len(found),
                7_000 + round(at * 90_000),
                0x5EC0DE01,
            )
            found.append((at, header + payload))
    return tuple(found)


def program_stream(
    spec: ClipSpec = H264,
    flaws: Flaws = NO_FLAWS,
    *,
    tag: int = 0,
    start: float = 0.0,
    change: Callable[[bytes], bytes] = bytes,
) -> list[tuple[float, bytes]]:
    """The clip as a program stream in RTP; ``change`` is done to every access unit."""
    builder = ProgramStreamBuilder(spec.codec, "PCMA", flaws=flaws)
    found = []
    for number, unit in enumerate(clip(spec).access_units):
        pts = 9000 + 3600 * number
        pieces = packetise_program_stream(builder.picture(change(unit.data), pts, unit.key))
        pieces.append(builder.sound(bytes([0xD5, 0x55]) * 160, pts))
        for index, piece in enumerate(pieces):
            header = rtp_header(96, index == len(pieces) - 2, len(found), pts, 0x0BEBC201)
            signed = header + piece + random.Random(len(found)).randbytes(tag)
            found.append((start + number / spec.fps, signed))
    return found


@cache
def container(name: str, spec: ClipSpec = H264) -> bytes:
    """The clip remuxed by FFmpeg: ``mpeg`` (as vob), ``mpegts``, ``flv``, ``h264``, ``hevc``."""
    raw = b"".join(unit.data for unit in clip(spec).access_units)
    form = "hevc" if spec.codec == "H265" else "h264"
    out = io.BytesIO()
    with av.open(io.BytesIO(raw), format=form) as source, av.open(out, "w", format=name) as sink:
        stream = sink.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size:
                packet.pts = packet.dts = number * 48_000
                packet.stream = stream
                sink.mux(packet)
    return out.getvalue()


def udp(
    packets: Iterable[tuple[float, bytes]],
    source: tuple[str, int] = (CAMERA, 5004),
    destination: tuple[str, int] = (PLATFORM, 6004),
) -> list[tuple[int, bytes]]:
    return [
        (START + round(at * 1e9), udp_datagram(source, destination, data)) for at, data in packets
    ]


def tcp(
    pieces: Iterable[tuple[float, bytes]],
    source: tuple[str, int] = (CAMERA, 5005),
    destination: tuple[str, int] = (PLATFORM, 6005),
    answers: Iterable[tuple[float, bytes]] = (),
) -> list[tuple[int, bytes]]:
    there = RecordedStream(source, destination, answers=False)
    back = RecordedStream(destination, source, answers=True)
    frames = [(START, there.open()), (START, back.open())]
    timed = [(at, there, data) for at, data in pieces] + [(at, back, data) for at, data in answers]
    for at, stream, data in sorted(timed, key=lambda item: item[0]):
        frames += [(START + round(at * 1e9), segment) for segment in stream.data(data)]
    return frames


def spread(data: bytes, seconds: float = 2.0, size: int = 4096) -> list[tuple[float, bytes]]:
    count = max(len(data) // size, 1)
    return [
        (number * seconds / count, data[number * size : (number + 1) * size])
        for number in range(count + 1)
        if data[number * size : (number + 1) * size]
    ]


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def recording(content: bytes | Iterable[tuple[int, bytes]], **facts: Any) -> Recording:
    if not isinstance(content, bytes):
        content = write_pcap(sorted(content, key=lambda frame: frame[0]), LINKTYPE_RAW)
    known = {
        "method": "file",
        "where": "test.pcap",
        "filter": "",
        "own_addresses": [HARNESS],
        "camera": CAMERA,
        "platform": [PLATFORM],
        "seconds": 2.0,
        "dropped": 0,
    }
    part = Part.of(content, "application/vnd.tcpdump.pcap")
    now = datetime(2026, 2, 2, tzinfo=UTC)
    return Recording("wire", "P1", now, now, known | facts, {"capture.pcap": part})


def measure(content: bytes | Iterable[tuple[int, bytes]], **facts: Any) -> Measurement:
    return measure_wire_privacy(recording(content, **facts))


def reason(measured: Measurement) -> str:
    """The code of what the measurement found, or of what spoilt it."""
    if measured.spoilt is not None:
        return measured.spoilt.code
    found = measured.details.get("reason")
    return found["code"] if found else ""


def flow(measured: Measurement, name: str = "") -> dict[str, Any]:
    """The first listed flow, of class ``name`` if given."""
    return next(one for one in measured.details["flows"] if not name or one["class"] == name)


def likeness(measured: Measurement, spec: ClipSpec = H264, index: int = 0) -> float:
    """PSNR in dB of the first rebuilt picture against the picture that was filmed."""
    name = next(name for name in measured.evidence if name.startswith("picture"))
    rebuilt = cv2.imdecode(np.frombuffer(measured.evidence[name].read(), np.uint8), 1)
    filmed = picture(spec, index)
    assert rebuilt.shape == filmed.shape
    return float(cv2.PSNR(rebuilt, np.asarray(filmed, np.uint8)))


def snapshot(spec: ClipSpec = H264) -> bytes:
    return jpeg(spec, picture(spec, 0))
