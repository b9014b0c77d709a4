"""Identifiers of the unified code of GB/T 28181: twenty digits, domains, regions (2016 annex D)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

CLAUSE = "GB/T 28181-2016 annex D"
_TWENTY = re.compile(r"[0-9]{20}")
_ANY_FORM = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{8}|[0-9]{10}|[0-9]{18}|[0-9]{20}")

TYPE_NAMES = {
    111: "DVR",
    112: "video server",
    113: "encoder",
    114: "decoder",
    115: "video matrix",
    116: "audio matrix",
    117: "alarm controller",
    118: "NVR",
    119: "online video recorder",
    120: "collection system",
    121: "checkpoint",
    122: "multi-lens device",
    123: "parking device",
    124: "personnel gate",
    125: "security check device",
    130: "HVR",
    131: "camera",
    132: "IPC",
    133: "display",
    134: "alarm input",
    135: "alarm output",
    136: "audio input",
    137: "audio output",
    138: "mobile transmission device",
    139: "other peripheral",
    140: "alarm output relay",
    141: "barrier",
    142: "smart door",
    143: "credential reader",
    200: "central signalling server",
    201: "web application server",
    202: "media distribution server",
    203: "proxy server",
    204: "security server",
    205: "alarm server",
    206: "database server",
    207: "GIS server",
    208: "management server",
    209: "access gateway",
    210: "media storage server",
    211: "signalling security routing gateway",
    215: "business group",
    216: "virtual organisation",
    500: "video application signalling server",
    501: "O&M platform signalling server",
    502: "analysis server",
    503: "database server",
    505: "analysis server",
}
"""Digits 11 to 13 (2016 table D.3; 120 to 125, 140 to 143 and 502 on from 2022 table E.1)."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A twenty-digit identifier taken apart (rule A).

    Attributes:
        text: the twenty digits.
        region: digits 1 to 8, province to basic unit.
        industry: digits 9 and 10.
        type_code: digits 11 to 13.
        network: digit 14.
        serial: digits 15 to 20.
    """

    text: str
    region: str
    industry: str
    type_code: int
    network: int
    serial: str

    @property
    def type_name(self) -> str:
        """What kind of thing bears it, in English; ``extension`` when no table names it."""
        return type_name(self.type_code)

    @property
    def domain(self) -> str:
        """The first ten digits: the SIP domain."""
        return self.text[:10]


def type_name(code: int) -> str:
    """The name of a type code of three digits."""
    named = TYPE_NAMES.get(code)
    if named:
        return named
    if 119 <= code <= 129:
        return "main device"
    if 140 <= code <= 199:
        return "peripheral"
    if 300 <= code <= 399:
        return "centre user"
    if 400 <= code <= 499:
        return "terminal user"
    return "extension"


def parse_identifier(text: str) -> Identifier:
    """Take twenty digits apart.

    Raises:
        ProtocolError: anything but twenty ASCII digits.
    """
    if not _TWENTY.fullmatch(text):
        raise ProtocolError("identifier: not twenty digits")
    return Identifier(text, text[:8], text[8:10], int(text[10:13]), int(text[13]), text[14:])


def is_twenty_digits(text: str) -> bool:
    """Whether ``text`` is an identifier by rule A."""
    return bool(_TWENTY.fullmatch(text))


def is_device_id(text: str) -> bool:
    """Whether ``text`` names a device: twenty digits of a type 111 to 199."""
    return bool(_TWENTY.fullmatch(text)) and 111 <= int(text[10:13]) <= 199


def is_region(text: str) -> bool:
    """Whether ``text`` is a code of an administrative region: 2, 4, 6 or 8 digits."""
    return bool(re.fullmatch(r"(?:[0-9]{2}){1,4}", text))


def domain_of(identifier: str) -> str:
    """The ten-digit SIP domain of ``identifier``, or ``""`` when it is too short for one."""
    return identifier[:10] if re.fullmatch(r"[0-9]{10,20}", identifier) else ""


def judge_identifier(text: str, *, clause: str = CLAUSE) -> tuple[Deviation, ...]:
    """What is wrong with ``text`` where an identifier has to stand."""
    if not _ANY_FORM.fullmatch(text):
        return (Deviation("identifier-form", clause, printable(text)),)
    if len(text) == 18:
        return (Deviation("identifier-rule-b", clause, text),)
    if len(text) == 20 and not 111 <= int(text[10:13]) <= 999:
        return (Deviation("identifier-type", clause, text[10:13]),)
    return ()
