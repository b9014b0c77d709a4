"""Program streams as the field sends them: cut anywhere, lost, damaged, unusual."""

from __future__ import annotations

import io
import itertools
import random

import av
import numpy as np
import pytest

from protocols.mpeg_ps.build import NO_FLAWS, Flaws, ProgramStreamBuilder
from protocols.rtp_packetise import rtp_header
from protocols.rtp_stream import packetise_program_stream
from protocols.srtp import SrtpSender, new_crypto_line
from reference_platform.signalling.pictures import PictureAssembler, SteadyClock
from reference_platform.signalling.rtp_input import RtpInput
from reference_platform.signalling.timeline import RecordedTimeline

COUNT = 40


@pytest.fixture(scope="module", params=["libx264", "libx265"])
def coded(request):
    """Codec and access units of a small clip with a key picture every ten."""
    encoder = av.CodecContext.create(request.param, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 192, 128, "yuv420p"
    encoder.framerate, encoder.gop_size = 25, 10
    quiet = "log-level=none:bframes=0:keyint=10:scenecut=0:repeat-headers=1"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    encoder.options |= {"x265-params": quiet} if "265" in request.param else {"g": "10"}
    found = []
    for number in range(COUNT):
        picture = np.full((128, 192, 3), number * 5, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        found += encoder.encode(frame)
    found += encoder.encode(None)
    return request.param[-3:], [(bytes(one), one.is_keyframe) for one in found]


def packs(coded, flaws=NO_FLAWS, start=0):
    codec, units = coded
    builder = ProgramStreamBuilder("H" + codec, "PCMA", flaws=flaws)
    made = []
    for number, (data, key) in enumerate(units):
        pts = start + number * 3600
        made.append(builder.picture(data, pts, key) + builder.sound(bytes(320), pts))
    return made


def assembled(stream, size=0, seed=0):
    """What comes out when ``stream`` arrives in pieces."""
    assembler = PictureAssembler(lambda _: 1.0)
    rng = random.Random(seed)
    found, at = [], 0
    while at < len(stream):
        step = size or rng.randint(1, 3000)
        found += assembler.feed(stream[at : at + step])
        at += step
    return found + assembler.flush(), assembler.counts


def frames_of(units):
    decoder = av.CodecContext.create("h264" if units[0].codec == "h264" else "hevc", "r")
    found = []
    for one in units:
        found += decoder.decode(av.Packet(one.data))
    return len(found + decoder.decode(None))


@pytest.mark.parametrize("size", [1, 7, 1300, 1 << 20])
def test_pictures_come_out_whatever_pieces_go_in(coded, size):
    units, counts = assembled(b"".join(packs(coded)), size)
    assert [one.key for one in units] == [key for _, key in coded[1]]
    assert {one.codec for one in units} == {f"h{coded[0]}"}
    assert [b.pts - a.pts for a, b in itertools.pairwise(units)] == [3600] * (COUNT - 1)
    assert frames_of(units) == COUNT
    assert (counts.pictures, counts.damaged, counts.skipped_bytes) == (COUNT, 0, 0)


@pytest.mark.parametrize(
    "flaws",
    [
        Flaws(map=False),
        Flaws(map_length_error=5),
        Flaws(stream_map_length_error=3),
        Flaws(map_checksum=False),
        Flaws(video_type=0x10),
        Flaws(pes_length_zero=True),
        Flaws(one_pes_a_unit=True),
        Flaws(packs=False),
        Flaws(map_every_picture=True),
        Flaws(system=False),
    ],
    ids=lambda one: str(one)[:40],
)
def test_unusual_and_wrong_streams_are_shown_all_the_same(coded, flaws):
    units, _ = assembled(b"".join(packs(coded, flaws)))
    assert len(units) == COUNT
    assert frames_of(units) == COUNT


def test_times_that_wrap_or_run_back_go_on(coded):
    wrapping, _ = assembled(b"".join(packs(coded, start=(1 << 33) - 10 * 3600)))
    assert [b.pts - a.pts for a, b in itertools.pairwise(wrapping)] == [3600] * (COUNT - 1)
    backwards = packs(coded)[:20] + packs(coded, start=-900_000)[20:]
    units, _ = assembled(b"".join(backwards))
    assert all(a.pts <= b.pts for a, b in itertools.pairwise(units))


def test_the_steady_clock():
    clock = SteadyClock()
    told = [clock.next(one) for one in (100, 3700, 3600, 7300, 10_000_000, 10_003_600, 0, 3600)]
    assert told == [100, 3700, 3700, 7300, 10_900, 14_500, 18_100, 21_700]


def test_a_stream_that_begins_within_a_group_waits_for_a_key_picture(coded):
    units, counts = assembled(b"".join(packs(coded)[5:]))
    assert units[0].key
    assert len(units) == COUNT - 10
    assert counts.undecodable == 5


def test_parameter_sets_sent_once_come_with_every_key_picture(coded):
    codec, units = coded
    builder = ProgramStreamBuilder("H" + codec, flaws=Flaws())
    bare = ProgramStreamBuilder("H" + codec, flaws=Flaws(parameter_sets=False))
    stream = b"".join(
        (builder if number == 0 else bare).picture(data, number * 3600, key)
        for number, (data, key) in enumerate(units)
    )
    found, _ = assembled(stream)
    assert len(found) == COUNT
    assert frames_of(found[10:]) == COUNT - 10


def packets(coded, crypto=None):
    sender = SrtpSender(crypto) if crypto else None
    made, sequence = [], 65_500
    for number, pack in enumerate(packs(coded)):
        payloads = packetise_program_stream(pack, 500)
        for place, payload in enumerate(payloads, start=1):
            packet = rtp_header(96, place == len(payloads), sequence, number * 3600, 7) + payload
            made.append(packet if sender is None else sender.rtp(packet))
            sequence += 1
    return made


def received(made, ssrc=7, **more):
    assembler = PictureAssembler(lambda _: 1.0)
    source = RtpInput(assembler, ssrc, **more)
    found = [unit for one in made for unit in source.receive(one)]
    return found + source.flush(), source, assembler


def test_reordered_and_repeated_packets_are_put_right(coded):
    made = packets(coded)
    rng = random.Random(4)
    mixed = sorted(enumerate(made), key=lambda pair: pair[0] + rng.uniform(0, 20) * (pair[0] > 9))
    units, source, _ = received([one for _, one in mixed] + made[-3:])
    assert len(units) == COUNT
    assert source.lost == 0


def test_a_lost_packet_costs_its_picture_only(coded):
    made = packets(coded)
    del made[len(made) // 2]
    units, source, assembler = received(made)
    assert source.lost == 1
    assert assembler.counts.damaged <= 1
    assert len(units) == COUNT - 1


def test_packets_of_strangers_are_left_out_until_they_take_over(coded, monkeypatch):
    made = packets(coded)
    other = rtp_header(96, False, 5, 0, 99) + b"\0\0\1\xba" + bytes(40)
    units, _, _ = received([packet for one in made for packet in (one, other)])
    assert len(units) == COUNT
    again = [one[:8] + (1234).to_bytes(4) + one[12:] for one in made]
    units, _, _ = received(made[:20] + again, ssrc=1234)
    assert len(units) > COUNT, "a device that restarted is taken for itself"
    monkeypatch.setattr("reference_platform.signalling.rtp_input._TAKEOVER", 5)
    units, _, _ = received(made[:20] + again)
    assert len(units) > 30


def test_encrypted_packets_open_and_plain_ones_are_refused(coded):
    line = new_crypto_line()
    units, source, _ = received(packets(coded, line), crypto=line)
    assert len(units) == COUNT
    units, source, _ = received(packets(coded), crypto=line)
    assert (units, source.rejected) == ([], len(packets(coded)))


@pytest.mark.parametrize("seed", range(6))
def test_damage_costs_pictures_and_nothing_else(coded, seed):
    rng = random.Random(seed)
    stream = bytearray(b"".join(packs(coded)))
    for _ in range(rng.randint(1, 30)):
        at = rng.randrange(len(stream))
        kind = rng.random()
        if kind < 0.5:
            stream[at] ^= 1 << rng.randrange(8)
        elif kind < 0.8:
            del stream[at : at + rng.randint(1, 400)]
        else:
            stream[at:at] = rng.randbytes(rng.randint(1, 400))
    units, _ = assembled(bytes(stream), seed=seed)
    assert all(a.pts <= b.pts for a, b in itertools.pairwise(units))
    assert len(units) <= COUNT + 5


@pytest.mark.parametrize("seed", range(4))
def test_rubbish_makes_no_picture_and_keeps_no_memory(seed):
    rng = random.Random(seed)
    assembler = PictureAssembler(lambda _: 1.0)
    for _ in range(40):
        piece = rng.randbytes(100_000).replace(b"\0", b"\0\0\1\xe0" if seed % 2 else b"\1")
        assembler.feed(piece)
    assert sum(map(len, assembler._pieces)) <= 9 << 20
    assert len(assembler._parser._data) <= 17 << 20


def test_recorded_moments():
    line = RecordedTimeline(1000.0)
    assert line(50_000) == 1000.0
    assert line(50_000 + 90_000) == 1001.0
    line.leap(1500.0)  # the device's time stamps leap along
    assert line(50_000 + 500 * 90_000) == 1500.0
    line.leap(1200.0)  # or count on: then what was asked for holds
    assert line(50_000 + 501 * 90_000) == 1200.0
    assert line(50_000 + 502 * 90_000) == 1201.0
    assert line(None) == 1201.0


def test_ffprobe_reads_what_comes_out(coded):
    """Another reader: the pictures as one byte stream in a container of FFmpeg's own reading."""
    units, _ = assembled(b"".join(packs(coded)))
    data = io.BytesIO(b"".join(one.data for one in units))
    with av.open(data, format="h264" if coded[0] == "264" else "hevc") as container:
        assert sum(1 for _ in container.decode(video=0)) == COUNT
