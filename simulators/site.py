"""A simulated site: cameras, light box and switch, clock source, and traffic to watch."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from simulators.camera import clips
from simulators.camera.camera import SimulatedCamera
from simulators.camera.detectors import Detectors
from simulators.camera.encoders import ClipSpec
from simulators.camera.gb28181.alarms import INPUT_DEAD
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.pictures import warm_view
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.gb28181.stream_faults import clip_spec
from simulators.camera.media_source import warm_live
from simulators.camera.ntp_client import NtpFollower
from simulators.camera.onvif.device import hardware_address
from simulators.camera.onvif.event_queue import DIGITAL_INPUT, lacks_input
from simulators.camera.power import boot_seconds, needs_the_port, port_obeys, port_shows, returns
from simulators.camera.state import CameraState
from simulators.camera.stream_plan import stream_plan
from simulators.control import SiteControl
from simulators.ntp_server import NtpServer
from simulators.platform.lower_platform import LowerPlatform
from simulators.site_plan import CameraPlan, PlatformPlan, SitePlan
from simulators.uplink.link import Uplink

_BATCH = 4
#: Position of a zoom drive at which it is looked at when it is tried.
_DRIVEN = 0.1
#: The cameras' clocks are set in steps of this, so that each correction of them can be seen.
_CLOCK_RESOLUTION_S = 0.2
#: Where a GB/T 28181 platform sets the clock too, NTP corrects it by no more than this.
_BELIEVED_STEP_S = 10.0


class SimulatedSite:
    """Everything of a plan, started together or not at all."""

    def __init__(self, plan: SitePlan) -> None:
        self._plan = plan
        self._states = {camera.point: _state(camera) for camera in plan.cameras}
        self._registering = {
            camera.point: GbDevice(
                self._states[camera.point],
                GbSettings.from_plan({"password": camera.password, **camera.gb28181}, camera.point),
            )
            for camera in plan.cameras
            if camera.gb28181 is not None
        }
        self._cameras = {
            camera.point: SimulatedCamera(
                self._states[camera.point],
                services=[
                    *_followers(camera, self._states[camera.point], plan.time_server),
                    *(self._registering[one] for one in (camera.point,) if camera.gb28181),
                ],
            )
            for camera in plan.cameras
        }
        self._detectors = {
            point: Detectors(camera.state, camera.onvif.events, self._registering.get(point))
            for point, camera in self._cameras.items()
        }
        self._links = {
            camera.point: Uplink(
                camera.address, plan.platform, self._states[camera.point].behaviours
            )
            for camera in plan.cameras
            if camera.uplink and plan.platform
        }
        self._platforms = [service for one in plan.platforms for service in _platform_services(one)]
        self._control = SiteControl(
            self._states,
            *plan.control,
            changed=self._configure,
            linked=self._link,
            registered=self._register,
            alarmed=self._alarm,
            played=self._play,
            output=self._output_closed,
            fed=self._port,
            powered=self._power,
        )
        self._unfed: set[str] = set()
        self._silent: set[str] = set()
        self._booting: dict[str, asyncio.Task[None]] = {}
        self._time = None if plan.time_server is None else NtpServer(*plan.time_server)

    async def start(self, say: Callable[[int, int], None] = lambda _done, _all: None) -> None:
        """Open everything; ``say`` hears how many clips are made, of how many.

        Raises:
            OSError: an address or port cannot be had.
        """
        if self._plan.cache:
            clips.set_cache_folder(Path(self._plan.cache))
        await self._render(say)
        if self._time is not None:
            await self._time.start()
        for camera in self._cameras.values():
            await camera.start()
        for link in self._links.values():
            await link.start()
        for service in self._platforms:
            await service.start()
        await self._control.start()

    async def stop(self) -> None:
        """Close whatever is open."""
        await self._control.stop()
        for booting in self._booting.values():
            booting.cancel()
        await asyncio.gather(*self._booting.values(), return_exceptions=True)
        for detectors in self._detectors.values():
            await detectors.close()
        for service in reversed(self._platforms):
            await service.stop()
        for link in self._links.values():
            await link.stop()
        for camera in self._cameras.values():
            await camera.stop()
        if self._time is not None:
            await self._time.stop()

    def _clips(self) -> list[ClipSpec]:
        """What the cameras will be asked to show, made before anybody waits for it."""
        wanted = [
            _scene_clip(self._states[camera.point], scene)
            for camera in self._plan.cameras
            for scene in camera.scenes
        ]
        wanted += [clip_spec(state) for state in self._states.values() if state.captioned]
        return list(dict.fromkeys(wanted))

    async def _render(self, say: Callable[[int, int], None]) -> None:
        specs, done = self._clips(), 0
        for batch in range(0, len(specs), _BATCH):
            await asyncio.to_thread(clips.warm, specs[batch : batch + _BATCH])
            done = min(len(specs), batch + _BATCH)
            say(done, len(specs))
        for state in self._states.values():
            if state.captioned:
                await warm_view(clip_spec(state))
                say(done, len(specs))
        for spec in dict.fromkeys(stream_plan(state, "sub") for state in self._states.values()):
            await asyncio.to_thread(warm_live, spec)
            say(done, len(specs))

    async def _configure(self, point: str) -> None:
        self._cameras[point].switch()
        await self._cameras[point].apply()
        if point in self._registering:
            await self._registering[point].apply()

    async def _register(self, point: str, wanted: bool) -> None:
        if point in self._registering:
            await self._registering[point].set_registration(wanted)

    async def _alarm(self, point: str, closed: bool) -> None:
        state = self._states[point]
        if not lacks_input(state) and not state.has(INPUT_DEAD):
            events = self._cameras[point].onvif.device.events
            told = {"LogicalState": "true" if closed else "false"}
            events.emit(DIGITAL_INPUT, {"InputToken": "input_0"}, told)
        if point in self._registering:
            await self._registering[point].set_alarm_input(closed)

    async def _play(self, point: str, event: str, lasts: bool) -> None:
        self._detectors[point].see(event, lasts)

    def _output_closed(self, point: str) -> bool | None:
        relay = next(iter(self._cameras[point].onvif.device.relays.values()), None)
        return None if relay is None else relay.closed

    def _port(self, point: str) -> dict[str, object]:
        camera = self._cameras[point]
        mac = hardware_address(camera.onvif.device)
        running = point not in self._silent
        return port_shows(camera.state, point not in self._unfed, running, mac)

    async def _power(self, point: str, fed: bool) -> None:
        """Feed a camera or cut its supply; it starts by itself once it is fed again."""
        if not port_obeys(self._states[point]):
            return
        if not needs_the_port(self._states[point]):
            (self._unfed.discard if fed else self._unfed.add)(point)
        elif fed and point in self._unfed:
            self._unfed.discard(point)
            if returns(self._states[point]):
                self._booting[point] = asyncio.create_task(self._boot(point))
        elif not fed:
            self._unfed.add(point)
            self._silent.add(point)
            await self._cameras[point].stop()

    async def _boot(self, point: str) -> None:
        await asyncio.sleep(boot_seconds(self._states[point]))
        await self._cameras[point].start()
        self._silent.discard(point)

    async def _link(self, point: str, plugged: bool) -> None:
        if point in self._links:
            await self._links[point].stop()
            if plugged:
                await self._links[point].start()


def _platform_services(plan: PlatformPlan) -> list[LowerPlatform | GbDevice]:
    """A lower platform and the camera that registers on it."""
    state = CameraState(plan.address, plan.point, behaviours=set(plan.behaviours))
    upward = GbSettings.from_plan({"password": plan.password, **plan.gb28181}, plan.point)
    inside = "-".join(("inside", plan.camera))
    platform = LowerPlatform(
        state,
        replace(upward, local_port=0),
        {plan.camera: plan.camera},
        lambda _: inside,
        keepalive_s=upward.keepalive_s,
    )
    downward = GbSettings(
        server_address=plan.address,
        server_id=plan.point,
        device_id=plan.camera,
        password=inside,
        domain=plan.point[:10],
        keepalive_s=upward.keepalive_s,
        retry_s=upward.retry_s,
        local_port=0,
    )
    return [platform, GbDevice(CameraState(plan.camera_address, plan.camera), downward)]


def _scene_clip(state: CameraState, scene: str) -> ClipSpec:
    if scene == "third":
        return stream_plan(state, "third")
    if scene == "dusk":  # night has only just fallen
        return stream_plan(replace(state, light="night"), "main", light_age=0.0)
    if scene == "zoomed":  # as far as a lens is driven to see whether it moves
        return stream_plan(replace(state, zoom_position=lambda: _DRIVEN), "main")
    light, lamp = {"lamp-off": ("night", "off")}.get(scene, (scene, "auto"))
    return stream_plan(replace(state, light=light, white_light=lamp), "main")


def _followers(
    camera: CameraPlan, state: CameraState, server: tuple[str, int] | None
) -> list[NtpFollower]:
    """The NTP client of a camera that follows the site's time server."""
    if server is None or not camera.ntp_interval_s:
        return []
    return [
        NtpFollower(
            state,
            *server,
            interval_s=camera.ntp_interval_s,
            resolution_s=_CLOCK_RESOLUTION_S,
            largest_step_s=_BELIEVED_STEP_S if camera.gb28181 else math.inf,
        )
    ]


def _state(plan: CameraPlan) -> CameraState:
    return CameraState(
        address=plan.address,
        point=plan.point,
        identity=plan.identity(),
        user=plan.user,
        password=plan.password,
        main=plan.main_encoder(),
        audio_encoding=plan.audio_encoding,
        captioned=plan.captioned,
        behaviours=set(plan.behaviours),
        ports=dict(plan.ports),
    )
