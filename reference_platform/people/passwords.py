"""Passwords: what is accepted, and how they are kept (argon2id; never in clear).

Zxcvbn's estimate is OWASP's advice against common words and patterns; the classes of characters
are those of GB/T 22239 assessments.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from functools import cached_property

import argon2
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from zxcvbn import zxcvbn

from reference_platform.errors import PlatformError

MAXIMUM_LENGTH = 128
_LEAST_GUESSES_SCORE = 3
_ESTIMATED = 72  # zxcvbn's time grows with the square of the length
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


@dataclass(frozen=True)
class PasswordCost:
    """The price of one guess; the defaults are RFC 9106's second choice, lighter for tests."""

    time: int = 3
    memory_kib: int = 65536
    parallelism: int = 4


class Passwords:
    """Hashes and checks. Slow on purpose: call it in a thread."""

    def __init__(self, cost: PasswordCost | None = None) -> None:
        cost = cost or PasswordCost()
        self._hasher = argon2.PasswordHasher(
            time_cost=cost.time, memory_cost=cost.memory_kib, parallelism=cost.parallelism
        )

    def hash(self, password: str) -> str:
        """What is stored of ``password``."""
        return self._hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one; ``None`` (no such user) takes the same time."""
        try:
            self._hasher.verify(stored or self._nobodys, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
        return stored is not None

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())


def require_strong(password: str, name: str, display_name: str, least_length: int) -> None:
    """Refuse a password that can be guessed.

    Raises:
        PlatformError: 422 ``password.short`` (``least``), ``password.long``, ``password.classes``,
            ``password.holds-name`` or ``password.common``.
    """
    if len(password) < least_length:
        raise PlatformError("password.short", 422, least=least_length)
    if len(password) > MAXIMUM_LENGTH:
        raise PlatformError("password.long", 422, most=MAXIMUM_LENGTH)
    classes = sum(any(each in kind for each in password) for kind in _CLASSES)
    classes += any(not each.isalnum() for each in password)
    if classes < 3:
        raise PlatformError("password.classes", 422)
    folded = password.casefold()
    held = (part.casefold() for part in (name, display_name) if len(part) >= 3)
    if any(part in folded for part in held):
        raise PlatformError("password.holds-name", 422)
    if zxcvbn(password[:_ESTIMATED], user_inputs=[name, display_name])["score"] < (
        _LEAST_GUESSES_SCORE
    ):
        raise PlatformError("password.common", 422)


def one_time_password() -> str:
    """A password to hand over once: 16 characters of three classes, no look-alikes."""
    alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    while True:
        made = "".join(secrets.choice(alphabet) for _ in range(16))
        if all(any(each in kind for each in made) for kind in _CLASSES):
            return made
