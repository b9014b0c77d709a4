from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from protocols.rtp import parse_rtp
from visits.key_picture import key_picture


def packets(encoding: str, *, key: bool = True, first: int = 65_530) -> list[bytes]:
    """Six pictures coded by FFmpeg and packetised by FFmpeg's own RTP muxer."""
    codec = {"H264": "libx264", "H265": "libx265", "JPEG": "mjpeg"}[encoding]
    sent = RtpSink()
    options = {"seq": str(first)}
    with av.open(sent, "w", format="rtp", options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = 320, 240
        stream.pix_fmt = "yuvj420p" if encoding == "JPEG" else "yuv420p"
        stream.time_base = Fraction(1, 25)
        if encoding == "H264":
            stream.options = {"x264-params": "bframes=0:keyint=30"}
        if encoding == "H265":
            stream.options = {"x265-params": "bframes=0:keyint=30:log-level=none"}
        noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, number, 1), "rgb24")
            frame.pts = number
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    found = [one for one in sent.packets if not 192 <= one[1] <= 223]
    if key:
        return found
    start = parse_rtp(found[0]).timestamp
    return [one for one in found if parse_rtp(one).timestamp != start]


class RtpSink(io.RawIOBase):
    """Takes what FFmpeg's RTP muxer writes, one packet a call."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:  # type: ignore[no-untyped-def,override]
        self.packets.append(bytes(data))
        return len(data)


@pytest.mark.parametrize("encoding", ["H264", "H265"])
def test_no_data_no_picture(encoding: str) -> None:
    assert key_picture([], encoding, {}) is None
    assert key_picture([b"", b"\x80", b"\x80\x60" + bytes(10), bytes(50)], encoding, {}) is None
    assert key_picture([], "VP8", {}) is None
    assert key_picture([], "JPEG", {}) is None


@pytest.mark.parametrize("encoding", ["H264", "H265", "JPEG"])
def test_the_key_picture_of_a_stream_that_ffmpeg_sends(encoding: str) -> None:
    sent = packets(encoding)
    found = key_picture(sent, encoding, {})
    assert found is not None
    with Image.open(io.BytesIO(found)) as image:
        assert image.size == (320, 240)


@pytest.mark.parametrize("encoding", ["H264", "H265"])
def test_a_stream_without_a_key_picture_proves_nothing(encoding: str) -> None:
    assert key_picture(packets(encoding, key=False), encoding, {}) is None


@pytest.mark.parametrize("encoding", ["H264", "H265", "JPEG"])
def test_packets_out_of_order_within_a_picture_are_put_in_order(encoding: str) -> None:
    sent = packets(encoding)
    start = parse_rtp(sent[0]).timestamp
    size = sum(parse_rtp(one).timestamp == start for one in sent)
    assert size > 1
    shuffled = sent[:size][::-1]
    assert key_picture(shuffled, encoding, {}) is not None


@pytest.mark.parametrize("encoding", ["H264", "JPEG"])
def test_scrambled_payloads_prove_nothing(encoding: str) -> None:
    noise = np.random.default_rng(2).integers(0, 255, 4000, np.uint8).tobytes()
    scrambled = [one[:12] + noise[: len(one) - 12] for one in packets(encoding)]
    assert key_picture(scrambled, encoding, {}) is None
