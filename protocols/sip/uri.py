"""SIP URIs and name addresses (RFC 3261 sections 19.1 and 20.10)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote, unquote

from protocols.errors import ProtocolError

_MAXIMUM = 4_096
_SAFE = "-_.!~*'()&=+$,;?/"
_URI = re.compile(
    r"(sips?):(?:([^@<>\s]*)@)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._\-]{1,255})"
    r"(?::(\d{1,5}))?((?:;[^?<>\s]*)?)(\?[^<>\s]*)?",
    re.IGNORECASE | re.ASCII,
)
_OTHER = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{0,31}):([^\s<>]+)")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_PARAMETER = re.compile(
    r"\s*;\s*([^\s;=,\"]+)(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*)))?\s*", re.DOTALL
)


@dataclass(frozen=True)
class SipUri:
    """A SIP URI; of another scheme only ``opaque`` is known. A password in it is not kept.

    Attributes:
        user: user part, percent escapes resolved; in GB/T 28181 the 20-digit identifier.
        host: name or address, IPv6 in brackets.
        parameters: by lower-case name; "" when there is no value.
    """

    user: str
    host: str
    port: int | None = None
    scheme: str = "sip"
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)
    opaque: str = ""

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        user = quote(self.user, safe=_SAFE) + "@" if self.user else ""
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}:{user}{self.host}{port}{build_parameters(self.parameters)}"

    @property
    def domain(self) -> str:
        """Host with the port, as it stands after the @."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class NameAddress:
    """The value of From, To, Contact, Route: display name, URI, parameters of the header."""

    display: str
    uri: SipUri
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def tag(self) -> str:
        """The dialog tag, "" when absent."""
        return self.parameters.get("tag", "")

    def with_tag(self, tag: str) -> NameAddress:
        """The same with another tag."""
        return NameAddress(self.display, self.uri, {**self.parameters, "tag": tag})

    def __str__(self) -> str:
        display = self.display.replace("\\", "\\\\").replace('"', '\\"')
        return (f'"{display}" ' if display else "") + (
            f"<{self.uri}>{build_parameters(self.parameters)}"
        )


def host_text(address: str) -> str:
    """An IP address as it stands in a URI, a Via or behind an ``@``: IPv6 in brackets (25.1)."""
    return f"[{address.partition('%')[0]}]" if ":" in address else address


def same_host(written: str, address: str) -> bool:
    """Whether the host of a URI or a Via is the IP address ``address``, however IPv6 is written."""
    bare = written.strip("[]")
    if bare == address or ":" not in bare:
        return bare == address
    try:
        return ip_address(bare) == ip_address(address.partition("%")[0])
    except ValueError:
        return False


def build_parameters(parameters: Mapping[str, str]) -> str:
    """``;name=value`` for each; a value that is no token is quoted."""
    parts = []
    for name, value in parameters.items():
        if value and not re.fullmatch(r"[^\s;,\"?<>\\]+", value):
            value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        parts.append(f";{name}={value}" if value else f";{name}")
    return "".join(parts)


def parse_parameters(text: str) -> dict[str, str]:
    """``;name=value;…`` by lower-case name, the first of each name.

    Raises:
        ProtocolError: something else stands there.
    """
    found: dict[str, str] = {}
    place = 0
    text = text.rstrip(" \t;")
    while place < len(text):
        match = _PARAMETER.match(text, place)
        if not match or len(found) >= 64:
            raise ProtocolError("SIP: malformed parameters")
        name, quoted, plain = match.groups()
        value = (
            (plain or "") if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        )
        found.setdefault(name.lower(), value)
        place = match.end()
    return found


def parse_uri(text: str) -> SipUri:
    """Read a URI.

    Raises:
        ProtocolError: not a URI, or a port beyond 65535.
    """
    text = text.strip()
    if len(text) > _MAXIMUM:
        raise ProtocolError("SIP: URI too long")
    found = _URI.fullmatch(text)
    if not found:
        other = _OTHER.fullmatch(text)
        if not other or other[1].lower() in ("sip", "sips"):
            raise ProtocolError("SIP: not a URI")
        return SipUri("", "", None, other[1].lower(), {}, other[2])
    scheme, user, host, port, parameters, _ = found.groups()
    if port and int(port) > 65_535:
        raise ProtocolError("SIP: a port beyond 65535")
    return SipUri(
        user=unquote((user or "").partition(":")[0]),
        host=host,
        port=int(port) if port else None,
        scheme=scheme.lower(),
        parameters=parse_parameters(parameters) if parameters else {},
    )


def parse_name_address(text: str) -> NameAddress:
    """Read one value of From, To, Contact, Route or Record-Route.

    Raises:
        ProtocolError: no URI in it, or malformed parameters.
    """
    if len(text) > _MAXIMUM:
        raise ProtocolError("SIP: address too long")
    text = text.strip()
    display, rest = "", text
    if quoted := _QUOTED.match(text):
        display = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)
        rest = text[quoted.end() :].lstrip()
    elif "<" in text:
        before, bracket, after = text.partition("<")
        display, rest = before.strip(), bracket + after
    if rest[:1] != "<":
        if display or '"' in rest.partition(";")[0]:
            raise ProtocolError("SIP: a name without an address")
        uri, semicolon, parameters = rest.partition(";")
        return NameAddress("", parse_uri(uri), parse_parameters(semicolon + parameters))
    uri, bracket, parameters = rest[1:].partition(">")
    if not bracket or ('"' in display and not quoted):
        raise ProtocolError("SIP: quotes or brackets are not closed")
    return NameAddress(display, parse_uri(uri), parse_parameters(parameters.strip()))
