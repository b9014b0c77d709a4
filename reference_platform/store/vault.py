"""Secrets that are needed in clear again (devices' passwords), sealed by a key of this machine.

The key is a file beside the data, readable by its owner alone: a copy of the database says nothing.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from reference_platform.errors import PlatformError, StartFailure


class Vault:
    """Seals and opens short texts."""

    def __init__(self, key_file: Path) -> None:
        """Read the key, or make one.

        Raises:
            StartFailure: ``key.broken`` when the file holds no key.
        """
        if not key_file.exists():
            part = key_file.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_bytes(Fernet.generate_key())
            part.replace(key_file)
        try:
            self._fernet = Fernet(key_file.read_bytes().strip())
        except ValueError as error:
            raise StartFailure("key.broken", file=str(key_file)) from error

    def seal(self, secret: str) -> str:
        """``secret`` as it is stored; "" stays ""."""
        return self._fernet.encrypt(secret.encode()).decode() if secret else ""

    def unseal(self, sealed: str) -> str:
        """The secret again.

        Raises:
            PlatformError: 500 ``key.other`` when another key sealed it.
        """
        if not sealed:
            return ""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise PlatformError("key.other", 500) from None
