"""SDP with y= and f=, Subject, SSRC, MANSRTSP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.gb28181 import mansrtsp, ssrc
from protocols.gb28181.media_parameters import MediaParameters, parse_media_parameters
from protocols.gb28181.sdp import (
    build_answer,
    build_offer,
    judge_answer,
    judge_offer,
    parse_session,
)
from protocols.gb28181.subject import Subject, parse_subject

OWNER, DEVICE = "34020000002000000001", "34020000001320000001"
LIVE = {"owner": OWNER, "address": "192.0.2.2", "port": 30000, "ssrc": 100_000_001}


def codes(deviations) -> set[str]:
    return {one.code for one in deviations}


def test_a_live_offer_is_that_of_the_standard():
    body = build_offer(**LIVE, transport="tcp", formats=["PS", "MPEG4", "H264"])
    assert body.decode() == (
        f"v=0\r\no={OWNER} 0 0 IN IP4 192.0.2.2\r\ns=Play\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
        "m=video 30000 TCP/RTP/AVP 96 97 98\r\na=recvonly\r\na=rtpmap:96 PS/90000\r\n"
        "a=rtpmap:97 MPEG4/90000\r\na=rtpmap:98 H264/90000\r\na=setup:passive\r\n"
        "a=connection:new\r\ny=0100000001\r\n"
    )
    offer = parse_session(body)
    assert judge_offer(offer) == ()
    assert (offer.transport, offer.setup, offer.ssrc) == ("tcp", "passive", 100_000_001)
    assert offer.encoding(98) == "H264"


def test_an_answer_mirrors_its_offer():
    parameters = parse_media_parameters("v/2/6/25/1/4000a/1/8/1")
    offer = parse_session(
        build_offer(
            **LIVE,
            name="Download",
            transport="tcp",
            setup="active",
            channel=DEVICE,
            start=1_700_000_000,
            stop=1_700_003_600,
            download_speed=4,
            parameters=parameters,
            stream_number=1,
        )
    )
    assert judge_offer(offer) == ()
    assert (offer.start, offer.stop, offer.channel) == (1_700_000_000, 1_700_003_600, DEVICE)
    assert (offer.download_speed, offer.parameters, offer.stream_number) == (4, parameters, 1)
    body = build_answer(offer, owner=DEVICE, address="192.0.2.9", port=9, file_size=12345)
    answer = parse_session(body)
    assert judge_answer(offer, answer) == ()
    assert (answer.setup, answer.direction, answer.file_size) == ("passive", "sendonly", 12345)
    assert answer.formats == [(96, "PS/90000")]


def test_srtp_is_offered_by_sdes():
    offer = parse_session(build_offer(**LIVE, crypto=["1 AES_CM_128_HMAC_SHA1_80 inline:KEY"]))
    assert (offer.secure, offer.protocol) == (True, "RTP/SAVP")
    assert offer.crypto == ["1 AES_CM_128_HMAC_SHA1_80 inline:KEY"]
    assert "KEY" not in repr(offer)


GOOD = build_answer(parse_session(build_offer(**LIVE)), owner=DEVICE, address="192.0.2.9", port=9)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"y=0100000001", b"y=100000001", "y-digits"),
        (b"y=0100000001", b"y=0000000000", "y-zero"),
        (b"y=0100000001", b"y=3100000001", "y-first-digit"),
        (b"y=0100000001", b"y=0100000002", "y-not-echoed"),
        (b"y=0100000001", b"y=x", "y-digits"),
        (b"y=0100000001\r\n", b"", "y-missing"),
        (b"y=0100000001", b"y=0100000001\r\na=x", "sdp-y-order"),
        (b"y=0100000001", b"y=0100000001\r\nf=v/2/6a/1/8/1", "f-separators"),
        (b"y=0100000001", b"y=0100000001\r\nf=v/2/6/25/1/4000 a/1/8/1", "f-space"),
        (b"y=0100000001", b"y=0100000001\r\nf=", "f-separators"),
        (b"y=0100000001", b"y=0100000001\r\nf=v/9/6/25/1/4000a/1/8/1", "f-code"),
        (b"c=IN IP4 192.0.2.9", b"c=IN IP4 ", "sdp-address"),
        (b"a=sendonly", b"a=sendonly\r\na=password:x", "sdp-password"),
        (b"PS/90000", b"HIKVISION/90000", "sdp-private-stream"),
        (b"a=rtpmap:96 PS/90000\r\n", b"", "sdp-rtpmap"),
        (b"a=sendonly", b"a=recvonly", "sdp-answer-direction"),
        (b"AVP 96", b"AVP 126", "sdp-answer-format"),
        (b"t=0 0", b"t=3900000000 3900000060", "sdp-time-epoch"),
        (b"o=34", b"o=x34", "sdp-owner"),
        (b"RTP/AVP", b"UDP", "sdp-protocol"),
        (b"\r\n", b"\n", "sdp-line-ends"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_an_answer_is_told(old, new, code):
    offer = parse_session(build_offer(**LIVE))
    assert judge_answer(offer, parse_session(GOOD)) == ()
    answer = parse_session(GOOD.replace(old, new))
    assert code in codes(judge_answer(offer, answer))


def test_y_without_its_zero_is_the_same_number():
    assert parse_session(GOOD.replace(b"y=01", b"y=1")).ssrc == 100_000_001
    followed = parse_session(GOOD + b"f=v/2/6/25/1/4000a/1/8/1\r\n")
    assert followed.deviations == ()


@pytest.mark.parametrize(
    "body", [b"", b"v=1", b"v=0\r\ns=Play\r\n", b"v=0\r\nm=video x\r\n"], ids=repr
)
def test_what_is_no_session_is_refused(body):
    with pytest.raises(ProtocolError):
        parse_session(body)


@pytest.mark.parametrize("text", ["v/2/6/25/1/4000a/1/8/1", "v/////a/1/8/1", "v/5/6/25/2/a///"])
def test_media_parameters_come_back(text):
    parameters = parse_media_parameters(text)
    assert str(parameters) == text
    assert parameters.deviations == ()


def test_media_parameters_of_editions():
    assert codes(parse_media_parameters("v/5////a///", edition="2016").deviations) == {"f-code"}
    assert parse_media_parameters("v/5/3840x2160///a///").deviations == ()
    assert parse_media_parameters("v/2/6/25/1/4000") == MediaParameters("2", "6", "25", "1", "4000")
    with pytest.raises(ProtocolError):
        parse_media_parameters("")


def test_digits_of_an_ssrc():
    assert ssrc.domain_digits("13010000002000000001") == "10000"
    one = ssrc.take_apart(1_100_000_123)
    assert (one.history, one.domain, one.number) == (True, "10000", 123)
    assert one.digits == "1100000123"
    with pytest.raises(ProtocolError):
        ssrc.take_apart(2_000_000_000)


def test_an_ssrc_is_of_its_kind_and_domain():
    judge = ssrc.judge_y
    assert judge(200_000_001, domain="3402000000", history=False) == ()
    assert codes(judge(1_200_000_001, domain="3402000000", history=False)) == {"y-kind"}
    assert codes(judge(100_000_001, domain="3402000000", history=False)) == {"y-domain"}
    assert codes(judge(2_200_000_001, domain="3402000000", history=True)) == {"y-first-digit"}


def test_ten_thousand_streams_and_not_one_more():
    allocator = ssrc.SsrcAllocator("3402000000")
    values = {allocator.allocate() for _ in range(10_000)}
    assert len(values) == 10_000
    assert all(f"{value:010d}".startswith("020000") for value in values)
    with pytest.raises(RuntimeError):
        allocator.allocate()
    assert allocator.allocate(history=True) > 10**9
    allocator.release(min(values))
    assert allocator.allocate() == min(values)
    allocator.release(2**32 - 1)


def test_subjects():
    one = Subject(DEVICE, "0100000001", OWNER)
    assert parse_subject(str(one)) == one
    assert parse_subject(str(one)).deviations == ()
    assert codes(parse_subject("a:21,b:").deviations) == {
        "subject-identifier",
        "subject-kind",
        "subject-sequence",
    }
    assert parse_subject(f"{DEVICE}:1x,{OWNER}:0").history
    with pytest.raises(ProtocolError):
        parse_subject("no subject")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (mansrtsp.resume(1), "resume"),
        (mansrtsp.pause(2), "pause"),
        (mansrtsp.speed(3, 0.25), "speed"),
        (mansrtsp.speed(3, -4.0), "speed"),
        (mansrtsp.seek(4, 100), "seek"),
        (mansrtsp.seek(4, 100.5), "seek"),
        (mansrtsp.teardown(5), "stop"),
    ],
)
def test_playback_commands_come_back(command, what):
    for start_line in ("RTSP/1.0", "MANSRTSP/1.0"):
        read = mansrtsp.parse_command(command.to_bytes(start_line=start_line))
        assert (read, read.what, read.deviations) == (command, what, ())


def test_playback_commands_are_as_written_in_the_standard():
    assert mansrtsp.resume(7).to_bytes() == b"PLAY RTSP/1.0\r\nCSeq: 7\r\nRange: npt=now-\r\n\r\n"
    assert mansrtsp.speed(7, 2).to_bytes() == b"PLAY RTSP/1.0\r\nCSeq: 7\r\nScale: 2.0\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"PLAY RTSP/1.0\r\nCSeq: 1\r\nRange: ntp=now-\r\n\r\n", "mansrtsp-ntp"),
        (b"PLAY RTSP/1.0\r\nCSeq: 1\r\nRange: npt=-5-\r\n\r\n", "mansrtsp-range-negative"),
        (b"PLAY RTSP/1.0\r\nCSeq: 1\r\nScale: 0\r\n\r\n", "mansrtsp-scale-zero"),
        (b"PLAY RTSP/1.0\r\nCSeq: 1\r\nScale: 1\r\nRange: npt=1-\r\n", "mansrtsp-range-and-scale"),
        (b"PLAY RTSP/1.0\r\nScale: 1\r\n\r\n", "mansrtsp-cseq"),
        (b"PLAY RTSP/1.0\nCSeq: 1\n\n", "mansrtsp-line-ends"),
        (b"PAUSE RTSP/1.0\r\nCSeq: 1\r\n\r\n", "mansrtsp-no-pause-time"),
        (b"PLAY HTTP/1.1\r\nCSeq: 1\r\n\r\n", "mansrtsp-version"),
    ],
    ids=repr,
)
def test_odd_playback_commands_are_told(body, code):
    assert code in codes(mansrtsp.parse_command(body).deviations)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"JUMP RTSP/1.0",
        b"PLAY RTSP/1.0\r\nScale: x",
        b"PLAY RTSP/1.0\r\nRange: 5",
        b"x" * 9000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_playback_command_is_refused(body):
    with pytest.raises(ProtocolError):
        mansrtsp.parse_command(body)


def test_answers_to_playback_commands():
    answer = mansrtsp.PlaybackAnswer(200, "OK", 5, "npt=0-100", 7, 9000)
    assert mansrtsp.parse_answer(answer.to_bytes()) == answer
    with pytest.raises(ProtocolError):
        mansrtsp.parse_answer(b"PLAY RTSP/1.0\r\n")


@given(
    st.floats(0, 1e6).map(lambda one: round(one, 3)),
    st.floats(-8, 8).map(lambda one: round(one, 3)).filter(bool),
)
def test_numbers_come_back(seconds, scale):
    seek = mansrtsp.parse_command(mansrtsp.seek(1, seconds).to_bytes())
    assert seek.start == pytest.approx(seconds)
    assert mansrtsp.parse_command(mansrtsp.speed(1, scale).to_bytes()).scale == scale


@given(st.binary(max_size=200), st.integers(0, len(GOOD)), st.integers(0, 20))
def test_any_bytes_are_read_or_refused(noise, place, cut):
    for body in (noise, GOOD[:place] + noise + GOOD[place + cut :]):
        for parse in (parse_session, mansrtsp.parse_command, mansrtsp.parse_answer):
            try:
                parse(body)
            except ProtocolError:
                continue
