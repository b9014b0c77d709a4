"""A hosted reference platform in this very process, and visits to it."""

from __future__ import annotations

import itertools
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from assessment.recording import Recording
from console.bundled_platform import bundled_platform
from console.matrix.platform_cast import looks_at_pictures, video_platform
from console.platform_host import Hosted
from console.platform_plan import PASSWORD
from protocols.time_source import SystemTime
from simulators.site_plan import Ground
from targets.camera import CameraTarget
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.onvif_client import OnvifClient
from targets.onvif_media import CameraMedia
from targets.platform.adapters import open_port
from targets.platform.reference import ReferencePort
from targets.platform.target import PlatformTarget
from tests.loopback import WORKER
from tests.visits.platform.robot import Robot
from visits.circumstances import Circumstances, Lengths, PlatformAtHand, Visit
from visits.draft import Draft
from visits.platform.kinds import PLATFORM_RECORDERS

_NUMBERS = itertools.count()
_NETWORK = f"127.{160 + WORKER}"
GROUND = Ground(own_addresses=True, standard_ports=False)


class HostedRig:
    """The rig of a platform in this process."""

    def __init__(self, hosted: Hosted) -> None:
        self._hosted = hosted

    async def restart(self, point: str) -> None:
        await self._hosted.restart()

    async def shift_clock(self, point: str, seconds: float) -> None:
        self._hosted.clock.ahead = seconds

    async def search_host(self, point: str) -> dict:
        return self._hosted.search()


@pytest.fixture
def visited(tmp_path: Path):
    """Makes a recording of ``kind`` of a platform with ``behaviours``."""

    async def visit(
        kind: str,
        *behaviours: str,
        password: str = PASSWORD,
        attended: bool = False,
        **lengths: Any,
    ) -> Recording:
        async with (
            platform(tmp_path, behaviours, kind) as (hosted, point),
            AsyncExitStack() as stack,
        ):
            target = PlatformTarget.of(point, lambda: Secret(password))
            time = SystemTime()
            at_hand = PlatformAtHand(target, partial(open_port, target, time), HostedRig(hosted))
            if attended:
                at_hand = await by_a_person(stack, hosted, target)
            circumstances = Circumstances(
                intrusive=True,
                lengths=replace(
                    Lengths().with_quick_devices(),
                    **{"platform_react": 2.0, "platform_stream": 2.0} | lengths,
                ),
                platforms={point.id: at_hand},
            )
            camera = CameraTarget(point.id, point.name, "platform", target.host, target.port)
            client = OnvifClient(camera, time_source=time)
            draft = Draft(kind, point.id, time)
            try:
                await PLATFORM_RECORDERS[kind](
                    Visit(camera, CameraMedia(client), circumstances, draft)
                )
            except VisitProblem as problem:
                return draft.seal(problem.reason)
            finally:
                client.close()
            return draft.seal()

    return visit


async def by_a_person(
    stack: AsyncExitStack, hosted: Hosted, target: PlatformTarget
) -> PlatformAtHand:
    """The same platform, worked by somebody who is told what to do; no rig."""
    time = SystemTime()
    port = ReferencePort(target, time)
    stack.push_async_callback(port.close)
    robot = Robot(port, target.access.user, Secret(PASSWORD), hosted.restart)
    declared = replace(target, access=replace(target.access, adapter="attended"))
    return PlatformAtHand(declared, partial(open_port, declared, time, attendant=robot))


@asynccontextmanager
async def platform(folder: Path, behaviours: tuple[str, ...], kind: str):
    number = next(_NUMBERS)
    if looks_at_pictures([kind]):
        name = behaviours[0] if behaviours else "sound"
        made = video_platform(number, GROUND, name=name, network=_NETWORK, kinds=[kind])
    else:
        made = bundled_platform(
            number, GROUND, name="x", network=_NETWORK, behaviours=tuple(behaviours)
        )
    hosted = Hosted(made.hosted, folder)
    access = made.point.platform
    assert access is not None
    authority = made.hosted.data(folder) / "tls" / "authority.pem"
    point = replace(made.point, platform=replace(access, certificate_authority=authority))
    await hosted.start()
    try:
        yield hosted, point
    finally:
        await hosted.close()
