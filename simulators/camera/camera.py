"""A simulated camera: its state and all its services on one address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from simulators.camera import clock, sound, stream_plan
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.rtsp_server import RtspServer
from simulators.camera.state import CameraState
from simulators.camera.telnet_server import TelnetServer


class Service(Protocol):
    """Something that a camera runs: opened and closed with it."""

    async def start(self) -> None:
        """Open."""

    async def stop(self) -> None:
        """Close."""


class SimulatedCamera:
    """A camera with RTSP, RTSPS, ONVIF, snapshot and discovery.

    Behaviours that are settings (picture size, codec, ...) are put into the state when the
    camera is made and by ``switch``; all others act as soon as they are in the state.

    Args:
        state: the camera's state, shared by its services.
        services: more services to run, such as a connection to a platform.
        footage: path of a video file shown instead of the painted scene.
    """

    def __init__(
        self, state: CameraState, *, services: Iterable[Service] = (), footage: str = ""
    ) -> None:
        self.state = state
        self.onvif = OnvifServer(state, footage=footage)
        self.telnet = TelnetServer(state)
        self.rtsp = RtspServer(state, password_of=self.onvif.device.password_of, footage=footage)
        self._services: list[Service] = [self.rtsp, self.onvif, self.telnet, *services]
        self._running: list[Service] = []
        self._configure()

    def switch(self, on: Iterable[str] = (), off: Iterable[str] = ()) -> None:
        """Switch behaviours at run time; settings that one changed stay as they are."""
        self.state.switch(on, off)
        self._configure()

    async def start(self) -> None:
        """Open all services, or none.

        Raises:
            OSError: a port cannot be had.
        """
        try:
            for service in self._services:
                await service.start()
                self._running.append(service)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close what is open."""
        while self._running:
            await self._running.pop().stop()

    async def apply(self) -> None:
        """Open and close the web and Telnet ports as behaviours switched at run time ask for.

        Raises:
            OSError: a port cannot be had.
        """
        if self._running:
            await self.onvif.apply()
            await self.telnet.apply()

    def _configure(self) -> None:
        stream_plan.configure(self.state)
        sound.configure(self.state)
        clock.configure(self.state)
