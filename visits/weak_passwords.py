"""Passwords that a device must not accept, and what may be said of a declared one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from targets.credentials import Secret

#: Passwords that devices are known to leave the factory with, or that everybody tries first.
_FACTORY = ("12345", "123456", "admin123", "888888", "password", "666666", "admin12345", "pass")
#: Words on which a password must not be built.
_DICTIONARY = frozenset(
    {
        *_FACTORY, "111111", "000000", "12345678", "123456789", "1234", "1234567890", "qwerty",
        "abc123", "admin", "administrator", "root", "user", "guest", "test", "camera", "hik12345",
        "dahua123", "a1234567", "abcd1234", "1qaz2wsx", "p@ssw0rd", "passw0rd", "admin888",
        "admin666", "letmein", "welcome", "system", "service", "supervisor", "ipcam", "abc12345",
    }
)  # fmt: skip


def candidates(user: str, most: int) -> Iterator[tuple[str, Secret]]:
    """At most ``most`` (label, password) to try for ``user``, the likeliest first.

    Labels: ``empty``, ``equals-user``, ``factory-1`` and so on in the order of the list.
    """
    tried: set[str] = set()
    listed = [("empty", ""), ("equals-user", user)]
    listed += [(f"factory-{number}", word) for number, word in enumerate(_FACTORY, 1)]
    for label, word in listed:
        if word not in tried and len(tried) < most:
            tried.add(word)
            yield label, Secret(word)


def offline_candidates(user: str) -> Iterator[tuple[str, Secret]]:
    """Every weak password that can be tried without asking the device, with its label."""
    yield from candidates(user, len(_FACTORY) + 2)
    for word in sorted(_DICTIONARY.difference(_FACTORY)):
        yield "dictionary", Secret(word)


def properties(secret: Secret | None, user: str) -> dict[str, Any] | None:
    """What docs/recordings.md keeps of a declared password: properties, never the password."""
    if secret is None:
        return None
    word = secret.reveal()
    kinds = (str.islower, str.isupper, str.isdigit, lambda one: not one.isalnum())
    classes = sum(any(kind(one) for one in word) for kind in kinds)
    return {
        "length": len(word),
        "classes": classes,
        "in_dictionary": word.lower() in _DICTIONARY,
        "equals_user": word.lower() == user.lower(),
        "score": None,
    }
