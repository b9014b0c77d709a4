"""XML as the ONVIF services of the simulated camera write and read it.

Elements are named by fixed prefixes (``tt:Profile``) and get their namespaces when they are
written; what a peer sends is read without document types, entities or deep nesting.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from protocols.errors import ProtocolError

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "s11": "http://schemas.xmlsoap.org/soap/envelope/",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "wsrf-rw": "http://docs.oasis-open.org/wsrf/rw-2",
    "a04": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "dn": "http://www.onvif.org/ver10/network/wsdl",
    "ter": "http://www.onvif.org/ver10/error",
    "tns1": "http://www.onvif.org/ver10/topics",
    "vendor": "urn:example:vendor:topics",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "tmd": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
}
_OWN_PREFIXES = {prefix: prefix for prefix in NAMESPACES}
_OTHER_PREFIXES = {prefix: f"ns{index}" for index, prefix in enumerate(NAMESPACES)}
_PREFIX_OF = {namespace: prefix for prefix, namespace in NAMESPACES.items()}
_MAXIMUM_DEPTH = 32
_MAXIMUM_ELEMENTS = 4096


class Qualified(str):
    """Text that begins with a prefix of ``NAMESPACES``, such as a topic or the name of a type."""

    __slots__ = ()


Value = str | int | float | bool
Attributes = Mapping[str, Value]


class Xml:
    """An element to be written."""

    __slots__ = ("attributes", "children", "name")

    def __init__(self, name: str, attributes: Attributes, children: tuple[Xml | Value, ...]):
        self.name = name
        self.attributes = attributes
        self.children = children


def x(name: str, *content: Xml | Value | Attributes | None) -> Xml:
    """An element ``prefix:Name`` of attributes (mappings), elements and text; None is left out."""
    attributes: dict[str, Value] = {}
    children: list[Xml | Value] = []
    for item in content:
        if isinstance(item, Mapping):
            attributes.update(item)
        elif item is not None:
            children.append(item)
    return Xml(name, attributes, tuple(children))


def write(root: Xml, *, other_prefixes: bool = False) -> bytes:
    """The document in UTF-8. All namespaces that occur are declared at its root."""
    prefixes = _OTHER_PREFIXES if other_prefixes else _OWN_PREFIXES
    used: set[str] = set()
    body: list[str] = []
    for child in root.children:
        _write(child, prefixes, used, body)
    start = _name(root.name, prefixes, used)
    attributes = _attributes(root.attributes, prefixes, used)
    declared = "".join(
        f' xmlns:{prefixes[prefix]}="{namespace}"'
        for prefix, namespace in NAMESPACES.items()
        if prefix in used
    )
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{start}{declared}{attributes}>'
    return f"{head}{''.join(body)}</{start}>".encode()


def _write(item: Xml | Value, prefixes: Mapping[str, str], used: set[str], out: list[str]) -> None:
    if not isinstance(item, Xml):
        out.append(escape(_text(item, prefixes, used)))
        return
    name = _name(item.name, prefixes, used)
    attributes = _attributes(item.attributes, prefixes, used)
    if not item.children:
        out.append(f"<{name}{attributes}/>")
        return
    out.append(f"<{name}{attributes}>")
    for child in item.children:
        _write(child, prefixes, used, out)
    out.append(f"</{name}>")


def _attributes(attributes: Attributes, prefixes: Mapping[str, str], used: set[str]) -> str:
    return "".join(
        f" {_name(name, prefixes, used)}={quoteattr(_text(value, prefixes, used))}"
        for name, value in attributes.items()
    )


def _name(name: str, prefixes: Mapping[str, str], used: set[str]) -> str:
    prefix, colon, local = name.partition(":")
    if not colon or prefix == "xml":
        return name
    used.add(prefix)
    return f"{prefixes[prefix]}:{local}"


def _text(value: Value, prefixes: Mapping[str, str], used: set[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Qualified):
        return " ".join(_name(word, prefixes, used) for word in value.split(" "))
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


class _BoundedTree(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._count = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        """Open an element, within the bounds."""
        self._depth += 1
        self._count += 1
        if self._depth > _MAXIMUM_DEPTH or self._count > _MAXIMUM_ELEMENTS:
            raise ProtocolError("the XML is nested too deeply or has too many elements")
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        """Close an element."""
        self._depth -= 1
        return super().end(tag)


def read(data: bytes) -> Element:
    """The root element of a document.

    Raises:
        ProtocolError: it is not well-formed, has a document type, or is nested too deeply.
    """
    parser = DefusedXMLParser(target=_BoundedTree(), forbid_dtd=True)
    try:
        parser.feed(data)
        root = parser.close()
    except ProtocolError:
        raise
    except ParseError as error:
        raise ProtocolError(f"the XML is not well-formed: {error}") from None
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise ProtocolError(f"the XML is refused: {type(error).__name__}") from None
    if not isinstance(root, Element):
        raise ProtocolError("the document holds no element")
    return root


def prefixed(tag: str) -> str:
    """``prefix:Name`` for the tag of an element that was read, or "" in an unknown namespace."""
    namespace, brace, local = tag.removeprefix("{").partition("}")
    prefix = _PREFIX_OF.get(namespace, "")
    return f"{prefix}:{local}" if brace and prefix else ""
