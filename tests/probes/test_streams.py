"""Stream recordings opened: packets, units, reports, formats, pictures, and what breaks them."""

import base64
import random
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment.recording import Part
from probes.bitstream import program_stream_types
from probes.rtp_track import order_packets
from probes.streams import STRETCH, StreamReader, forget, reader
from protocols.errors import ProtocolError
from protocols.h264 import split_annex_b
from protocols.pcap import read_capture, write_pcap
from protocols.rtp import parse_headers
from tests.stream_recordings import (
    START_S,
    CodedPicture,
    Sender,
    encode,
    moving_frames,
    pack,
    sealed_stream,
    standard_clip,
    stream_recording,
    timing_recording,
    video_track,
)


def video(recording):
    return StreamReader(recording).video


@pytest.mark.parametrize("codec", ["H264", "H265", "JPEG"])
def test_a_clean_stream_is_read_whole(codec):
    clip = standard_clip(codec)
    track = video(stream_recording(clip))
    assert track.codec == codec
    assert (track.loss.lost, track.loss.reordered, track.loss.duplicated) == (0, 0, 0)
    assert len(track.units) == 50
    assert track.units.complete.all()
    assert track.units.key.tolist() == [picture.key for picture in clip]
    assert np.diff(track.units.timestamp).tolist() == [3600] * 49
    assert np.allclose(np.diff(track.units.first_ns), 40_000_000, atol=1000)
    pictures = list(track.pictures())
    assert [picture.index for picture in pictures] == list(range(50))
    assert not any(picture.damaged for picture in pictures)
    assert pictures[0].bgr().shape == (*pictures[0].luma().shape, 3)
    luma, blue, red = pictures[0].planes()
    assert blue.shape == red.shape == (-(-luma.shape[0] // 2), luma.shape[1] // 2)


def test_decoded_pictures_are_those_that_were_encoded():
    frames = moving_frames(30)
    clip = encode(frames, options={"crf": "10"})
    for picture in video(stream_recording(clip)).pictures():
        apart = [np.abs(picture.bgr().astype(int) - frame).mean() for frame in frames]
        assert int(np.argmin(apart)) == picture.index


def test_pictures_begin_at_the_one_asked_for():
    track = video(stream_recording(standard_clip()))
    assert [picture.index for picture in track.pictures(30, 35)] == [30, 31, 32, 33, 34]


def test_b_pictures_come_in_order_of_display():
    clip = encode(
        moving_frames(25), options={"tune": "film", "preset": "medium", "x264-params": "bframes=2"}
    )
    track = video(stream_recording(clip))
    assert len(list(track.pictures())) == 25
    assert len(track.glances()) == STRETCH


def test_sequence_numbers_and_timestamps_may_wrap():
    recording = stream_recording(
        standard_clip(), first_sequence=65_500, first_timestamp=2**32 - 50_000
    )
    track = video(recording)
    assert track.loss.lost == 0
    assert np.diff(track.units.timestamp).tolist() == [3600] * 49


def test_reordered_and_doubled_packets_are_put_right():
    recording = stream_recording(standard_clip(), reports=False)
    frames = _frames(recording)
    for index in range(10, 200, 10):
        frames[index], frames[index + 1] = (
            (frames[index][0], frames[index + 1][1]),
            (frames[index + 1][0], frames[index][1]),
        )
    frames.insert(50, (frames[50][0], frames[49][1]))
    track = video(_with_frames(recording, frames))
    assert (track.loss.lost, track.loss.duplicated) == (0, 1)
    assert track.loss.reordered == 19
    assert len(list(track.pictures())) == 50


def test_loss_is_counted_and_marks_the_pictures_it_hits():
    total = sum(len(pack(picture)) for picture in standard_clip())
    lose = set(random.Random(4).sample(range(5, total - 5), 12))
    track = video(stream_recording(standard_clip(), lose=lose))
    assert track.loss.lost == 12
    assert track.loss.share == pytest.approx(12 / total)
    assert not track.units.complete.all()
    positions = np.cumsum([0] + [len(pack(picture)) for picture in standard_clip()])
    hit = {int(np.searchsorted(positions, each, "right")) - 1 for each in lose}
    assert set(np.flatnonzero(~track.units.complete)) >= hit


def test_a_restarted_sender_is_followed():
    first, second = Sender(), Sender(ssrc=0xBEEF, sequence=40_000)
    for sender, start in ((first, 0.0), (second, 2.0)):
        for index, picture in enumerate(standard_clip()):
            time_ns = round((START_S + start + index / 25) * 1e9)
            payloads = pack(picture)
            for position, payload in enumerate(payloads):
                last = position == len(payloads) - 1
                sender.packet(time_ns + position, 77 + 3600 * index, payload, last)
    track = video(sealed_stream([first, second], [video_track()]))
    assert (track.loss.restarts, track.loss.lost) == (1, 0)
    assert len(track.units) == 100
    assert len(list(track.pictures())) == 100


def test_a_standing_timestamp_does_not_hide_pictures():
    track = video(stream_recording(standard_clip(), timestamps=np.zeros(50, int)))
    assert len(track.units) == 50


def test_sender_reports_are_read_with_their_arrival():
    reports = video(stream_recording(standard_clip())).sender_reports
    assert [each.report.rtp_timestamp for each in reports] == [12_345]
    assert reports[0].report.ntp_time == pytest.approx(START_S, abs=1e-5)
    assert reports[0].arrival_ns == round(START_S * 1e9)


def test_parameter_sets_of_the_session_description_are_used():
    clip = standard_clip()
    sets = [unit for unit in split_annex_b(clip[0].data) if unit[0] & 31 in (7, 8)]
    bare = [
        CodedPicture(
            b"".join(
                b"\0\0\1" + unit
                for unit in split_annex_b(picture.data)
                if unit[0] & 31 not in (7, 8)
            ),
            picture.key,
            "H264",
        )
        for picture in clip
    ]
    text = "sprop-parameter-sets=" + ",".join(base64.b64encode(each).decode() for each in sets)
    recording = stream_recording(bare)
    recording.facts["tracks"][0]["format"] = "packetization-mode=1;" + text
    track = video(recording)
    assert [each.unit for each in track.formats] == [None]
    assert len(list(track.pictures())) == 50
    recording.facts["tracks"][0]["format"] = "sprop-parameter-sets=%%%,Z0"
    assert video(recording).formats == []


def test_another_payload_type_than_declared_is_read():
    recording = stream_recording(standard_clip())
    recording.facts["tracks"][0]["payload_type"] = 111
    assert len(video(recording).units) == 50


def test_readers_are_shared_and_forgotten():
    recording = stream_recording(standard_clip())
    assert reader(recording) is reader(recording)
    before = reader(recording)
    forget(recording)
    assert reader(recording) is not before
    forget(recording)


def test_without_a_capture_there_is_no_reader():
    recording = stream_recording(standard_clip())
    with pytest.raises(ProtocolError):
        reader(recording, "before.pcap")
    broken = _with_part(recording, b"not a capture")
    with pytest.raises(ProtocolError):
        reader(broken)


def test_strange_facts_do_not_break_the_reader():
    recording = stream_recording(standard_clip())
    for tracks in (None, 5, [], [None, 7], [{}], [{"media": "video", "rtp_port": "x"}]):
        recording.facts["tracks"] = tracks
        opened = StreamReader(recording)
        assert opened.video is None or len(opened.video.packets) == 0
        if opened.video is not None:
            assert opened.video.codec is None
            assert opened.video.formats == []
            assert opened.video.key_pictures() == []
            assert opened.video.glances() == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=30), st.data())
def test_any_payloads_can_be_read(payloads, data):
    encoding = data.draw(st.sampled_from(["H264", "H265", "JPEG", "H999", ""]))
    sender = Sender()
    for index, payload in enumerate(payloads):
        sender.packet(index, data.draw(st.integers(0, 2)) * 3600, payload, index % 3 == 0)
    track = video(sealed_stream([sender], [video_track(encoding)]))
    assert len(track.units)
    assert track.broken_formats >= 0
    for _ in track.pictures():
        pass
    track.key_pictures()
    track.glances()


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)), max_size=40))
def test_any_sequence_of_numbers_can_be_ordered(numbers):
    sender = Sender()
    for sequence, timestamp in numbers:
        sender.sequence, sender.sent = sequence, 0
        sender.packet(1, timestamp, b"\x41", False)
    data = b"".join(frame[28:] for _, frame in sender.frames)
    buffer = np.frombuffer(data + b"\0", np.uint8)
    starts = np.arange(len(numbers), dtype=np.int64) * 13
    headers = parse_headers(buffer, starts, np.full(len(numbers), 13, np.int64))
    packets, loss = order_packets(buffer, headers, np.zeros(len(headers), np.int64))
    assert loss.received + loss.duplicated == len(numbers)
    assert loss.lost >= 0
    assert (np.diff(packets.sequence)[np.diff(packets.segment) == 0] > 0).all()


def test_a_bitstream_is_named_by_its_own_structure():
    for codec in ("H264", "H265", "JPEG"):
        assert video(stream_recording(standard_clip(codec), encoding="H264")).codec == codec
    noise = np.random.default_rng(2)
    sender = Sender()
    for index in range(200):
        sender.packet(index, index * 3600, noise.bytes(900), True)
    assert video(sealed_stream([sender], [video_track()])).codec is None


def test_program_streams_and_their_types_are_seen():
    stream_map = b"\0\0\1\xbc\0\x12\xe0\xff\0\0\0\x08\x80\xe0\0\0\x90\xc0\0\0" + b"\0" * 4
    sender = Sender()
    for index in range(30):
        sender.packet(index, index * 3600, b"\0\0\1\xba" + bytes(10) + stream_map, False)
        sender.packet(index, index * 3600, b"\x55" * 500, True)
    track = video(sealed_stream([sender], [video_track("PS")]))
    assert track.codec == "PS"
    assert program_stream_types(track.packets) == [0x80, 0x90]
    plain = video(timing_recording([START_S + n for n in range(30)]))
    assert program_stream_types(plain.packets) == []


def test_loss_agrees_with_tshark(tmp_path):
    recording = stream_recording(standard_clip(), lose={20, 21, 60, 100}, reports=False)
    capture = tmp_path / "packets.pcap"
    capture.write_bytes(recording.read("packets.pcap"))
    said = subprocess.run(
        ["tshark", "-r", str(capture), "-d", "udp.port==50000,rtp", "-qz", "rtp,streams"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    line = next(line for line in said.splitlines() if "0x13572468" in line.lower())
    track = video(recording)
    assert str(track.loss.received) in line.split()
    assert f"{track.loss.lost}" in line.replace("(", " ").split()


def _frames(recording):
    return [(frame.time_ns, frame.data) for frame in read_capture(recording.read("packets.pcap"))]


def _with_frames(recording, frames):
    return _with_part(recording, write_pcap(frames))


def _with_part(recording, content):
    return replace(recording, parts={**recording.parts, "packets.pcap": Part.of(content, "pcap")})
