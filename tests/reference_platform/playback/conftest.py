"""A platform with planted recordings, and people who may see some of them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from protocols.time_source import SystemTime
from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit
from reference_platform.platform import Platform
from reference_platform.ports import ChannelRef, Source, Span, StreamName
from reference_platform.recording.planting import Planted, PlantedSegments, coded, plant
from reference_platform.times import moment
from tests.loopback import fresh_addresses
from tests.reference_platform.platforms import (
    CHEAP,
    PASSWORD,
    Client,
    administrator,
    log_in,
    settings_for,
)
from tests.reference_platform.playback.bench import Player

_ADDRESSES = fresh_addresses("127.43")
DEVICE = "61010200001110000001"
CHANNELS = ("61010200001320000001", "61010200001320000002")


class FakeDevice:
    """A device whose recordings are painted; does what it is told, and notes it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.refuses = self.breaks = False
        self.open = 0

    async def live(self, channel: ChannelRef, stream: StreamName) -> Source:
        return LivePull(channel.id)

    async def records(self, channel: ChannelRef, start: float, end: float) -> Sequence[Span]:
        return [Span(start, start + (end - start) / 2)]

    async def playback(
        self, channel: ChannelRef, start: float, end: float, *, download: bool = False
    ) -> FakePull:
        if self.refuses:
            raise PlatformError("source.refused", 502, device=channel.device)
        self.told.append(("download" if download else "playback", start))
        self.open += 1
        return FakePull(self, start, end, 1e9 if download else 1.0)


class LivePull:
    """Painted pictures as they would come from a camera now."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    async def __aiter__(self) -> AsyncIterator[AccessUnit]:
        begun = time.time()
        for unit in coded(Planted(self._channel), begun, begun + 600):
            await asyncio.sleep(max(unit.at - time.time(), 0))
            yield unit

    async def close(self) -> None:
        return


class FakePull:
    def __init__(self, device: FakeDevice, start: float, end: float, pace: float) -> None:
        self._device = device
        self._at, self._end, self._pace = start, end, pace
        self._going = asyncio.Event()
        self._going.set()
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[AccessUnit]:
        while self._at < self._end:
            begun = self._at
            for unit in coded(Planted(CHANNELS[0]), begun, min(begun + 1, self._end)):
                await self._going.wait()
                await asyncio.sleep(0.1 / self._pace)
                if self._device.breaks:
                    raise PlatformError("source.lost", 502, device=DEVICE, why="stalled")
                if self._at != begun:
                    break
                yield unit
            else:
                self._at = begun + 1

    async def pause(self) -> None:
        self._device.told.append(("pause", None))
        self._going.clear()

    async def resume(self) -> None:
        self._device.told.append(("resume", None))
        self._going.set()

    async def seek(self, at: float) -> None:
        self._device.told.append(("seek", at))
        self._at = at
        self._going.set()

    async def scale(self, factor: float) -> None:
        self._device.told.append(("scale", factor))
        self._pace = factor

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._device.open -= 1


@dataclass
class Site:
    """Alice may use both channels, Bob the first, Carol none."""

    platform: Platform
    device: FakeDevice
    base: float
    admin: Client
    alice: Client
    bob: Client
    carol: Client
    users: dict[str, Any]

    def at(self, seconds: float) -> str:
        """A time of the planted recordings, as the API takes it."""
        time = moment(self.base + seconds)
        return time.isoformat(timespec="milliseconds" if time.microsecond else "seconds")

    def period(self, start: float, end: float, channel: int = 0, **more: Any) -> dict[str, Any]:
        body = {"channel": CHANNELS[channel], "start": self.at(start), "end": self.at(end)}
        return {**body, **more}

    async def saved(self, client: Client, body: dict[str, Any]) -> dict[str, Any]:
        """A download, once it is over."""
        made = await client.ok("POST", "/api/downloads", body)
        return await self.over(client, made["id"])

    async def over(self, client: Client, identifier: str) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while True:
                found: dict[str, Any] = await client.ok("GET", f"/api/downloads/{identifier}")
                if found["state"] not in ("queued", "running"):
                    return found
                await asyncio.sleep(0.02)


class Watching(Player):
    """A player over HTTPS."""

    def __init__(self, client: Client, identifier: str, base: float, url: str = "") -> None:
        super().__init__(self._body(client, url or f"/api/playbacks/{identifier}/stream"), base)

    @staticmethod
    async def _body(client: Client, url: str) -> AsyncIterator[bytes]:
        async with client.request("GET", url) as answer:
            assert answer.status == 200, await answer.text()
            async for data in answer.content.iter_any():
                yield data


StartSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def new_site(tmp_path: Path) -> AsyncIterator[StartSite]:
    """``await new_site("a-defect")``; twice with ``folder=`` is a restart."""
    async with AsyncExitStack() as stack:
        numbers = itertools.count()

        async def start(*behaviours: str, spans: Sequence[tuple[float, float]] = ()) -> Site:
            settings = settings_for(
                tmp_path / str(next(numbers)), next(_ADDRESSES), behaviours=frozenset(behaviours)
            )
            base = time.time() // 3600 * 3600 - 86_400
            for channel in CHANNELS:
                plant(
                    settings.data / "recordings",
                    Planted(channel),
                    [Span(base + a, base + b) for a, b in spans or [(-36_000, 3600)]],
                )
            device = FakeDevice()
            platform = Platform(
                settings,
                time_source=SystemTime(),
                password_cost=CHEAP,
                sources=device,
                recording_formats=(PlantedSegments(),),
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
            return Site(platform, device, base, admin, *clients, users)

        yield start


async def _people_and_cameras(admin: Client) -> dict[str, Any]:
    device = {"id": DEVICE, "name": "Gate", "protocol": "rtsp", "address": "rtsp://127.0.0.1/none"}
    await admin.ok("POST", "/api/devices", device)
    for number, identifier in enumerate(CHANNELS):
        body = {"id": identifier, "device": DEVICE, "name": f"Gate {number}", "recording": False}
        await admin.ok("POST", "/api/channels", body)
    roles = await admin.ok("GET", "/api/roles")
    viewer = next(role["id"] for role in roles if role["level"] == "data-access")
    users = {}
    for name, channels in (("alice", CHANNELS), ("bob", CHANNELS[:1]), ("carol", ())):
        body = {
            "name": name,
            "password": PASSWORD,
            "roles": [viewer],
            "cameras": [{"channel": each} for each in channels],
            "must_change_password": False,
        }
        users[name] = await admin.ok("POST", "/api/users", body)
    return users


@pytest.fixture
async def site(new_site: StartSite) -> Site:
    """A compliant one."""
    return await new_site()
