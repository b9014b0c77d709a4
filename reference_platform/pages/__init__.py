"""The platform's pages: plain files over the API, and the wordings that they show."""

from __future__ import annotations

from pathlib import Path

from messages import catalogue

FOLDER = Path(__file__).parent
_PREFIX = "platform-page."


def wordings(lang: str) -> dict[str, str]:
    """Every sentence of the pages in ``lang``, by its key without the prefix."""
    return {
        key.removeprefix(_PREFIX): each[lang]
        for key, each in catalogue().items()
        if key.startswith(_PREFIX)
    }
