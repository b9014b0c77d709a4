"""Players that nobody here wrote: ffprobe, ffmpeg and GStreamer."""

import asyncio
import json
import re
import shutil

import numpy as np
import pytest

from tests.simulators.rtsp_bench import serving, small_state


def tool(name):
    path = shutil.which(name)
    assert path, f"{name} is needed for this test: install it (see CONTRIBUTING)"
    return path


async def run(*command, seconds=25.0):
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.fail(f"{command[0]} took longer than {seconds} s")
    return process.returncode, out.decode(), err.decode()


def address(state, path="/main", scheme="rtsp", password=None):
    secret = state.password if password is None else password
    return f"{scheme}://{state.user}:{secret}@{state.address}:{state.ports[scheme]}{path}"


async def probe(state, *options, path="/main", scheme="rtsp"):
    """What ffprobe counts in two seconds, by kind of stream."""
    code, out, err = await run(
        tool("ffprobe"),
        *("-v", "error", *options, "-count_frames", "-read_intervals", "%+2"),
        *("-show_streams", "-of", "json", address(state, path, scheme)),
    )
    assert code == 0, err
    return {one["codec_type"]: one for one in json.loads(out)["streams"]}, err


def coded(encoding):
    """A camera of 320x184: RFC 2435 tells sizes in steps of eight."""
    state = small_state()
    state.main.encoding, state.main.height = encoding, 184
    return state


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_ffprobe_plays_every_codec(transport):
    names = {"H264": "h264", "H265": "hevc", "JPEG": "mjpeg"}

    async def play(encoding):
        state = coded(encoding)
        async with serving(state):
            return await probe(state, "-rtsp_transport", transport)

    played = await asyncio.gather(*map(play, names))
    for codec, (streams, errors) in zip(names.values(), played, strict=True):
        video, audio = streams["video"], streams["audio"]
        assert (video["codec_name"], video["width"], video["height"]) == (codec, 320, 184)
        assert 45 <= int(video["nb_read_frames"]) <= 55
        assert (audio["codec_name"], audio["sample_rate"]) == ("pcm_alaw", "8000")
        assert errors == ""


async def test_ffmpeg_plays_over_tls():
    state = small_state()
    async with serving(state):
        streams, errors = await probe(state, scheme="rtsps")
    assert int(streams["video"]["nb_read_frames"]) >= 45
    assert errors == ""


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_gstreamer_plays_every_codec(transport):
    elements = {
        "H264": "rtph264depay ! h264parse ! avdec_h264",
        "H265": "rtph265depay ! h265parse ! avdec_h265",
        "JPEG": "rtpjpegdepay ! jpegdec",
    }

    async def play(encoding):
        state = coded(encoding)
        source = f"rtspsrc location={{}} protocols={transport} ! {elements[encoding]}"
        sink = "! fakesink num-buffers=40 silent=false"
        async with serving(state):
            pipeline = f"{source.format(address(state))} {sink}"
            return await run(tool("gst-launch-1.0"), "-v", *pipeline.split())

    for code, out, err in await asyncio.gather(*map(play, elements)):
        assert code == 0, err
        assert len(re.findall("chain", out)) == 40
        assert "width=(int)320, height=(int)184" in out


@pytest.mark.parametrize(
    ("behaviours", "codec", "rate"),
    [
        (["g711u"], "pcm_mulaw", "8000"),
        (["g726"], "adpcm_g726le", "8000"),
        (["aac-only"], "aac", "16000"),
    ],
)
async def test_ffmpeg_decodes_the_sound_to_a_tone_of_1_khz(behaviours, codec, rate, tmp_path):
    state = small_state(*behaviours)
    path = tmp_path / "sound.raw"
    async with serving(state):
        code, _, err = await run(
            tool("ffmpeg"),
            *("-v", "info", "-nostdin", "-rtsp_transport", "tcp", "-i", address(state), "-vn"),
            *("-t", "1.5", "-f", "s16le", "-ar", rate, str(path)),
        )
    assert code == 0, err
    assert f"Audio: {codec}" in err
    samples = np.fromfile(path, np.int16)[int(rate) // 2 :].astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert spectrum.argmax() * float(rate) / len(samples) == pytest.approx(1000, abs=5)
    assert np.sqrt((samples**2).mean()) > 2000


async def test_ffmpeg_is_refused_with_a_wrong_password_and_served_with_two_challenges():
    state = small_state("sha256-digest")
    async with serving(state):
        code, _, err = await run(
            tool("ffprobe"), "-v", "error", address(state, password="wrong"), seconds=10
        )
        assert code != 0
        assert "401" in err
        streams, _ = await probe(state, "-rtsp_transport", "tcp")
    assert streams["video"]["codec_name"] == "h264"


async def test_ffmpeg_does_not_decode_what_is_called_undecodable():
    state = small_state("undecodable-h264")
    async with serving(state):
        code, out, _ = await run(
            tool("ffprobe"),
            *("-v", "error", "-rtsp_transport", "tcp", "-count_frames", "-read_intervals", "%+1"),
            *(
                "-analyzeduration",
                "1000000",
                "-select_streams",
                "v",
                "-show_entries",
                "stream=nb_read_frames",
                "-of",
                "csv",
            ),
            address(state),
        )
    found = re.search(r"stream,(\d+)", out)
    assert code != 0 or found is None or int(found[1]) == 0


async def test_ffprobe_sees_the_sizes_of_defective_cameras():
    names = {
        "cropped-1920x1072": (1920, 1072, "1:1"),
        "anamorphic-1440x1080": (1440, 1080, "4:3"),
        "claims-1080p-streams-720p": (1280, 720, "1:1"),
    }

    async def seen(name):
        state = small_state(name)
        state.main.width, state.main.height = 1920, 1080
        async with serving(state):
            streams, _ = await probe(state, "-rtsp_transport", "tcp")
        video = streams["video"]
        return video["width"], video["height"], video["sample_aspect_ratio"]

    assert await asyncio.gather(*map(seen, names)) == list(names.values())
