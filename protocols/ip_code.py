"""The notation of ingress protection (IP codes of IEC 60529), parsed and compared digit by digit.

The first digit (dust) includes all lower ones. The second digit (water) includes the lower ones
only up to 6: immersion (7, 8) and hot high-pressure jets (9) do not include the jets 5 and 6,
so that "IP67" alone says nothing of a water jet; a dual marking "IP66/IP67" does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from protocols.errors import ProtocolError

_MAXIMUM_TEXT = 200
_CODE = re.compile(
    r"IP\s?(?P<first>[0-6X])(?P<second>[0-9X])(?P<access>[A-D])?(?P<supplement>[HMSW]{0,2})"
)
#: Codes of ISO 20653 for road vehicles, which look alike but are other tests.
_ROAD_VEHICLE = re.compile(r"IP\s?(?:[0-6X]K[0-9X]K?|[0-6X]9K|[0-6X][46]K)")
_SEPARATORS = re.compile(r"\s*(?:/|,|;|\+|&|\band\b|和|、|及)\s*", re.IGNORECASE)
_FULL_WIDTH = {
    ord(wide): wide_plain for wide, wide_plain in zip("ＩＰＸＫ／", "IPXK/", strict=True)
}
_FULL_WIDTH |= {0xFF10 + digit: str(digit) for digit in range(10)}


@dataclass(frozen=True)
class IpCode:
    """One code. ``None`` stands for a digit that is not stated (X).

    Attributes:
        first: 0-6, protection against dust and access.
        second: 0-9, protection against water.
        letters: additional and supplementary letters.
        road_vehicle: a code of ISO 20653, whose K tests do not show the digit of IEC 60529.
    """

    first: int | None
    second: int | None
    letters: str = ""
    road_vehicle: bool = False

    def __str__(self) -> str:
        digits = "".join(
            "X" if digit is None else str(digit) for digit in (self.first, self.second)
        )
        return f"IP{digits}{self.letters}"


class Comparison(StrEnum):
    """How a marking stands to the code that is demanded; the values name reason codes."""

    MET = "met"
    BELOW = "below-limit"
    JETS_UNPROVEN = "jets-unproven"
    IMMERSION_UNPROVEN = "immersion-unproven"
    DIGIT_UNSTATED = "digit-unstated"
    OTHER_STANDARD = "other-standard"
    MALFORMED = "malformed"


def parse_marking(marking: str) -> tuple[IpCode, ...]:
    """The codes of a marking such as ``IP66``, ``IP66/IP67`` or ``IP66/67``.

    Raises:
        ProtocolError: it is no marking of IEC 60529 or ISO 20653.
    """
    if len(marking) > _MAXIMUM_TEXT:
        raise ProtocolError(f"a marking of {len(marking)} characters is no IP code")
    plain = marking.translate(_FULL_WIDTH).strip().upper()
    codes = []
    for piece in _SEPARATORS.split(plain):
        whole = piece if piece.startswith("IP") else f"IP{piece}"
        codes.append(_parse_code(whole, marking))
    return tuple(codes)


def _parse_code(text: str, marking: str) -> IpCode:
    if _ROAD_VEHICLE.fullmatch(text):
        digits = re.sub(r"[^0-9X]", "", text[2:])
        first, second = (None if digit == "X" else int(digit) for digit in digits)
        return IpCode(first, second, "K", road_vehicle=True)
    match = _CODE.fullmatch(text)
    if match is None:
        raise ProtocolError(f"{marking!r} is no IP code")
    first, second = (
        None if match[name] == "X" else int(match[name]) for name in ("first", "second")
    )
    return IpCode(first, second, (match["access"] or "") + match["supplement"])


def compare_markings(marking: str, demanded: str) -> Comparison:
    """Whether ``marking`` proves at least ``demanded`` (one code of IEC 60529).

    Raises:
        ProtocolError: ``demanded`` is no code of IEC 60529, or leaves both digits open.
    """
    demand = parse_marking(demanded)
    if any(code.road_vehicle for code in demand):
        raise ProtocolError(f"{demanded!r} is no code of IEC 60529")
    try:
        codes = parse_marking(marking)
    except ProtocolError:
        return Comparison.MALFORMED
    outcomes = [_compare(codes, code) for code in demand]
    return next((outcome for outcome in outcomes if outcome is not Comparison.MET), Comparison.MET)


def _compare(codes: tuple[IpCode, ...], demanded: IpCode) -> Comparison:
    judged = [code for code in codes if not code.road_vehicle]
    if not judged:
        return Comparison.OTHER_STANDARD
    outcomes = [
        outcome
        for outcome in (
            _compare_dust(judged, demanded.first),
            _compare_water(judged, demanded.second),
        )
        if outcome is not Comparison.MET
    ]
    if Comparison.BELOW in outcomes:
        return Comparison.BELOW
    return outcomes[0] if outcomes else Comparison.MET


def _compare_dust(codes: Iterable[IpCode], demanded: int | None) -> Comparison:
    if demanded is None:
        return Comparison.MET
    stated = [code.first for code in codes if code.first is not None]
    if not stated:
        return Comparison.DIGIT_UNSTATED
    return Comparison.MET if max(stated) >= demanded else Comparison.BELOW


def _compare_water(codes: Iterable[IpCode], demanded: int | None) -> Comparison:
    if demanded is None:
        return Comparison.MET
    stated = {code.second for code in codes if code.second is not None}
    if not stated:
        return Comparison.DIGIT_UNSTATED
    if demanded == 9:
        return Comparison.MET if 9 in stated else Comparison.BELOW
    if demanded >= 7:
        if stated & set(range(demanded, 9)):
            return Comparison.MET
        return Comparison.IMMERSION_UNPROVEN if stated == {9} else Comparison.BELOW
    if any(demanded <= digit <= 6 for digit in stated):
        return Comparison.MET
    if any(digit > 6 for digit in stated):
        return Comparison.MET if demanded <= 4 else Comparison.JETS_UNPROVEN
    return Comparison.BELOW
