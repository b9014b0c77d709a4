"""Hardware addresses (IEEE 802), however they are written."""

from __future__ import annotations

from collections.abc import Iterable

_DIGITS = frozenset("0123456789abcdef")
_LENGTH = 12


def plain_address(text: object) -> str:
    """The twelve digits of an address in small letters, "" for what is none."""
    digits = "".join(one for one in str(text or "")[:64].lower() if one in _DIGITS)
    return digits if len(digits) == _LENGTH else ""


def another_device(seen: Iterable[object], own: Iterable[object]) -> bool:
    """Whether addresses were seen, and none of them is one of its ``own``.

    Where either side says nothing, nothing is concluded.
    """
    found = {plain_address(one) for one in seen} - {""}
    known = {plain_address(one) for one in own} - {""}
    return bool(found and known and not found & known)
