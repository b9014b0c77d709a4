"""Stream recordings with a known truth, for the tests of every probe that looks at a stream.

Pictures are encoded with PyAV, packed by a small packetiser of this file, and put into a capture
with timing, jitter, loss and wraps set by hand::

    clip = encode(moving_frames(50), codec="H264", gop=25)
    recording = stream_recording(clip, times=steady_times(50, jitter_s=0.03, seed=1))

Timing alone needs no codec: ``timing_recording(times)``.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from assessment.reason import Reason
from assessment.recording import Part, Recording
from protocols.pcap import udp_datagram, write_pcap
from protocols.rtcp import SenderReport, build_rtcp, ntp_timestamp

DEVICE, HARNESS = "127.13.0.1", "127.13.0.2"
VIDEO_PORTS, AUDIO_PORTS = (50_000, 50_001), (50_002, 50_003)
START_S = 1_770_000_000.0
SSRC = 0x13572468


@dataclass(frozen=True)
class CodedPicture:
    """One coded picture: annex-B NAL units or a JPEG file."""

    data: bytes
    key: bool
    codec: str


def moving_frames(
    count: int, width: int = 320, height: int = 180, *, repeat_every: int = 0, seed: int = 0
) -> list[np.ndarray]:
    """BGR frames of a coloured texture that moves, with noise of its own in every frame.

    With ``repeat_every`` = n, each n-th frame is a copy of the one before.
    """
    random = np.random.default_rng(seed)
    small = random.integers(0, 255, (height // 4 + 40, width // 4 + 40, 3), np.uint8)
    texture = cv2.resize(small, (width + 160, height + 160), interpolation=cv2.INTER_CUBIC)
    frames: list[np.ndarray] = []
    for index in range(count):
        if repeat_every and index % repeat_every == repeat_every - 1:
            frames.append(frames[-1])
            continue
        x, y = (3 * index) % 160, (2 * index) % 160
        frame = texture[y : y + height, x : x + width].astype(np.int16)
        frame += random.integers(-4, 5, frame.shape, np.int16)
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return frames


def static_frames(
    count: int, width: int = 320, height: int = 180, *, noise: int = 0, seed: int = 0
) -> list[np.ndarray]:
    """BGR frames of a still texture, with uniform noise of +-``noise`` grey levels."""
    random = np.random.default_rng(seed)
    still = moving_frames(1, width, height, seed=seed)[0].astype(np.int16)
    return [
        np.clip(still + random.integers(-noise, noise + 1, still.shape), 0, 255).astype(np.uint8)
        for _ in range(count)
    ]


def encode(
    frames: Iterable[np.ndarray],
    *,
    codec: str = "H264",
    fps: float = 25,
    gop: int = 25,
    bit_rate: int | None = None,
    options: Mapping[str, str] | None = None,
    pixel_format: str | None = None,
    sample_aspect: Fraction | None = None,
) -> list[CodedPicture]:
    """Encode BGR frames as ``H264``, ``H265`` or ``JPEG``; parameter sets before each key."""
    frames = list(frames)
    if codec == "JPEG":
        return [CodedPicture(jpeg_file(frame), True, codec) for frame in frames]
    height, width = frames[0].shape[:2]
    context = av.CodecContext.create({"H264": "libx264", "H265": "libx265"}[codec], "w")
    context.width, context.height = width, height
    context.pix_fmt = pixel_format or "yuv420p"
    context.time_base = Fraction(1, 90_000)
    context.framerate = Fraction(fps).limit_denominator(1001)
    context.gop_size = gop
    context.max_b_frames = 0
    if sample_aspect is not None:
        context.sample_aspect_ratio = sample_aspect
    if bit_rate:
        context.bit_rate = bit_rate
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        **({"x265-params": "log-level=error:repeat-headers=1"} if codec == "H265" else {}),
        **(options or {}),
    }
    pictures: list[CodedPicture] = []
    for index, image in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=context.pix_fmt)
        frame.pts = round(index * 90_000 / fps)
        pictures += [_coded(packet, codec) for packet in context.encode(frame)]
    pictures += [_coded(packet, codec) for packet in context.encode(None)]
    return pictures


def _coded(packet: Any, codec: str) -> CodedPicture:
    return CodedPicture(bytes(packet), bool(packet.is_keyframe), codec)


def jpeg_file(frame: np.ndarray, quality: int = 80, restart_rows: int = 0) -> bytes:
    """A baseline 4:2:0 JPEG with the standard Huffman tables, as RFC 2435 needs it."""
    out = io.BytesIO()
    extra: dict[str, Any] = {"restart_marker_rows": restart_rows} if restart_rows else {}
    Image.fromarray(frame[:, :, ::-1]).save(
        out, "JPEG", quality=quality, subsampling="4:2:0", **extra
    )
    return out.getvalue()


# --- packing ---------------------------------------------------------------------------------


def pack(picture: CodedPicture, mtu: int = 1400) -> list[bytes]:
    """RTP payloads of one coded picture."""
    if picture.codec == "JPEG":
        return _pack_jpeg(picture.data, mtu)
    payloads: list[bytes] = []
    for unit in _annex_b(picture.data):
        payloads += _pack_nal(unit, picture.codec, mtu)
    return payloads


def _annex_b(data: bytes) -> list[bytes]:
    pieces = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [piece for piece in pieces if piece]


def _pack_nal(unit: bytes, codec: str, mtu: int) -> list[bytes]:
    if len(unit) <= mtu:
        return [unit]
    if codec == "H264":
        prefix, kind, body = bytes([unit[0] & 0xE0 | 28]), unit[0] & 0x1F, unit[1:]
    else:
        prefix, kind, body = bytes([unit[0] & 0x81 | 49 << 1, unit[1]]), unit[0] >> 1, unit[2:]
    pieces = [body[at : at + mtu] for at in range(0, len(body), mtu)]
    return [
        prefix
        + bytes([kind | (0x80 if at == 0 else 0) | (0x40 if at == len(pieces) - 1 else 0)])
        + piece
        for at, piece in enumerate(pieces)
    ]


def _pack_jpeg(data: bytes, mtu: int) -> list[bytes]:
    """RFC 2435 with the quantisation tables in band (Q 255)."""
    tables, interval, at = b"", 0, 2
    width = height = 0
    while data[at + 1] != 0xDA:
        length = struct.unpack_from(">H", data, at + 2)[0]
        body = data[at + 4 : at + 2 + length]
        if data[at + 1] == 0xDB:
            while body:
                tables, body = tables + body[1:65], body[65:]
        elif data[at + 1] == 0xC0:
            height, width = struct.unpack_from(">HH", body, 1)
        elif data[at + 1] == 0xDD:
            interval = struct.unpack(">H", body)[0]
        at += 2 + length
    scan = data[at + 2 + struct.unpack_from(">H", data, at + 2)[0] :]
    kind = 65 if interval else 1
    payloads = []
    for offset in range(0, len(scan), mtu):
        head = struct.pack(">IBBBB", offset, kind, 255, -(-width // 8), -(-height // 8))
        if interval:
            head += struct.pack(">HH", interval, 0xFFFF)
        if offset == 0:
            head += struct.pack(">xBH", 0, len(tables)) + tables
        payloads.append(head + scan[offset : offset + mtu])
    return payloads


# --- timing ----------------------------------------------------------------------------------


def steady_times(
    count: int, fps: float = 25.0, *, jitter_s: float = 0.0, seed: int = 0, start_s: float = START_S
) -> np.ndarray:
    """Arrival times of ``count`` pictures, POSIX seconds, each late by 0 to ``jitter_s``."""
    random = np.random.default_rng(seed)
    return start_s + np.arange(count) / fps + random.uniform(0, jitter_s, count)


@dataclass
class Sender:
    """Builds the frames of a capture: one RTP sender of the device.

    Attributes:
        lose: sequence positions (0 = first packet) that never arrive.
    """

    payload_type: int = 96
    ports: tuple[int, int] = VIDEO_PORTS
    sequence: int = 1000
    ssrc: int = SSRC
    lose: Collection[int] = ()
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    sent: int = 0
    octets: int = 0

    def packet(self, time_ns: int, timestamp: int, payload: bytes, marker: bool) -> None:
        """Send one RTP packet that arrives at ``time_ns``."""
        header = struct.pack(
            ">BBHII",
            0x80,
            self.payload_type | (0x80 if marker else 0),
            (self.sequence + self.sent) & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            self.ssrc,
        )
        if self.sent not in self.lose:
            self.frames.append((time_ns, self._datagram(0, header + payload)))
        self.sent += 1
        self.octets += len(payload)

    def report(self, time_ns: int, camera_time_s: float, timestamp: int) -> None:
        """Send a sender report that says ``camera_time_s`` and ``timestamp``."""
        said = SenderReport(
            ssrc=self.ssrc,
            ntp_time=camera_time_s,
            ntp_timestamp=ntp_timestamp(camera_time_s),
            rtp_timestamp=timestamp & 0xFFFFFFFF,
            packet_count=self.sent,
            octet_count=self.octets,
        )
        self.frames.append((time_ns, self._datagram(1, build_rtcp(said, "camera"))))

    def _datagram(self, which: int, payload: bytes) -> bytes:
        port = self.ports[which]
        return udp_datagram((DEVICE, port), (HARNESS, port), payload)


def video_track(codec: str = "H264", **changes: Any) -> dict[str, Any]:
    """The facts of a video track."""
    return {
        "media": "video",
        "payload_type": 96,
        "encoding": codec,
        "clock_rate": 90_000,
        "channels": 1,
        "format": "",
        "rtp_port": VIDEO_PORTS[0],
        "rtcp_port": VIDEO_PORTS[1],
        **changes,
    }


def audio_track(
    encoding: str, payload_type: int, clock_rate: int, **changes: Any
) -> dict[str, Any]:
    """The facts of an audio track."""
    return {
        "media": "audio",
        "payload_type": payload_type,
        "encoding": encoding,
        "clock_rate": clock_rate,
        "channels": 1,
        "format": "",
        "rtp_port": AUDIO_PORTS[0],
        "rtcp_port": AUDIO_PORTS[1],
        **changes,
    }


def sealed_stream(
    senders: Sequence[Sender],
    tracks: Sequence[Mapping[str, Any]],
    *,
    kind: str = "stream:day",
    problem: Reason | None = None,
    **facts: Any,
) -> Recording:
    """A stream recording of what the senders sent, in order of arrival."""
    frames = sorted((f for sender in senders for f in sender.frames), key=lambda each: each[0])
    first = frames[0][0] if frames else round(START_S * 1e9)
    last = frames[-1][0] if frames else first
    return Recording(
        kind=kind,
        subject="camera-1",
        started=datetime.fromtimestamp(first / 1e9, UTC),
        ended=datetime.fromtimestamp(last / 1e9, UTC),
        facts={
            "transport": "udp",
            "profile": None,
            "tracks": [dict(track) for track in tracks],
            "asked_seconds": 10,
            "first_packet_s": 0.1,
            "end": "complete",
            "light": {"level": "day", "source": "device"},
            "reference": {"error_s": 0.001, "source": "test"},
            "round_trip_s": 0.004,
            **facts,
        },
        parts={
            "packets.pcap": Part.of(write_pcap(frames), "application/vnd.tcpdump.pcap"),
            "session.sdp": Part.of(b"v=0\r\n", "application/sdp"),
        },
        problem=problem,
    )


def stream_recording(
    pictures: Sequence[CodedPicture],
    *,
    times: Sequence[float] | np.ndarray | None = None,
    timestamps: Sequence[int] | np.ndarray | None = None,
    first_timestamp: int = 12_345,
    first_sequence: int = 1000,
    lose: Collection[int] = (),
    mtu: int = 1400,
    encoding: str | None = None,
    reports: bool = True,
    **facts: Any,
) -> Recording:
    """A stream recording of coded pictures, picture i arriving at ``times[i]`` (POSIX seconds).

    ``timestamps`` are RTP ticks relative to ``first_timestamp`` (default 3600 a picture).
    ``lose`` names packets by their position. ``encoding`` is what the SDP claims.
    """
    arrival = steady_times(len(pictures)) if times is None else np.asarray(times)
    ticks = 3600 * np.arange(len(pictures)) if timestamps is None else np.asarray(timestamps)
    sender = Sender(sequence=first_sequence, lose=lose)
    next_report = float(arrival[0]) if len(arrival) else 0.0
    for picture, time_s, tick in zip(pictures, arrival, ticks, strict=True):
        time_ns = round(float(time_s) * 1e9)
        timestamp = first_timestamp + int(tick)
        if reports and time_s >= next_report:
            sender.report(time_ns, float(time_s), timestamp)
            next_report = float(time_s) + 5
        payloads = pack(picture, mtu)
        for position, payload in enumerate(payloads):
            at = time_ns + position * 20_000
            sender.packet(at, timestamp, payload, position == len(payloads) - 1)
    codec = pictures[0].codec if pictures else "H264"
    return sealed_stream([sender], [video_track(encoding or codec)], **facts)


def timing_recording(
    times: Sequence[float] | np.ndarray,
    *,
    sizes: Sequence[int] | np.ndarray | None = None,
    **arguments: Any,
) -> Recording:
    """As ``stream_recording``, with pictures that look like H.264 but cannot be decoded."""
    lengths = [900] * len(times) if sizes is None else [int(size) for size in sizes]
    pictures = [
        CodedPicture(b"\0\0\0\1\x41" + b"\x9a" * max(1, length - 1), False, "H264")
        for length in lengths
    ]
    return stream_recording(pictures, times=times, **arguments)


@lru_cache(maxsize=16)
def standard_clip(
    codec: str = "H264", count: int = 50, width: int = 320, height: int = 180
) -> tuple[CodedPicture, ...]:
    """An encoded clip of the moving texture, key pictures every 25, encoded once per run."""
    return tuple(encode(moving_frames(count, width, height), codec=codec))
