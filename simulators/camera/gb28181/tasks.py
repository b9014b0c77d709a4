"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_PATIENCE_S = 0.2


async def end(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel tasks until they are done.

    ``asyncio.wait_for`` of Python 3.11 loses a cancellation that comes together with a result,
    so one cancellation is not enough.
    """
    left = {task for task in tasks if task is not None and not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_PATIENCE_S)
