"""An event loop whose time jumps to the next timer as soon as nothing is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Lets the time that a loop would wait pass at once."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout:
            self.passed += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """For what waits by timers alone: a thread or a peer would be left behind."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds that have passed."""
        return self._virtual.passed


def run_virtually(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` to its end in no time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)
