"""RTSP 1.0 messages (RFC 2326) without I/O: bytes in, messages out, and the reverse.

One parser serves both sides: a byte stream holds requests, responses and interleaved binary
frames (section 10.12) in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from protocols.errors import ProtocolError

VERSION = "RTSP/1.0"
REASONS = {
    200: "OK",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    457: "Invalid Range",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_REQUEST_LINE = re.compile(r"([A-Za-z_]{1,32}) (\S{1,4096}) (RTSP/\d\.\d)")
_STATUS_LINE = re.compile(r"(RTSP/\d\.\d) (\d{3})(?: (.*))?")
_MAXIMUM_HEADERS = 100

Headers = tuple[tuple[str, str], ...]


class _WithHeaders:
    headers: Headers

    def header(self, name: str, default: str = "") -> str:
        """The first header called ``name`` (case does not matter), or ``default``."""
        return next(iter(self.all_headers(name)), default)

    def all_headers(self, name: str) -> list[str]:
        """Every value of the header ``name`` in order of appearance."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def sequence(self) -> int | None:
        """The CSeq number, or None when it is absent or no number (section 12.17)."""
        text = self.header("CSeq").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


@dataclass(frozen=True)
class Request(_WithHeaders):
    """A request: method, absolute URI or ``*``, headers in order, body."""

    method: str
    uri: str
    headers: Headers = ()
    body: bytes = b""

    def to_bytes(self) -> bytes:
        """The request on the wire. ValueError: a field would break the line structure."""
        return _serialise(f"{self.method} {self.uri} {VERSION}", self.headers, self.body)


@dataclass(frozen=True)
class Response(_WithHeaders):
    """A response: status code, reason phrase ("" takes the standard one), headers, body."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""

    def to_bytes(self) -> bytes:
        """The response on the wire. ValueError: a field would break the line structure."""
        reason = self.reason or REASONS.get(self.status, "Unknown")
        return _serialise(f"{VERSION} {self.status} {reason}", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class InterleavedFrame:
    """Binary data between the messages of one connection (section 10.12)."""

    channel: int
    data: bytes

    def to_bytes(self) -> bytes:
        """The frame with its ``$`` header."""
        return b"$" + bytes([self.channel]) + len(self.data).to_bytes(2, "big") + self.data


Message = Request | Response | InterleavedFrame


def _serialise(first_line: str, headers: Headers, body: bytes) -> bytes:
    lines = [first_line, *(f"{name}: {value}" for name, value in headers)]
    if body and not any(name.lower() == "content-length" for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header holds a line break")
    return "\r\n".join([*lines, "", ""]).encode() + body


class RtspParser:
    """Cuts a byte stream into messages, within bounds.

    ``feed`` bytes as they come, then call ``next_message`` until it returns None; ``next_frames``
    before it takes what is interleaved at a tenth of the cost. After a ProtocolError the stream
    is lost: the connection must be closed.
    """

    def __init__(self, maximum_header: int = 65_536, maximum_body: int = 1_048_576) -> None:
        self._buffer = bytearray()
        self._offset = 0
        self._searched = 0
        self._maximum_header = maximum_header
        self._maximum_body = maximum_body

    def feed(self, data: bytes | memoryview) -> None:
        """Add received bytes."""
        if self._offset > 65_536 or self._offset == len(self._buffer):
            del self._buffer[: self._offset]
            self._searched = max(0, self._searched - self._offset)
            self._offset = 0
        self._buffer += data

    @property
    def pending(self) -> int:
        """Bytes received that do not make a whole message yet."""
        return len(self._buffer) - self._offset

    def next_message(self) -> Message | None:
        """The next whole message, or None when more bytes are needed.

        Raises:
            ProtocolError: not RTSP, or beyond the bounds.
        """
        buffer = self._buffer
        while self._offset < len(buffer) and buffer[self._offset] in b"\r\n":
            self._offset += 1
        if self._offset >= len(buffer):
            return None
        if buffer[self._offset] == 0x24:
            return self._next_frame()
        return self._next_text()

    def next_frames(self) -> list[tuple[int, bytes]]:
        """Channel and data of the whole interleaved frames that come before any other message."""
        buffer, offset = self._buffer, self._offset
        end = len(buffer)
        frames = []
        with memoryview(buffer) as view:
            while offset + 4 <= end and buffer[offset] == 0x24:
                start = offset + 4
                after = start + (buffer[offset + 2] << 8 | buffer[offset + 3])
                if after > end:
                    break
                frames.append((buffer[offset + 1], view[start:after].tobytes()))
                offset = after
        self._offset = offset
        return frames

    def _next_frame(self) -> InterleavedFrame | None:
        start = self._offset + 4
        if start > len(self._buffer):
            return None
        end = start + int.from_bytes(self._buffer[start - 2 : start], "big")
        if end > len(self._buffer):
            return None
        channel = self._buffer[self._offset + 1]
        self._offset = end
        return InterleavedFrame(channel, bytes(memoryview(self._buffer)[start:end]))

    def _next_text(self) -> Request | Response | None:
        begin = self._offset
        end = self._end_of_header(begin)
        if end is None:
            if self.pending > self._maximum_header:
                raise ProtocolError(f"RTSP: header beyond {self._maximum_header} bytes")
            _check_beginning(bytes(self._buffer[begin : begin + 64]))
            return None
        header, after = end
        if header - begin > self._maximum_header:
            raise ProtocolError(f"RTSP: header beyond {self._maximum_header} bytes")
        text = bytes(self._buffer[begin:header]).decode("utf-8", "replace")
        message = _parse_header(text)
        length = _content_length(message, self._maximum_body)
        if after + length > len(self._buffer):
            return None
        body = bytes(self._buffer[after : after + length])
        self._offset = self._searched = after + length
        if isinstance(message, Request):
            return Request(message.method, message.uri, message.headers, body)
        return Response(message.status, message.headers, body, message.reason)

    def _end_of_header(self, begin: int) -> tuple[int, int] | None:
        """Where the header ends and where the body begins; bare line feeds are tolerated."""
        found = _EMPTY_LINE.search(self._buffer, max(begin, self._searched - 3))
        if found:
            self._searched = found.start()
            return found.start(), found.end()
        self._searched = len(self._buffer)
        return None


_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")


def _check_beginning(start: bytes) -> None:
    """Refuse what can never become a message, before it has filled the bound."""
    line = start.split(b"\n", 1)[0]
    if not re.match(rb"[A-Za-z_]{1,32}(?:$|[ /])", line):
        raise ProtocolError("RTSP: the stream holds neither a message nor an interleaved frame")


def _parse_header(text: str) -> Request | Response:
    lines = text.replace("\r\n", "\n").split("\n")
    first = lines[0].rstrip()
    headers = _parse_headers(lines[1:])
    if status := _STATUS_LINE.fullmatch(first):
        _check_version(status[1])
        return Response(int(status[2]), headers, b"", (status[3] or "").strip())
    if request := _REQUEST_LINE.fullmatch(first):
        _check_version(request[3])
        return Request(request[1], request[2], headers)
    raise ProtocolError("RTSP: the first line is neither a request nor a status line")


def _check_version(version: str) -> None:
    if version != VERSION:
        raise ProtocolError(f"RTSP: version {version} is not spoken")


def _parse_headers(lines: list[str]) -> Headers:
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name.rstrip()):
            raise ProtocolError("RTSP: a header line has no name")
        headers.append((name.rstrip(), value.strip()))
        if len(headers) > _MAXIMUM_HEADERS:
            raise ProtocolError(f"RTSP: more than {_MAXIMUM_HEADERS} headers")
    return tuple(headers)


def _content_length(message: Request | Response, maximum: int) -> int:
    text = message.header("Content-Length", "0").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise ProtocolError("RTSP: Content-Length is no number")
    if int(text) > maximum:
        raise ProtocolError(f"RTSP: body of {int(text)} bytes is beyond {maximum}")
    return int(text)


@dataclass(frozen=True)
class Transport:
    """One transport of a Transport header (section 12.39).

    Attributes:
        lower: ``UDP`` or ``TCP``.
        client_port, server_port, interleaved: RTP and RTCP port or channel.
        ssrc: the synchronisation source the server will use.
        secure: the SAVP profile.
    """

    lower: str = "UDP"
    unicast: bool = True
    client_port: tuple[int, int] | None = None
    server_port: tuple[int, int] | None = None
    interleaved: tuple[int, int] | None = None
    ssrc: int | None = None
    source: str = ""
    destination: str = ""
    mode: str = ""
    secure: bool = False

    def build(self) -> str:
        """The header value."""
        parts = ["RTP/" + ("SAVP" if self.secure else "AVP")]
        if self.lower == "TCP":
            parts[0] += "/TCP"
        parts.append("unicast" if self.unicast else "multicast")
        for name in ("destination", "source"):
            if value := getattr(self, name):
                parts.append(f"{name}={value}")
        for name in ("client_port", "server_port", "interleaved"):
            if pair := getattr(self, name):
                parts.append(f"{name}={pair[0]}-{pair[1]}")
        if self.ssrc is not None:
            parts.append(f"ssrc={self.ssrc:08X}")
        if self.mode:
            parts.append(f'mode="{self.mode}"')
        return ";".join(parts)


def parse_transports(value: str) -> list[Transport]:
    """The transports of a Transport header in order of preference.

    Specifications other than RTP are left out.

    Raises:
        ProtocolError: a port, channel or SSRC is malformed, or nothing is there.
    """
    if not value.strip():
        raise ProtocolError("RTSP: empty Transport header")
    transports = [_parse_transport(one) for one in value.split(",")[:16]]
    return [transport for transport in transports if transport is not None]


def _parse_transport(text: str) -> Transport | None:
    specification, *parameters = (part.strip() for part in text.split(";"))
    kinds = specification.upper().split("/")
    if len(kinds) not in (2, 3) or kinds[0] != "RTP" or kinds[1] not in ("AVP", "SAVP", "AVPF"):
        return None
    names: dict[str, str] = {}
    for parameter in parameters:
        name, _, content = parameter.partition("=")
        names[name.strip().lower()] = content.strip().strip('"')
    try:
        ssrc = int(names["ssrc"], 16) if names.get("ssrc") else None
    except ValueError as error:
        raise ProtocolError("RTSP: ssrc is no hexadecimal number") from error
    if ssrc is not None and not 0 <= ssrc < 1 << 32:
        raise ProtocolError("RTSP: ssrc beyond 32 bits")
    return Transport(
        lower=kinds[2] if len(kinds) == 3 else "UDP",
        unicast="multicast" not in names,
        client_port=_pair(names.get("client_port"), 65_535),
        server_port=_pair(names.get("server_port"), 65_535),
        interleaved=_pair(names.get("interleaved"), 255),
        ssrc=ssrc,
        source=names.get("source", ""),
        destination=names.get("destination", ""),
        mode=names.get("mode", "").upper(),
        secure=kinds[1] == "SAVP",
    )


def _pair(text: str | None, maximum: int) -> tuple[int, int] | None:
    """``a-b`` or ``a`` (then b = a + 1)."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", text, re.ASCII)
    if not found:
        raise ProtocolError("RTSP: a port or channel pair is malformed")
    first = int(found[1])
    second = int(found[2]) if found[2] else first + 1
    if first > maximum or second > maximum:
        raise ProtocolError(f"RTSP: a port or channel is beyond {maximum}")
    return first, second


def parse_session(value: str) -> tuple[str, int]:
    """Identifier and timeout in seconds (60 by default) of a Session header (section 12.37).

    Raises:
        ProtocolError: no identifier.
    """
    identifier, *parameters = (part.strip() for part in value.split(";"))
    if not identifier:
        raise ProtocolError("RTSP: empty session identifier")
    timeout = 60
    for parameter in parameters:
        found = re.fullmatch(r"timeout\s*=\s*(\d{1,9})", parameter, re.IGNORECASE | re.ASCII)
        if found:
            timeout = int(found[1])
    return identifier, timeout


@dataclass(frozen=True)
class RtpInfo:
    """Where one stream of a PLAY response begins (section 12.33)."""

    url: str
    sequence: int | None = None
    rtp_time: int | None = None

    def build(self) -> str:
        """One element of the header value."""
        parts = [f"url={self.url}"]
        if self.sequence is not None:
            parts.append(f"seq={self.sequence}")
        if self.rtp_time is not None:
            parts.append(f"rtptime={self.rtp_time}")
        return ";".join(parts)


def build_rtp_info(infos: Iterable[RtpInfo]) -> str:
    """The RTP-Info header value."""
    return ",".join(info.build() for info in infos)


def parse_rtp_info(value: str) -> list[RtpInfo]:
    """The streams of an RTP-Info header; numbers that are none are left out."""
    infos = []
    for element in re.split(r",\s*(?=url=)", value)[:16]:
        names: dict[str, str] = {}
        for parameter in element.split(";"):
            name, _, content = parameter.partition("=")
            names.setdefault(name.strip().lower(), content.strip().strip('"'))
        if url := names.get("url"):
            infos.append(RtpInfo(url, _number(names.get("seq")), _number(names.get("rtptime"))))
    return infos


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"\d{1,10}", text, re.ASCII) else None


@dataclass(frozen=True)
class NptRange:
    """Normal play time in seconds (section 3.6); ``start`` None means now, ``end`` None open."""

    start: float | None = 0.0
    end: float | None = None

    def build(self) -> str:
        """The Range header value."""
        start = "now" if self.start is None else f"{self.start:.3f}"
        return f"npt={start}-" + ("" if self.end is None else f"{self.end:.3f}")


def parse_npt_range(value: str) -> NptRange:
    """The play range of a Range header.

    Raises:
        ProtocolError: not a range in normal play time.
    """
    found = re.fullmatch(r"\s*npt\s*=\s*([^-;]*)-([^;]*)(?:;.*)?", value)
    if not found or not (found[1].strip() or found[2].strip()):
        raise ProtocolError("RTSP: no npt range")
    start = 0.0 if not found[1].strip() else _npt_time(found[1].strip())
    end = _npt_time(found[2].strip()) if found[2].strip() else None
    return NptRange(start, end)


def _npt_time(text: str) -> float | None:
    if text == "now":
        return None
    if re.fullmatch(r"\d{1,10}(\.\d{0,12})?", text, re.ASCII):
        return float(text)
    found = re.fullmatch(r"(\d{1,6}):([0-5]?\d):([0-5]?\d(?:\.\d{0,12})?)", text, re.ASCII)
    if not found:
        raise ProtocolError("RTSP: malformed npt time")
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
