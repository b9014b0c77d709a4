"""Whose mark is in a picture, and which channel it names, by the words read from its pixels."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from probes.text_reading import TextLine

#: ``own``: the asking user's; ``other``: another user's; ``none``: other writing is read and no
#: mark; ``unreadable``: there is writing that could be one.
Whose = Literal["own", "other", "none", "unreadable"]
#: How much of a name must be read, and how much better than the next one it must fit.
_LIKE, _NAMED = 0.84, 0.7
_CLEARLY = 0.02
_LEAST_LETTERS, _LEAST_SCORE = 4, 0.7


@dataclass(frozen=True, slots=True)
class ReadMark:
    """A mark as it was read.

    Attributes:
        name: the user whom it names, "" when none.
        words: what was read that names somebody, at most some lines.
    """

    whose: Whose
    name: str = ""
    words: tuple[str, ...] = ()


def plain(words: str) -> str:
    """Letters and digits, in one case and width."""
    folded = unicodedata.normalize("NFKC", words).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def likeness(wanted: str, line: str) -> float:
    """How well ``wanted`` stands somewhere in ``line``: 1 for letter by letter."""
    name, read = plain(wanted), plain(line)
    if not name or not read:
        return 0.0
    if name in read:
        return 1.0
    if len(read) <= len(name):
        return SequenceMatcher(None, name, read, autojunk=False).ratio()
    starts = range(len(read) - len(name) + 1)
    return max(
        SequenceMatcher(None, name, read[at : at + len(name)], autojunk=False).ratio()
        for at in starts
    )


def read_mark(
    lines: Sequence[TextLine],
    own: str,
    others: Iterable[str] = (),
    *,
    written: Iterable[str] = (),
) -> ReadMark:
    """Whose mark the lines of one picture hold.

    Args:
        own: name of the asking user.
        others: names of users whose mark it must not be.
        written: what the camera itself writes (its name); its clock is known by its height.
    """
    names = [own, *others]
    votes: dict[str, list[str]] = {}
    for line in lines:
        fits = sorted(((likeness(name, line.text), name) for name in names), reverse=True)
        best, name = fits[0]
        if best >= _LIKE and (len(fits) == 1 or best - fits[1][0] >= _CLEARLY):
            votes.setdefault(name, []).append(line.text)
    if votes:
        name = max(votes, key=lambda one: len(votes[one]))
        return ReadMark("own" if name == own else "other", name, tuple(votes[name][:3]))
    left = _not_of_the_camera(lines, written)
    return ReadMark("unreadable" if left else "none", "", tuple(left[:3]))


def _not_of_the_camera(lines: Sequence[TextLine], written: Iterable[str]) -> list[str]:
    """Writing that is neither the camera's clock (the tallest digits) nor its name."""
    tall = max((line.bottom - line.top for line in lines), default=0)
    known = list(written)
    return [
        line.text
        for line in lines
        if len(plain(line.text)) >= _LEAST_LETTERS
        and line.score >= _LEAST_SCORE
        and line.bottom - line.top < 0.8 * tall
        and all(likeness(one, line.text) < _NAMED for one in known)
    ]


def named_channel(lines: Sequence[TextLine], names: Sequence[str]) -> str | None:
    """Which of ``names`` is written in the picture; ``None`` when none or more than one may be."""
    best = {name: max((likeness(name, line.text) for line in lines), default=0.0) for name in names}
    ranked = sorted(best.items(), key=lambda one: one[1], reverse=True)
    if not ranked or ranked[0][1] < _NAMED:
        return None
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < _CLEARLY:
        return None
    return ranked[0][0]
