from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.xml_reading import children, find, integer, local_name, read_xml, words


def short(content: bytes) -> str:
    return repr(content)[2:40]


def test_elements_are_found_by_local_names() -> None:
    root = read_xml(
        b'<a:x xmlns:a="urn:1"><!-- no --><b xmlns="urn:2"><c> 7 </c><c>8</c></b></a:x>'
    )
    assert local_name(root) == "x"
    assert words(root, "b", "c") == "7"
    assert integer(root, "b", "c") == 7
    assert [one.text for one in children(find(root, "b"), "c")] == [" 7 ", "8"]
    assert words(root, "absent", "c") is None
    assert integer(root, "absent") is None
    assert list(children(None, "c")) == []


@pytest.mark.parametrize(
    ("text", "number"), [("25.0", 25), ("x", None), ("", None), ("1e999", None)]
)
def test_numbers(text: str, number: int | None) -> None:
    assert integer(read_xml(f"<a><b>{text}</b></a>".encode()), "b") == number


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not xml",
        b"<a>",
        b"<a></b>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0" encoding="UTF-16"?><a/>',
        b"<a>" * 400 + b"</a>" * 400,
        b"<a>" + b"x" * (1 << 20) + b"</a>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"),
    ],
    ids=short,
)
def test_what_is_malformed_or_dangerous_is_refused(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_xml(content)


@given(st.binary(max_size=200))
def test_nothing_but_a_protocol_error_comes_of_any_bytes(content: bytes) -> None:
    for candidate in (content, b"<a>" + content + b"</a>"):
        try:
            read_xml(candidate)
        except ProtocolError:
            continue
