from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import av
import pytest

from reference_platform.signalling.sources import PlatformSources
from tests.reference_platform.signalling.bench import (
    KNOWN,
    MemoryDirectory,
    camera,
    channel_of,
    serving,
)


async def pictures(source, count, seconds=8.0):
    found = []
    async with asyncio.timeout(seconds):
        async for unit in source:
            found.append(unit)
            if len(found) == count:
                break
    return found


def decoded(units):
    decoder = av.CodecContext.create("h264" if units[0].codec == "h264" else "hevc", "r")
    frames = []
    for one in units:
        frames += decoder.decode(av.Packet(one.data))
    return frames + decoder.decode(None)


@pytest.mark.parametrize("media", ["udp", "tcp-passive", "tcp-active"])
@pytest.mark.parametrize("transport", ["udp", "tls"])
async def test_live_pictures_by_every_way(media, transport):
    directory = MemoryDirectory([replace(KNOWN, media=media)])
    async with (
        serving(directory, tls=True) as server,
        camera(server, transport=transport) as device,
    ):
        await directory.until(lambda: directory.catalogues)
        source = await PlatformSources(server).live(channel_of(device), "main")
        try:
            units = await pictures(source, 30)
        finally:
            await source.close()
        assert source.srtp is (transport == "tls")
        assert units[0].key
        assert len(decoded(units)) == 30
        steps = {b.pts - a.pts for a, b in itertools.pairwise(units)}
        assert steps == {3600}
        assert len(device.sessions) == 0
