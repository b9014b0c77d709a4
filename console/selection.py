"""Which requirements a run is about: ``--only`` with ids or prefixes of ids."""

from __future__ import annotations

from messages import text
from standard.catalogue import catalogue


class SelectionError(Exception):
    """A selector that matches nothing, which must never end in a green run of nothing."""

    def __init__(self, selector: str) -> None:
        super().__init__(selector)
        self.selector = selector

    def worded(self, lang: str) -> str:
        """The error in the user's language."""
        return text("cli.only-matches-nothing", lang, selector=self.selector)


def select(only: tuple[str, ...]) -> frozenset[str]:
    """The ids that ``only`` selects; all when it is empty.

    A selector is an id, or a leading part of ids that ends at a separator: ``4.3.1`` selects
    ``4.3.1-c2``, and ``4.3.1-c`` selects ``4.3.1-c1`` to ``4.3.1-c5``.

    Raises:
        SelectionError: a selector matches nothing.
    """
    ids = [requirement.id for requirement in catalogue()]
    if not only:
        return frozenset(ids)
    chosen: set[str] = set()
    for selector in only:
        matched = [one for one in ids if one == selector]
        if not matched:
            matched = [one for one in ids if _leads(selector, one)]
        if not matched:
            raise SelectionError(selector)
        chosen |= set(matched)
    return frozenset(chosen)


def _leads(selector: str, identifier: str) -> bool:
    if not selector or not identifier.startswith(selector):
        return False
    following = identifier[len(selector)]
    last = selector[-1]
    return following in ".-" or last in ".-" or (last.isalpha() and following.isdigit())
