"""A platform with a dome camera and users of several levels at its API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from reference_platform.platform import Platform
from simulators.camera.gb28181.device import GbDevice
from tests.reference_platform.platforms import PASSWORD as USER_PASSWORD
from tests.reference_platform.platforms import Client
from tests.reference_platform.signalling.bench import CAMERA, PASSWORD, camera

HOLD_S = 0.6


@dataclass
class Dome:
    """A camera of the platform and who may steer it."""

    platform: Platform
    admin: Client
    device: GbDevice
    channel: str
    users: dict[str, Client]

    @property
    def head(self) -> Any:
        return self.device.memory.head(self.channel)

    @property
    def position(self) -> Any:
        return self.head.position(self.device.monotonic())

    @property
    def moving(self) -> bool:
        return bool(self.head.moving(self.device.monotonic()))

    async def until(self, ready: Any, seconds: float = 6.0) -> Any:
        async with asyncio.timeout(seconds):
            while not (found := ready()):
                await asyncio.sleep(0.01)
        return found

    async def steer(self, user: str, command: str = "move", **more: Any) -> Any:
        """Status and answer of a command."""
        path = f"/api/channels/{self.channel}/control"
        return await self.users[user].call("POST", path, {"command": command, **more})

    async def put_presets(self, *pans: float) -> None:
        """Presets 1, 2, … at these pans; the first is home."""
        from simulators.camera.gb28181.head import Position

        for number, pan in enumerate(pans, start=1):
            self.head.presets[number] = Position(pan)
            await self.admin.ok(
                "POST",
                f"/api/channels/{self.channel}/presets",
                {"number": number, "name": f"位置 {number}", "home": number == 1},
            )
            self.head.presets[number] = Position(pan)
        await self.admin.ok("POST", f"/api/channels/{self.channel}/control/release")


@asynccontextmanager
async def dome(
    new_platform: Any, client: Any, *behaviours: str, levels: dict[str, int] | None = None
) -> AsyncIterator[Dome]:
    """A platform whose camera is online, and its users by name."""
    platform = await new_platform(
        *behaviours, keepalive_s=5.0, control_hold_s=HOLD_S, default_record=False
    )
    admin = await client(platform)
    await admin.ok("POST", "/api/devices", {"id": CAMERA, "name": "球机", "password": PASSWORD})
    async with camera(platform.signalling.server) as device:
        channel = device.settings.channel_ids()[0]
        async with asyncio.timeout(8):
            while not (await admin.ok("GET", "/api/channels")):
                await asyncio.sleep(0.02)
        roles = {one["name"]: one["id"] for one in await admin.ok("GET", "/api/roles")}
        users = {}
        for name, level in (levels or {"low": 3, "middle": 6, "high": 9, "none": 0}).items():
            await admin.ok(
                "POST",
                "/api/users",
                {
                    "name": name,
                    "display_name": f"用户 {name}",
                    "password": USER_PASSWORD,
                    "ptz_level": level,
                    "must_change_password": False,
                    "roles": list(roles.values()),
                    "cameras": [{"channel": channel}],
                },
            )
            users[name] = await client(platform, name)
        yield Dome(platform, admin, device, channel, users)
