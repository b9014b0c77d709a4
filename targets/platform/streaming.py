"""What runs without end: a stream of pictures and a channel of events, read in the background."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from protocols.time_source import TimeSource

_MAXIMUM_BYTES, _MAXIMUM_EVENTS = 64 << 20, 10_000
_OPEN_SECONDS = 45.0


class _Running:
    """Something that is read until the platform or we end it."""

    def __init__(self, time_source: TimeSource) -> None:
        self.time = time_source
        self.status = 0
        self.ended_at: float | None = None
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)), self._news:
                await self._news.wait_for(condition)
        return condition()

    async def wait_for_end(self, seconds: float) -> bool:
        """Whether the platform ends it within ``seconds``."""
        return await self._wait(lambda: self.ended_at is not None, seconds)

    async def _stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)


class OpenStream(_Running):
    """A stream of bytes; see ``targets.platform.port.MediaStream``."""

    def __init__(self, time_source: TimeSource) -> None:
        super().__init__(time_source)
        self.headers: Mapping[str, str] = {}
        self.arrivals: list[tuple[float, int]] = []
        self.data = bytearray()
        self._response: aiohttp.ClientResponse | None = None

    async def open(
        self, client: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
    ) -> None:
        """Ask for the stream; a refusal is read whole, and there is no more.

        Raises:
            OSError, aiohttp.ClientError, TimeoutError: of the network.
        """
        async with asyncio.timeout(_OPEN_SECONDS):
            self._response = await client.get(url, headers=headers, allow_redirects=False)
        self.status = self._response.status
        self.headers = {name.lower(): value for name, value in self._response.headers.items()}
        self._reader = asyncio.create_task(self._read(self._response))

    async def _read(self, response: aiohttp.ClientResponse) -> None:
        try:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async for chunk in response.content.iter_any():
                    self.data += chunk
                    self.arrivals.append((self.time.now(), len(self.data)))
                    await self._tell()
                    if len(self.data) > _MAXIMUM_BYTES:
                        return
            self.ended_at = self.time.now()
        finally:
            await self._tell()

    async def wait_for_bytes(self, count: int, seconds: float) -> bool:
        """Whether ``count`` bytes are there within ``seconds``; an end is waited for no longer."""
        await self._wait(lambda: len(self.data) >= count or self.ended_at is not None, seconds)
        return len(self.data) >= count

    async def close(self) -> None:
        """Leave the stream."""
        await self._stop()
        if self._response is not None:
            self._response.close()


class OpenChannel(_Running):
    """A WebSocket of events; see ``targets.platform.port.EventChannel``."""

    def __init__(self, time_source: TimeSource) -> None:
        super().__init__(time_source)
        self.events: list[Mapping[str, Any]] = []
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def open(
        self, client: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
    ) -> None:
        """Open the channel; a refusal leaves only its status.

        Raises:
            OSError, aiohttp.ClientError, TimeoutError: of the network.
        """
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                self._socket = await client.ws_connect(url, headers=headers, max_msg_size=1 << 20)
        except aiohttp.WSServerHandshakeError as refusal:
            self.status, self.ended_at = refusal.status, self.time.now()
            return
        self.status = 101
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT and len(self.events) < _MAXIMUM_EVENTS:
                    with contextlib.suppress(ValueError):
                        found = message.json()
                        if isinstance(found, dict):
                            self.events.append(found)
                    await self._tell()
            self.ended_at = self.time.now()
        finally:
            await self._tell()

    async def close(self) -> None:
        """Leave the channel."""
        await self._stop()
        if self._socket is not None:
            await self._socket.close()
