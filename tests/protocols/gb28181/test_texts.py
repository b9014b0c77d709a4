"""Character sets as declared and as found."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.gb28181.texts import decode_xml, encode_xml, judge_charset


def body(text: str, declared: str, charset: str) -> bytes:
    return f'<?xml version="1.0" encoding="{declared}"?>\r\n<N>{text}</N>'.encode(charset)


def codes(data: bytes) -> list[str]:
    return [one.code for one in decode_xml(data).deviations]


@pytest.mark.parametrize(
    ("text", "declared", "charset", "found", "deviations"),
    [
        ("西安北门", "GB2312", "gb2312", "GB2312", []),
        ("西安北门", "UTF-8", "utf-8", "UTF-8", []),
        ("西安北门", "GB2312", "utf-8", "UTF-8", ["charset-not-as-declared"]),
        ("西安北门", "UTF-8", "gb2312", "GB2312", ["charset-not-as-declared"]),
        ("朱镕基", "GB2312", "gbk", "GBK", ["charset-beyond-gb2312"]),
        ("㐀北门", "gb18030", "gb18030", "GB18030", []),
        ("plain", "GB2312", "ascii", "GB2312", []),
        ("联通", "GB2312", "gb2312", "GB2312", []),
        ("北门", "KOI8", "gb2312", "GB2312", ["charset-unknown"]),
        ("目", "GB2312", "gb2312", "GB2312", []),
    ],
)
def test_the_bytes_decide(text, declared, charset, found, deviations):
    decoded = decode_xml(body(text, declared, charset))
    assert text in decoded.text
    assert decoded.charset == found
    assert [one.code for one in decoded.deviations] == deviations


def test_marks_and_missing_declarations_are_told():
    assert codes("<N>门</N>".encode("gb2312")) == ["charset-not-declared"]
    assert "charset-byte-order-mark" in codes(b"\xef\xbb\xbf" + body("门", "UTF-8", "utf-8"))
    assert codes("<N/>".encode("utf-16")) == ["charset-unexpected"]
    assert "charset-undecodable" in codes(body("门", "GB2312", "gb2312") + b"\xff\xff\x80")


def test_characters_beyond_the_set_become_references():
    assert encode_xml("a朱镕", "gb2312") == b"a\xd6\xec&#38229;"


def test_the_edition_has_its_character_set():
    assert judge_charset("2016", "GB2312") == ()
    assert judge_charset("2016", "UTF-8")[0].code == "charset-of-edition"
    assert judge_charset("2022", "GB18030") == ()
    assert judge_charset("2022", "UTF-8", ascii_only=True) == ()


CHINESE = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=30
)


@given(CHINESE, st.sampled_from(["gb18030", "utf-8"]), st.sampled_from(["GB18030", "UTF-8"]))
def test_chinese_is_read_whatever_is_declared(text, charset, declared):
    decoded = decode_xml(body("x" + text, declared, charset))
    # GB text of two-byte characters may by chance be valid UTF-8; then the declaration decides.
    try:
        body(text, declared, charset).decode("utf-8")
        ambiguous = charset != "utf-8" and declared == "UTF-8"
    except UnicodeDecodeError:
        ambiguous = False
    if not ambiguous:
        assert text in decoded.text


@given(st.binary(max_size=300))
def test_any_bytes_become_text_or_a_protocol_error(data):
    from protocols.errors import ProtocolError

    with contextlib.suppress(ProtocolError):
        assert isinstance(decode_xml(data).text, str)
