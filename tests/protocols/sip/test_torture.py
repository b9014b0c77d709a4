"""Messages that torture a parser: each does what one test of RFC 4475 does, in our own words.

Valid ones are read without a complaint and survive being written again; invalid ones are either
refused or carry the deviation that names their fault; none does worse.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import messages
import protocols.sip
from protocols.errors import ProtocolError
from protocols.sip.conformance import judge_message
from protocols.sip.fields import contacts_of, expires_of, from_of, parse_via, sequence_of, to_of
from protocols.sip.message import SipRequest, parse_message
from protocols.sip.uri import parse_uri

FOLDER = Path(__file__).parent / "torture"

# File: section of RFC 4475.
VALID = {
    "short-tortuous-invite": "3.1.1.1",
    "wide-character-set": "3.1.1.2",
    "escaped-user": "3.1.1.3",
    "escaped-nul": "3.1.1.4",
    "percent-is-no-escape": "3.1.1.5",
    "no-space-before-bracket": "3.1.1.6",
    "long-values": "3.1.1.7",
    "semicolon-in-user": "3.1.1.9",
    "unknown-transports": "3.1.1.10",
    "multipart": "3.1.1.11",
    "unusual-reason": "3.1.1.12",
    "empty-reason": "3.1.1.13",
    "unknown-scheme": "3.3.2",
    "known-scheme-not-sip": "3.3.3",
    "unknown-scheme-in-header": "3.3.4",
    "unknown-extensions": "3.3.5",
    "unknown-content-type": "3.3.6",
    "unknown-authorization": "3.3.7",
    "broadcast-response": "3.3.10",
    "max-forwards-zero": "3.3.11",
    "contact-with-parameters": "3.3.12",
    "contact-uri-with-parameters": "3.3.13",
    "contact-with-escaped-headers": "3.3.14",
    "accept-lists-no-sdp": "3.3.15",
}
# File: section, deviations that must be found; None: the parser refuses.
ODD: dict[str, tuple[str, set[str] | None]] = {
    "two-in-one-datagram": ("3.1.1.8", {"sip-content-length-short"}),
    "extra-separators": ("3.1.2.1", {"sip-via", "sip-branch"}),
    "length-too-long": ("3.1.2.2", {"sip-content-length-long"}),
    "length-negative": ("3.1.2.3", {"sip-content-length"}),
    "scalars-too-large": ("3.1.2.4", {"sip-cseq", "sip-max-forwards", "sip-expires"}),
    "scalars-too-large-response": ("3.1.2.5", {"sip-cseq"}),
    "quote-not-closed": ("3.1.2.6", {"sip-address"}),
    "uri-in-brackets": ("3.1.2.7", {"sip-request-uri-brackets"}),
    "uri-with-spaces": ("3.1.2.8", {"sip-request-uri"}),
    "spaces-in-start-line": ("3.1.2.9", {"sip-start-line-spaces"}),
    "space-after-start-line": ("3.1.2.10", {"sip-start-line-spaces"}),
    "headers-in-request-uri": ("3.1.2.11", {"sip-request-uri"}),
    "date-in-another-zone": ("3.1.2.12", {"sip-date-rfc1123"}),
    "contact-needs-brackets": ("3.1.2.13", {"sip-address-form"}),
    "spaces-in-brackets": ("3.1.2.14", {"sip-address-form"}),
    "name-needs-quotes": ("3.1.2.15", {"sip-address-form"}),
    "version-unknown": ("3.1.2.16", {"sip-version", "sip-via"}),
    "method-mismatch": ("3.1.2.17", {"sip-cseq-method"}),
    "unknown-method-mismatch": ("3.1.2.18", {"sip-cseq-method"}),
    "status-code-too-large": ("3.1.2.19", None),
    "branch-of-cookie-only": ("3.2.1", {"sip-branch"}),
    "required-fields-missing": ("3.3.1", {"sip-header-missing"}),
    "single-fields-repeated": ("3.3.8", {"sip-header-twice"}),
    "two-lengths": ("3.3.9", {"sip-header-twice", "sip-content-length-short"}),
    "from-rfc-2543": ("3.4.1", {"sip-tag-missing", "sip-branch", "sip-header-missing"}),
}


def read(name: str) -> bytes:
    return (FOLDER / f"{name}.dat").read_bytes()


def test_every_file_is_expected_to_be_something():
    assert {path.stem for path in FOLDER.glob("*.dat")} == VALID.keys() | ODD.keys()
    assert len(VALID) + len(ODD) == 49


@pytest.mark.parametrize("name", VALID, ids=lambda name: f"{name}-{VALID[name]}")
def test_valid_messages_are_read_without_complaint(name):
    message = parse_message(read(name))
    assert judge_message(message) == ()
    from_of(message)
    to_of(message)
    sequence_of(message)
    for via in message.headers.get_all("Via"):
        assert parse_via(str(parse_via(via))) == parse_via(via)
    if isinstance(message, SipRequest):
        parse_uri(message.uri)
    again = parse_message(message.to_bytes())
    assert again.body == message.body
    assert sorted(again.headers) == sorted([*message.headers, *length_if_absent(message)])


def length_if_absent(message) -> list[tuple[str, str]]:
    if "Content-Length" in message.headers:
        return []
    return [("Content-Length", str(len(message.body)))]


@pytest.mark.parametrize("name", ODD, ids=lambda name: f"{name}-{ODD[name][0]}")
def test_invalid_messages_are_refused_or_named(name):
    wanted = ODD[name][1]
    if wanted is None:
        with pytest.raises(ProtocolError):
            parse_message(read(name))
        return
    assert {one.code for one in judge_message(parse_message(read(name)))} == wanted


def test_what_the_tortuous_invite_says():
    message = parse_message(read("short-tortuous-invite"))
    assert to_of(message).tag == "77t"
    assert from_of(message).display == 'Gate \\"'
    assert from_of(message).tag == "98asjd8"
    assert sequence_of(message).number == 9
    vias = [parse_via(one) for one in message.headers.get_all("Via")]
    assert [(one.transport, one.host) for one in vias] == [
        ("UDP", "192.0.2.2"),
        ("TCP", "192.0.2.3"),
        ("UDP", "192.0.2.4"),
    ]
    assert message.headers.get("Subject") == ""
    assert message.headers.get("NewField") == "new value goes on"
    assert contacts_of(message)[0].parameters == {"plain": "", "other": "value"}
    assert message.body.endswith(b"y=0100000001\r\n")


def test_escapes_are_resolved_once():
    message = parse_message(read("escaped-user"))
    assert to_of(message).uri.user == "user"
    assert from_of(message).uri.user == "I have spaces"
    assert parse_uri(message.uri).user == "sips:user@x"


def test_numbers_beyond_all_bounds_stop_at_one():
    assert expires_of(parse_message(read("scalars-too-large"))) is None
    assert sequence_of(parse_message(read("max-forwards-zero"))).number == 1
    with pytest.raises(ProtocolError):
        sequence_of(parse_message(read("scalars-too-large")))


def test_the_second_message_of_a_datagram_is_no_body():
    assert parse_message(read("two-in-one-datagram")).body == b""


def test_every_deviation_has_its_sentence():
    named = set()
    for path in sorted(Path(protocols.sip.__file__).parent.glob("*.py")):
        named |= set(re.findall(r"\bDeviation\(\s*\"([a-z0-9-]+)\"", path.read_text("utf-8")))
    assert len(named) > 25
    for code in named:
        for language in ("zh", "en"):
            said = messages.text(f"deviation.{code}", language, detail="x")
            assert not said.startswith("deviation."), code
