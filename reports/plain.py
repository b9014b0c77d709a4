"""Text from devices made harmless to readers and parsers: nothing unseen, nothing endless."""

from __future__ import annotations

import re

#: Control characters, orders that turn the writing direction, halves of surrogate pairs and
#: non-characters: XML forbids most of them, and the others could disguise a verdict.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_LONGEST = 600


def plain(value: str, longest: int = _LONGEST) -> str:
    """``value`` with everything unseen replaced by U+FFFD, cut after ``longest`` characters."""
    seen = _UNSEEN.sub("\ufffd", value[: longest + 1])
    return seen if len(seen) <= longest else seen[:longest] + " …"
