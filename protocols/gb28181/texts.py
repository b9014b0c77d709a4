"""Character sets of MANSCDP bodies: as declared, as found, and what to make of the difference.

GB/T 28181-2016 6.10 asks for GB 2312, the 2022 edition for GB 18030; devices declare one and send
another. GB 18030 is a superset of GBK and GB 2312 and reads all three.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

CLAUSE = "GB/T 28181-2016 6.10"
Charset = Literal["GB2312", "GBK", "GB18030", "UTF-8"]
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_NAMES: dict[str, Charset] = {
    "gb2312": "GB2312",
    "euccn": "GB2312",
    "gb231280": "GB2312",
    "gbk": "GBK",
    "cp936": "GBK",
    "gb18030": "GB18030",
    "utf8": "UTF-8",
    "ascii": "UTF-8",
    "usascii": "UTF-8",
}
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A body as text.

    Attributes:
        text: the characters, still with the XML declaration, without a byte order mark.
        charset: what the bytes are; for pure ASCII what was declared, else GB2312.
        declared: the name in the XML declaration as written, or "".
        deviations: where declaration and bytes disagree.
    """

    text: str
    charset: str
    declared: str
    deviations: tuple[Deviation, ...]


def decode_xml(data: bytes) -> DecodedText:
    """Decode a body by its bytes rather than by what it claims.

    Bytes that are UTF-8 and read as mostly East Asian characters are taken for UTF-8: text in
    GB 2312 that happens to be valid UTF-8 comes out as Latin, Greek or Arabic letters instead.

    Raises:
        ProtocolError: UTF-16 that is none.
    """
    deviations: list[Deviation] = []
    if data[:2] in _UTF_16_MARKS:
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            raise ProtocolError("MANSCDP: broken UTF-16") from None
        return DecodedText(text, "UTF-16", "", (Deviation("charset-unexpected", CLAUSE, "UTF-16"),))
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
        deviations.append(Deviation("charset-byte-order-mark", CLAUSE))
    found = _DECLARATION.search(data, 0, 400)
    declared = found[1].decode("ascii") if found else ""
    named = _NAMES.get(re.sub(r"[^a-z0-9]", "", declared.lower()))
    if not declared:
        deviations.append(Deviation("charset-not-declared", CLAUSE))
    elif named is None:
        deviations.append(Deviation("charset-unknown", CLAUSE, printable(declared)))
    if data.isascii():
        return DecodedText(data.decode("ascii"), named or "GB2312", declared, tuple(deviations))
    text, charset = _decode(data, named, deviations)
    if named is not None and not _agree(named, charset):
        detail = f"{declared} / {charset}"
        deviations.append(Deviation("charset-not-as-declared", CLAUSE, detail))
    elif named == "GB2312" and charset != "GB2312":
        deviations.append(Deviation("charset-beyond-gb2312", CLAUSE, charset))
    return DecodedText(text, charset, declared, tuple(deviations))


def _decode(data: bytes, named: Charset | None, deviations: list[Deviation]) -> tuple[str, str]:
    """The text and the character set of non-ASCII bytes."""
    utf_8 = _strict(data, "utf-8")
    gb = _strict(data, "gb18030")
    if utf_8 is not None and (named == "UTF-8" or gb is None or _reads_east_asian(utf_8)):
        return utf_8, "UTF-8"
    if gb is not None:
        return gb, _narrowest(gb)
    deviations.append(Deviation("charset-undecodable", CLAUSE))
    if named == "UTF-8":
        return data.decode("utf-8", "replace"), "UTF-8"
    return data.decode("gb18030", "replace"), named or "GB18030"


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _reads_east_asian(text: str) -> bool:
    """Whether most characters beyond ASCII are of the East Asian blocks."""
    low = sum("\x80" <= one < "\u0800" for one in text)
    high = sum(one >= "\u2000" for one in text)
    return high > low


def _narrowest(text: str) -> Charset:
    charsets: tuple[Charset, ...] = ("GB2312", "GBK")
    for charset in charsets:
        try:
            text.encode(charset)
        except UnicodeEncodeError:
            continue
        return charset
    return "GB18030"


def _agree(named: Charset, found: str) -> bool:
    return (named == "UTF-8") == (found == "UTF-8")


def encode_xml(text: str, charset: str) -> bytes:
    """``text`` in ``charset``; characters it lacks become numeric character references.

    Raises:
        LookupError: no such character set.
    """
    return text.encode(charset, "xmlcharrefreplace")


def judge_charset(
    edition: str, decoded_charset: str, *, ascii_only: bool = False
) -> tuple[Deviation, ...]:
    """Whether a body's character set is the one of the edition (2016 6.10 should, 2022 shall)."""
    if ascii_only:
        return ()
    allowed = ("GB2312",) if edition == "2016" else ("GB2312", "GBK", "GB18030")
    if decoded_charset in allowed:
        return ()
    return (Deviation("charset-of-edition", f"GB/T 28181-{edition} 6.10", decoded_charset),)
