"""Whether a paper that names models and a firmware family speaks of one device."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[,;/、，；]|\band\b|和|及")
_FAMILY = re.compile(r"(?:\*|x{2,}|系列|series)$", re.IGNORECASE)
_COMPONENTS = re.compile(r"\d+|[a-z]+")
#: What stands before or for a number without being one: ``V5.7``, ``5.7.x``.
_VERSION_WORDS = frozenset({"v", "ver", "version", "x", "build", "firmware"})


def covers_model(covered: str, model: str) -> bool:
    """Whether a list of models, as printed on a paper, names ``model`` or its family.

    A family ends with ``*``, ``xx``, ``系列`` or ``series``. Case, spaces and dashes do not count.
    """
    wanted = _plain(model)
    for entry in _SEPARATORS.split(covered):
        stem = _FAMILY.sub("", entry.strip())
        if stem != entry.strip():
            if _plain(stem) and wanted.startswith(_plain(stem)):
                return True
        elif _plain(entry) and _plain(entry) == wanted:
            return True
    return False


def of_firmware_family(family: str, firmware: str) -> bool:
    """Whether ``firmware`` is of ``family``: its first numbers are those of the family.

    ``V5.7`` and ``5.7.x`` are the family of ``V5.7.3 build 220112``, and not of ``V5.70``.
    """
    wanted, found = _numbers(family), _numbers(firmware)
    return bool(wanted) and found[: len(wanted)] == wanted


def _plain(model: str) -> str:
    return re.sub(r"[\s_-]+", "", model).casefold()


def _numbers(version: str) -> list[str]:
    parts = _COMPONENTS.findall(version.casefold())
    return [part for part in parts if part not in _VERSION_WORDS]
