import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.sdp import Media, RtpMap, SessionDescription, parse_sdp, resolve_control

CAMERA = """v=0
o=- 1 1 IN IP4 10.0.0.9
s=RTSP Session
c=IN IP4 0.0.0.0
t=0 0
a=control:*
x-nonsense
m=video 0 RTP/AVP 96
b=AS:5100
a=control:trackID=1
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z0I=,aM4=
a=recvonly
m=audio 0 RTP/AVP 8
a=control:rtsp://10.0.0.9/live/trackID=2
"""


def test_a_camera_description_is_read():
    session = parse_sdp(CAMERA)
    video, audio = session.media
    assert session.control == "*"
    assert (video.kind, video.payload_types, video.bandwidth_kbps) == ("video", [96], 5100)
    assert video.rtpmap(96) == RtpMap("H264", 90000)
    assert video.fmtp_parameters(96)["sprop-parameter-sets"] == "Z0I=,aM4="
    assert video.direction == "recvonly"
    assert audio.rtpmap(8) == RtpMap("PCMA", 8000)
    assert resolve_control("rtsp://h/live/", video.control) == "rtsp://h/live/trackID=1"
    assert resolve_control("rtsp://h/live", audio.control).endswith("/trackID=2")
    assert resolve_control("rtsps://h/live", "/abs/1") == "rtsps://h/abs/1"


def test_building_and_reading_agree():
    media = Media("video", 0, "RTP/AVP", ["26"], [("control", "t1"), ("recvonly", "")])
    session = SessionDescription(attributes=[("control", "*")], media=[media])
    assert parse_sdp(session.build()) == session


@pytest.mark.parametrize(
    "text", ["", "v=1\n", "hello", "v=0\nm=video\n", "v=0\n" + "m=a 0 R\n" * 40]
)
def test_what_is_no_description_is_refused(text):
    with pytest.raises(ProtocolError):
        parse_sdp(text)


def test_a_line_break_in_a_field_is_not_written():
    with pytest.raises(ValueError):
        SessionDescription(name="a\r\nm=video 0 X 0").build()


@given(st.text(max_size=200))
def test_random_text_raises_only_protocol_errors(text):
    for content in (text, "v=0\n" + text, "v=0\nm=" + text, "v=0\nm=video 0 R 1\na=" + text):
        try:
            session = parse_sdp(content)
        except ProtocolError:
            continue
        for media in session.media:
            media.rtpmap(96)
            media.fmtp_parameters(96)
            assert media.direction
            with contextlib.suppress(ProtocolError):
                resolve_control("rtsp://host/path", media.control)
