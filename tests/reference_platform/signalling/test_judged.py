"""The platform judged by the harness as somebody's platform: line by line, nothing departs."""

from __future__ import annotations

import asyncio

import pytest

from console.device_side import DeviceSide
from probes.gb28181.platform_side import judge_platform
from reference_platform.ports import ChannelRef
from reference_platform.signalling.directory import KnownDevice
from reference_platform.signalling.sources import PlatformSources
from reference_platform.signalling.steering import Move, PresetOrder, Steering
from simulators import certificates
from simulators.camera.gb28181.settings import GbSettings
from tests.reference_platform.signalling.bench import (
    CAMERA,
    PASSWORD,
    PLATFORM,
    MemoryDirectory,
    addresses,
    serving,
)
from tests.reference_platform.signalling.test_live import pictures


async def used(server, channel):
    """Everything that a platform does with a camera."""
    sources, steering = PlatformSources(server), Steering(server)
    live = await sources.live(channel, "main")
    await pictures(live, 10)
    for order in (PresetOrder("set", 1), Move(pan=0.2), Move(), PresetOrder("call", 1)):
        await steering.send(channel, order, 5)
    await steering.presets(channel)
    await steering.key_picture(channel)
    await live.close()
    now = server.time.now()
    await sources.records(channel, now - 7200, now - 3600)
    playback = await sources.playback(channel, now - 7200, now - 7190)
    await pictures(playback, 5)
    await playback.pause()
    await playback.resume()
    await playback.scale(2.0)
    await playback.seek(now - 7193)
    await pictures(playback, 10_000)
    await playback.close()


@pytest.mark.parametrize(
    ("transport", "edition"), [("udp", "2016"), ("tcp", "2016"), ("tls", "2016"), ("udp", "2022")]
)
async def test_nothing_departs_from_the_text(transport, edition):
    directory = MemoryDirectory([KnownDevice(CAMERA, password=PASSWORD)])
    async with serving(directory, tls=True, keepalive_s=60.0) as server:
        tls = transport == "tls"
        settings = GbSettings(
            server_address=server.settings.address,
            server_port=(server.endpoint.tls_port if tls else server.endpoint.port) or 0,
            server_id=PLATFORM,
            domain=PLATFORM[:10],
            device_id=CAMERA,
            password=PASSWORD,
            transport=transport,
            edition=edition,
            charset="GB18030" if edition == "2022" else "GB2312",
            ca_file=str(certificates.authority_file()) if tls else "",
            local_port=0,
        )
        side = DeviceSide(settings, addresses()[1], seconds=60.0, intrusive=True)
        running = asyncio.create_task(side.record())
        await directory.until(lambda: directory.catalogues)
        channel = ChannelRef(settings.channel_ids()[0], CAMERA, "gb28181")
        await used(server, channel)
        side.enough()
        await running
    judgement = judge_platform(side.draft.seal(None))
    departs = {
        one.name: (one.reasons, one.deviations)
        for one in judgement.lines
        if one.outcome == "departs"
    }
    assert not departs
    met = {one.name for one in judgement.lines if one.outcome == "met"}
    assert len(met) >= 8, met
