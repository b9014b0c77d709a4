"""No text makes a parser think for long: 60 KB of anything repeated is read in linear time."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable

import pytest

from protocols.errors import ProtocolError
from protocols.sip.authentication import check_authorization, mask_credentials
from protocols.sip.conformance import judge_message
from protocols.sip.dates import parse_gb_date
from protocols.sip.endpoint_parts import tag_of
from protocols.sip.fields import parse_cseq, parse_via
from protocols.sip.framing import StreamSplitter
from protocols.sip.message import SipRequest, parse_message, split_list
from protocols.sip.uri import parse_name_address, parse_parameters, parse_uri

SIZE = 60_000
BOUND = 1.0  # seconds; quadratic work on 60 KB takes minutes
UNITS = [" ", "\t", ";", ",", '"', '\\"', "<", ">", "@", ":", "=", "a", "%", "?", ";a", ";tag=x"]
UNITS += ["a=", "<a>", '"a" ', "1", "-", "SIP/2.0 ", "sip:", "response=", "\r\n ", "\r\nVia: "]
BEGINS = [
    "",
    "x ",
    "sip:",
    "<sip:",
    '"',
    "SIP/2.0/UDP a",
    "1 ",
    "2010-",
    "Digest ",
    ";a",
    "<sip:a>;tag=",
]
ENDS = ["", "x", ">", '"', ";", "!"]


def at_ease(work: Callable[[], object]) -> None:
    begun = time.process_time()
    with contextlib.suppress(ProtocolError):
        work()
    assert time.process_time() - begun < BOUND


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_fields(unit):
    many = unit * (SIZE // len(unit))
    for begin, end in itertools.product(BEGINS, ENDS):
        text = begin + many + end
        for parse in (parse_via, parse_cseq, parse_gb_date, parse_parameters, parse_uri, tag_of):
            at_ease(lambda parse=parse, text=text: parse(text))
        short = begin + many[:4_000] + end
        at_ease(lambda short=short: parse_name_address(short))
    at_ease(lambda: split_list(many))


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_whole_messages(unit):
    many = unit * (SIZE // len(unit))
    for begin in ("INVITE", "INVITE ", "SIP/2.0 200", "", "MESSAGE sip:a SIP/2.0\r\n"):
        at_ease(lambda begin=begin: parse_message((begin + many).encode() + b"x\r\n\r\n"))
    for name in ("From", "Contact", "Via", "Authorization", "Date", "CSeq", "Expires", "Allow"):
        data = f"MESSAGE sip:a@b SIP/2.0\r\n{name}: {many}x\r\n\r\n".encode()

        def read(data: bytes = data) -> None:
            message = parse_message(data)
            judge_message(message, "udp")
            assert isinstance(message, SipRequest)
            check_authorization(message, "x", realm="r", nonce="n")

        at_ease(read)
        at_ease(lambda data=data: mask_credentials(data))
        at_ease(lambda data=data: StreamSplitter().feed(data))


def test_a_stream_that_drips():
    splitter = StreamSplitter()
    data = (
        b"MESSAGE sip:a@b SIP/2.0\r\nl: 30000\r\nX: " + b"y" * 20_000 + b"\r\n\r\n" + b"z" * 30_000
    )

    def drip() -> None:
        found = [one for byte in data for one in splitter.feed(bytes([byte]))]
        assert found == [data]

    at_ease(drip)


def test_many_messages_at_once():
    one = b"MESSAGE sip:a@b SIP/2.0\r\nl: 0\r\n\r\n"
    at_ease(lambda: StreamSplitter().feed(one * 20_000))
