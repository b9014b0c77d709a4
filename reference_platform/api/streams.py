"""Answers whose body ends the moment that something else ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_LAST_WORDS_S = 0.5


class EndingResponse(StreamingResponse):
    """A body that is cut when ``ended`` is set, also for one who takes nothing any more.

    Args:
        body: ends by itself soon after ``ended``, unless the connection hangs.
        ended: for instance ``Watch.ended``.
        close: called when the answer is over, however it ended.
    """

    def __init__(
        self,
        body: AsyncIterator[bytes],
        ended: asyncio.Event,
        *,
        close: Callable[[], None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(body, **options)
        self._body = body
        self._ended = ended
        self._close = close

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        sent = asyncio.create_task(self.stream_response(send))
        gone = asyncio.create_task(_disconnected(receive))
        over = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait({sent, gone, over}, return_when=asyncio.FIRST_COMPLETED)
            if over.done() and not gone.done():
                await asyncio.wait({sent}, timeout=_LAST_WORDS_S)
        finally:
            for task in (sent, gone, over):
                task.cancel()
            results = await asyncio.gather(sent, gone, over, return_exceptions=True)
            if isinstance(self._body, AsyncGenerator):
                await self._body.aclose()
            if self._close is not None:
                self._close()
        if isinstance(results[0], Exception) and not isinstance(results[0], OSError):
            raise results[0]


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
