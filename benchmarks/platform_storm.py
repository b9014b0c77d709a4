"""Ten thousand devices register with the reference platform in a minute, and it goes on serving.

Run as ``python -m benchmarks.platform_storm [--devices 10000] [--seconds 60]``. The devices live in
a process of their own, each with its password and one channel in its catalogue; the platform is
whole: database, event log, HTTPS. Meanwhile somebody asks it over HTTPS, and how long that takes is
told. The platform has just been restarted: all its devices come at once, as after a power cut. The
command fails when a device was not registered, or its coming is not in the event log, or its
channel is missing ten minutes later.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import func, select

from protocols.gb28181.catalog import CatalogItem, build_catalog
from protocols.gb28181.manscdp import CONTENT_TYPE, parse_manscdp
from protocols.sip.authentication import authorise
from protocols.sip.endpoint import IncomingRequest, Peer, SipEndpoint, SipTimeoutError
from protocols.sip.fields import to_of
from reference_platform.people.first_start import ROOT
from reference_platform.platform import Platform
from reference_platform.settings import PlatformSettings
from reference_platform.store.inventory_tables import ChannelRow, DeviceEventRow, DeviceRow

PASSWORD = "Kq7-marsh-lantern"
_PATIENCE_S = 600.0
#: How often a device tries, and how long it waits in between.
_TRIES, _RETRY_S = 20, (5.0, 15.0)
#: Nobody sends keepalives here, and nobody is to be missed for it.
_KEEPALIVE_S = 3_600.0
PLATFORM = "127.68.20.1"
#: Places of the devices: the platform bounds what one of them may ask.
DEVICES = tuple(f"127.68.21.{number}" for number in range(1, 51))


def device_id(number: int) -> str:
    """Identifier of a device."""
    return f"6101020000132{number:07d}"


class Crowd:
    """All devices, on one socket at each of their places."""

    def __init__(self, platform: Peer, realm: str, server: str) -> None:
        self.endpoints = [SipEndpoint(place, 0, on_request=self._asked) for place in DEVICES]
        self.failed = 0
        self.again = 0
        self.waits: list[float] = []
        self._platform = platform
        self._realm = realm
        self._server = server
        self._random = random.Random(1)

    async def start(self) -> None:
        """Open the sockets."""
        for endpoint in self.endpoints:
            await endpoint.start()

    async def stop(self) -> None:
        """Close them."""
        for endpoint in self.endpoints:
            await endpoint.stop()

    def _endpoint(self, own: str) -> SipEndpoint:
        return self.endpoints[int(own[13:]) % len(self.endpoints)]

    def _asked(self, incoming: IncomingRequest) -> Any:
        incoming.respond(200)
        if incoming.request.method != "MESSAGE":
            return None
        message = parse_manscdp(incoming.request.body)
        own = to_of(incoming.request).uri.user
        if message.command != "Catalog" or message.kind != "Query":
            return None
        channel = own[:10] + "131" + own[13:]
        body = build_catalog(own, message.sn, [CatalogItem(channel, name="Gate", status="ON")])
        return self._say(own, body)

    async def _say(self, own: str, body: bytes) -> None:
        try:
            await self._endpoint(own).request(
                self._request("MESSAGE", own, content_type=CONTENT_TYPE, body=body),
                self._platform,
                timeout=20.0,
            )
        except (SipTimeoutError, OSError):
            self.failed += 1

    def _request(self, method: str, own: str, **more: Any) -> Any:
        uri = f"sip:{self._server}@{self._realm}"
        sender = f"<sip:{own}@{self._realm}>"
        endpoint = self._endpoint(own)
        return endpoint.new_request(
            method,
            uri,
            from_=sender,
            to=sender if method == "REGISTER" else f"<{uri}>",
            contact=f"<sip:{own}@{endpoint.address}:{endpoint.port}>",
            **more,
        )

    async def register(self, own: str) -> None:
        """Register; a device that is not answered tries again after a while, as real ones do."""
        began = time.monotonic()
        for _ in range(_TRIES):
            if await self._registered(own):
                self.waits.append(time.monotonic() - began)
                return
            self.again += 1
            await asyncio.sleep(self._random.uniform(*_RETRY_S))
        self.failed += 1

    async def _registered(self, own: str) -> bool:
        """REGISTER, 401, REGISTER, 200."""
        request = self._request("REGISTER", own, headers=[("Expires", "3600")])
        try:
            answer = await self._endpoint(own).request(request, self._platform, timeout=30.0)
            proof = authorise(request, answer, own, PASSWORD, rng=self._random)
            answer = await self._endpoint(own).request(proof, self._platform, timeout=30.0)
        except (SipTimeoutError, OSError):
            return False
        return answer.status == 200


async def _storm(pipe: Connection, count: int, seconds: float) -> None:
    port, realm, server = pipe.recv()
    crowd = Crowd(Peer("udp", PLATFORM, port), realm, server)
    await crowd.start()
    loop = asyncio.get_running_loop()
    began = loop.time()
    running: set[asyncio.Task[None]] = set()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number * seconds / count - loop.time()))
        task = asyncio.create_task(crowd.register(device_id(number)))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    took = loop.time() - began
    crowd.waits.sort()
    pipe.send(
        (took, crowd.failed, crowd.again, crowd.waits[len(crowd.waits) // 2], crowd.waits[-1])
    )
    while not pipe.poll():  # devices go on answering until the platform has its catalogues
        await asyncio.sleep(0.2)
    await crowd.stop()


def _devices(pipe: Connection, count: int, seconds: float) -> None:
    asyncio.run(_storm(pipe, count, seconds))


async def _counts(platform: Platform) -> tuple[int, int]:
    """Devices in the event log as having come, and channels that are online."""
    came = select(func.count()).select_from(DeviceEventRow).where(DeviceEventRow.online)
    channels = select(func.count()).select_from(ChannelRow).where(ChannelRow.online)
    read = platform.database.read
    return (
        await read(lambda session: session.scalar(came)) or 0,
        await read(lambda session: session.scalar(channels)) or 0,
    )


async def _probe(platform: Platform, delays: list[float]) -> None:
    """Ask over HTTPS all the time; how long each took."""
    async with aiohttp.ClientSession() as session:
        while True:
            began = time.monotonic()
            async with session.get(f"{platform.https_url}/api/me", ssl=False) as answer:
                await answer.read()
            delays.append(time.monotonic() - began)
            await asyncio.sleep(0.1)


async def measure(count: int, seconds: float) -> int:
    """Run it; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        settings = PlatformSettings(
            Path(folder, "data"), PLATFORM, 0, None, 0, None,
            default_record=False, keepalive_s=_KEEPALIVE_S,
        )  # fmt: skip
        platform = Platform(settings)
        await platform.start()
        sealed = platform.vault.seal(PASSWORD)
        rows = [
            DeviceRow(
                id=device_id(number),
                name=f"{number}",
                organisation_id=ROOT,
                protocol="gb28181",
                sealed_password=sealed,
            )
            for number in range(count)
        ]
        await platform.database.write(lambda session: session.add_all(rows))
        # Once more, as after a power cut: then all devices come at once.
        await platform.close()
        platform = Platform(settings)
        await platform.start()
        mine, other = multiprocessing.Pipe()
        arguments = (other, count, seconds)
        process = multiprocessing.get_context("spawn").Process(target=_devices, args=arguments)
        process.start()
        delays: list[float] = []
        probe = asyncio.create_task(_probe(platform, delays))
        before = resource.getrusage(resource.RUSAGE_SELF)
        mine.send(
            (platform.signalling.server.endpoint.port, settings.own_domain, settings.server_id)
        )
        try:
            took, failed, again, median, worst = await asyncio.to_thread(mine.recv)
            began = time.monotonic()
            while (counts := await _counts(platform)) != (count, count):
                if time.monotonic() - began > _PATIENCE_S:
                    break
                await asyncio.sleep(0.5)
            settled = time.monotonic() - began
            after = resource.getrusage(resource.RUSAGE_SELF)
        finally:
            probe.cancel()
            await asyncio.gather(probe, return_exceptions=True)
            mine.send("end")
            await asyncio.to_thread(process.join, 20)
            process.kill()
            await platform.close()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    delays.sort()
    print(
        f"{count} devices in {took:.1f} s, {failed} failed, {again} tries more; "
        f"a registration took {median * 1e3:.0f} ms (median), {worst * 1e3:.0f} ms (worst)"
    )
    print(f"event log and catalogues whole {settled:.1f} s later: {counts[0]} and {counts[1]}")
    print(
        f"{cpu / count * 1e3:.2f} ms of CPU a device, {after.ru_maxrss >> 10} MiB; HTTPS meanwhile "
        f"{delays[len(delays) // 2] * 1e3:.0f} ms (median), {delays[-1] * 1e3:.0f} ms (worst)"
    )
    return 0 if counts == (count, count) and not failed else 1


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    return asyncio.run(measure(options.devices, options.seconds))


if __name__ == "__main__":
    sys.exit(main())
