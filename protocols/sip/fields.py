"""Header fields that the transaction layer reads: Via, CSeq, Contact, Expires (RFC 3261 20)."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocols.errors import ProtocolError
from protocols.sip.message import SipMessage, SipRequest
from protocols.sip.uri import NameAddress, build_parameters, parse_name_address, parse_parameters

BRANCH_COOKIE = "z9hG4bK"
_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z]{1,16})\s+(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._\-]{1,255})"
    r"(?:\s*:\s*(\d{1,5}))?",
    re.IGNORECASE | re.ASCII,
)
_CSEQ = re.compile(r"(\d{1,10})\s+([!%'*+\-.`~\w]{1,64})", re.ASCII)


@dataclass(frozen=True)
class Via:
    """One Via value (section 20.42).

    Attributes:
        transport: ``UDP``, ``TCP`` or ``TLS``.
        host, port: sent-by; port None means the default one.
        received: address the receiver saw, "" when not given.
        rport: port the receiver saw (RFC 3581), None when not given.
        rport_wanted: the sender asks for ``rport``.
    """

    transport: str
    host: str
    port: int | None = None
    branch: str = ""
    received: str = ""
    rport: int | None = None
    rport_wanted: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        port = f":{self.port}" if self.port is not None else ""
        more = dict(self.parameters)
        if self.rport_wanted or self.rport is not None:
            more["rport"] = "" if self.rport is None else str(self.rport)
        if self.received:
            more["received"] = self.received
        if self.branch:
            more["branch"] = self.branch
        return f"SIP/2.0/{self.transport} {self.host}{port}{build_parameters(more)}"


def parse_via(text: str) -> Via:
    """Read one Via value.

    Raises:
        ProtocolError: not a Via of SIP/2.0, or a port beyond 65535.
    """
    sent, semicolon, rest = text.partition(";")
    found = _VIA.fullmatch(sent.strip())
    if not found:
        raise ProtocolError("SIP: malformed Via")
    transport, host, port = found.groups()
    if port and int(port) > 65_535:
        raise ProtocolError("SIP: a port beyond 65535")
    parameters = parse_parameters(semicolon + rest) if rest else {}
    branch = parameters.pop("branch", "")
    received = parameters.pop("received", "")
    rport = parameters.pop("rport", None)
    return Via(
        transport=transport.upper(),
        host=host,
        port=int(port) if port else None,
        branch=branch,
        received=received,
        rport=int(rport) if rport and rport.isdigit() and len(rport) < 6 else None,
        rport_wanted=rport is not None,
        parameters=parameters,
    )


def top_via(message: SipMessage) -> Via:
    """The first Via of a message.

    Raises:
        ProtocolError: there is none, or it is malformed.
    """
    text = message.headers.get("Via")
    if text is None:
        raise ProtocolError("SIP: Via is missing")
    if "," in text:
        text = message.headers.get_all("Via")[0]
    return parse_via(text)


@dataclass(frozen=True)
class CSeq:
    """Sequence number and method (section 20.16)."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_cseq(text: str) -> CSeq:
    """Read a CSeq value.

    Raises:
        ProtocolError: not a 32-bit number and a method.
    """
    found = _CSEQ.fullmatch(text.strip())
    if not found or int(found[1]) >= 1 << 32:
        raise ProtocolError("SIP: malformed CSeq")
    return CSeq(int(found[1]), found[2])


def sequence_of(message: SipMessage) -> CSeq:
    """The CSeq of a message.

    Raises:
        ProtocolError: missing or malformed.
    """
    text = message.headers.get("CSeq")
    if text is None:
        raise ProtocolError("SIP: CSeq is missing")
    return parse_cseq(text)


def from_of(message: SipMessage) -> NameAddress:
    """The From of a message. ProtocolError: missing or malformed."""
    return parse_name_address(message.headers.get("From") or "")


def to_of(message: SipMessage) -> NameAddress:
    """The To of a message. ProtocolError: missing or malformed."""
    return parse_name_address(message.headers.get("To") or "")


def contacts_of(message: SipMessage) -> list[NameAddress]:
    """The Contact values, the wildcard ``*`` left out. ProtocolError: one is malformed."""
    values = message.headers.get_all("Contact")
    return [parse_name_address(value) for value in values if value != "*"]


def parse_seconds(text: str | None) -> int | None:
    """A number of seconds (delta-seconds, section 25.1), None when absent or malformed."""
    if text is None:
        return None
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 10:
        return None
    return min(int(text), (1 << 32) - 1)


def expires_of(message: SipMessage) -> int | None:
    """Seconds a registration or subscription shall last (section 10.2.1.1), None: unsaid.

    The ``expires`` of the first Contact goes before the Expires header. A malformed Contact is
    passed over.
    """
    try:
        contacts = contacts_of(message)
    except ProtocolError:
        contacts = []
    for contact in contacts[:1]:
        seconds = parse_seconds(contact.parameters.get("expires"))
        if seconds is not None:
            return seconds
    return parse_seconds(message.headers.get("Expires"))


def transaction_branch(request: SipRequest) -> str:
    """The branch of the top Via, "" when none. ProtocolError: no readable Via."""
    return top_via(request).branch


def new_branch(rng: random.Random) -> str:
    """A branch that no other transaction has (section 8.1.1.7)."""
    return f"{BRANCH_COOKIE}{rng.getrandbits(80):020x}"


def new_tag(rng: random.Random) -> str:
    """A tag for From or To (section 19.3)."""
    return f"{rng.getrandbits(64):016x}"


def new_call_id(rng: random.Random, host: str) -> str:
    """A Call-ID (section 8.1.1.4)."""
    return f"{rng.getrandbits(96):024x}@{host}"
