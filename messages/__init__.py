"""Every sentence a user sees, in Chinese and English, from one catalogue.

``catalogue/<area>.json`` maps a key to its two wordings. JSON, so that the launcher can read
it before any package is installed. Wordings are ``str.format`` templates; a verdict stores
only the key and its parameters, and is worded when a report or a terminal asks.
"""

from __future__ import annotations

import json
import locale
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("zh", "en")
_FOLDER = Path(__file__).parent / "catalogue"


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """All wordings by key. That no two areas define one key is a matter of the tests."""
    merged: dict[str, Mapping[str, str]] = {}
    for path in sorted(_FOLDER.glob("*.json")):
        merged.update(json.loads(path.read_text(encoding="utf-8")))
    return merged


def text(key: str, lang: str, /, **parameters: Any) -> str:
    """Word ``key`` in ``lang`` ("zh" or "en").

    A key or a parameter that the catalogue does not know is shown as it is: a report must
    never break on a sentence. A parameter that is a reason itself (``code`` and ``parameters``)
    is worded in its place.
    """
    parameters = {name: _worded(value, lang) for name, value in parameters.items()}
    wordings = catalogue().get(key)
    if wordings is None:
        shown = ", ".join(f"{name}={value}" for name, value in parameters.items())
        return f"{key} ({shown})" if shown else key
    try:
        return wordings[lang].format(**parameters)
    except (KeyError, IndexError, ValueError, TypeError):
        return f"{wordings[lang]} {parameters}"


def _worded(value: Any, lang: str) -> Any:
    if isinstance(value, Mapping) and value.keys() == {"code", "parameters"}:
        return text(f"reason.{value['code']}", lang, **value["parameters"])
    return value


def default_language(environment: Mapping[str, str] | None = None) -> str:
    """ "zh" for a Chinese locale, else "en"."""
    environment = os.environ if environment is None else environment
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        if value := environment.get(name):
            return "zh" if value.lower().startswith(("zh", "chinese")) else "en"
    try:
        name = locale.getlocale()[0] or ""
    except ValueError:
        name = ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"
