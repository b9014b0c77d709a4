"""Every flaw is told by its own code, and what is only unusual is not called wrong."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import messages
from protocols.mpeg_ps import ProgramStreamBuilder
from protocols.mpeg_ps.build import Flaws
from protocols.mpeg_ps.conformance import UNUSUAL, judge_program_stream
from protocols.mpeg_ps.conformance_rtp import judge_ps_packets
from protocols.rtp import RtpPacket
from protocols.rtp_stream import packetise_program_stream, payload_of_packets
from tests.protocols.mpeg_ps.material import clip, name, stream


def codes(data: bytes, gaps: tuple[int, ...] = ()) -> set[str]:
    return {found.code for found in judge_program_stream(data, gaps)}


def packets(packs: list[bytes], size: int = 1400) -> list[RtpPacket]:
    made = []
    for number, pack in enumerate(packs):
        pieces = packetise_program_stream(pack, size)
        for index, piece in enumerate(pieces):
            last = index == len(pieces) - 1
            made.append(RtpPacket(96, last, len(made) & 0xFFFF, 3600 * number, 7, piece))
    return made


@pytest.mark.parametrize("audio", [None, "PCMA", "PCMU", "SVACA", "AAC"])
def test_a_sound_stream_is_clean(audio):
    told = codes(b"".join(stream(audio=audio)))
    assert told == ({"ps-edition-2022-type"} if audio in ("PCMU", "AAC") else set())
    assert told <= UNUSUAL


def test_h265_belongs_to_the_edition_of_2022():
    assert codes(b"".join(stream("H265"))) == {"ps-edition-2022-type"}


@pytest.mark.parametrize(
    ("flaws", "expected"),
    [
        (Flaws(map_length_error=4), "ps-map-length"),
        (Flaws(map_length_error=-4), "ps-map-length"),
        (Flaws(stream_map_length_error=2), "ps-map-length"),
        (Flaws(map_checksum=False), "ps-map-checksum"),
        (Flaws(map=False), "ps-map-missing"),
        (Flaws(system=False), "ps-system-header-missing"),
        (Flaws(pes_length_zero=True), "ps-pes-length-zero"),
        (Flaws(pes_length_error=5), "ps-pes-length"),
        (Flaws(parameter_sets=False), "ps-parameter-sets-missing"),
        (Flaws(audio_type=0x88), "ps-stream-type-unknown"),
        (Flaws(audio_clock=8000), "ps-sound-clock-8k"),
        (Flaws(audio_clock=48_000), "ps-sound-clock"),
        (Flaws(picture_time_gap=9000), "ps-picture-time-backwards"),
        (Flaws(one_pes_a_unit=True), "ps-pes-per-nal-unit"),
        (Flaws(map_every_picture=True), "ps-map-every-picture"),
    ],
    ids=name,
)
def test_each_flaw_has_its_code(flaws, expected):
    assert codes(b"".join(stream(flaws=flaws))) == {expected}


def test_another_codec_than_declared_is_told_both_ways():
    assert "ps-stream-type-wrong" in codes(b"".join(stream(flaws=Flaws(video_type=0x24))))
    assert "ps-stream-type-wrong" in codes(b"".join(stream("H265", flaws=Flaws(video_type=0x1B))))


def test_a_clock_that_runs_backwards_is_told():
    told = codes(b"".join(stream(audio=None, flaws=Flaws(clock_reference_step=-4000))))
    assert "ps-clock-backwards" in told


def test_missing_packs_are_told():
    assert "ps-pictures-in-pack" in codes(b"".join(stream(flaws=Flaws(packs=False))))


def test_wrong_and_unusual_are_apart():
    assert {"ps-pes-per-nal-unit", "rtp-headers-apart", "ps-map-stream-unused"} <= UNUSUAL
    assert not UNUSUAL & {"ps-map-checksum", "ps-map-length", "ps-stream-type-wrong"}


def test_declared_sound_that_never_comes_is_unusual():
    packs = stream()[::2]
    assert codes(b"".join(packs)) == {"ps-map-stream-unused"}


@pytest.mark.parametrize("lost", [3, 10, 40, 41, 60])
def test_lost_packets_are_not_blamed_on_the_device(lost):
    made = packets(stream())
    carried = payload_of_packets(made[:lost] + made[lost + 1 :])
    assert carried.gaps
    assert codes(carried.data, carried.gaps) <= UNUSUAL


def test_much_loss_in_small_packets_is_not_blamed_on_the_device():
    made = packets(stream(), 200)
    numbers = random.Random(3)
    for _ in range(12):
        gone = set(numbers.sample(range(len(made)), len(made) // 20))
        carried = payload_of_packets(p for number, p in enumerate(made) if number not in gone)
        assert codes(carried.data, carried.gaps) <= UNUSUAL


def test_a_picture_spread_over_packs_is_told():
    builder = ProgramStreamBuilder("H264")
    packs = []
    for number, unit in enumerate(clip().access_units):
        half = len(unit.data) // 2
        packs.append(builder.picture(unit.data[:half], 3600 * number, unit.key))
        packs.append(builder.picture(unit.data[half:], 3600 * number, False))
    assert codes(b"".join(packs)) == {"ps-picture-over-packs"}


def test_a_recording_may_begin_and_end_anywhere():
    data = b"".join(stream())
    for start, end in ((100, len(data) - 100), (1, len(data) - 1), (5000, 60_000)):
        assert codes(data[start:end]) <= {"ps-map-missing", "ps-system-header-missing"} | UNUSUAL


def test_times_over_the_wrap_are_in_order():
    assert codes(b"".join(stream(first=2**33 - 36_000))) == set()


def test_packets_of_a_sound_stream_are_clean():
    assert judge_ps_packets(packets(stream(audio=None))) == ()


def test_headers_in_packets_of_their_own_are_unusual():
    made = []
    for number, pack in enumerate(stream(audio=None)):
        at = pack.find(b"\0\0\1\xe0")
        for index, piece in enumerate((pack[:at], *packetise_program_stream(pack[at:]))):
            last = (index + 1) * 1400 >= len(pack)
            made.append(RtpPacket(96, last, len(made), 3600 * number, 7, piece))
    assert {found.code for found in judge_ps_packets(made)} == {"rtp-headers-apart"}


def test_times_of_packets_are_judged():
    made = packets(stream(audio=None))
    odd = [
        RtpPacket(96, p.marker, p.sequence, p.timestamp + n, 7, p.payload)
        for n, p in enumerate(made)
    ]
    assert "rtp-time-within-picture" in {found.code for found in judge_ps_packets(odd)}
    slow = [RtpPacket(96, p.marker, p.sequence, p.timestamp // 90, 7, p.payload) for p in made]
    assert "rtp-clock" in {found.code for found in judge_ps_packets(slow)}
    same = [RtpPacket(96, p.marker, p.sequence, 5, 7, p.payload) for p in made]
    assert "rtp-time-shared" in {found.code for found in judge_ps_packets(same)}
    bare = [RtpPacket(96, False, p.sequence, p.timestamp, 7, p.payload) for p in made]
    assert {found.code for found in judge_ps_packets(bare)} == {"rtp-marker-missing"}
    large = packets(stream(audio=None), 3000)
    assert "rtp-packet-large" in {found.code for found in judge_ps_packets(large)}
    assert judge_ps_packets(large, datagrams=False) == ()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_makes_the_judge_fail(data):
    whole = bytearray(b"".join(stream()[:10]))
    for _ in range(data.draw(st.integers(0, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    gaps = data.draw(st.lists(st.integers(0, len(whole)), max_size=5))
    told = judge_program_stream(bytes(whole[data.draw(st.integers(0, len(whole))) :]), gaps)
    assert len(told) == len({found.code for found in told})
    pieces = packetise_program_stream(bytes(whole))
    odd = [
        RtpPacket(96, bool(number & 4), data.draw(st.integers(0, 65_535)), number, 7, piece)
        for number, piece in enumerate(pieces)
    ]
    judge_ps_packets(odd)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_the_judge_fail(data):
    judge_program_stream(data)
    judge_program_stream(b"\0\0\1\xba" + data)
    judge_ps_packets([RtpPacket(96, True, 1, 1, 1, b"\0\0\1\xba" + data)])


def test_every_code_has_its_sentence():
    catalogue = Path(messages.__file__).parent / "catalogue" / "gb28181-deviations-ps.json"
    worded = {key.removeprefix("deviation.") for key in json.loads(catalogue.read_text("utf-8"))}
    assert worded >= UNUSUAL
    source = Path(__file__).parents[3] / "protocols" / "mpeg_ps"
    for path in source.glob("conformance*.py"):
        for piece in path.read_text("utf-8").split('"'):
            if piece.startswith(("ps-", "rtp-")):
                assert piece in worded, piece


def test_the_clip_is_what_these_tests_take_it_for():
    assert [unit.key for unit in clip().access_units].count(True) == 2
