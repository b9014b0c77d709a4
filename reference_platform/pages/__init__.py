"""The platform's pages: plain files over the API, and the wordings that they show."""

from __future__ import annotations

from pathlib import Path

from messages import catalogue

FOLDER = Path(__file__).parent
_PREFIX = "platform-page."
#: What the platform says of itself elsewhere and the pages show as a code: what it refused or
#: failed at, and why nothing is recorded. A page knows no parameters, so a sentence with some has
#: a plain one under ``platform-page.refusal``.
_CODES = {"platform.error.": "refusal.", "platform.gap.": "gap."}


def wordings(lang: str) -> dict[str, str]:
    """Every sentence of the pages in ``lang``, by its key without the prefix."""
    found = {}
    for key, each in catalogue().items():
        for prefix, group in _CODES.items():
            if key.startswith(prefix) and "{" not in each[lang]:
                found[group + key.removeprefix(prefix)] = each[lang]
        if key.startswith(_PREFIX):
            found[key.removeprefix(_PREFIX)] = each[lang]
    return found
