"""What was said in a visit, message by message, without credentials."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from lxml import etree

from protocols.errors import ProtocolError
from protocols.xml_reading import local_name, read_xml
from targets.credentials import MASK, Secret, redact

_MAXIMUM_BYTES = 4 << 20
_MAXIMUM_MESSAGE = 256 << 10
_USER_INFORMATION = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*@")
_SECRET_ELEMENTS = frozenset({"Security", "Password", "Nonce"})


def mask_addresses(text: str) -> str:
    """``text`` with the password of every URI masked."""
    return _USER_INFORMATION.sub(rf"\1:{MASK}@", text)


class Transcript:
    """Collects messages and writes them as one XML document, one element a message.

    Args:
        secrets: values that are masked wherever they appear.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._secrets = tuple(secrets)
        self._root = etree.Element("transcript")
        self._size = 0

    def add(
        self, kind: str, content: bytes, *, at: float, label: str = "", status: int | None = None
    ) -> None:
        """Add a ``request`` or ``response`` of ``content`` at reference time ``at`` (POSIX)."""
        element = etree.SubElement(self._root, kind, at=f"{at:.6f}")
        if label:
            element.set("to", mask_addresses(self._clean(label)))
        if status is not None:
            element.set("status", str(status))
        if self._size + len(content) > _MAXIMUM_BYTES or len(content) > _MAXIMUM_MESSAGE:
            element.set("left-out", str(len(content)))
            return
        self._size += len(content)
        try:
            message = read_xml(content)
        except ProtocolError:
            self._add_text(element, content)
        else:
            self._strip(message)
            element.append(message)

    def _add_text(self, element: etree._Element, content: bytes) -> None:
        text = self._clean(mask_addresses(content.decode("utf-8", "replace")))
        try:
            element.text = text
        except ValueError:
            element.set("encoding", "base64")
            element.text = base64.b64encode(text.encode()).decode()

    def _strip(self, message: etree._Element) -> None:
        for element in list(message.iter()):
            if not isinstance(element.tag, str):
                continue
            if local_name(element) in _SECRET_ELEMENTS:
                for child in list(element):
                    element.remove(child)
                element.text = MASK
            for name, value in element.items():
                element.set(name, self._clean(mask_addresses(str(value))))
            element.text = self._clean(mask_addresses(element.text)) if element.text else None
            element.tail = self._clean(element.tail) if element.tail else None

    def _clean(self, text: str) -> str:
        return redact(text, self._secrets)

    def to_bytes(self) -> bytes:
        """The document."""
        return etree.tostring(self._root, encoding="utf-8", xml_declaration=True)
