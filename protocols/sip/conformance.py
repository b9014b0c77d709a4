"""A strict reading of one SIP message: every departure from RFC 3261 and GB/T 28181."""

from __future__ import annotations

import re

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.sip.dates import parse_gb_date
from protocols.sip.fields import (
    BRANCH_COOKIE,
    contacts_of,
    from_of,
    parse_seconds,
    parse_via,
    sequence_of,
    to_of,
)
from protocols.sip.message import (
    LARGEST_OVER_UDP,
    SipMessage,
    SipRequest,
    SipResponse,
    without_password,
)
from protocols.sip.uri import parse_uri

_METHODS_OF_ALLOW = ("INVITE", "ACK", "INFO", "CANCEL", "BYE", "OPTIONS", "MESSAGE")


def judge_message(message: SipMessage, transport: str = "") -> tuple[Deviation, ...]:
    """Everything odd about a message, what the parser had to repair first.

    ``transport`` (``udp``, ``tcp``, ``tls``) adds the rules that depend on it.
    """
    found = list(message.deviations)
    missing = {one.detail for one in found if one.code == "sip-header-missing"}
    _judge_addresses(message, missing, found)
    if "CSeq" not in missing:
        _judge_sequence(message, found)
    if "Via" not in missing:
        _judge_via(message, transport, found)
    if isinstance(message, SipRequest):
        _judge_request(message, transport, found)
    _judge_values(message, transport, found)
    return tuple(found)


def _judge_addresses(message: SipMessage, missing: set[str], found: list[Deviation]) -> None:
    for name, read in (("From", from_of), ("To", to_of)):
        if name in missing:
            continue
        try:
            address = read(message)
        except ProtocolError:
            found.append(Deviation("sip-address", f"RFC 3261 {_CLAUSES[name]}", name))
            continue
        _judge_form(message.headers.get(name) or "", name, found)
        needs_tag = name == "From" or (isinstance(message, SipResponse) and message.status > 100)
        if needs_tag and not address.tag:
            found.append(Deviation("sip-tag-missing", f"RFC 3261 {_CLAUSES[name]}", name))
    for contact in message.headers.get_all("Contact"):
        _judge_form(contact, "Contact", found)
    try:
        contacts_of(message)
    except ProtocolError:
        found.append(Deviation("sip-address", "RFC 3261 20.10", "Contact"))


def _judge_form(text: str, name: str, found: list[Deviation]) -> None:
    """Spaces within the brackets, a display name that needs quotes, a URI that needs brackets."""
    before, bracket, rest = _outside_quotes(text).partition("<")
    display = bool(bracket) and not _DISPLAY.fullmatch(before)
    spaces = bool(bracket) and bool(_SPACED.match(rest))
    bare = not bracket and ("?" in before or "," in before)
    if display or spaces or bare:
        found.append(Deviation("sip-address-form", "RFC 3261 20.10", name))


def _outside_quotes(text: str) -> str:
    """The text without its quoted strings, in one pass."""
    if '"' not in text:
        return text
    kept = []
    quoted = escaped = False
    for one in text:
        if escaped:
            escaped = False
        elif one == '"':
            quoted = not quoted
        elif quoted:
            escaped = one == "\\"
        else:
            kept.append(one)
    return "".join(kept)


_DISPLAY = re.compile(r"[\s!%'*+\-.`~\w]*", re.ASCII)
_SPACED = re.compile(r"\s|[^>]*\s>")
_CLAUSES = {"From": "20.20", "To": "20.39"}


def _judge_sequence(message: SipMessage, found: list[Deviation]) -> None:
    try:
        sequence = sequence_of(message)
    except ProtocolError:
        found.append(Deviation("sip-cseq", "RFC 3261 20.16"))
        return
    if isinstance(message, SipRequest) and sequence.method != message.method:
        found.append(
            Deviation("sip-cseq-method", "RFC 3261 8.1.1.5", printable(sequence.method, 20))
        )
    if sequence.number >= 1 << 31:
        found.append(Deviation("sip-cseq", "RFC 3261 8.1.1.5", str(sequence.number)))


def _judge_via(message: SipMessage, transport: str, found: list[Deviation]) -> None:
    values = message.headers.get_all("Via")
    for place, value in enumerate(values):
        try:
            via = parse_via(value)
        except ProtocolError:
            found.append(Deviation("sip-via", "RFC 3261 20.42", printable(value)))
            continue
        cookie = via.branch.startswith(BRANCH_COOKIE) and len(via.branch) > len(BRANCH_COOKIE)
        if place == 0 and not cookie:
            found.append(Deviation("sip-branch", "RFC 3261 8.1.1.7", printable(via.branch, 30)))
        sent_over = isinstance(message, SipRequest) and place == 0 and transport
        if sent_over and via.transport != transport.upper():
            found.append(
                Deviation("sip-via-transport", "RFC 3261 18.1.1", printable(via.transport))
            )


def _judge_request(request: SipRequest, transport: str, found: list[Deviation]) -> None:
    try:
        odd = parse_uri(request.uri).scheme in ("sip", "sips") and "?" in _host_part(request.uri)
    except ProtocolError:
        odd = True
    if odd and not any(one.code == "sip-request-uri" for one in found):
        found.append(Deviation("sip-request-uri", "RFC 3261 7.1", without_password(request.uri)))
    hops = request.headers.get("Max-Forwards")
    if hops is None:
        found.append(Deviation("sip-header-missing", "RFC 3261 8.1.1.6", "Max-Forwards"))
    elif (parse_seconds(hops) or 0) > 255 or parse_seconds(hops) is None:
        found.append(Deviation("sip-max-forwards", "RFC 3261 20.22", printable(hops, 20)))
    contact = request.headers.get("Contact")
    if contact is None and request.method in ("INVITE", "SUBSCRIBE", "REGISTER", "NOTIFY"):
        clause = "RFC 3261 10.2.1" if request.method == "REGISTER" else "RFC 3261 8.1.1.8"
        found.append(Deviation("sip-header-missing", clause, "Contact"))
    if request.method in ("SUBSCRIBE", "NOTIFY") and request.headers.get("Event") is None:
        found.append(Deviation("sip-header-missing", "RFC 6665 8.2.1", "Event"))
    if request.method == "NOTIFY" and request.headers.get("Subscription-State") is None:
        found.append(Deviation("sip-header-missing", "RFC 6665 8.2.3", "Subscription-State"))
    too_large = transport == "udp" and request.method != "ACK" and request.size > LARGEST_OVER_UDP
    if too_large:
        size = f"{request.size // 100}00+"
        found.append(Deviation("sip-datagram-size", "RFC 3261 18.1.1", size))


def _judge_values(message: SipMessage, transport: str, found: list[Deviation]) -> None:
    headers = message.headers
    expires = headers.get("Expires")
    if expires is not None and parse_seconds(expires) is None:
        found.append(Deviation("sip-expires", "RFC 3261 20.19", printable(expires, 20)))
    if message.body and headers.get("Content-Type") is None:
        found.append(Deviation("sip-header-missing", "RFC 3261 20.15", "Content-Type"))
    if transport in ("tcp", "tls") and headers.get("Content-Length") is None:
        found.append(Deviation("sip-header-missing", "RFC 3261 18.3", "Content-Length"))
    allow = headers.get_all("Allow")
    absent = [one for one in _METHODS_OF_ALLOW if one not in allow] if allow else []
    if absent:
        found.append(Deviation("sip-allow", "GB/T 28181-2016 9.2.3", ", ".join(absent)))
    date = headers.get("Date")
    if date is not None:
        try:
            deviation = parse_gb_date(date)[1]
        except ProtocolError:
            deviation = Deviation("sip-date", "GB/T 28181-2016 9.10.1", printable(date))
        if deviation is not None:
            found.append(deviation)


def _host_part(uri: str) -> str:
    """What follows the user part, where a ``?`` begins headers (19.1.1)."""
    return uri.rpartition("@")[2]
