"""MANSCDP bodies as the simulated device writes and reads them (annex A).

Written apart from ``protocols.gb28181``, so that both sides of a test do not share one reading
of the standard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from lxml import etree

from protocols.errors import ProtocolError
from protocols.xml_reading import find, local_name, read_xml, words

CONTENT_TYPE = "Application/MANSCDP+xml"
_CODECS = {"GB2312": "gb2312", "GB18030": "gb18030", "UTF-8": "utf-8"}
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9\-_]+)[\"'][^>]*\?>")
_BEIJING_S = 28_800


@dataclass(frozen=True)
class Element:
    """One element: a name, a text or children, attributes; ``raw`` text is not escaped."""

    name: str
    content: str | Sequence[Element] = ""
    attributes: tuple[tuple[str, str], ...] = ()
    raw: bool = False

    def write(self) -> str:
        """The element as text."""
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in self.attributes)
        if isinstance(self.content, str):
            inner = self.content if self.raw else escape(self.content)
        else:
            inner = "\r\n" + "".join(f"{one.write()}\r\n" for one in self.content)
        return f"<{self.name}{attributes}>{inner}</{self.name}>"


def e(name: str, content: str | float | Sequence[Element] = "", **attributes: str | int) -> Element:
    """An element; numbers become text."""
    given = str(content) if isinstance(content, int | float) else content
    return Element(name, given, tuple((key, str(value)) for key, value in attributes.items()))


@dataclass(frozen=True)
class Writing:
    """How bodies are written: the charset that is declared and the one that is used."""

    declared: str = "GB2312"
    used: str = "GB2312"


def write(
    kind: str,
    command: str,
    sn: str | None,
    device: str,
    fields: Sequence[Element],
    writing: Writing,
) -> bytes:
    """A whole body; characters that the charset lacks become question marks."""
    head = [e("CmdType", command)]
    if sn is not None:
        head.append(e("SN", sn))
    head.append(e("DeviceID", device))
    root = Element(kind, [*head, *fields])
    text = f'<?xml version="1.0" encoding="{writing.declared}"?>\r\n{root.write()}\r\n'
    return text.encode(_CODECS.get(writing.used, "gb18030"), "replace")


@dataclass(frozen=True)
class Order:
    """What a platform sent: kind (``Query`` ...), command, SN as written, device, the element."""

    kind: str
    command: str
    sn: str
    device: str
    root: etree._Element

    def text(self, *path: str) -> str:
        """The text at ``path``, "" when it is absent."""
        return words(self.root, *path) or ""

    def has(self, *path: str) -> bool:
        """Whether there is an element at ``path``."""
        return find(self.root, *path) is not None


def read(body: bytes) -> Order:
    """Read a body, whatever Chinese charset it is in.

    Raises:
        ProtocolError: no XML, or without a command.
    """
    declared = _DECLARATION.match(body[:200])
    name = declared[1].decode().upper() if declared else "GB18030"
    rest = body[declared.end() :] if declared else body
    codec = "utf-8" if name.replace("-", "") == "UTF8" else "gb18030"
    try:
        text = rest.decode(codec)
    except UnicodeDecodeError:
        text = rest.decode("utf-8", "replace")
    root = read_xml(text.strip().encode())
    command = words(root, "CmdType")
    if not command:
        raise ProtocolError("MANSCDP: no CmdType")
    return Order(
        local_name(root), command, words(root, "SN") or "", words(root, "DeviceID") or "", root
    )


def date_time(posix: float, zone_seconds: int = _BEIJING_S) -> str:
    """``2010-11-11T19:46:17``: whole seconds, truncated, Beijing time."""
    shown = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(posix // 1) + zone_seconds)
    return shown.strftime("%Y-%m-%dT%H:%M:%S")


def read_date_time(text: str) -> float | None:
    """POSIX seconds of a dateTime in Beijing time, None when it is none."""
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)", text)
    if not found:
        return None
    try:
        moment = datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    return moment.timestamp() - _BEIJING_S
