"""Two people change the same thing: the second is told, and nothing of the first's is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pydantic import BaseModel

from reference_platform.errors import Conflict


class Versioned(Protocol):
    """A row that counts its changes."""

    version: int


def require_current(row: Versioned, version: int, view: Callable[[], BaseModel]) -> None:
    """Go on only if the caller has seen the latest ``row``.

    Args:
        row: what is to be changed.
        version: the one that the caller has seen.
        view: ``row`` as the API answers it; asked only for the refusal.

    Raises:
        Conflict: ``conflict.stale`` with what is there now.
    """
    if row.version != version:
        raise Conflict("conflict.stale", current=view().model_dump(mode="json"))
