"""SIP messages (RFC 3261 section 7) without I/O: bytes in, messages out, and the reverse.

The parser is tolerant: what departs from the rules is understood where that is possible and
listed in ``deviations``; ``ProtocolError`` means that nothing can be made of the bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.sip.headers import (
    MANDATORY,
    NAMES,
    SINGLE,
    TOKEN,
    Headers,
    canonical_name,
    split_list,
)

__all__ = [
    "LARGEST_OVER_UDP",
    "MAXIMUM_HEADERS",
    "MAXIMUM_HEADER_BYTES",
    "REASONS",
    "VERSION",
    "Headers",
    "SipMessage",
    "SipRequest",
    "SipResponse",
    "canonical_name",
    "content_length",
    "parse_message",
    "split_list",
    "without_password",
]

VERSION = "SIP/2.0"
#: Bytes of a request beyond which it goes over TCP where the path's MTU is not known (18.1.1).
LARGEST_OVER_UDP = 1_300
MAXIMUM_HEADER_BYTES = 65_536
MAXIMUM_HEADERS = 256
REASONS = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}

_METHOD = re.compile(r"[!%'*+\-.`~\w]{1,64}")
_VERSION = re.compile(r"SIP/\d{1,4}\.\d{1,4}")
_STATUS_LINE = re.compile(r"(SIP/\d{1,4}\.\d{1,4})[ \t]+(\d{3})(?:[ \t]+(.*)|[ \t]*)", re.DOTALL)
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n|\r\r")


@dataclass(slots=True)
class SipRequest:
    """A request: method, Request-URI as text, headers, body, what was odd about it."""

    method: str
    uri: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    deviations: tuple[Deviation, ...] = ()

    @property
    def size(self) -> int:
        """Bytes on the wire, as far as that can be told of a message that was mended."""
        headers = sum(len(name) + len(value.encode()) + 4 for name, value in self.headers)
        return len(self.method) + len(self.uri) + len(VERSION) + 6 + headers + len(self.body)

    def to_bytes(self) -> bytes:
        """The request on the wire. ValueError: a field would break the line structure."""
        return _serialise(f"{self.method} {self.uri} {VERSION}", self.headers, self.body)


@dataclass(slots=True)
class SipResponse:
    """A response: status code, reason phrase ("" takes the standard one), headers, body."""

    status: int
    reason: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    deviations: tuple[Deviation, ...] = ()

    def to_bytes(self) -> bytes:
        """The response on the wire. ValueError: a field would break the line structure."""
        reason = self.reason or REASONS.get(self.status, "Unknown")
        return _serialise(f"{VERSION} {self.status} {reason}", self.headers, self.body)


SipMessage = SipRequest | SipResponse


def _serialise(first_line: str, headers: Headers, body: bytes) -> bytes:
    lines = [first_line]
    lines += [f"{name}: {value}" for name, value in headers if name != "Content-Length"]
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
        raise ValueError("a header holds a line break")
    return text.encode("utf-8", "replace") + body


def without_password(uri: str) -> str:
    """A URI for a person to read: printable, cut, the password of its user part hidden."""
    return printable(re.sub(r"(sips?:[^:@]*):[^@]*@", r"\1:***@", uri, flags=re.IGNORECASE))


def parse_message(data: bytes, *, maximum_header: int = MAXIMUM_HEADER_BYTES) -> SipMessage:
    """Read one message: a datagram, or what ``StreamSplitter`` cut out of a stream.

    Raises:
        ProtocolError: neither a request nor a status line, or beyond the bounds.
    """
    data = data.lstrip(b"\r\n") if data[:1] in (b"\r", b"\n") else data
    deviations: list[Deviation] = []
    end, begin = data.find(b"\r\n\r\n"), 4
    bare = _EMPTY_LINE.search(data, 0, end if end >= 0 else len(data))
    if bare:
        end, begin = bare.start(), bare.end() - bare.start()
    elif end < 0:
        end, begin = len(data), 0
        deviations.append(Deviation("sip-no-empty-line", "RFC 3261 7"))
    if end > maximum_header:
        raise ProtocolError(f"SIP: header beyond {maximum_header} bytes")
    text = _decode(data[:end], deviations)
    lines = text.split("\r\n")
    if bare or any("\n" in line or "\r" in line for line in lines):
        deviations.append(Deviation("sip-line-end", "RFC 3261 7"))
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    message = _parse_start_line(lines[0], deviations)
    message.headers = headers = _parse_headers(lines, deviations)
    _check_headers(headers, deviations)
    message.body = _cut_body(data[end + begin :], headers, deviations)
    message.deviations = tuple(deviations)
    return message


def _decode(data: bytes, deviations: list[Deviation]) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        deviations.append(Deviation("sip-charset", "RFC 3261 7"))
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if "\0" in text:
        if re.search(r"(?<!\\)\0", text):  # a quoted pair may hold it
            deviations.append(Deviation("sip-control-character", "RFC 3261 25.1"))
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text


def _parse_start_line(line: str, deviations: list[Deviation]) -> SipMessage:
    words = line.split()
    if len(words) > 2 and _METHOD.fullmatch(words[0]) and _VERSION.fullmatch(words[-1]):
        method, version = words[0], words[-1]
        uri = line.strip()[len(method) : -len(version)].strip()
        if line != f"{method} {uri} {version}":
            deviations.append(Deviation("sip-start-line-spaces", "RFC 3261 7.1"))
        if uri[0] == "<" and uri[-1] == ">" and len(uri) > 2:
            deviations.append(Deviation("sip-request-uri-brackets", "RFC 3261 7.1"))
            uri = uri[1:-1]
        if " " in uri or "\t" in uri:
            deviations.append(Deviation("sip-request-uri", "RFC 3261 7.1", without_password(uri)))
        message: SipMessage = SipRequest(method, uri)
    elif status := _STATUS_LINE.fullmatch(line):
        version = status[1]
        if not 100 <= int(status[2]) <= 699:
            raise ProtocolError("SIP: a status code outside 100 to 699")
        message = SipResponse(int(status[2]), (status[3] or "").strip())
    else:
        raise ProtocolError("SIP: the first line is neither a request nor a status line")
    if version != VERSION:
        deviations.append(Deviation("sip-version", "RFC 3261 7.1", version))
    return message


def _parse_headers(lines: list[str], deviations: list[Deviation]) -> Headers:
    fields: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in (" ", "\t"):
            if fields and line.strip():
                name, value = fields[-1]
                fields[-1] = (name, f"{value} {line.strip()}" if value else line.strip())
            continue
        name, colon, value = line.partition(":")
        known = NAMES.get(name.lower())
        if known is None:
            known = name.rstrip()
            if not colon or not TOKEN.fullmatch(known):
                shown = printable(re.split(r"[=:\"]", line)[0], 30)  # never a value
                deviations.append(Deviation("sip-header-line", "RFC 3261 7.3.1", shown))
                if len(deviations) > MAXIMUM_HEADERS:
                    raise ProtocolError(f"SIP: more than {MAXIMUM_HEADERS} malformed lines")
                continue
            known = NAMES.get(known.lower(), known)
        fields.append((known, value.strip()))
        if len(fields) > MAXIMUM_HEADERS:
            raise ProtocolError(f"SIP: more than {MAXIMUM_HEADERS} headers")
    return Headers.of(fields)


def _check_headers(headers: Headers, deviations: list[Deviation]) -> None:
    seen: set[str] = set()
    for name, _ in headers:
        if name in seen and name in SINGLE:
            deviations.append(Deviation("sip-header-twice", "RFC 3261 7.3.1", name))
        seen.add(name)
    for name in MANDATORY:
        if name not in seen:
            deviations.append(Deviation("sip-header-missing", "RFC 3261 8.1.1", name))


def content_length(headers: Headers) -> int | None:
    """The Content-Length that was sent, or None when it is absent or no number of bytes."""
    text = headers.get("Content-Length")
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _cut_body(rest: bytes, headers: Headers, deviations: list[Deviation]) -> bytes:
    length = content_length(headers)
    if length is None:
        if headers.get("Content-Length") is not None:
            deviations.append(Deviation("sip-content-length", "RFC 3261 20.14"))
        return rest
    if length == len(rest):
        return rest
    if length > len(rest):
        deviations.append(
            Deviation("sip-content-length-long", "RFC 3261 18.3", f"{length} > {len(rest)}")
        )
        return rest
    if not rest.strip():
        return rest[:length]
    deviations.append(
        Deviation("sip-content-length-short", "RFC 3261 20.14", f"{length} < {len(rest)}")
    )
    whole = b"xml" in (headers.get("Content-Type") or "").lower().encode() and (
        rest.rstrip(b"\r\n\t \0").endswith(b">") and not rest[:length].rstrip().endswith(b">")
    )
    return rest if whole else rest[:length]
