"""The envelope of MANSCDP: Query, Control, Notify and Response (GB/T 28181-2016 annex A).

Reading is tolerant and says what it forgave: control characters, bare ``&`` and ``<``, broken
markup, a wrong character set. Writing is strict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Union
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.gb28181.texts import decode_xml, encode_xml
from protocols.xml_reading import local_name, read_xml, words

CONTENT_TYPE = "Application/MANSCDP+xml"
CLAUSE = "GB/T 28181-2016 A.1"
MAXIMUM_BYTES = 8 << 20
MAXIMUM_DEPTH = 24
MAXIMUM_TAGS = 1_000_000
MAXIMUM_SN = 2**63

Kind = Literal["Query", "Control", "Notify", "Response"]
KINDS: tuple[Kind, ...] = ("Query", "Control", "Notify", "Response")
Edition = Literal["2016", "2022"]
Value = Union[
    None, str, int, float, "Listing", Mapping[str, "Value"], Sequence[tuple[str, "Value"]]
]
Fields = Mapping[str, Value] | Sequence[tuple[str, Value]]

_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ILLEGAL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));"
)
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});)")
_BARE_LESS = re.compile(r"<(?!/?[A-Za-z_][\w:.\-]{0,80}(?:\s[^<>]{0,400})?/?>|\?|!--|!\[CDATA\[)")
# Commands whose notification names no DeviceID (A.2.5).
_WITHOUT_DEVICE = {
    ("Notify", "MobilePosition"),
    ("Notify", "Broadcast"),
    ("Query", "MobilePosition"),
}


@dataclass(frozen=True)
class Listing:
    """A list element such as ``<DeviceList Num="2"><Item>…</Item><Item>…</Item></DeviceList>``.

    Attributes:
        items: the fields of each item.
        number: the value of the counting attribute; None: as many as there are items.
        attribute: the name of the counting attribute.
        item: the name of the elements in it.
    """

    items: Sequence[Fields]
    number: int | None = None
    attribute: str = "Num"
    item: str = "Item"


@dataclass(frozen=True)
class Manscdp:
    """One message of the control language.

    Attributes:
        kind: name of the root element.
        command: CmdType.
        sn: serial number of the exchange, None when absent or no number.
        device: DeviceID, "" when absent.
        root: the root element, for the readers of single commands.
        charset: the character set found.
        deviations: what was forgiven.
        body_bytes: length of the body.
    """

    kind: Kind
    command: str
    sn: int | None
    device: str
    root: etree._Element
    charset: str = "GB2312"
    deviations: tuple[Deviation, ...] = ()
    body_bytes: int = field(default=0, compare=False)

    def text(self, *path: str) -> str:
        """The stripped text at ``path`` of local names, "" when there is none."""
        return words(self.root, *path) or ""


def parse_manscdp(body: bytes) -> Manscdp:
    """Read a body.

    Raises:
        ProtocolError: too long, too deep, with a document type, or no MANSCDP at all.
    """
    if len(body) > MAXIMUM_BYTES:
        raise ProtocolError(f"MANSCDP: more than {MAXIMUM_BYTES} bytes")
    decoded = decode_xml(body)
    deviations = list(decoded.deviations)
    root = _read(decoded.text, deviations)
    name = local_name(root)
    kind = next((one for one in KINDS if one.lower() == name.lower()), None)
    if kind is None:
        raise ProtocolError("MANSCDP: root is none of Query, Control, Notify, Response")
    if kind != name:
        deviations.append(Deviation("manscdp-root-case", CLAUSE, printable(name)))
    command = words(root, "CmdType") or ""
    if not command:
        raise ProtocolError("MANSCDP: no CmdType")
    sn = _serial_number(words(root, "SN"), deviations)
    device = words(root, "DeviceID")
    if device is None and (kind, command) not in _WITHOUT_DEVICE:
        deviations.append(Deviation("manscdp-no-device", CLAUSE, printable(command)))
    return Manscdp(
        kind,
        command[:64],
        sn,
        (device or "")[:64],
        root,
        decoded.charset,
        tuple(deviations),
        len(body),
    )


def _serial_number(text: str | None, deviations: list[Deviation]) -> int | None:
    if not text:
        deviations.append(Deviation("manscdp-no-sn", CLAUSE))
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        deviations.append(Deviation("manscdp-sn-form", CLAUSE, printable(text)))
        return None
    number = int(text)
    if not 1 <= number < MAXIMUM_SN:
        deviations.append(Deviation("manscdp-sn-range", CLAUSE, printable(text)))
    return number


def _read(text: str, deviations: list[Deviation]) -> etree._Element:
    """The root element, mended where needed."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ProtocolError("MANSCDP: a document type declaration is not accepted")
    if text.count("<") > MAXIMUM_TAGS:
        raise ProtocolError(f"MANSCDP: more than {MAXIMUM_TAGS} tags")
    text = _DECLARATION.sub("", text, count=1).strip("\x00 \t\r\n")
    cleaned, count = _ILLEGAL.subn("", text)
    cleaned, references = _ILLEGAL_REFERENCE.subn("", cleaned)
    if count or references:
        deviations.append(
            Deviation("xml-control-characters", "XML 1.0 2.2", str(count + references))
        )
    try:
        return _shallow(read_xml(cleaned.encode(), maximum_bytes=4 * MAXIMUM_BYTES))
    except ProtocolError:
        pass
    if cleaned.rfind("<") > cleaned.rfind(">"):  # cut short within a tag
        cleaned = cleaned[: cleaned.rfind("<")]
    mended, ampersands = _BARE_AMPERSAND.subn("&amp;", cleaned)
    mended, less = _BARE_LESS.subn("&lt;", mended)
    if ampersands or less:
        try:
            root = _shallow(read_xml(mended.encode(), maximum_bytes=4 * MAXIMUM_BYTES))
        except ProtocolError:
            pass
        else:
            deviations.append(Deviation("xml-not-escaped", "XML 1.0 2.4", str(ampersands + less)))
            return root
    deviations.append(Deviation("xml-broken", "XML 1.0 2.1"))
    return _shallow(_recover(mended))


def _recover(text: str) -> etree._Element:
    """What libxml2 makes of broken markup."""
    parser = etree.XMLParser(
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or not isinstance(root.tag, str):
        raise ProtocolError("MANSCDP: not XML")
    information: Any = root.getroottree().docinfo
    if information.doctype:
        raise ProtocolError("MANSCDP: a document type declaration is not accepted")
    return root


def _shallow(root: etree._Element) -> etree._Element:
    """``root`` when it is no deeper than the bound."""
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAXIMUM_DEPTH:
            raise ProtocolError(f"MANSCDP: nested deeper than {MAXIMUM_DEPTH} elements")
    return root


def build_manscdp(
    kind: Kind,
    command: str,
    sn: int | None,
    device: str | None,
    fields: Fields = (),
    *,
    charset: str = "GB2312",
    declared: str | None = None,
) -> bytes:
    """A body.

    Args:
        kind, command, sn, device: of the envelope; a None is left out.
        fields: what follows, in order: pairs of element name and text, number, nested pairs or
            ``Listing``; a None is left out.
        charset: the bytes' character set.
        declared: the name in the XML declaration, if it is to differ.

    Raises:
        ValueError: a character that XML forbids.
    """
    parts = [f'<?xml version="1.0" encoding="{declared or charset}"?>\r\n<{kind}>\r\n']
    head: list[tuple[str, Value]] = [("CmdType", command), ("SN", sn), ("DeviceID", device)]
    _write(parts, head)
    _write(parts, fields)
    parts.append(f"</{kind}>\r\n")
    return encode_xml("".join(parts), charset)


def _pairs(fields: Fields) -> Iterable[tuple[str, Value]]:
    return fields.items() if isinstance(fields, Mapping) else fields


def _write(parts: list[str], fields: Fields) -> None:
    for name, value in _pairs(fields):
        if value is None:
            continue
        if isinstance(value, Listing):
            number = len(value.items) if value.number is None else value.number
            parts.append(f"<{name} {value.attribute}={quoteattr(str(number))}>\r\n")
            for item in value.items:
                parts.append(f"<{value.item}>\r\n")
                _write(parts, item)
                parts.append(f"</{value.item}>\r\n")
            parts.append(f"</{name}>\r\n")
        elif isinstance(value, str | int | float):
            parts.append(f"<{name}>{_text(value)}</{name}>\r\n")
        else:
            parts.append(f"<{name}>\r\n")
            _write(parts, value)
            parts.append(f"</{name}>\r\n")


def _text(value: str | int | float) -> str:
    if isinstance(value, float):
        return format(value, ".10g")
    text = str(value)
    if _ILLEGAL.search(text):
        raise ValueError("a character that XML forbids")
    return escape(text)


def build_result(
    command: str, sn: int | None, device: str, *, correct: bool = True, charset: str = "GB2312"
) -> bytes:
    """The Response that carries nothing but ``Result`` (OK or ERROR)."""
    fields = [("Result", "OK" if correct else "ERROR")]
    return build_manscdp("Response", command, sn, device, fields, charset=charset)


def read_result(message: Manscdp) -> tuple[bool | None, tuple[Deviation, ...]]:
    """Whether ``Result`` says OK; None when it says neither OK nor ERROR."""
    text = message.text("Result")
    if text.upper() in ("OK", "ERROR"):
        wrong = (
            ()
            if text.isupper()
            else (Deviation("value", "GB/T 28181-2016 A.2.1", f"Result={text}"),)
        )
        return text.upper() == "OK", wrong
    code = "value" if text else "field-missing"
    detail = printable(f"Result={text}") if text else "Result"
    return None, (Deviation(code, "GB/T 28181-2016 A.2.1", detail),)


def judge_content_type(value: str | None) -> tuple[Deviation, ...]:
    """Whether a Content-Type header names MANSCDP (compared without regard to case)."""
    name = (value or "").partition(";")[0].strip().lower()
    if name == CONTENT_TYPE.lower():
        return ()
    return (Deviation("manscdp-content-type", "GB/T 28181-2016 annex J", printable(value or "")),)
