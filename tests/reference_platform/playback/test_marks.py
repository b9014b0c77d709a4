"""The asking user's mark in what is played and in what is saved, read by another's eyes."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest

from probes.text_reading import find_lines
from reference_platform.media.decoding import Picture, PictureDecoder
from reference_platform.media.limits import MediaLimits
from reference_platform.media.units import VideoCodec
from reference_platform.media.watermark import WatermarkStamp
from reference_platform.playback.export import Mp4Writer
from reference_platform.playback.pictures import ViewerTrack
from reference_platform.recording.planting import Planted, coded, read_bars
from tests.reference_platform.playback.bench import CHANNEL, NOON

STAMP = WatermarkStamp("张三丰/zhangsan", "K7M4QXA")
NOW = 1_795_744_800.0  # 2026-11-27 10:00:00 in Beijing


def _pictures(codec: VideoCodec) -> list[Picture]:
    planted = Planted(CHANNEL, width=960, height=540, codec=codec)
    decoder = PictureDecoder(MediaLimits())
    units = coded(planted, NOON, NOON + 0.5)
    return [one for unit in units for one in decoder.decode(unit)] + decoder.drain()


def _read(data: bytes) -> tuple[list[float], str]:
    """The times in the bars of all pictures, and the words in the last one."""
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(video=0))  # type: ignore[union-attr]
    times = [read_bars(frame.to_ndarray(format="gray")) - NOON for frame in frames]
    words = " ".join(line.text for line in find_lines(frames[-1].to_ndarray(format="bgr24")))
    return times, words.replace(" ", "")


def test_what_is_played_and_saved_is_marked(tmp_path: Path) -> None:
    pictures = _pictures("h265")
    track = ViewerTrack(STAMP, MediaLimits())
    played = b"".join(track.picture(one.frame, 0.1, NOW, key=False) for one in pictures)
    writer = Mp4Writer(tmp_path / "saved.mp4", STAMP)
    writer.add(pictures, NOW)
    writer.close()
    for data in (played, (tmp_path / "saved.mp4").read_bytes()):
        times, words = _read(data)
        assert times == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4], abs=0.002)
        assert "zhangsan" in words
        assert "K7M4QXA" in words
        assert "2026-11-2710:00:00" in words
