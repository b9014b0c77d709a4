"""A gate that lets so many through at once, and those with most left to do before the others."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Who has the longest way begins first, so that nobody is still on the way when all are done.

    (Longest processing time first, Graham 1969: at most a third longer than the best order.)
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @asynccontextmanager
    async def passed(self, left_s: float) -> AsyncIterator[None]:
        """Wait for a place and keep it; ``left_s``: seconds of work that are left."""
        await self._enter(left_s)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, left_s: float) -> None:
        if self._free > 0:
            self._free -= 1
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-left_s, next(self._numbers), called))
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            called = heapq.heappop(self._waiting)[2]
            if not called.done():
                called.set_result(None)
                return
        self._free += 1
