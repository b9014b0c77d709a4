"""A running platform, more of them, and people at it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from protocols.time_source import TimeSource
from reference_platform.platform import Platform
from tests.loopback import fresh_addresses
from tests.reference_platform.platforms import (
    PASSWORD,
    Client,
    administrator,
    log_in,
    settings_for,
    start_platform,
)

_ADDRESSES = fresh_addresses("127.40")
StartPlatform = Callable[..., Awaitable[Platform]]
People = Callable[..., Awaitable[Client]]


@pytest.fixture
async def closing() -> AsyncIterator[AsyncExitStack]:
    """Closes at the end of the test what is pushed onto it."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def new_platform(tmp_path: Path, closing: AsyncExitStack) -> StartPlatform:
    """Starts platforms: ``await new_platform("a-defect", time_source=..., retention_days=...)``.

    Each has a data folder and an address of its own; ``data=`` and ``address=`` say otherwise.
    """
    numbers = itertools.count()

    async def start(
        *behaviours: str, time_source: TimeSource | None = None, **changes: Any
    ) -> Platform:
        folder = tmp_path / f"platform-{next(numbers)}"
        settings = settings_for(
            folder,
            changes.pop("address", None) or next(_ADDRESSES),
            behaviours=frozenset(behaviours),
            **changes,
        )
        platform = await start_platform(settings, time_source)
        closing.push_async_callback(platform.close)
        return platform

    return start


@pytest.fixture
async def platform(new_platform: StartPlatform) -> Platform:
    """One compliant platform."""
    return await new_platform()


@pytest.fixture
async def client(closing: AsyncExitStack) -> People:
    """Logs people in: ``await client(platform)`` is the administrator, ``client(platform, user)``
    somebody with the password ``PASSWORD``.
    """

    async def at(platform: Platform, user: str = "admin", password: str = PASSWORD) -> Client:
        if user == "admin" and password == PASSWORD:
            found = await administrator(platform)
        else:
            found = await log_in(platform, user, password)
        closing.push_async_callback(found.close)
        return found

    return at
