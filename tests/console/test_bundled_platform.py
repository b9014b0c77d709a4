"""The bundled site's platform: its channels are of simulated cameras that registered with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from assessment.recording import Recording
from console.bundled_platform import platform_with_devices, trusting
from console.platform_host import Hosted
from console.platform_plan import PASSWORD, PlatformHostPlan
from console.preparation import RunOptions, prepare
from probes.platform.live import measure_h264, measure_h265, measure_live
from probes.platform.steering import measure_effect
from protocols.time_source import SystemTime
from simulators.site import SimulatedSite
from simulators.site_plan import Ground, SitePlan
from targets.camera import CameraTarget
from targets.credentials import Secret
from targets.onvif_client import OnvifClient
from targets.onvif_media import CameraMedia
from targets.platform.adapters import open_port
from targets.platform.target import PlatformTarget
from visits.circumstances import Circumstances, Lengths, PlatformAtHand, Visit
from visits.draft import Draft
from visits.platform.kinds import PLATFORM_RECORDERS

NETWORK = "127.61"
GROUND = Ground(own_addresses=True, standard_ports=False)


@pytest_asyncio.fixture
async def at_hand(tmp_path: Path) -> AsyncIterator[PlatformAtHand]:
    """The platform with all its cameras online."""
    made, devices = platform_with_devices(GROUND, name="x", network=NETWORK)
    access = made.point.platform
    assert access is not None
    authority = made.hosted.data(tmp_path) / "tls/authority.pem"
    point = replace(made.point, platform=replace(access, certificate_authority=authority))
    told = sum(one.channels for one in made.hosted.cameras)
    hosted = Hosted(made.hosted, tmp_path)
    await hosted.start()
    hosts = PlatformHostPlan(str(tmp_path), (f"{NETWORK}.0.1", 0), (made.hosted,))
    site = SimulatedSite(trusting(SitePlan(devices, (f"{NETWORK}.0.1", 0)), hosts))
    await site.start()
    target = PlatformTarget.of(point, lambda: Secret(PASSWORD))
    port = open_port(target, SystemTime())
    try:
        session, _ = await port.log_in(target.access.user, Secret(PASSWORD))
        async with asyncio.timeout(20):
            while True:
                channels = (await port.list(session, "channels")).items
                if len(channels) == told and all(one["online"] for one in channels):
                    break
                await asyncio.sleep(0.1)
        yield PlatformAtHand(target, lambda: open_port(target, SystemTime()), None)
    finally:
        await port.close()
        # The platform first: its farewells find cameras that answer.
        await hosted.close()
        await site.stop()


async def visit(kind: str, at_hand: PlatformAtHand) -> Recording:
    """A recording of the platform."""
    circumstances = Circumstances(
        intrusive=True,
        lengths=Lengths().with_quick_devices(),
        platforms={at_hand.target.point: at_hand},
    )
    target = at_hand.target
    camera = CameraTarget(target.point, "x", "platform", target.host, target.port)
    client = OnvifClient(camera, time_source=SystemTime())
    draft = Draft(kind, target.point, SystemTime())
    try:
        await PLATFORM_RECORDERS[kind](Visit(camera, CameraMedia(client), circumstances, draft))
    finally:
        client.close()
    return draft.seal()


async def test_pictures_of_registered_cameras_are_live_and_name_their_channel(
    at_hand: PlatformAtHand,
) -> None:
    recording = await visit("platform:live", at_hand)
    for measure in (measure_live, measure_h264, measure_h265):
        assert measure(recording).value == "conforms", measure(recording)


async def test_orders_reach_a_registered_dome(at_hand: PlatformAtHand) -> None:
    found = measure_effect(await visit("platform:control", at_hand))
    assert found.value == "conforms", found


def test_no_device_of_the_platform_is_a_camera_of_the_site() -> None:
    plan = prepare(RunOptions(), "en").plan
    assert plan is not None
    for name in ("point", "address"):
        assert len({getattr(one, name) for one in plan.cameras}) == len(plan.cameras)
