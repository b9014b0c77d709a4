"""The fragmented MP4, as ffprobe and PyAV read it."""

import io
import itertools
import json
import subprocess

import av
import pytest

from protocols.errors import ProtocolError
from reference_platform.media.decoding import PictureDecoder
from reference_platform.media.fragments import FragmentedMp4
from reference_platform.media.limits import MediaLimits
from reference_platform.media.personal_stream import PersonalStream
from reference_platform.media.units import AccessUnit
from tests.reference_platform.media.synthetic import clip, picture, read

LIMITS = MediaLimits()


def frame(number: int, size: tuple[int, int] = (384, 216)) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(picture(3, number, *size), "yuv420p")


def streamed(pts: list[int]) -> tuple[PersonalStream, list[bytes]]:
    stream = PersonalStream(None, LIMITS)
    pieces = [stream.push(frame(number), at, 0.0) for number, at in enumerate(pts)]
    return stream, [piece for piece in [*pieces, stream.flush()] if piece]


def probe(content: bytes, entries: str) -> dict:
    command = ["ffprobe", "-v", "warning", "-of", "json", "-show_entries", entries, "-i", "pipe:"]
    done = subprocess.run(command, input=content, capture_output=True, check=True, timeout=30)
    assert done.stderr == b""
    return json.loads(done.stdout)


def test_ffprobe_reads_every_picture_at_its_time() -> None:
    uneven = [0, 3600, 7200, 9000, 18_000, *range(20_000, 120_000, 3600)]
    stream, pieces = streamed([pts + 77_777 for pts in uneven])
    assert stream.position == (uneven[-1]) / 90_000
    seen = probe(b"".join(pieces), "stream=codec_name,profile,width,height:packet=pts,flags")
    found = seen["streams"][0]
    assert found["codec_name"] == "h264"
    assert found["profile"] == "Constrained Baseline"
    assert (found["width"], found["height"]) == (384, 216)
    assert [packet["pts"] for packet in seen["packets"]] == uneven
    assert ["K" in packet["flags"] for packet in seen["packets"]] == [
        index == 0 for index in range(len(uneven))
    ]


def test_the_pictures_are_those_that_went_in() -> None:
    _, pieces = streamed(list(range(0, 90_000, 3600)))
    with av.open(io.BytesIO(b"".join(pieces))) as container:
        decoded = [read(each.to_ndarray()[:216]) for each in container.decode(video=0)]
    assert decoded == [(3, number) for number in range(25)]


def test_the_first_picture_leaves_at_once_and_the_others_in_fragments() -> None:
    stream = PersonalStream(None, LIMITS)
    first = stream.push(frame(0), 0, 0.0)
    assert first[4:8] == b"ftyp"
    assert b"moof" in first
    following = [stream.push(frame(n), n * 3600, 0.0) for n in range(1, 26)]
    sent = [n for n, piece in enumerate(following, 1) if piece]
    assert all(step == 8 for step in (b - a for a, b in itertools.pairwise(sent)))
    assert all(piece[4:8] == b"moof" for piece in following if piece)
    assert stream.codec.startswith("avc1.42")


def test_a_key_picture_comes_every_two_seconds() -> None:
    stream = PersonalStream(None, LIMITS)
    content = b"".join(stream.push(frame(n), n * 18_000, 0.0) for n in range(25))
    packets = probe(content + stream.flush(), "packet=flags")["packets"]
    assert [n for n, packet in enumerate(packets) if "K" in packet["flags"]] == [0, 10, 20]


def test_a_long_pause_and_a_step_back_leave_no_hole() -> None:
    _, pieces = streamed([0, 3600, 3600 + 60 * 90_000, 100, 3700])
    packets = probe(b"".join(pieces), "packet=pts")["packets"]
    assert [packet["pts"] for packet in packets] == [0, 3600, 183_600, 187_200, 190_800]


@pytest.mark.parametrize(("step", "keys"), [(9000, [0]), (45_000, [0]), (54_000, [0, 1])])
def test_a_browser_takes_the_second_picture_for_the_first_one_s_successor(
    step: int, keys: list[int]
) -> None:
    """Or it is a key picture: the first one left before anybody knew how long it lasts."""
    _, pieces = streamed([0, step, 2 * step])
    packets = probe(b"".join(pieces), "packet=pts,flags")["packets"]
    assert [n for n, packet in enumerate(packets) if "K" in packet["flags"]] == keys
    assert [packet["pts"] for packet in packets] == [0, step, 2 * step]
    told = pieces[0].index(b"trun") + 16  # flags, count, offset; then of the first sample
    guessed = int.from_bytes(pieces[0][told : told + 4])
    assert (step <= 2 * guessed) == (keys == [0])  # Media Source Extensions, 3.5.8


def test_a_source_that_changes_its_size_goes_on_in_the_first_size() -> None:
    stream = PersonalStream(None, LIMITS)
    content = stream.push(frame(0), 0, 0.0)
    content += stream.push(frame(1, (640, 360)), 3600, 0.0) + stream.flush()
    with av.open(io.BytesIO(content)) as container:
        assert [(each.width, each.height) for each in container.decode(video=0)] == [(384, 216)] * 2


def test_without_parameter_sets_there_is_no_stream() -> None:
    with pytest.raises(ProtocolError):
        FragmentedMp4(b"\0\0\0\1\x67\x42\xc0\x28", 384, 216)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_both_codecs_are_decoded(codec: str) -> None:
    decoder = PictureDecoder(LIMITS)
    shown = []
    for number, (data, key) in enumerate(clip(codec, 5, 12, 4)):  # type: ignore[arg-type]
        unit = AccessUnit(codec, data, number * 3600, key, 100.0 + number)  # type: ignore[arg-type]
        shown += decoder.decode(unit)
    shown += decoder.drain()
    assert [read(each.frame.to_ndarray()[:216]) for each in shown] == [(5, n) for n in range(12)]
    assert [each.pts for each in shown] == [n * 3600 for n in range(12)]
    assert [each.at for each in shown] == [100.0 + n for n in range(12)]


def test_damage_costs_pictures_until_the_next_key_picture_and_no_more() -> None:
    decoder = PictureDecoder(LIMITS)
    shown = []
    for number, (data, key) in enumerate(clip("h264", 5, 12, 4)):
        broken = number in (1, 5)
        content = b"\0\0\1\x65" + bytes(range(40)) if broken else data
        shown += decoder.decode(AccessUnit("h264", content, number * 3600, key, 0.0))
    numbers = [read(each.frame.to_ndarray()[:216])[1] for each in shown]
    assert {0, 4, 8, 9, 10, 11} <= set(numbers)


def test_what_is_larger_than_viewers_may_have_is_scaled_and_never_enlarged() -> None:
    small = PictureDecoder(MediaLimits(most_width=200, most_height=1000))
    data, key = clip("h264", 5, 12, 4)[0]
    shown = small.decode(AccessUnit("h264", data, 0, key, 0.0)) + small.drain()
    assert [(each.frame.width, each.frame.height) for each in shown] == [(200, 112)]
