"""The envelope: strict writing, tolerant reading, bounds."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.gb28181 import manscdp
from protocols.gb28181.manscdp import Listing, build_manscdp, build_result, parse_manscdp

DEVICE = "34020000001320000001"
HEAD = '<?xml version="1.0" encoding="GB2312"?>\r\n'


def notify(inner: str) -> bytes:
    text = f"<Notify><CmdType>Keepalive</CmdType><SN>1</SN><DeviceID>{DEVICE}</DeviceID>{inner}"
    return f"{HEAD}{text}</Notify>".encode("gb18030")


def codes(data: bytes) -> list[str]:
    return [one.code for one in parse_manscdp(data).deviations]


def test_a_message_is_built_and_read():
    data = build_manscdp("Notify", "Keepalive", 7, DEVICE, [("Status", "OK"), ("Info", None)])
    assert data.startswith(b'<?xml version="1.0" encoding="GB2312"?>\r\n<Notify>')
    message = parse_manscdp(data)
    assert (message.kind, message.command, message.sn) == ("Notify", "Keepalive", 7)
    assert (message.device, message.text("Status")) == (DEVICE, "OK")
    assert message.deviations == ()


def test_lists_count_their_items():
    data = build_manscdp("Response", "X", 1, DEVICE, {"List": Listing([{"A": 1}, {"A": 2.5}])})
    assert b'<List Num="2">' in data
    assert b"<A>2.5</A>" in data


@pytest.mark.parametrize(
    ("inner", "code", "text"),
    [
        ("<Address>A & B</Address>", "xml-not-escaped", "A & B"),
        ("<Address>3 < 5 & 6</Address>", "xml-not-escaped", "3 < 5 & 6"),
        ("<Address><北门></Address>", "xml-not-escaped", "<北门>"),
        ("<Address>North\x01Gate</Address>", "xml-control-characters", "NorthGate"),
        ("<Address>North&#1;Gate</Address>", "xml-control-characters", "NorthGate"),
        ("<Address>Gate</Address><Other>", "xml-broken", "Gate"),
        ("<Address>Gate</Adress>", "xml-broken", "Gate"),
    ],
)
def test_broken_markup_is_mended_and_told(inner, code, text):
    message = parse_manscdp(notify(inner))
    assert code in [one.code for one in message.deviations]
    assert message.text("Address") == text
    assert message.command == "Keepalive"


def test_names_that_are_no_names_are_read_past():
    message = parse_manscdp(notify("<D:>x</D:><Address>Gate</Address><Other>"))
    assert message.text("Address") == "Gate"
    assert message.text("D:", "Y") == ""


def test_a_message_cut_short_keeps_what_came():
    whole = build_manscdp("Response", "X", 1, DEVICE, {"L": Listing([{"A": "1"}, {"A": "2"}])})
    message = parse_manscdp(whole[:-60])
    assert "xml-broken" in [one.code for one in message.deviations]
    assert message.text("L", "Item", "A") == "1"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<notify><CmdType>K</CmdType><SN>1</SN><DeviceID>1</DeviceID></notify>", "root-case"),
        (b"<Notify><CmdType>K</CmdType><DeviceID>1</DeviceID></Notify>", "no-sn"),
        (b"<Notify><CmdType>K</CmdType><SN>x</SN><DeviceID>1</DeviceID></Notify>", "sn-form"),
        (b"<Notify><CmdType>K</CmdType><SN>0</SN><DeviceID>1</DeviceID></Notify>", "sn-range"),
        (b"<Notify><CmdType>K</CmdType><SN>1</SN></Notify>", "no-device"),
    ],
    ids=repr,
)
def test_what_the_envelope_lacks_is_told(data, code):
    assert f"manscdp-{code}" in codes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"no xml",
        b"<Other><CmdType>K</CmdType></Other>",
        b"<Notify><SN>1</SN></Notify>",
        b"<Notify/>",
        b"<!-- -->",
        b"<?xml version='1.0'?>",
        b"\xff\xfe\x00",
    ],
    ids=repr,
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(ProtocolError):
        parse_manscdp(data)


def test_entities_depth_and_size_are_bounded():
    bomb = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><Notify>&c;</Notify>'
    depth = "<a>" * 100_000
    for data in (
        bomb.encode(),
        bomb.encode("utf-16"),
        notify(depth),
        notify(depth + "</a>" * 100_000),
        notify("<a/>" * 1_000_001),
        b" " * (manscdp.MAXIMUM_BYTES + 1),
    ):
        begun = time.perf_counter()
        with pytest.raises(ProtocolError):
            parse_manscdp(data)
        assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    "part", ["<", "&", "<a ", "</", "&#1;", "\x01", "<![CDATA[", "<!--", "]]>"]
)
def test_repair_takes_linear_time(part):
    begun = time.perf_counter()
    with contextlib.suppress(ProtocolError):
        parse_manscdp(notify(part * 100_000))
    assert time.perf_counter() - begun < 3


def test_forbidden_characters_are_never_written():
    with pytest.raises(ValueError):
        build_manscdp("Notify", "K", 1, DEVICE, {"A": "\x01"})


@pytest.mark.parametrize(
    ("text", "value", "told"),
    [
        ("OK", True, []),
        ("ERROR", False, []),
        ("ok", True, ["value"]),
        ("", None, ["field-missing"]),
    ],
)
def test_results(text, value, told):
    data = build_manscdp("Response", "DeviceControl", 1, DEVICE, {"Result": text})
    correct, deviations = manscdp.read_result(parse_manscdp(data))
    assert correct is value
    assert [one.code for one in deviations] == told
    assert manscdp.read_result(parse_manscdp(build_result("A", 1, DEVICE)))[0] is True


def test_content_types():
    assert manscdp.judge_content_type("application/manscdp+XML; charset=x") == ()
    assert manscdp.judge_content_type("text/xml")[0].code == "manscdp-content-type"
    assert manscdp.judge_content_type(None)[0].code == "manscdp-content-type"


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="\ufffe\uffff"),
    max_size=20,
)


@given(
    st.sampled_from(manscdp.KINDS),
    WORDS.map(str.strip),
    st.integers(1, 2**31),
    st.sampled_from(["GB2312", "GB18030", "UTF-8"]),
)
def test_texts_come_back(kind, text, sn, charset):
    message = parse_manscdp(
        build_manscdp(kind, "Test", sn, DEVICE, {"Name": "名" + text}, charset=charset)
    )
    assert message.text("Name") == ("名" + text).strip()
    assert (message.kind, message.sn) == (kind, sn)


@given(st.binary(max_size=200), st.integers(0, 150), st.integers(0, 20))
def test_any_bytes_are_read_or_refused(noise, place, cut):
    data = notify("<Status>OK</Status>")
    for body in (noise, data[:place] + noise + data[place + cut :]):
        with contextlib.suppress(ProtocolError):
            parse_manscdp(body)
