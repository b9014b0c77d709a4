import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.rtsp import (
    InterleavedFrame,
    NptRange,
    Request,
    Response,
    RtpInfo,
    RtspParser,
    Transport,
    build_rtp_info,
    parse_npt_range,
    parse_rtp_info,
    parse_session,
    parse_transports,
)


def read_all(data: bytes, step: int = 0) -> list:
    parser = RtspParser()
    found = []
    for start in range(0, len(data), step or len(data) or 1):
        parser.feed(data[start : start + (step or len(data))])
        while (message := parser.next_message()) is not None:
            found.append(message)
    return found


MIXED = [
    Request("OPTIONS", "*", (("CSeq", "1"), ("User-Agent", "x"))),
    InterleavedFrame(1, b"$$\r\n\r\n"),
    Response(200, (("CSeq", "1"), ("Content-Length", "3")), b"v=0", "OK"),
    InterleavedFrame(0, b""),
    Request("SET_PARAMETER", "rtsp://h/a", (("CSeq", "2"), ("Content-Length", "4")), b"a: b"),
]


@pytest.mark.parametrize("step", [0, 1, 2, 3, 7])
def test_messages_and_frames_in_any_order_survive_any_cutting(step):
    stream = b"".join(message.to_bytes() for message in MIXED)
    assert read_all(stream, step) == MIXED


def test_bare_line_feeds_folded_headers_and_leading_empty_lines_are_read():
    (message,) = read_all(b"\r\n\nRTSP/1.0 200 OK\nCSeq: 9\nPublic: DESCRIBE,\n PLAY\n\n")
    assert message.header("public") == "DESCRIBE, PLAY"
    assert message.sequence == 9


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\x03",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/2.0 200 OK\r\n\r\n",
        b"PLAY rtsp://h/ RTSP/1.0\r\nno colon\r\n\r\n",
        b"PLAY rtsp://h/ RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
        b"PLAY rtsp://h/ RTSP/1.0\r\nContent-Length: 999999999\r\n\r\n",
        b"PLAY rtsp://h/ RTSP/1.0\r\n" + b"a: b\r\n" * 101 + b"\r\n",
    ],
    ids=range(7),
)
def test_what_is_no_rtsp_is_refused(garbage):
    with pytest.raises(ProtocolError):
        read_all(garbage)


def test_an_endless_header_ends_at_the_bound():
    parser = RtspParser(maximum_header=1000)
    parser.feed(b"RTSP/1.0 200 OK\r\n")
    for _ in range(50):
        parser.feed(b"X-More: and more\r\n")
        assert parser.next_message() is None
    parser.feed(b"X-More: and more\r\n" * 10)
    with pytest.raises(ProtocolError, match="1000"):
        parser.next_message()


def test_line_breaks_in_a_header_are_not_sent():
    with pytest.raises(ValueError):
        Request("PLAY", "rtsp://h/\r\nEvil: 1").to_bytes()


@given(st.binary(max_size=300))
def test_random_bytes_raise_only_protocol_errors(data):
    with contextlib.suppress(ProtocolError):
        read_all(data, 5)


@given(st.text(max_size=100))
def test_random_header_values_raise_only_protocol_errors(text):
    for parse in (parse_transports, parse_session, parse_npt_range, parse_rtp_info):
        with contextlib.suppress(ProtocolError):
            parse(text)


def test_transport_examples_of_the_rfc():
    first, second = parse_transports(
        'RTP/AVP;multicast;ttl=127;mode="PLAY", RTP/AVP;unicast;client_port=3456-3457;mode=PLAY'
    )
    assert not first.unicast
    assert second == Transport(client_port=(3456, 3457), mode="PLAY")


def test_a_transport_survives_the_round_trip():
    transport = Transport(
        lower="TCP", interleaved=(2, 3), ssrc=0xDEADBEEF, source="127.0.0.1", mode="PLAY"
    )
    assert parse_transports(transport.build()) == [transport]


def test_a_transport_with_one_port_means_the_pair():
    assert parse_transports("RTP/AVP;client_port=9000")[0].client_port == (9000, 9001)


def test_session_rtp_info_and_range():
    assert parse_session("12345678;timeout=30") == ("12345678", 30)
    assert parse_session("x") == ("x", 60)
    infos = [RtpInfo("rtsp://h/a,b/1", 45102, 12345678), RtpInfo("rtsp://h/2")]
    assert parse_rtp_info(build_rtp_info(infos)) == infos
    assert parse_npt_range("npt=now-") == NptRange(None, None)
    assert parse_npt_range("npt=0:01:02.5-70") == NptRange(62.5, 70.0)
    assert parse_npt_range(NptRange(1.5).build()) == NptRange(1.5)
