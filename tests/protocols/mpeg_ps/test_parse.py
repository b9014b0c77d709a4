"""Program streams read back: whole, in pieces, flawed, cut and by other programs' hands."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.mpeg_ps import ProgramStreamBuilder, ProgramStreamParser, demultiplex
from protocols.mpeg_ps.build import Flaws
from protocols.mpeg_ps.codes import TIME_MASK, crc32
from protocols.mpeg_ps.demultiplex import streams_of
from protocols.mpeg_ps.parse import Pack, PesPacket, StreamMap, SystemHeader, parse_program_stream
from tests.protocols.mpeg_ps.material import FIRST, SOUND, STEP, clip, name, stream

FLAWS = [
    Flaws(),
    Flaws(pes_length_zero=True),
    Flaws(pes_length_error=7),
    Flaws(pes_length_error=-7),
    Flaws(map_length_error=4),
    Flaws(map_length_error=-4),
    Flaws(stream_map_length_error=2),
    Flaws(map_checksum=False),
    Flaws(one_pes_a_unit=True),
    Flaws(packs=False),
    Flaws(map=False),
    Flaws(video_type=0x24),
    Flaws(map_every_picture=True),
]


def test_the_checksum_is_that_of_mpeg():
    assert crc32(b"123456789") == 0x0376E6E7


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_pictures_and_sound_come_back(codec):
    streams = demultiplex(b"".join(stream(codec)))
    units = clip(codec).access_units
    assert (streams.video, streams.audio) == (codec, "PCMA")
    assert streams.declared_video == codec
    assert [unit.data for unit in streams.access_units] == [unit.data for unit in units]
    assert [unit.key for unit in streams.access_units] == [unit.key for unit in units]
    assert [unit.pts for unit in streams.access_units] == [
        FIRST + STEP * number for number in range(len(units))
    ]
    assert [sound.data for sound in streams.sounds] == [SOUND] * len(units)


@pytest.mark.parametrize("flaws", FLAWS, ids=name)
@pytest.mark.parametrize("size", [1, 188, 1400])
def test_flawed_streams_show_every_picture_in_whatever_pieces(flaws, size):
    data = b"".join(stream(flaws=flaws)[:24])
    parser = ProgramStreamParser()
    units = []
    for start in range(0, len(data), size):
        units += parser.feed(data[start : start + size])
    units += parser.flush()
    assert next(unit.offset for unit in units) == 0
    assert sum(unit.size for unit in units) == len(data)
    expected = [unit.data for unit in clip().access_units[:12]]
    assert [unit.data for unit in streams_of(units).access_units] == expected
    assert units == parse_program_stream(data)


def test_key_packs_begin_with_system_header_and_map():
    units = parse_program_stream(stream(audio="PCMU")[0])
    assert [type(unit) for unit in units] == [Pack, SystemHeader, StreamMap, PesPacket]
    pack, system, found, packet = units
    assert pack.sound
    assert system.sound
    assert found.fits
    assert found.checksum
    assert packet.sound
    assert found.streams == ((0x1B, 0xE0), (0x91, 0xC0))
    assert system.streams == ((0xE0, 2048 * 1024), (0xC0, 32 * 128))
    assert packet.declared == packet.length


def test_pictures_above_64_kib_go_in_several_packets_of_one_pack():
    picture = b"\0\0\0\1\x67\x64" + b"\x11" * 200_000 + b"\0\0\0\1\x65\x88" + b"\x22" * 50_000
    builder = ProgramStreamBuilder("H264")
    data = builder.picture(picture, 5, True)
    packets = [unit for unit in parse_program_stream(data) if isinstance(unit, PesPacket)]
    assert len(packets) == 4
    assert [packet.pts for packet in packets] == [5, None, None, None]
    assert all(packet.declared == packet.length for packet in packets)
    assert [unit.data for unit in demultiplex(data).access_units] == [picture]


@pytest.mark.parametrize("pts", [0, 1, TIME_MASK, TIME_MASK + 1, 2**32, 8589932482])
def test_times_of_33_bits_come_back(pts):
    data = ProgramStreamBuilder("H264").picture(b"\0\0\0\1\x65\x88", pts, True, pts - 3600)
    pack, *_, packet = parse_program_stream(data)
    assert packet.pts == pts & TIME_MASK
    assert packet.dts == (pts - 3600) & TIME_MASK
    assert pack.clock == (pts - 3600 - 9000) & TIME_MASK


def test_lost_bytes_cost_the_pictures_they_belong_to_and_no_more():
    packs = stream(audio=None)
    data = b"".join(packs)
    start = sum(map(len, packs[:10])) + 100
    streams = demultiplex(data[:start] + data[start + 300 :])
    units = clip().access_units
    good = {unit.data for unit in streams.access_units}
    assert [number for number, unit in enumerate(units) if unit.data not in good] == [10]
    assert len(streams.access_units) == len(units)


def test_a_stream_joined_in_the_middle_is_read_from_the_next_pack():
    packs = stream(audio=None)
    data = b"".join(packs)[40:]
    assert len(demultiplex(data).access_units) >= len(packs) - 1


@pytest.mark.parametrize("data", [b"", b"\0\0\1", b"no stream at all", bytes(1000)], ids=len)
def test_what_is_no_stream_is_refused(data):
    with pytest.raises(ProtocolError):
        demultiplex(data)


def test_endless_bytes_are_bounded():
    parser = ProgramStreamParser()
    parser.feed(b"\0\0\1\xe0\0\0\x80\0\0")
    for _ in range(40):
        parser.feed(b"\x55" * 2**20)
        assert len(parser._data) <= 17 * 2**20


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_streams_never_raise_anything_else(data):
    whole = bytearray(b"".join(stream()[:8]))
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    try:
        units = parse_program_stream(bytes(whole[cut:]))
    except ProtocolError:
        return
    assert sum(unit.size for unit in units) == len(whole) - cut
    streams_of(units)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"\0\0\1",
                b"\xba",
                b"\xbb",
                b"\xbc",
                b"\xe0",
                b"\xc0",
                b"\0",
                b"\x80\x80\x05",
                b"\x21\0\1\0\1",
                b"\xff",
                b"\x44\0\4",
            ]
        ),
        max_size=60,
    ),
    st.integers(1, 9),
)
def test_rubbish_made_of_start_codes_is_the_same_in_pieces_and_whole(pieces, size):
    data = b"".join(pieces)
    parser = ProgramStreamParser()
    units = []
    for start in range(0, len(data), size):
        units += parser.feed(data[start : start + size])
    units += parser.flush()
    assert sum(unit.size for unit in units) == len(data)
    streams_of(units)


@pytest.mark.parametrize(
    ("muxer", "codec"),
    [("vob", "libx264"), ("vob", "mpeg2video"), ("mpeg", "mpeg1video"), ("svcd", "mpeg2video")],
)
def test_what_the_muxer_of_ffmpeg_writes_is_read(muxer, codec, tmp_path):
    path = tmp_path / "written.mpg"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=2"]
    command += ["-f", "lavfi", "-i", "sine=d=2", "-c:v", codec, "-bf", "0", "-g", "25"]
    command += ["-pix_fmt", "yuv420p", "-c:a", "mp2", "-f", muxer, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    elementary = tmp_path / "pictures"
    kind = "h264" if codec == "libx264" else "mpeg2video"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy"]
    subprocess.run([*command, "-f", kind, str(elementary)], check=True, capture_output=True)
    streams = demultiplex(path.read_bytes())
    # ffmpeg adds access unit delimiters of its own to H.264.
    assert streams.annex_b().replace(b"\0\0\0\1\x09\xf0", b"") == elementary.read_bytes().replace(
        b"\0\0\0\1\x09\xf0", b""
    )
    assert streams.sounds
    if codec == "libx264":
        assert len(streams.access_units) == 50
        times = [unit.pts for unit in streams.access_units]
        # Of several pictures that begin in one packet, only the first has a time.
        assert times[0] is not None
        assert sum(time is not None for time in times) > 25
        for number, time in enumerate(times):
            assert time in (None, times[0] + 3600 * number)


@pytest.mark.parametrize("codec", ["SVAC", "MPEG4"])
def test_pictures_of_other_codecs_are_told_by_their_times(codec):
    builder = ProgramStreamBuilder(codec, "SVACA")
    pictures = [bytes([number]) * 70_000 for number in range(1, 11)]
    data = b"".join(
        builder.picture(picture, 3600 * number, number % 5 == 0)
        + builder.sound(SOUND, 3600 * number)
        for number, picture in enumerate(pictures)
    )
    streams = demultiplex(data)
    assert (streams.video, streams.audio) == (codec, "SVACA")
    assert [unit.data for unit in streams.access_units] == pictures
    assert [unit.pts for unit in streams.access_units] == [3600 * number for number in range(10)]
    assert [unit.key for unit in streams.access_units] == [n % 5 == 0 for n in range(10)]
