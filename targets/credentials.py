"""Device passwords: where they come from, and that they go nowhere else.

Order of search: environment (``TANTOU_PASSWORD_<POINT>``, ``TANTOU_PASSWORD_<HOST>``,
``TANTOU_PASSWORD``), the system's keyring (service ``tantou``, account ``USER@HOST``), and a
prompt when a person sits at the terminal.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping

import keyring
from keyring.errors import KeyringError

MASK = "***"
_SERVICE = "tantou"


class Secret:
    """A password that does not show itself: only ``reveal()`` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The password, for the one place that must send or hash it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, _specification: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """``text`` with every secret masked, longest first; empty secrets mask nothing."""
    for value in sorted({secret.reveal() for secret in secrets} - {""}, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def environment_names(point: str, host: str) -> tuple[str, ...]:
    """The variables that may hold the password, the most particular first."""
    names = [f"TANTOU_PASSWORD_{_variable(part)}" for part in (point, host) if part]
    return (*names, "TANTOU_PASSWORD")


def _variable(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", text.upper())


class PasswordSource:
    """Finds each password once and keeps it in memory for the run.

    Args:
        environment: the process environment unless injected.
        prompt: asks a person and returns what was typed; ``None`` when nobody is there to ask.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        prompt: Callable[[str], str] | None = None,
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._prompt = prompt
        self._known: dict[tuple[str, str, str], Secret | None] = {}

    @classmethod
    def of_this_process(cls) -> PasswordSource:
        """A source that asks at the terminal if there is one."""
        return cls(prompt=getpass.getpass if sys.stdin and sys.stdin.isatty() else None)

    def find(self, point: str, host: str, user: str) -> Secret | None:
        """The password of ``user`` at ``host``, or ``None`` when no source knows it."""
        key = (point, host, user)
        if key not in self._known:
            self._known[key] = self._search(point, host, user)
        return self._known[key]

    def _search(self, point: str, host: str, user: str) -> Secret | None:
        for name in environment_names(point, host):
            if (value := self._environment.get(name)) is not None:
                return Secret(value)
        if (value := _from_keyring(f"{user}@{host}")) is not None:
            return Secret(value)
        return Secret(self._prompt(f"{user}@{host}: ")) if self._prompt else None


def _from_keyring(account: str) -> str | None:
    """The keyring's password; a machine without a keyring has none."""
    try:
        return keyring.get_password(_SERVICE, account)
    except KeyringError:
        return None
