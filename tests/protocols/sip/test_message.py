"""SIP messages, addresses, fields and dates, good and bad."""

from __future__ import annotations

import random

import pytest

from protocols.errors import ProtocolError
from protocols.sip import fields
from protocols.sip.conformance import judge_message
from protocols.sip.dates import format_gb_date, parse_gb_date
from protocols.sip.framing import Keepalive, StreamSplitter
from protocols.sip.message import Headers, SipRequest, SipResponse, parse_message, split_list
from protocols.sip.uri import NameAddress, SipUri, parse_name_address, parse_uri

REGISTER = (
    b"REGISTER sip:34020000002000000001@3402000000 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 10.0.0.2:5060;rport;branch=z9hG4bK1\r\n"
    b"f: <sip:34020000001320000001@3402000000>;tag=1\r\n"
    b"t: <sip:34020000001320000001@3402000000>\r\n"
    b"i: 1@10.0.0.2\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n"
    b"m: <sip:34020000001320000001@10.0.0.2:5060>\r\nExpires: 3600\r\nl: 0\r\n\r\n"
)


def codes(data: bytes) -> list[str]:
    return [one.code for one in parse_message(data).deviations]


def test_compact_forms_are_read_as_long_ones():
    message = parse_message(REGISTER)
    assert isinstance(message, SipRequest)
    assert judge_message(message, "udp") == ()
    assert message.headers.get("Call-ID") == message.headers.get("i") == "1@10.0.0.2"
    assert fields.contacts_of(message)[0].uri.port == 5060
    assert fields.expires_of(message) == 3600
    assert b"\r\nVia: SIP/2.0/UDP" in message.to_bytes()


def test_folded_lines_are_joined():
    folded = REGISTER.replace(b"Expires: 3600", b"Expires:\r\n\t 3600\r\nX: a\r\n  b")
    message = parse_message(folded)
    assert message.headers.get("Expires") == "3600"
    assert message.headers.get("X") == "a b"
    assert message.deviations == ()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"\r\n", b"\n", "sip-line-end"),
        (b"l: 0\r\n\r\n", b"l: 0", "sip-no-empty-line"),
        (b"Expires: 3600", b"Expires: 3600\r\nno colon here", "sip-header-line"),
        (b"Expires: 3600", b"Expires: 3600\r\nExpires: 5", "sip-header-twice"),
        (b"Expires: 3600", b"Subject: \xcd\xf8\xc2\xe7", "sip-charset"),
        (b"Expires: 3600", b"Subject: a\0b", "sip-control-character"),
        (b"i: 1@10.0.0.2\r\n", b"", "sip-header-missing"),
        (b"l: 0", b"l: 5", "sip-content-length-long"),
        (b"l: 0", b"l: zero", "sip-content-length"),
    ],
    ids=str,
)
def test_what_is_odd_is_read_and_named(old, new, code):
    data = REGISTER.replace(old, new)
    assert code in codes(data)
    assert parse_message(data).headers.get("CSeq") == "1 REGISTER"


def test_headers_in_gb18030_are_readable():
    data = REGISTER.replace(b"Expires: 3600", b"Subject: \xcd\xf8\xc2\xe7")
    assert parse_message(data).headers.get("Subject") == "网络"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0" * 100,
        b"SIP/2.0 99 Low\r\n\r\n",
        b"SIP/2.0 700 High\r\n\r\n",
        b"HELLO\r\n\r\n",
        b"INVITE sip:a\r\n\r\n",
        REGISTER[:50] + b"X: y\r\n" * 300,
        b"INVITE sip:a SIP/2.0\r\n" + b"X: y\r\n" * 300 + b"\r\n",
        b"INVITE sip:a SIP/2.0\r\n" + b"\x01\r\n" * 300 + b"\r\n",
        b"INVITE sip:a SIP/2.0\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
    ids=lambda data: str(data[:12]),
)
def test_nothing_can_be_made_of_these(data):
    with pytest.raises(ProtocolError):
        parse_message(data)


@pytest.mark.parametrize("length", [0, 10])
def test_a_body_beyond_a_length_too_short_is_kept_when_it_is_xml(length):
    """Quirk 45, and lengths that count characters instead of bytes."""
    xml = "<?xml version='1.0'?><Notify>网络摄像机</Notify>".encode("gb18030")
    data = REGISTER.replace(b"l: 0", b"c: Application/MANSCDP+xml\r\nl: %d" % length) + xml
    message = parse_message(data)
    assert message.body == xml
    assert "sip-content-length-short" in codes(data)


def test_a_line_break_in_a_header_is_never_sent():
    with pytest.raises(ValueError):
        SipResponse(200, "", Headers([("X", "a\r\nY: b")])).to_bytes()
    with pytest.raises(ValueError):
        SipRequest("INVITE", "sip:a\nb", Headers()).to_bytes()


def test_headers_keep_order_and_change_in_place():
    headers = Headers([("a-b", "1"), ("Contact", "<sip:a>, <sip:b>"), ("A-B", "2")])
    assert headers.get("A-b") == "1"
    assert headers.get_all("contact") == ["<sip:a>", "<sip:b>"]
    headers.set("A-B", "3")
    assert [name for name, _ in headers] == ["A-B", "Contact"]
    headers.remove("m")
    assert len(headers) == 1
    copied = headers.copy()
    copied.add("X", "y")
    assert "x" in copied
    assert "x" not in headers


def test_lists_are_split_outside_quotes_and_brackets():
    assert split_list('"a, b" <sip:c,d@e>;x="f,\\"g", <sip:h>,,') == [
        '"a, b" <sip:c,d@e>;x="f,\\"g"',
        "<sip:h>",
    ]


def test_uris():
    uri = parse_uri("sips:a%20b:secret@[2001:db8::1]:5061;transport=tcp;lr?Subject=x")
    assert uri == SipUri("a b", "[2001:db8::1]", 5061, "sips", {"transport": "tcp", "lr": ""})
    assert str(uri) == "sips:a%20b@[2001:db8::1]:5061;transport=tcp;lr"
    assert parse_uri("sip:3402000000").user == ""
    assert parse_uri("sip:a@b:5060").domain == "b:5060"
    for bad in ("", "sip:", "sip:a@", "sip:a@b:99999", "sip:a b@c", "x", "sip:a@b;=" + "x" * 5_000):
        with pytest.raises(ProtocolError):
            parse_uri(bad)


def test_name_addresses():
    address = parse_name_address('"A \\"q\\"" <sip:a@b;lr>;tag=x;y="z,w"')
    assert address.display == 'A "q"'
    assert (address.tag, address.parameters["y"]) == ("x", "z,w")
    assert parse_name_address(str(address)) == address
    assert parse_name_address("sip:a@b;tag=1").tag == "1"
    assert NameAddress("", parse_uri("sip:a@b")).with_tag("9").tag == "9"
    for bad in ("", "<>", '"a <sip:b@c>', "<sip:a@b", "<sip:a@b>;;;="):
        with pytest.raises(ProtocolError):
            parse_name_address(bad)


def test_via_and_cseq():
    via = fields.parse_via("SIP/2.0/UDP 10.0.0.1:5060;rport=6000;received=1.2.3.4;branch=z;x=y")
    assert (via.rport, via.received, via.branch, via.parameters) == (
        6000,
        "1.2.3.4",
        "z",
        {"x": "y"},
    )
    assert fields.parse_via("SIP/2.0/TCP a;rport").rport_wanted
    for bad in ("", "SIP/2.0/UDP", "SIP/3.0/UDP a", "SIP/2.0/UDP a:99999", "SIP/2.0/UDP a b"):
        with pytest.raises(ProtocolError):
            fields.parse_via(bad)
    assert fields.parse_cseq(" 0007  INVITE ") == fields.CSeq(7, "INVITE")
    for bad in ("", "1", "INVITE 1", "-1 BYE", "4294967296 BYE", "1 B Y"):
        with pytest.raises(ProtocolError):
            fields.parse_cseq(bad)


def test_contact_expiry_goes_before_the_header():
    headers = Headers([("Contact", "<sip:a@b>;expires=60"), ("Expires", "90")])
    assert fields.expires_of(SipRequest("REGISTER", "sip:b", headers)) == 60
    headers.set("Contact", "*")
    assert fields.expires_of(SipRequest("REGISTER", "sip:b", headers)) == 90
    assert fields.parse_seconds("9" * 10) == (1 << 32) - 1
    assert fields.parse_seconds("-1") is None


def test_identifiers_are_seeded_and_differ():
    first, second = random.Random(1), random.Random(1)
    assert fields.new_branch(first) == fields.new_branch(second)
    assert fields.new_branch(first) != fields.new_branch(first)
    assert fields.new_tag(first) != fields.new_tag(first)
    assert fields.new_call_id(first, "h").endswith("@h")


def test_dates_of_the_standard():
    posix = 1288681286.115
    assert format_gb_date(posix) == "2010-11-02T15:01:26.115"
    assert parse_gb_date("2010-11-02T15:01:26.115") == (pytest.approx(posix, abs=1e-6), None)
    assert format_gb_date(0.0) == "1970-01-01T08:00:00.000"
    assert format_gb_date(-0.001) == "1970-01-01T07:59:59.999"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Tue, 02 Nov 2010 07:01:26 GMT", "sip-date-rfc1123"),
        ("2010-11-02T07:01:26.000Z", "sip-date-zone"),
        ("2010-11-02T15:01:26.000+08:00", "sip-date-zone"),
        ("2010-11-02T01:01:26.000-0600", "sip-date-zone"),
        ("2010-11-02T15:01:26", "sip-date-form"),
        ("2010-11-02 15:01:26.000", "sip-date-form"),
    ],
)
def test_other_dates_are_understood_and_named(text, code):
    posix, deviation = parse_gb_date(text)
    assert posix == pytest.approx(1288681286.0)
    assert deviation.code == code


@pytest.mark.parametrize("text", ["", "now", "2010-13-02T15:01:26.115", "2010-11-02T25:00:00.000"])
def test_what_is_no_date(text):
    with pytest.raises(ProtocolError):
        parse_gb_date(text)


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
def test_a_stream_is_cut_wherever_it_breaks(size):
    body = REGISTER.replace(b"l: 0", b"l: 5") + b"\r\n\r\nx"
    stream = b"\r\n\r\n" * (size > 3) + REGISTER + body + REGISTER
    splitter = StreamSplitter()
    found = []
    for begin in range(0, len(stream), size):
        found += splitter.feed(stream[begin : begin + size])
    assert [one for one in found if not isinstance(one, Keepalive)] == [REGISTER, body, REGISTER]
    assert splitter.pending == 0


def test_a_strict_reading_names_what_a_device_left_out():
    bare = SipRequest("NOTIFY", "sip:a@b", Headers([("Date", "today"), ("Allow", "INVITE, ACK")]))
    bare.body = b"x"
    found = {(one.code, one.detail) for one in judge_message(parse_message(bare.to_bytes()), "tcp")}
    for name in ("Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Contact", "Event"):
        assert ("sip-header-missing", name) in found
    assert ("sip-header-missing", "Content-Type") in found
    assert ("sip-date", "today") in found
    assert ("sip-allow", "INFO, CANCEL, BYE, OPTIONS, MESSAGE") in found


def test_a_datagram_too_big_and_a_via_that_lies():
    big = parse_message(REGISTER.replace(b"l: 0", b"c: text/plain\r\nl: 1400") + b"x" * 1400)
    found = {one.code for one in judge_message(big, "udp")}
    assert found == {"sip-datagram-size"}
    assert {one.code for one in judge_message(big, "tcp")} == {"sip-via-transport"}
