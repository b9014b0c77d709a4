"""What a tolerant parser understood although the text of the standard says otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure from a standard, met in what a peer sent.

    Attributes:
        code: key suffix of the sentence that says what it is (``deviation.<code>``).
        clause: where the rule stands, e.g. ``RFC 3261 20.14`` or ``GB/T 28181-2016 9.1.1``.
        detail: what was met, short and printable, never a secret.
    """

    code: str
    clause: str
    detail: str = ""


def printable(text: str, maximum: int = 60) -> str:
    """``text`` cut to ``maximum`` characters, everything unprintable replaced by ``?``."""
    cut = text if len(text) <= maximum else text[: maximum - 1] + "…"
    return "".join(one if one.isprintable() else "?" for one in cut)
