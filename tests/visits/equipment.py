"""Cameras for the tests of visits: our ONVIF services beside GStreamer's RTSP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from assessment.recording import Recording
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState
from targets.camera import CameraOptions, CameraTarget, parse_camera
from targets.credentials import Secret
from tests.targets.servers import ADDRESS, GstreamerServer
from visits.circumstances import Circumstances, Lengths

PASSWORD = "Tantou-2026-sim"
PATIENT = CameraOptions(connect_seconds=5, answer_seconds=8)
SHORT = Lengths(
    main=0.6,
    other=0.5,
    lamp=0.4,
    lamp_settles=0.0,
    clock=2.0,
    clock_polls=3,
    online_polls=2,
    online_interval=0.1,
    candidates=3,
    candidate_interval=0.0,
    visit=20.0,
)
Start = Callable[..., GstreamerServer]


class MemoryStore:
    """A recording store that forgets at the end of the test."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Recording] = {}

    def find(self, kind: str, subject: str) -> Recording | None:
        return self.kept.get((kind, subject))

    def save(self, recording: Recording) -> Recording:
        self.kept[recording.kind, recording.subject] = recording
        return recording


@dataclass
class Rig:
    """A light box that remembers what was asked of it and rules a camera's scene."""

    state: CameraState | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def set(self, point: str, level: str) -> str:
        self.asked.append((point, level))
        if self.state is not None:
            self.state.light = level
        return "rig"


def circumstances(**changes: object) -> Circumstances:
    return replace(Circumstances(light=Rig(), lengths=SHORT), **changes)  # type: ignore[arg-type]


def onvif_target(port: int, password: str = PASSWORD, point: str = "p") -> CameraTarget:
    address = f"onvif://admin@{ADDRESS}:{port}"
    return parse_camera(address, point=point, secret=lambda: Secret(password), options=PATIENT)


@asynccontextmanager
async def onvif_camera(
    *behaviours: str, rtsp_port: int = 1, password: str = PASSWORD
) -> AsyncIterator[tuple[CameraState, CameraTarget]]:
    """A camera whose streams come from ``rtsp_port`` of the same address."""
    state = CameraState(ADDRESS, "p", password=password, behaviours=set(behaviours))
    state.main.gop = state.sub.gop = 5
    state.ports = {"http": 0, "https": 0, "rtsp": rtsp_port, "rtsps": 322}
    server = OnvifServer(state)
    await server.start()
    try:
        yield state, onvif_target(state.ports["http"])
    finally:
        await server.stop()
        await asyncio.sleep(0.01)


def streaming(start: Start, password: str = PASSWORD) -> int:
    """The port of a GStreamer server that wants our account."""
    return start("--user", "admin", "--password", password).port
