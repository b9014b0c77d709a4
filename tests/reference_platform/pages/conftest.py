"""A platform with two cameras that move, people who may watch them, and a browser to look at it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from reference_platform.platform import Platform
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import PASSWORD, Client
from tests.reference_platform.signalling.bench import PASSWORD as SIP_PASSWORD
from tests.reference_platform.signalling.bench import camera

DEVICES = (("61010200001320000001", "东门枪机"), ("61010200001320000002", "广场球机"))
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 760}
_CHROMIUM = "/usr/bin/chromium"
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


@dataclass
class Site:
    """What the pages show: an H.264 and an H.265 channel."""

    platform: Platform
    admin: Client
    channels: dict[str, str]

    @property
    def url(self) -> str:
        return self.platform.https_url


@pytest.fixture
async def new_site(new_platform: StartPlatform, client: People) -> AsyncIterator[Any]:
    """Starts a site; ``behaviours`` are the platform's."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*behaviours: str) -> Site:
            platform = await new_platform(*behaviours, keepalive_s=2.0)
            admin = await client(platform)
            below = await admin.ok(
                "POST",
                "/api/organisations",
                {"name": "莲湖区", "parent": "root", "region": "610104"},
            )
            for number, (device, name) in enumerate(DEVICES):
                body = {"id": device, "name": name, "password": SIP_PASSWORD}
                await admin.ok("POST", "/api/devices", body | {"organisation": below["id"]})
                await stack.enter_async_context(
                    camera(
                        platform.signalling.server,
                        *(("gb-h265",) if number else ()),
                        device_id=device,
                    )
                )
            async with asyncio.timeout(15):
                while len(found := await admin.ok("GET", "/api/channels")) < len(DEVICES):
                    await asyncio.sleep(0.1)
            return Site(platform, admin, {each["device"]: each["id"] for each in found})

        yield start


@pytest.fixture
async def site(new_site: Any) -> Site:
    """A compliant site."""
    made: Site = await new_site()
    return made


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium."""
    found = _CHROMIUM if Path(_CHROMIUM).exists() else shutil.which("chromium")
    assert found, "this test needs Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=found, args=list(_QUIET))
        yield running
        await running.close()


def _is_fault(told: ConsoleMessage) -> bool:
    """Not what the browser says by itself of every answer that is a refusal."""
    return told.type == "error" and not told.text.startswith("Failed to load resource")


@contextlib.asynccontextmanager
async def at_page(
    browser: Browser,
    url: str,
    *,
    language: str = "zh-CN",
    size: dict[str, int] | None = None,
    user: str = "admin",
    password: str = PASSWORD,
) -> AsyncIterator[Page]:
    """A page on which ``user`` is logged in; fails when the page complains on its console."""
    complaints: list[str] = []
    context = await browser.new_context(
        ignore_https_errors=True,
        locale=language,
        viewport=size or DESKTOP,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if _is_fault(told) else None)
    await page.goto(url)
    await page.fill("#user", user)
    await page.fill("#password", password)
    await page.press("#password", "Enter")
    await page.wait_for_selector("header.top, #old")
    yield page
    await context.close()
    assert complaints == []
