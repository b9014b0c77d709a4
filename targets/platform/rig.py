"""What works the machine on which a platform runs: restart, clock, a search of the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class PlatformRig(Protocol):
    """A rig at the platform's host.

    Raises from every call:
        VisitProblem: ``visit.rig-failed``.
    """

    async def restart(self, point: str) -> None:
        """Stop the platform's service and start it again; back when it serves."""
        ...

    async def shift_clock(self, point: str, seconds: float) -> None:
        """Let the platform's clock be ``seconds`` ahead; 0: as it was."""
        ...

    async def search_host(self, point: str) -> Mapping[str, Any]:
        """``files`` (paths of models), ``processes`` (command lines), ``gpu`` (its users)."""
        ...
