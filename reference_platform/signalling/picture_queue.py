"""Pictures between what receives them and what reads them."""

from __future__ import annotations

import asyncio
from collections import deque

from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit

#: What waits for a reader that is slow: pictures and their bytes.
_MOST_WAITING = 500
_MOST_WAITING_BYTES = 32 << 20


class PictureQueue:
    """Pictures on their way to one reader; when it is slow, whole groups of pictures go."""

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting: deque[AccessUnit] = deque()
        self._bytes = 0
        self._need_key = False
        self._ended = False
        self._fault: PlatformError | None = None
        self._wake = asyncio.Event()

    def put(self, unit: AccessUnit) -> None:
        """Add a picture; without room everything up to the next key picture is dropped."""
        if self._ended or (self._need_key and not unit.key):
            self.dropped += 1
            return
        self._need_key = False
        if len(self._waiting) >= _MOST_WAITING or self._bytes > _MOST_WAITING_BYTES:
            self.dropped += len(self._waiting)
            self.clear()
            if not unit.key:
                self._need_key = True
                self.dropped += 1
                return
        self._waiting.append(unit)
        self._bytes += len(unit.data)
        self._wake.set()

    def clear(self) -> None:
        """Drop what waits."""
        self._waiting.clear()
        self._bytes = 0

    def end(self, fault: PlatformError | None = None) -> None:
        """No more will come; ``fault`` is raised once what waits was read."""
        if not self._ended:
            self._ended, self._fault = True, fault
            self._wake.set()

    @property
    def ended(self) -> bool:
        """Whether no more will come."""
        return self._ended

    async def get(self) -> AccessUnit | None:
        """The next picture, ``None`` at the end.

        Raises:
            PlatformError: it ended with a fault.
        """
        while not self._waiting:
            if self._ended:
                if self._fault is not None:
                    raise self._fault
                return None
            self._wake.clear()
            await self._wake.wait()
        unit = self._waiting.popleft()
        self._bytes -= len(unit.data)
        return unit
