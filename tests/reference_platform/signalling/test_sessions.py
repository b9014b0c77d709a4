"""Sessions that go wrong, recordings, catalogues in pages, cameras that do not register."""

from __future__ import annotations

import asyncio
import itertools
import socket
from dataclasses import replace

import pytest

from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit
from reference_platform.ports import ChannelRef, Span
from reference_platform.signalling import server as server_module
from reference_platform.signalling import sessions
from reference_platform.signalling.directory import KnownDevice
from reference_platform.signalling.inventory_directory import cameras_of
from reference_platform.signalling.picture_queue import PictureQueue
from reference_platform.signalling.sources import PlatformSources, merged
from simulators.camera.camera import SimulatedCamera
from simulators.camera.state import CameraState
from tests.reference_platform.signalling.bench import (
    CAMERA,
    KNOWN,
    MemoryDirectory,
    addresses,
    camera,
    channel_of,
    serving,
)
from tests.reference_platform.signalling.test_live import decoded, pictures


def code(caught):
    return caught.value.code


async def test_no_device_no_pictures():
    async with serving(MemoryDirectory([KNOWN])) as server:
        channel = ChannelRef("61010200001310000001", CAMERA, "gb28181")
        with pytest.raises(PlatformError) as caught:
            await PlatformSources(server).live(channel, "main")
        assert code(caught) == "source.offline"


@pytest.mark.parametrize("channel", ["61010200001310009999"])
async def test_a_channel_that_the_device_has_not(channel):
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server):
        await directory.until(lambda: directory.catalogues)
        with pytest.raises(PlatformError) as caught:
            await PlatformSources(server).live(ChannelRef(channel, CAMERA, "gb28181"), "main")
        assert code(caught) == "source.unknown"
        assert not server.dialogs


async def test_a_stream_that_stalls_is_lost(monkeypatch):
    monkeypatch.setattr(sessions, "STALL_SECONDS", 0.4)
    directory = MemoryDirectory([KNOWN])
    async with serving(directory, keepalive_s=30.0) as server, camera(server) as device:
        await directory.until(lambda: directory.catalogues)
        source = await PlatformSources(server).live(channel_of(device), "main")
        await pictures(source, 2)
        next(iter(device.sessions._sessions.values())).stream.pause()
        with pytest.raises(PlatformError) as caught:
            await pictures(source, 1_000)
        assert (code(caught), caught.value.parameters["why"]) == ("source.lost", "stalled")
        await source.close()
        await source.close()
        assert not server.dialogs
        assert not server.on_presence


async def test_a_bye_of_the_device_ends_the_stream():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server) as device:
        await directory.until(lambda: directory.catalogues)
        source = await PlatformSources(server).live(channel_of(device), "main")
        await pictures(source, 2)
        session = next(iter(device.sessions._sessions.values()))
        await device.sessions._hang_up(session)
        with pytest.raises(PlatformError) as caught:
            await pictures(source, 1_000)
        assert caught.value.parameters["why"] == "ended-by-device"
        await source.close()


async def test_a_device_that_goes_takes_its_streams_along():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server) as device:
        await directory.until(lambda: directory.catalogues)
        source = await PlatformSources(server).live(channel_of(device), "main")
        await device.set_registration(False)
        with pytest.raises(PlatformError) as caught:
            await pictures(source, 1_000)
        assert caught.value.parameters["why"] == "offline"
        await source.close()


async def test_media_that_udp_does_not_bring_are_fetched_over_tcp(monkeypatch):
    monkeypatch.setattr(sessions, "FIRST_PACKET_SECONDS", 0.4)
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server) as device:
        await directory.until(lambda: directory.catalogues)
        monkeypatch.setattr(
            "reference_platform.signalling.media_ports._Packets.datagram_received",
            lambda *_: None,
        )
        source = await PlatformSources(server).live(channel_of(device), "main")
        assert source.order.media == "tcp-passive"
        assert len(await pictures(source, 3)) == 3
        await source.close()
        assert len(device.sessions) == 0


async def test_a_device_that_will_not_encrypt_is_not_shown_over_tls():
    directory = MemoryDirectory([KNOWN])
    async with (
        serving(directory, tls=True) as server,
        camera(server, transport="tls", srtp=False) as device,
    ):
        await directory.until(lambda: directory.catalogues)
        with pytest.raises(PlatformError) as caught:
            await PlatformSources(server).live(channel_of(device), "main")
        assert code(caught) == "source.refused"


# Recordings


async def test_recordings_play_pause_leap_and_end():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory, keepalive_s=30.0) as server, camera(server) as device:
        await directory.until(lambda: directory.catalogues)
        sources, channel = PlatformSources(server), channel_of(device)
        now = device.state.clock.now()
        start = float(int(now - 7200))
        source = await sources.playback(channel, start, start + 60)
        first = await pictures(source, 5)
        assert first[0].key
        assert first[0].at == start
        await source.pause()
        while True:
            try:
                await pictures(source, 1, 0.3)
            except TimeoutError:
                break
        await source.resume()
        await source.scale(4.0)
        quick = await pictures(source, 50, 3.0)
        assert quick[-1].at - quick[0].at == pytest.approx(49 / 25, abs=0.1)
        await source.seek(start + 30)
        later = await pictures(source, 10)
        assert later[0].key
        assert later[0].at == pytest.approx(start + 30, abs=0.5)
        await source.seek(start + 5)
        back = await pictures(source, 5)
        assert back[0].at == pytest.approx(start + 5, abs=0.5)
        await source.seek(start + 59)
        rest = await pictures(source, 10_000)
        assert rest[-1].at == pytest.approx(start + 60, abs=0.1)
        everything = [*first, *quick, *later, *back, *rest]
        assert all(a.pts <= b.pts for a, b in itertools.pairwise(everything))
        assert len(decoded(rest)) == len(rest)
        await source.close()


async def test_a_download_comes_as_fast_as_it_is_given():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory, keepalive_s=30.0) as server, camera(server) as device:
        await directory.until(lambda: directory.catalogues)
        start = float(int(device.state.clock.now() - 7200))
        loop = asyncio.get_running_loop()
        began = loop.time()
        source = await PlatformSources(server).playback(
            channel_of(device), start, start + 10, download=True
        )
        units = await pictures(source, 10_000, 9.0)
        assert loop.time() - began < 8.0
        assert (len(units), units[0].at) == (250, start)
        assert source.file_size
        await source.close()


async def test_records_are_merged_cut_and_ordered():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server, "gb-record-gaps") as device:
        await directory.until(lambda: directory.catalogues)
        now = int(device.state.clock.now())
        start, end = float(now - 6 * 3600), float(now - 3600)
        spans = await PlatformSources(server).records(channel_of(device), start, end)
        assert len(spans) > 1, "a gap separates them"
        assert spans[0].start >= start
        assert spans[-1].end <= end
        assert all(a.end < b.start for a, b in itertools.pairwise(spans))
    assert merged([Span(5, 7), Span(1, 3), Span(3, 5)]) == [Span(1, 7)]


async def test_a_catalogue_in_pages_is_whole():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server, "gb-nvr-64") as device:
        await directory.until(lambda: directory.catalogues)
        items = directory.catalogues[CAMERA]
        assert [one.device_id for one in cameras_of(CAMERA, items)] == list(
            device.settings.channel_ids()
        )


@pytest.mark.parametrize(
    ("behaviours", "missing"),
    [(("gb-nvr-64", "catalog-page-lost"), True), (("sumnum-wrong",), False)],
)
async def test_a_catalogue_that_stays_short_is_asked_for_again_and_taken(
    behaviours, missing, monkeypatch
):
    monkeypatch.setattr("reference_platform.signalling.exchange.GAP_SECONDS", 0.1)
    directory = MemoryDirectory([KNOWN])
    async with (
        serving(directory, keepalive_s=30.0) as server,
        camera(server, *behaviours) as device,
    ):
        await directory.until(lambda: directory.catalogues)
        found = [one.device_id for one in cameras_of(CAMERA, directory.catalogues[CAMERA])]
        assert (len(found) < len(device.settings.channel_ids())) is missing
        assert found


# Cameras that do not register


@pytest.mark.parametrize("protocol", ["rtsp", "onvif"])
async def test_cameras_without_gb28181(protocol):
    state = CameraState(addresses()[1], "61010200001320000007")
    device = SimulatedCamera(state)
    await device.start()
    try:
        address = state.address
        if protocol == "rtsp":
            address = f"rtsp://{state.address}:554/main"
        known = KnownDevice(CAMERA, protocol, address, state.user, state.password)
        channel = ChannelRef("61010200001310000007", known.id, protocol)
        async with serving(MemoryDirectory([known])) as server:
            source = await PlatformSources(server).live(channel, "main")
            try:
                units = await pictures(source, 10)
            finally:
                await source.close()
            assert units[0].key
            assert len(decoded(units)) == 10
    finally:
        await device.stop()


async def test_a_camera_that_is_not_there():
    known = KnownDevice(
        CAMERA, "rtsp", f"rtsp://{addresses()[1]}:554/", "admin", "Secret-never-told"
    )
    async with serving(MemoryDirectory([known])) as server:
        with pytest.raises(PlatformError) as caught:
            await PlatformSources(server).live(
                ChannelRef("61010200001310000007", CAMERA, "rtsp"), "main"
            )
        assert code(caught) == "source.unreachable"
        assert "Secret" not in repr(caught.value.parameters)


# Bounds


def unit(number, key=False, size=1000):
    return AccessUnit("h264", bytes(size), number, key, 0.0)


async def test_a_slow_reader_loses_whole_groups_and_no_memory():
    queue = PictureQueue()
    for number in range(5_000):
        queue.put(unit(number, number % 50 == 0))
    first = await queue.get()
    assert first.key
    assert queue.dropped > 4_000
    for number in range(100):
        queue.put(unit(number, True, 1 << 20))
    assert queue._bytes <= 34 << 20


async def test_half_open_connections_are_given_up(monkeypatch):
    short = replace(server_module._LIMITS, first_message_s=0.2, partial_message_s=0.2)
    monkeypatch.setattr(server_module, "_LIMITS", short)
    async with serving(MemoryDirectory([KNOWN])) as server:
        loop = asyncio.get_running_loop()
        opened = []
        for begun in (b"", b"REGISTER sip:x SIP/2.0\r\nVia:"):
            one = socket.socket()
            one.setblocking(False)
            await loop.sock_connect(one, (server.settings.address, server.endpoint.port))
            await loop.sock_sendall(one, begun)
            opened.append(one)
        for one in opened:
            async with asyncio.timeout(3):
                assert await loop.sock_recv(one, 10) == b""
            one.close()
