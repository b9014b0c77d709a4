"""``python -m console.platform_host PLAN.json``: runs reference platforms until its input closes.

Each platform is set up as an installer would: an administrator for the acceptance, regions,
devices and channels. Prints one line of JSON, ``{"ready": true, ...}``, or ``{"error": ...}`` and
exit code 1 when one could not start. ``-`` reads the plan from the first line of standard input.
From then on ``{"late_s": s, "at": t}`` whenever they were late, as ``simulators`` says.

This is the only way to a platform with named defects: no option of the platform itself leads there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aiohttp import web

from console.hosted_cameras import HostedCameras, paint_planted
from console.platform_plan import (
    ADMINISTRATOR,
    PASSWORD,
    HostedCamera,
    HostedPlatform,
    PlatformHostPlan,
)
from protocols.lateness import Lateness
from protocols.time_source import SystemTime
from reference_platform.errors import PlatformError
from reference_platform.inventory.models import NewChannel, NewDevice, NewOrganisation
from reference_platform.people.models import CameraGrant, NewUser
from reference_platform.people.passwords import PasswordCost
from reference_platform.platform import Platform
from reference_platform.ports import Span
from reference_platform.recording.planting import Planted, PlantedSegments, plant
from reference_platform.settings import PlatformSettings
from simulators import certificates
from simulators.camera.gb28181.settings import GbSettings
from simulators.ntp_server import NtpServer

_LOCAL = "127.0.0.1"
#: Platforms that share a process share its threads: none waits for the work of another.
_THREADS = 64
#: Distance of key pictures in what is recorded: that of many cameras.
_KEY_EVERY_S = 4.0
#: A guess costs little here: the passwords are made for the run.
_CHEAP = PasswordCost(time=1, memory_kib=64, parallelism=1)
_ROLES = ["administrator", "operator", "viewer"]
_MODELS = ("*.onnx", "*.pt", "*.pth", "*.engine", "*.rknn", "*.om", "*.caffemodel", "*.tflite")


class ShiftedTime(SystemTime):
    """The machine's clock, put ahead by ``ahead`` seconds: also the one that never steps."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        """See ``TimeSource``."""
        return super().now() + self.ahead

    def monotonic(self) -> float:
        """See ``TimeSource``."""
        return super().monotonic() + self.ahead


class Hosted:
    """One platform with its clock, which a rig may restart."""

    def __init__(self, plan: HostedPlatform, folder: Path) -> None:
        self.plan = plan
        self.clock = ShiftedTime()
        self._data = plan.data(folder)
        self._platform: Platform | None = None

    async def start(self) -> None:
        """Start the platform; the first time it is set up as well."""
        plan = self.plan
        certificate = self._foreign_certificate() if plan.foreign_certificate else None
        settings = PlatformSettings(
            data=self._data,
            address=plan.address,
            https_port=plan.https_port,
            http_port=plan.http_port or None,
            sip_port=plan.sip_port,
            sip_tls_port=plan.sip_tls_port,
            ntp_port=plan.ntp_port,
            server_id=plan.server_id,
            certificate=certificate,
            key=certificate,
            keepalive_s=1.0,
            # What is recorded is planted; a recorder would keep all cameras painting for nobody.
            default_record=False,
            control_hold_s=plan.hold_s,
            language=plan.language,
            behaviours=frozenset(plan.behaviours),
        )
        if not (self._data / "recordings").exists():
            await asyncio.to_thread(self._plant)
        pictures = {one.channel: one for one in self._pictures(alive=True)}
        painted = HostedCameras(pictures, self.clock)
        own = any(camera.registers for camera in plan.cameras)
        platform = Platform(
            settings,
            time_source=self.clock,
            password_cost=_CHEAP,
            sources=None if own else painted,
            steering=None if own else painted,
            recording_formats=(PlantedSegments(paint_planted),),
        )
        await platform.start()
        self._platform = platform
        if platform.first_password is not None:
            await set_up(platform, plan)
            await asyncio.to_thread(self._lose)
        for camera in plan.cameras:
            if camera.alive and not camera.registers:
                await platform.events.device_online(camera.device)
                for channel in channels_of(camera):
                    await platform.events.channel_status(channel, online=True)

    def _pictures(self, *, alive: bool) -> list[Planted]:
        """What the channels show; only those that are alive, or all."""
        return [
            Planted(
                identifier,
                mark=channel_name(camera, number),
                fps=camera.fps,
                width=camera.width,
                height=camera.height,
                codec=camera.codec,
                key_every_s=_KEY_EVERY_S,
            )
            for camera in self.plan.cameras
            for number, identifier in enumerate(channels_of(camera), start=1)
            if camera.alive or not alive
        ]

    def _foreign_certificate(self) -> Path:
        """A certificate of another authority, which stands where users look for it."""
        certificates.server_context(self.plan.address)
        authority = self._data / "tls" / "authority.pem"
        authority.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(certificates.authority_file(), authority)
        return certificates.authority_file().with_name(f"{self.plan.address}-sound.pem")

    def _plant(self) -> None:
        now = self.clock.now()
        spans = [Span(now - begun, now - ended) for begun, ended in self.plan.recorded]
        for one in self._pictures(alive=False):
            plant(self._data / "recordings", one, spans)

    def _lose(self) -> None:
        """Files of what is to go missing vanish from the disk; the index still has them."""
        now = self.clock.now()
        for begun, ended in self.plan.lost:
            for file in (self._data / "recordings").rglob("*.planted"):
                started = int(file.stem.partition("-")[0]) / 1000
                if now - begun <= started < now - ended:
                    file.unlink()

    async def close(self) -> None:
        """Stop the platform."""
        if self._platform is not None:
            platform, self._platform = self._platform, None
            await platform.close()

    async def restart(self) -> None:
        """Stop and start it."""
        await self.close()
        await self.start()

    def search(self) -> dict[str, Any]:
        """What a search of its host finds: in its own folder, and of this very process."""
        files = [str(path) for pattern in _MODELS for path in self._data.rglob(pattern)]
        return {"files": sorted(files), "processes": [" ".join(sys.argv)], "gpu": []}


async def set_up(platform: Platform, plan: HostedPlatform) -> None:
    """Enter what an installer enters."""
    log_in = platform.people.log_in
    first, own = str(platform.first_password), secrets.token_urlsafe(24) + "aA1"
    installer = (await log_in.begin("admin", first, _LOCAL)).principal
    if log_in.me(installer).must_change_password:
        await log_in.change_password(installer, first, own)
        await log_in.end(installer)
        installer = (await log_in.begin("admin", own, _LOCAL)).principal
    await platform.people.users.add(
        installer,
        NewUser(
            name=ADMINISTRATOR,
            password=PASSWORD,
            ptz_level=10,
            roles=_ROLES,
            cameras=[CameraGrant(organisation="root")],
            must_change_password=False,
        ),
    )
    organisations = {}
    for name, region in plan.regions.items():
        made = await platform.inventory.organisations.add(
            installer, NewOrganisation(name=name, region=region)
        )
        organisations[name] = made.id
    below = next(iter(organisations.values()), "root")
    for level in range(plan.levels):
        deeper = await platform.inventory.organisations.add(
            installer, NewOrganisation(name=f"{level + 1}", parent=below)
        )
        below = deeper.id
    for camera in plan.cameras:
        organisation = organisations.get(camera.organisation, "root")
        device = NewDevice(
            id=camera.device, name=camera.name, organisation=organisation, password=camera.password
        )
        await platform.inventory.devices.add(installer, device)
        if camera.registers:
            continue
        for number, identifier in enumerate(channels_of(camera), start=1):
            new = NewChannel(
                id=identifier, device=camera.device, name=channel_name(camera, number), ptz_type=1
            )
            await platform.inventory.channels.add(installer, new)
    await log_in.end(installer)


def channel_name(camera: HostedCamera, number: int) -> str:
    """Of a device's channel ``number`` (from 1), also written in its picture."""
    if camera.registers:
        return _told(camera).channel_name(camera.name, number)
    return f"{camera.name} {number}"


def channels_of(camera: HostedCamera) -> list[str]:
    """The channels of a device, also of one that will tell them itself."""
    if camera.registers:
        return list(_told(camera).channel_ids())
    first = int(camera.device[13:]) * 10
    return [f"{camera.device[:10]}131{first + number:07d}" for number in range(camera.channels)]


def _told(camera: HostedCamera) -> GbSettings:
    """What decides how a device that registers will tell its channels."""
    return GbSettings("", "", camera.device, channels=camera.channels, names=camera.names)


def rig(hosted: dict[str, Hosted]) -> web.Application:
    """The rig of ``hardware_rigs.http_rig.HttpPlatformRig``."""

    def chosen(request: web.Request) -> Hosted:
        try:
            return hosted[request.match_info["point"]]
        except KeyError:
            raise web.HTTPNotFound from None

    async def service(request: web.Request) -> web.Response:
        await chosen(request).restart()
        return web.json_response({})

    async def clock(request: web.Request) -> web.Response:
        chosen(request).clock.ahead = float((await request.json())["ahead_s"])
        return web.json_response({})

    async def host(request: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(chosen(request).search))

    application = web.Application()
    application.router.add_put("/platforms/{point}/service", service)
    application.router.add_put("/platforms/{point}/clock", clock)
    application.router.add_get("/platforms/{point}/host", host)
    return application


async def host_platforms(plan: PlatformHostPlan) -> int:
    """Run all platforms of ``plan`` until standard input closes; the exit code."""
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="platforms")
    asyncio.get_running_loop().set_default_executor(threads)
    folder = Path(plan.folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    hosted = {one.point: Hosted(one, folder) for one in plan.platforms}
    runner = web.AppRunner(rig(hosted), access_log=None)
    # Beside the rig: what the harness holds its own clock against when it judges a platform's.
    reference = NtpServer(*plan.control)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        for one in hosted.values():
            stack.push_async_callback(one.close)
        try:
            for one in hosted.values():
                await one.start()
            await runner.setup()
            await web.TCPSite(runner, *plan.control).start()
            await reference.start()
            stack.push_async_callback(reference.stop)
        except (PlatformError, OSError) as error:
            logging.getLogger(__name__).exception("a platform did not start")
            _say({"error": _worded(error)})
            return 1
        _say({"ready": True, "platforms": len(hosted)})
        async with Lateness(lambda late: _say({"late_s": late, "at": time.time()})):
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    return 0


def _worded(error: PlatformError | OSError) -> str:
    if isinstance(error, PlatformError):
        return f"{error.code} {error.parameters}"
    return error.strerror or type(error).__name__


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(argument: str) -> int:
    """Host what ``argument`` names; the exit code."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    text = sys.stdin.readline() if argument == "-" else Path(argument).read_text(encoding="utf-8")
    return asyncio.run(host_platforms(PlatformHostPlan.from_document(json.loads(text))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
