"""Waiting for what gives no sign: a lamp that warms up, a pause that spares a device."""

from __future__ import annotations

import asyncio


async def wait(seconds: float) -> None:
    """Let ``seconds`` pass."""
    await asyncio.sleep(seconds)
