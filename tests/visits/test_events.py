"""What a simulated camera tells of what is played before it, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from assessment.recording import Recording
from probes.alarm_output import measure_alarm_output
from probes.scene_event import measure_scene_event
from simulators.camera.detectors import Detectors
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState
from targets.errors import VisitProblem
from targets.scene_rig import ContactState
from tests.targets.servers import ADDRESS
from tests.visits.equipment import SHORT, MemoryStore, circumstances, onvif_target
from visits.desk import VisitDesk

QUICK = replace(SHORT, event_quiet=0.1, event_wait=1.2)


@dataclass
class Rig:
    """A screen before the one camera."""

    detectors: Detectors
    server: OnvifServer
    broken: bool = False

    async def play(self, _: str, event: str, state: str) -> None:
        if self.broken:
            raise VisitProblem("visit.rig-failed", wanted=event, detail="HTTP 500")
        self.detectors.see(event, state == "on")

    async def output(self, _: str) -> ContactState:
        return "closed" if self.server.device.relays["relay_0"].closed else "open"


@asynccontextmanager
async def rigged_camera(*behaviours: str) -> AsyncIterator[tuple[Rig, CameraState]]:
    state = CameraState(ADDRESS, "p", behaviours=set(behaviours))
    state.ports = {"http": 0, "https": 0, "rtsp": 1, "rtsps": 322}
    server = OnvifServer(state)
    detectors = Detectors(state, server.events)
    await server.start()
    try:
        yield Rig(detectors, server), state
    finally:
        await detectors.close()
        await server.stop()


async def visited(kind: str, rig: Rig | None, state: CameraState, **more: object) -> Recording:
    given = circumstances(scene_rig=rig, lengths=QUICK, **more)
    desk = VisitDesk(MemoryStore(), given)
    return await desk.visit(kind, onvif_target(state.ports["http"]))


@pytest.mark.parametrize("event", ["line-crossing", "intrusion", "sound", "defocus", "motion"])
async def test_each_event_is_told(event: str) -> None:
    async with rigged_camera() as (rig, state):
        recording = await visited(f"events:{event}", rig, state)
        assert recording.problem is None
        measured = measure_scene_event(recording)
        assert measured.details["reason"] is None
        assert measured.details["listed"] is True
        assert measured.upper is not None
        assert measured.upper < 1.5
        # The subscription was ended.
        assert not rig.server.events._pull_points


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("event-missing", "event-delay.missing"),
        ("false-event", "event-delay.false"),
        ("event-without-source", "event-delay.nowhere"),
    ],
)
async def test_faults_are_seen(behaviour: str, code: str) -> None:
    async with rigged_camera(behaviour) as (rig, state):
        recording = await visited("events:motion", rig, state)
        assert measure_scene_event(recording).details["reason"]["code"] == code


async def test_topics_of_a_vendor_are_understood() -> None:
    async with rigged_camera("event-vendor-topics", "other-xml-prefixes") as (rig, state):
        recording = await visited("events:defocus", rig, state)
        measured = measure_scene_event(recording)
        assert measured.details["told"]["topic"] == "VideoAnalytics/DefocusDetection"
        assert measured.details["listed"] is True


async def test_nothing_is_concluded_without_a_rig_or_with_a_broken_one() -> None:
    async with rigged_camera() as (rig, state):
        alone = await visited("events:motion", None, state)
        assert alone.problem is not None
        assert alone.problem.code == "visit.no-scene-rig"
        assert alone.facts["listed"]
        rig.broken = True
        broken = await visited("events:motion", rig, state)
        assert broken.problem is not None
        assert broken.problem.code == "visit.rig-failed"
        assert measure_scene_event(broken).spoilt == broken.problem


@pytest.mark.parametrize(
    ("behaviours", "metered", "found"),
    [
        ([], True, "follows"),
        ([], False, "follows"),
        (["output-inverted"], True, "inverted"),
        (["output-inverted"], False, "inverted"),
    ],
)
async def test_the_output_is_commanded_and_read_back(
    behaviours: list[str], metered: bool, found: str
) -> None:
    async with rigged_camera(*behaviours) as (rig, state):
        recording = await visited("alarm-output", rig if metered else None, state, intrusive=True)
        measured = measure_alarm_output(recording)
        assert measured.value == found
        assert measured.details["by"] == ("meter" if metered else "device")
        assert measured.details["restored"] is True


async def test_an_output_is_left_alone_without_leave_or_is_not_there() -> None:
    async with rigged_camera() as (rig, state):
        left = measure_alarm_output(await visited("alarm-output", rig, state))
        assert left.spoilt is not None
        assert left.spoilt.code == "visit.needs-intrusive"
    async with rigged_camera("no-alarm-output") as (rig, state):
        absent = measure_alarm_output(await visited("alarm-output", rig, state, intrusive=True))
        assert absent.spoilt is not None
        assert absent.spoilt.code == "visit.not-offered"
