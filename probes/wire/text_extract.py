"""What a report may show of signalling that was readable: its shape, never its secrets.

Only what is listed here is shown; every other value becomes ``***``.
"""

from __future__ import annotations

import re

from protocols.flow_signatures import is_readable_text

_MESSAGE = re.compile(
    rb"(?:[A-Z_\-]{3,20} \S{1,2000} (?:RTSP|SIP|HTTP)/\d\.\d"
    rb"|(?:RTSP|SIP|HTTP)/\d\.\d \d{3}[^\r\n]{0,200})"
    rb"\r?\n(?:[^\r\n]{1,4000}\r?\n){0,100}\r?\n"
)
_BODY_LENGTH = re.compile(rb"\n(?:content-length|l)\s*:\s*(\d{1,6})", re.IGNORECASE)
_MAXIMUM_SEARCHED = 8 * 2**20
_MAXIMUM_MESSAGES = 40
_MAXIMUM_LINES = 60
_MAXIMUM_LINE = 160
_MASK = "***"
_START = re.compile(
    r"^([A-Z_\-]{3,20}) (\S+) ((?:RTSP|SIP|HTTP)/\d\.\d)$|^(?:RTSP|SIP|HTTP)/\d\.\d "
)
_HEADER = re.compile(r"^([A-Za-z][A-Za-z0-9\-]{0,40}):\s*(.*)$")
_SHOWN_HEADERS = frozenset(
    {"accept", "content-base", "content-length", "content-type", "cseq", "date", "event"}
    | {"expires", "max-forwards", "public", "range", "rtp-info", "scale", "server"}
    | {"soapaction", "subject", "transport", "user-agent", "via", "x-gb-ver"}
)
_SHOWN_SDP = re.compile(
    r"^(?:[vostbm]=|c=IN|y=|f=|a=(?:rtpmap|control|range|setup|recvonly|sendonly))"
)
_ELEMENT = re.compile(r"<(/?)([A-Za-z_][\w.\-]*:)?([A-Za-z_][\w.\-]*)")
_SHOWN_ELEMENT = re.compile(r"<(CmdType|SN|DeviceID|Status|Result|SumNum)>([^<]{0,64})</")
_CREDENTIAL = re.compile(
    rb"authorization\s*:|<[\w:]*password[ >]|<[\w:]*usernametoken|a=crypto:|passw(?:or)?d=|"
    rb"[?&]token=|\bpass [^\r\n]+\r\n|://[^/\s:@]+:[^/\s@]+@",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def holds_credentials(data: bytes) -> bool:
    """Whether a user name, password, its digest, a token or a media key stands in the text."""
    return _CREDENTIAL.search(data) is not None


def messages(data: bytes) -> bytes:
    """The messages in a stream, with those bodies that are text; what lies between is left out."""
    found: list[bytes] = []
    for match in _MESSAGE.finditer(data[:_MAXIMUM_SEARCHED]):
        found.append(match.group())
        length = _BODY_LENGTH.search(match.group())
        body = data[match.end() : match.end() + int(length.group(1))] if length else b""
        if body and is_readable_text(body):
            found.append(body + b"\r\n")
        if len(found) >= _MAXIMUM_MESSAGES:
            break
    return b"".join(found)


def extract(data: bytes) -> str:
    """Readable signalling as evidence: at most 60 lines, whatever may be secret masked."""
    lines: list[str] = []
    for line in messages(data)[:65_536].decode("utf-8", "replace").splitlines():
        shown = _shown(_CONTROL.sub(".", line.strip()))
        if shown and not (lines and lines[-1] == shown):
            lines.append(shown[:_MAXIMUM_LINE])
        if len(lines) >= _MAXIMUM_LINES:
            lines.append("...")
            break
    return "\n".join(lines)


def _shown(line: str) -> str:
    if _START.match(line):
        return _without_secrets(line)
    header = _HEADER.match(line)
    if header:
        value = header.group(2) if header.group(1).lower() in _SHOWN_HEADERS else _MASK
        return f"{header.group(1)}: {_without_secrets(value)}"
    if "<" in line:
        return _elements(line)
    if _SHOWN_SDP.match(line):
        return line
    return _MASK if line else ""


def _without_secrets(text: str) -> str:
    text = re.sub(r"://[^/\s@]*@", f"://{_MASK}@", text)
    return re.sub(r"\?\S*", f"?{_MASK}", text)


def _elements(line: str) -> str:
    values = dict(_SHOWN_ELEMENT.findall(line))
    names = [
        f"<{close}{name}>{values.get(name, '')}" for close, _, name in _ELEMENT.findall(line)[:24]
    ]
    return "".join(names)
