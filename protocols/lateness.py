"""How late an event loop is: whether a machine is too busy for what it has to do in time."""

from __future__ import annotations

import asyncio

_EVERY_S = 0.05


class Lateness:
    """Watches the running event loop while it is entered.

    Attributes:
        worst_s: the longest time, in seconds, by which the loop was late with something due.
    """

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Lateness:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_fault: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            self.worst_s = max(self.worst_s, loop.time() - due)
