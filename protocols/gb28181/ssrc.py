"""The ten digits of ``y=``: the SSRC that signalling gives a stream (GB/T 28181-2016 annex F)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

CLAUSE = "GB/T 28181-2016 annex F"


@dataclass(frozen=True, slots=True)
class Ssrc:
    """What the ten digits say.

    Attributes:
        history: digit 1: whether the stream is a recording.
        domain: digits 2 to 6: digits 4 to 8 of the SIP domain's identifier.
        number: digits 7 to 10, of the stream within the domain.
    """

    history: bool
    domain: str
    number: int

    @property
    def digits(self) -> str:
        """The ten digits."""
        return f"{int(self.history)}{self.domain}{self.number:04d}"

    @property
    def value(self) -> int:
        """The SSRC in RTP."""
        return int(self.digits)


def domain_digits(identifier: str) -> str:
    """Digits 4 to 8 of a domain of ten or an identifier of twenty digits.

    Raises:
        ValueError: fewer than eight digits.
    """
    if not re.fullmatch(r"[0-9]{8,20}", identifier):
        raise ValueError("an SSRC needs a domain of at least eight digits")
    return identifier[3:8]


def format_y(value: int) -> str:
    """``value`` as ten digits with leading zeros."""
    return f"{value:010d}"


def take_apart(value: int) -> Ssrc:
    """What an SSRC below 2000000000 says.

    Raises:
        ProtocolError: its first digit is neither 0 nor 1.
    """
    if not 0 <= value < 2_000_000_000:
        raise ProtocolError("y: the first digit is neither 0 nor 1")
    digits = format_y(value)
    return Ssrc(digits[0] == "1", digits[1:6], int(digits[6:]))


def parse_y(text: str) -> tuple[int, tuple[Deviation, ...]]:
    """The number of a ``y=`` line; leading zeros may be missing, as in the standard's examples.

    Raises:
        ProtocolError: no decimal number of at most ten digits, or one beyond 32 bits.
    """
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise ProtocolError("y: not a decimal number of ten digits")
    value = int(text)
    if value >= 2**32:
        raise ProtocolError("y: beyond 32 bits")
    deviations: list[Deviation] = []
    if len(text) != 10:
        deviations.append(Deviation("y-digits", CLAUSE, printable(text)))
    if value == 0:
        deviations.append(Deviation("y-zero", CLAUSE, text))
    elif value >= 2_000_000_000:
        deviations.append(Deviation("y-first-digit", CLAUSE, text))
    return value, tuple(deviations)


def judge_y(value: int, *, domain: str, history: bool) -> tuple[Deviation, ...]:
    """Whether an SSRC is of its kind and of the domain that gave it out.

    Args:
        value: of ``y=``.
        domain: identifier of ten or twenty digits of the side that gave it out.
        history: whether a recording was asked for.
    """
    try:
        parts = take_apart(value)
    except ProtocolError:
        return (Deviation("y-first-digit", CLAUSE, format_y(value)),)
    found: list[Deviation] = []
    if parts.history != history:
        found.append(Deviation("y-kind", CLAUSE, parts.digits))
    if re.fullmatch(r"[0-9]{8,20}", domain) and parts.domain != domain_digits(domain):
        detail = f"{parts.domain} / {domain_digits(domain)}"
        found.append(Deviation("y-domain", CLAUSE, detail))
    return tuple(found)


class SsrcAllocator:
    """Gives out SSRCs of one domain, at most 10000 at a time of each kind."""

    def __init__(self, domain: str) -> None:
        self._domain = domain_digits(domain)
        self._used: dict[bool, set[int]] = {False: set(), True: set()}
        self._next = {False: 1, True: 1}

    def allocate(self, *, history: bool = False) -> int:
        """An SSRC that nobody has. RuntimeError: all are taken."""
        used = self._used[history]
        for _ in range(10_000):
            number = self._next[history]
            self._next[history] = (number + 1) % 10_000
            if number not in used:
                used.add(number)
                return Ssrc(history, self._domain, number).value
        raise RuntimeError("all SSRCs of the domain are taken")

    def release(self, value: int) -> None:
        """Take an SSRC back; one of somebody else's is passed over."""
        try:
            parts = take_apart(value)
        except ProtocolError:
            return
        if parts.domain == self._domain:
            self._used[parts.history].discard(parts.number)
