from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.http_response import AnswerTooLargeError, HttpResponse, HttpResponseReader


def short(content: bytes) -> str:
    return repr(content)[2:40]


def read(content: bytes, step: int = 1 << 20, **options: int) -> HttpResponse | None:
    reader = HttpResponseReader(**options)
    for start in range(0, len(content), step):
        response = reader.feed(content[start : start + step])
        if response is not None:
            return response
    return None


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: x\r\ndate: y\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nT: v\r\n\r\n"
)


@pytest.mark.parametrize("content", [LENGTH, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_a_response_is_read_however_it_is_cut(content: bytes, step: int) -> None:
    response = read(content, step)
    assert response is not None
    assert (response.status, response.reason, response.body) == (200, "OK", b"hello")
    assert response.reusable


def test_fields_are_found_in_any_case() -> None:
    response = read(LENGTH)
    assert response is not None
    assert response.fields("DATE") == ["x", "y"]
    assert response.header("date") == "x"
    assert response.header("absent") is None


def test_interim_answers_are_skipped_and_bodiless_ones_end_at_once() -> None:
    response = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    assert response is not None
    assert (response.status, response.body) == (204, b"")
    reader = HttpResponseReader(bodiless=True)
    head = reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    assert head is not None
    assert head.body == b""


def test_the_end_of_the_connection_ends_an_unframed_body() -> None:
    reader = HttpResponseReader()
    assert reader.feed(b"HTTP/1.0 200 OK\r\n\r\nabc") is None
    response = reader.close()
    assert response.body == b"abc"
    assert not response.reusable


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
    ],
    ids=short,
)
def test_a_cut_off_response_is_told(content: bytes) -> None:
    reader = HttpResponseReader()
    assert reader.feed(content) is None
    with pytest.raises(ProtocolError):
        reader.close()


@pytest.mark.parametrize(
    "content",
    [
        b"garbage\r\n\r\n",
        b"\x16\x03\x01",
        b"HTTP/1.1 2xx OK\r\n\r\n",
        b"HTTP/1.1 020 OK\r\n\r\n",
        b"HTTP/3 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 400,
    ],
    ids=short,
)
def test_what_is_not_http_is_refused(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFF\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200,
    ],
    ids=short,
)
def test_the_bounds_hold(content: bytes) -> None:
    with pytest.raises(AnswerTooLargeError):
        read(content, maximum_body=100, maximum_head=150)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_nothing_but_a_protocol_error_comes_of_any_bytes(content: bytes, step: int) -> None:
    try:
        read(b"HTTP/1.1 200 OK\r\n" + content, step, maximum_body=100)
    except ProtocolError:
        return


@given(st.binary(max_size=200), st.lists(st.integers(1, 50), max_size=10), st.integers(1, 60))
def test_chunks_come_together_again(body: bytes, sizes: list[int], step: int) -> None:
    content = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    rest = body
    for size in [*sizes, len(body)]:
        piece, rest = rest[:size], rest[size:]
        if piece:
            content += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    response = read(content + b"0\r\n\r\n", step)
    assert response is not None
    assert response.body == body
