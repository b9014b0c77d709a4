"""What we build is decoded by another program: every picture, with its time."""

import io
import json
import subprocess

import av
import pytest

from protocols.mpeg_ps import ProgramStreamBuilder
from tests.protocols.mpeg_ps.material import FIRST, SOUND, STEP, clip, stream


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_ffprobe_decodes_every_picture_at_its_time(codec, tmp_path):
    path = tmp_path / "built.mpg"
    path.write_bytes(b"".join(stream(codec, audio=None)))
    command = ["ffprobe", "-v", "error", "-f", "mpeg", "-show_entries", "frame=pts,key_frame,width"]
    done = subprocess.run(
        [*command, "-show_streams", "-of", "json", str(path)], capture_output=True, check=True
    )
    assert done.stderr == b""
    told = json.loads(done.stdout)
    assert told["streams"][0]["codec_name"] == {"H264": "h264", "H265": "hevc"}[codec]
    assert told["streams"][0]["id"] == "0x1e0"
    units = clip(codec).access_units
    assert [frame["pts"] for frame in told["frames"]] == [
        FIRST + STEP * number for number in range(len(units))
    ]
    assert [bool(frame["key_frame"]) for frame in told["frames"]] == [unit.key for unit in units]


def test_the_decoder_of_ffmpeg_plays_the_sound():
    """Of the G.711 types it knows 90H only."""
    with av.open(io.BytesIO(b"".join(stream())), format="mpeg") as opened:
        assert opened.streams.audio[0].codec_context.name == "pcm_alaw"
        packets = [packet for packet in opened.demux(audio=0) if packet.size]
        assert b"".join(map(bytes, packets)) == SOUND * len(clip().access_units)
        assert packets[0].pts == FIRST
        samples = sum(frame.samples for packet in packets for frame in packet.decode())
    assert samples == len(SOUND) * len(clip().access_units)


def test_sound_needs_a_stream_made_for_it():
    with pytest.raises(ValueError, match="without sound"):
        ProgramStreamBuilder("H264").sound(b"\xd5", 0)
