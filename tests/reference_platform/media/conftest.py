"""A platform whose cameras are synthetic, and people who may watch some of them."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest

from reference_platform.media.limits import MediaLimits
from reference_platform.people.access import Principal
from reference_platform.platform import Platform
from tests.loopback import fresh_addresses
from tests.reference_platform.media.synthetic import SyntheticSources, channel, read
from tests.reference_platform.platforms import (
    CHEAP,
    PASSWORD,
    Client,
    administrator,
    log_in,
    settings_for,
)

_ADDRESSES = fresh_addresses("127.41")
DEVICE = channel().device


@dataclass
class Received:
    """One live view as a client got it."""

    headers: Mapping[str, str]
    content: bytes = b""
    first_picture_s: float = 0.0
    pictures: list[Any] = field(default_factory=list)

    @property
    def marks(self) -> list[tuple[int, int]]:
        """Channel mark and counter of every picture."""
        if not self.pictures:
            with av.open(io.BytesIO(self.content)) as container:
                self.pictures = list(container.decode(video=0))  # type: ignore[union-attr]
        return [read(each.to_ndarray()[: each.height]) for each in self.pictures]  # type: ignore


@dataclass
class Site:
    """A platform with cameras 1, 2 and 3; Alice may watch 1 and 2, Bob 1, Carol none."""

    platform: Platform
    sources: SyntheticSources
    admin: Client
    alice: Client
    bob: Client
    carol: Client
    users: dict[str, Any]

    async def principal(self, name: str) -> Principal:
        """A session of somebody, for what is below the API."""
        found = await self.platform.people.log_in.find(getattr(self, name).token, "127.0.0.1")
        assert found is not None
        return found

    @asynccontextmanager
    async def client_view(self, number: int = 1) -> AsyncIterator[aiohttp.StreamReader]:
        """Bob watching; the stream once its answer has begun."""
        async with self.bob.request("GET", f"/api/live/{channel(number).id}") as answer:
            assert answer.status == 200, await answer.text()
            yield answer.content

    async def delete_device(self) -> None:
        """The cameras' device, by its manager."""
        version = (await self.admin.ok("GET", f"/api/devices/{DEVICE}"))["version"]
        await self.admin.ok("DELETE", f"/api/devices/{DEVICE}?version={version}")

    async def watch(
        self, client: Client, number: int = 1, seconds: float = 0.6, url: str = ""
    ) -> Received:
        """Watch for a while after the first picture, then leave."""
        path = url or f"/api/live/{channel(number).id}"
        began = time.monotonic()
        async with client.request("GET", path) as answer:
            assert answer.status == 200, await answer.text()
            got = Received(answer.headers)
            got.content = await answer.content.readany()
            while b"mdat" not in got.content:
                got.content += await answer.content.readany()
            got.first_picture_s = time.monotonic() - began
            try:
                async with asyncio.timeout(seconds):
                    async for piece in answer.content.iter_any():
                        got.content += piece
            except TimeoutError:
                return got
        return got


StartSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def new_site(tmp_path: Path) -> AsyncIterator[StartSite]:
    """``await new_site("a-defect", codec="h265", limits=MediaLimits(...))``."""
    async with AsyncExitStack() as stack:

        async def start(
            *behaviours: str,
            sources: SyntheticSources | None = None,
            limits: MediaLimits | None = None,
            http_port: int | None = None,
        ) -> Site:
            settings = settings_for(
                tmp_path, next(_ADDRESSES), behaviours=frozenset(behaviours), http_port=http_port
            )
            sources = sources or SyntheticSources()
            platform = Platform(
                settings,
                password_cost=CHEAP,
                sources=sources,
                media_limits=limits or MediaLimits(grace_s=0.05, retry_s=0.02),
            )
            await platform.start()
            stack.push_async_callback(platform.close)
            admin = await administrator(platform)
            stack.push_async_callback(admin.close)
            users = await _people_and_cameras(admin)
            clients = []
            for name in ("alice", "bob", "carol"):
                client = await log_in(platform, name)
                stack.push_async_callback(client.close)
                clients.append(client)
            return Site(platform, sources, admin, *clients, users)

        yield start


async def _people_and_cameras(admin: Client) -> dict[str, Any]:
    await admin.ok(
        "POST",
        "/api/devices",
        {"id": DEVICE, "name": "Gate", "protocol": "rtsp", "address": "rtsp://127.0.0.1/none"},
    )
    for number in (1, 2, 3):
        body = {
            "id": channel(number).id,
            "device": DEVICE,
            "name": f"Gate {number}",
            "recording": False,
        }
        await admin.ok("POST", "/api/channels", body)
    roles = await admin.ok("GET", "/api/roles")
    viewer = next(role["id"] for role in roles if role["level"] == "data-access")
    users = {}
    for name, shown, numbers in (
        ("alice", "爱丽丝", (1, 2)),
        ("bob", "", (1,)),
        ("carol", "Carol", ()),
    ):
        body = {
            "name": name,
            "password": PASSWORD,
            "display_name": shown,
            "roles": [viewer],
            "cameras": [{"channel": channel(number).id} for number in numbers],
            "must_change_password": False,
        }
        users[name] = await admin.ok("POST", "/api/users", body)
    return users


@pytest.fixture
async def site(new_site: StartSite) -> Site:
    """A compliant one."""
    return await new_site()


async def until(true: Callable[[], object], seconds: float = 3.0) -> None:
    """Wait for something that another task brings about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not happen"
        await asyncio.sleep(0.005)
