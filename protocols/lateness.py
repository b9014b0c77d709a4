"""How late an event loop is: whether a machine is too busy for what it has to do in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_EVERY_S = 0.05
_WORTH_TELLING_S = 0.3


class Lateness:
    """Watches the running event loop while it is entered.

    Args:
        told: called with each lateness of more than 0.3 s, in seconds, once it is over.

    Attributes:
        worst_s: the longest time, in seconds, by which the loop was late with something due.
    """

    def __init__(self, told: Callable[[float], None] | None = None) -> None:
        self.worst_s = 0.0
        self._told = told
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Lateness:
        self._task = asyncio.create_task(self._watch())
        self._due = asyncio.get_running_loop().time() + _EVERY_S
        return self

    async def __aexit__(self, *_fault: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._look()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            self._look()
            self._due = asyncio.get_running_loop().time() + _EVERY_S

    def _look(self) -> None:
        late = asyncio.get_running_loop().time() - self._due
        self.worst_s = max(self.worst_s, late)
        if self._told is not None and late > _WORTH_TELLING_S:
            self._told(late)
