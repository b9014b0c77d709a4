"""Platforms for tests: each on an address of its own, with a cheap price of passwords."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from protocols.time_source import TimeSource
from reference_platform.people.passwords import PasswordCost
from reference_platform.platform import Platform
from reference_platform.settings import PlatformSettings

CHEAP = PasswordCost(time=1, memory_kib=8, parallelism=1)
PASSWORD = "Quiet-harbour7lantern"
StartPlatform = Callable[..., Awaitable[Platform]]


def settings_for(folder: Path, address: str, **changes: Any) -> PlatformSettings:
    """Free ports on ``address``, everything in ``folder``."""
    values: dict[str, Any] = {
        "data": folder / "data",
        "address": address,
        "https_port": 0,
        "http_port": None,
        "sip_port": 0,
        "sip_tls_port": None,
        "language": "en",
    }
    return PlatformSettings(**(values | changes))


async def start_platform(
    settings: PlatformSettings, time_source: TimeSource | None = None
) -> Platform:
    """A running platform; the caller closes it."""
    platform = Platform(settings, time_source=time_source, password_cost=CHEAP)
    await platform.start()
    return platform


class Client:
    """Somebody at the API, over real HTTPS with the platform's authority trusted."""

    def __init__(self, platform: Platform, token: str = "") -> None:
        context = ssl.create_default_context(cafile=platform.certificate.authority)
        self._session = aiohttp.ClientSession(
            platform.https_url + "/",
            connector=aiohttp.TCPConnector(ssl=context),
            headers={"Authorization": f"Bearer {token}"} if token else {},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self.token = token

    async def close(self) -> None:
        await self._session.close()

    def request(self, method: str, path: str, **options: Any) -> Any:
        """As aiohttp's; ``path`` begins with ``/``."""
        return self._session.request(method, path, **options)

    def socket(self, path: str, **options: Any) -> Any:
        """A WebSocket, as aiohttp's."""
        return self._session.ws_connect(path, **options)

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The answer's status and JSON (``None`` without a body)."""
        if body is not None:
            options["json"] = body
        async with self._session.request(method, path, **options) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json" and text
            return answer.status, (await answer.json() if is_json else None)

    async def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of an answer that must be a success."""
        status, answer = await self.call(method, path, body, **options)
        assert status < 300, (method, path, status, answer)
        return answer

    async def refused(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The error code of an answer that must be none."""
        status, answer = await self.call(method, path, body, **options)
        assert 400 <= status < 500, (method, path, status, answer)
        return answer["error"]["code"]


async def log_in(platform: Platform, user: str, password: str = PASSWORD) -> Client:
    """A client with a session of ``user``."""
    client = Client(platform)
    try:
        answer = await client.ok("POST", "/api/login", {"user": user, "password": password})
    finally:
        await client.close()
    return Client(platform, answer["token"])


async def administrator(platform: Platform) -> Client:
    """The first administrator, whose password is ``PASSWORD`` from now on."""
    if platform.first_password is None:
        return await log_in(platform, "admin")
    client = await log_in(platform, "admin", platform.first_password)
    await client.ok("POST", "/api/me/password", {"old": platform.first_password, "new": PASSWORD})
    platform.first_password = None
    return client
