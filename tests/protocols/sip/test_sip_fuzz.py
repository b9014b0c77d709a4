"""Whatever bytes come, a SIP parser answers or raises ProtocolError, and stays within bounds."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.sip.authentication import check_authorization, mask_credentials
from protocols.sip.conformance import judge_message
from protocols.sip.dates import format_gb_date, parse_gb_date
from protocols.sip.dialog import Dialog
from protocols.sip.fields import contacts_of, expires_of, parse_cseq, parse_seconds, parse_via
from protocols.sip.framing import StreamSplitter
from protocols.sip.message import Headers, SipRequest, SipResponse, parse_message, split_list
from protocols.sip.uri import parse_name_address, parse_parameters, parse_uri

SEEDS = [path.read_bytes() for path in sorted((Path(__file__).parent / "torture").glob("*.dat"))]
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
TEXT = st.text(
    alphabet=st.one_of(st.sampled_from(' \t;,:=<>"\\@/?%*.0123456789abzSIPsip'), st.characters()),
    max_size=80,
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A known message with bytes changed, cut, doubled, in few places."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        what = draw(st.integers(0, 3))
        if what == 0 and data:
            data[place] = draw(st.integers(0, 255))
        elif what == 1:
            del data[place : place + draw(st.integers(1, 40))]
        elif what == 2:
            data[place:place] = draw(
                st.sampled_from([b"\r\n", b"\n", b";", b'"', b"<", b"\0", b","])
            )
        else:
            data[place:place] = data[place : place + draw(st.integers(1, 40))]
    return bytes(data)


def handle(data: bytes) -> None:
    try:
        message = parse_message(data)
    except ProtocolError:
        return
    assert len(message.body) <= len(data)
    for one in judge_message(message, "udp"):
        assert one.code.startswith("sip-")
        assert one.detail.isprintable()
        assert len(one.detail) <= 80
    expires_of(message)
    with contextlib.suppress(ProtocolError):
        contacts_of(message)
    if isinstance(message, SipRequest):
        check_authorization(message, "x", realm="r", nonce="n")
        for make in (
            lambda: Dialog.from_uas(message, "tag"),
            lambda: Dialog.from_uac(message, SipResponse(200, "", message.headers)),
        ):
            try:
                make().request("BYE")
            except ProtocolError:
                continue
    again = message.to_bytes()
    assert parse_message(again).headers.get("Call-ID") == message.headers.get("Call-ID")


@QUICK
@given(mutated())
def test_changed_messages(data: bytes) -> None:
    handle(data)


@QUICK
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    handle(data)
    handle(b"INVITE sip:a@b SIP/2.0\r\n" + data)


@QUICK
@given(TEXT)
def test_any_text_in_a_field(text: str) -> None:
    for parse in (
        parse_uri,
        parse_name_address,
        parse_via,
        parse_cseq,
        parse_parameters,
        parse_gb_date,
        lambda value: parse_via(f"SIP/2.0/UDP a;{value}"),
        lambda value: parse_name_address(f"<sip:a@b>;{value}"),
        lambda value: parse_uri(f"sip:{value}"),
    ):
        try:
            parse(text)
        except ProtocolError:
            continue
    assert parse_seconds(text) is None or parse_seconds(text) >= 0
    assert all(one.strip() == one and one for one in split_list(text))


@QUICK
@given(st.data())
def test_streams_are_cut_the_same_however_they_arrive(data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(mutated(), min_size=1, max_size=3)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    splitter = StreamSplitter(maximum_header=20_000, maximum_body=5_000)
    fed = 0
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        fed += end - begin
        try:
            for one in splitter.feed(stream[begin:end]):
                if isinstance(one, bytes):
                    assert 0 < len(one) <= fed
        except ProtocolError:
            return
        assert splitter.pending <= 25_000


@QUICK
@given(st.binary(max_size=200))
def test_masking_keeps_the_length(data: bytes) -> None:
    for one in (data, b'Authorization: Digest response="' + data):
        assert len(mask_credentials(one)) == len(one)


@QUICK
@given(st.floats(min_value=-1e9, max_value=1e11))
def test_dates_survive_to_the_millisecond(posix: float) -> None:
    again, deviation = parse_gb_date(format_gb_date(posix))
    assert deviation is None
    assert again == pytest.approx(posix, abs=0.000_6)


@QUICK
@given(st.lists(st.tuples(st.sampled_from(["X", "via", "m", "Route", "l"]), TEXT), max_size=8))
def test_what_we_write_we_read(fields: list[tuple[str, str]]) -> None:
    request = SipRequest("MESSAGE", "sip:a@b", Headers(fields), random.Random(1).randbytes(9))
    try:
        data = request.to_bytes()
    except ValueError:
        return
    again = parse_message(data)
    assert again.body == request.body
