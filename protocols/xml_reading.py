"""XML from a peer, read without entities, document types, network access or deep nesting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from protocols.errors import ProtocolError

MAXIMUM_BYTES = 1 << 20


def read_xml(content: bytes, *, maximum_bytes: int = MAXIMUM_BYTES) -> etree._Element:
    """The root element of ``content``.

    Raises:
        ProtocolError: too long, not well-formed, nested deeper than 256 elements (the bound of
            libxml2), or with a document type declaration.
    """
    if len(content) > maximum_bytes:
        raise ProtocolError(f"XML: more than {maximum_bytes} bytes")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ProtocolError("XML: a document type declaration is not accepted")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ProtocolError(f"XML: {_short(error)}") from None
    information: Any = root.getroottree().docinfo
    if information.doctype:
        raise ProtocolError("XML: a document type declaration is not accepted")
    return root


def _short(error: Exception) -> str:
    """What is wrong and where, without the bytes around it."""
    if isinstance(error, etree.XMLSyntaxError) and error.position:
        line, column = error.position
        return f"not well-formed at line {line}, column {column}"
    return "not well-formed"


def local_name(element: etree._Element) -> str:
    """The name of ``element`` without its namespace; broken names of mended XML are taken too."""
    return str(element.tag).rpartition("}")[2]


def children(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """The child elements called ``name`` in whatever namespace."""
    if element is None:
        return
    for child in element:
        if isinstance(child.tag, str) and local_name(child) == name:
            yield child


def find(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first descendant along ``path`` of local names, or ``None``."""
    for name in path:
        element = next(children(element, name), None)
    return element


def words(element: etree._Element | None, *path: str) -> str | None:
    """The stripped text at ``path``, or ``None`` when the element is absent."""
    found = find(element, *path)
    return None if found is None else (found.text or "").strip()


def integer(element: etree._Element | None, *path: str) -> int | None:
    """The whole number at ``path``, or ``None`` when it is absent or no number."""
    text = words(element, *path)
    try:
        return int(float(text)) if text and len(text) < 20 else None
    except (ValueError, OverflowError):
        return None
