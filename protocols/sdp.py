"""Session descriptions (SDP, RFC 8866) as RTSP uses them: strict writing, tolerant reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

from protocols.errors import ProtocolError

MAXIMUM_BYTES = 65_536
_MAXIMUM_LINES = 1_000
_MAXIMUM_MEDIA = 32

STATIC_PAYLOAD_TYPES = {
    0: ("PCMU", 8000, 1),
    3: ("GSM", 8000, 1),
    4: ("G723", 8000, 1),
    8: ("PCMA", 8000, 1),
    9: ("G722", 8000, 1),
    10: ("L16", 44100, 2),
    11: ("L16", 44100, 1),
    14: ("MPA", 90000, 1),
    18: ("G729", 8000, 1),
    26: ("JPEG", 90000, 1),
    32: ("MPV", 90000, 1),
    33: ("MP2T", 90000, 1),
}
"""Payload types that need no rtpmap (RFC 3551 section 6)."""


@dataclass(frozen=True)
class RtpMap:
    """What a payload type carries: encoding name in upper case, clock rate in Hz, channels."""

    encoding: str
    clock_rate: int
    channels: int = 1


@dataclass
class Media:
    """One media description: kind, port, protocol, formats, and its attributes in order.

    An attribute without a value (``a=recvonly``) has the value "".
    """

    kind: str
    port: int = 0
    protocol: str = "RTP/AVP"
    formats: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    connection: str = ""
    bandwidth_kbps: int | None = None

    def attribute(self, name: str) -> str | None:
        """The first value of ``a=name``, or None."""
        return next(self.attribute_values(name), None)

    def attribute_values(self, name: str) -> Iterator[str]:
        """Every value of ``a=name``."""
        return (value for key, value in self.attributes if key.lower() == name.lower())

    @property
    def payload_types(self) -> list[int]:
        """The RTP payload types listed, malformed ones left out."""
        return [
            int(one) for one in self.formats if re.fullmatch(r"\d{1,3}", one) and int(one) < 128
        ]

    @property
    def control(self) -> str:
        """The control URL as written, or "" (RFC 2326 appendix C.1.1)."""
        return self.attribute("control") or ""

    @property
    def direction(self) -> str:
        """``sendrecv`` (the default), ``sendonly``, ``recvonly`` or ``inactive``."""
        names = [name.lower() for name, _ in self.attributes]
        known = ("sendonly", "recvonly", "inactive")
        return next((name for name in names if name in known), "sendrecv")

    def rtpmap(self, payload_type: int) -> RtpMap | None:
        """What ``payload_type`` carries, by rtpmap or else by the static table; None: unknown."""
        for value in self.attribute_values("rtpmap"):
            found = re.fullmatch(
                r"(\d{1,3})\s+([^/\s]+)/(\d{1,7})(?:/(\d{1,3}))?\s*", value, re.ASCII
            )
            if found and int(found[1]) == payload_type:
                return RtpMap(found[2].upper(), int(found[3]), int(found[4] or 1))
        static = STATIC_PAYLOAD_TYPES.get(payload_type)
        return RtpMap(*static) if static else None

    def fmtp(self, payload_type: int) -> str:
        """The text of ``a=fmtp`` for ``payload_type``, or ""."""
        for value in self.attribute_values("fmtp"):
            number, _, rest = value.partition(" ")
            if number.strip() == str(payload_type):
                return rest.strip()
        return ""

    def fmtp_parameters(self, payload_type: int) -> dict[str, str]:
        """The parameters of ``a=fmtp`` by lower-case name."""
        parameters = {}
        for part in self.fmtp(payload_type).split(";"):
            name, _, value = part.strip().partition("=")
            if name:
                parameters[name.strip().lower()] = value.strip()
        return parameters


@dataclass
class SessionDescription:
    """A session description; session-level attributes as in ``Media``."""

    origin: str = "- 0 0 IN IP4 0.0.0.0"
    name: str = "-"
    connection: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list)
    media: list[Media] = field(default_factory=list)
    timing: str = "0 0"

    def attribute(self, name: str) -> str | None:
        """The first session-level value of ``a=name``, or None."""
        found = (value for key, value in self.attributes if key.lower() == name.lower())
        return next(found, None)

    @property
    def control(self) -> str:
        """The aggregate control URL as written, or ""."""
        return self.attribute("control") or ""

    def build(self) -> str:
        """The description as text. ValueError: a field holds a line break."""
        lines = ["v=0", f"o={self.origin}", f"s={self.name}"]
        if self.connection:
            lines.append(f"c={self.connection}")
        lines.append(f"t={self.timing}")
        lines += _attribute_lines(self.attributes)
        for media in self.media:
            formats = " ".join(media.formats)
            lines.append(f"m={media.kind} {media.port} {media.protocol} {formats}")
            if media.connection:
                lines.append(f"c={media.connection}")
            if media.bandwidth_kbps is not None:
                lines.append(f"b=AS:{media.bandwidth_kbps}")
            lines += _attribute_lines(media.attributes)
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("an SDP field holds a line break")
        return "".join(f"{line}\r\n" for line in lines)


def _attribute_lines(attributes: list[tuple[str, str]]) -> list[str]:
    return [f"a={name}:{value}" if value else f"a={name}" for name, value in attributes]


def parse_sdp(content: bytes | str) -> SessionDescription:
    """Read a session description; unknown lines are passed over, bare line feeds accepted.

    Raises:
        ProtocolError: no SDP at all, a malformed media line, or beyond the bounds.
    """
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    if len(text) > MAXIMUM_BYTES:
        raise ProtocolError(f"SDP: beyond {MAXIMUM_BYTES} characters")
    lines = [
        line.strip() for line in re.split(r"\r\n|\n|\r", text.lstrip("\ufeff")) if line.strip()
    ]
    if len(lines) > _MAXIMUM_LINES:
        raise ProtocolError(f"SDP: more than {_MAXIMUM_LINES} lines")
    if not lines or not re.fullmatch(r"v\s*=\s*0", lines[0]):
        raise ProtocolError("SDP: does not begin with v=0")
    session = SessionDescription()
    for line in lines[1:]:
        _read_line(session, line)
    return session


def _read_line(session: SessionDescription, line: str) -> None:
    kind, equals, value = line.partition("=")
    kind = kind.strip()
    if not equals or len(kind) != 1:
        return
    holder = session.media[-1] if session.media else session
    if kind == "m":
        if len(session.media) >= _MAXIMUM_MEDIA:
            raise ProtocolError(f"SDP: more than {_MAXIMUM_MEDIA} media")
        session.media.append(_read_media(value))
    elif kind == "a":
        name, _, content = value.partition(":")
        holder.attributes.append((name.strip(), content.strip()))
    elif kind == "c":
        holder.connection = value.strip()
    elif kind == "b" and isinstance(holder, Media):
        found = re.fullmatch(r"AS:(\d{1,9})", value.strip(), re.ASCII)
        holder.bandwidth_kbps = int(found[1]) if found else holder.bandwidth_kbps
    elif kind == "o":
        session.origin = value.strip()
    elif kind == "s":
        session.name = value.strip()
    elif kind == "t":
        session.timing = value.strip()


def _read_media(value: str) -> Media:
    found = re.fullmatch(
        r"\s*(\S+)\s+(\d{1,5})(?:/\d{1,5})?\s+(\S+)((?:\s+\S+)*)\s*", value, re.ASCII
    )
    if not found:
        raise ProtocolError("SDP: malformed media line")
    return Media(found[1].lower(), int(found[2]), found[3], found[4].split())


def resolve_control(base: str, control: str) -> str:
    """The absolute URL of a control attribute (RFC 2326 appendix C.1.1).

    ``base`` is Content-Base, else Content-Location, else the request URL. A relative control
    is appended after a slash, as devices expect it, unless it is itself an absolute path.

    Raises:
        ProtocolError: the URL is malformed.
    """
    if control in ("", "*"):
        return base
    if re.match(r"rtsps?://", control, re.IGNORECASE):
        return control
    try:
        if control.startswith("/"):
            return urljoin("http" + base[4:], control).replace("http", "rtsp", 1)
    except ValueError as error:
        raise ProtocolError("SDP: malformed control URL") from error
    return base + control if base.endswith("/") else f"{base}/{control}"
