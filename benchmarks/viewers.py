"""Viewers of 1080p25 that one core serves, beside one ffmpeg process for each viewer.

The same ten seconds of H.264 (4 Mbit/s) go round and round. Ours: one pull, one decoder, and for
each viewer the watermark, x264 and the fragmented MP4, as in live view, but as fast as they all
keep up (the marks move by the pictures' time), so that a busy neighbour makes nobody drop a
picture; CPU is that of this process for each picture, times 25. ffmpeg: a process for each viewer
decodes, draws the same eight marks of two lines (and, for comparison, a single one) with drawtext,
encodes with the same settings of x264 and writes fragmented MP4, as fast as it can; CPU is that of
the process. What a platform can serve is what fits into one core: CPU = shared + n x each.

Then the first picture: a live view is opened over HTTPS on loopback, cold (no pull yet) and while
others watch.

Run: python -m benchmarks.viewers [--seconds 10] [--viewers 1 6]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from protocols.time_source import SystemTime
from reference_platform.media.hub import LiveHub
from reference_platform.media.limits import MediaLimits
from reference_platform.media.pictures import SharedPictures
from reference_platform.media.units import AccessUnit
from reference_platform.media.viewer import Viewer
from reference_platform.media.watermark import WatermarkStamp
from reference_platform.people.access import Access, Principal, Rights, UserRights
from reference_platform.platform import Platform
from reference_platform.ports import ChannelRef, PlaybackSource, Span, StreamName
from reference_platform.settings import PlatformSettings
from simulators.camera import clips
from simulators.camera.encoders import Clip, ClipSpec

CHANNEL = ChannelRef("61010200001320000001", "61010200001320000001", "rtsp")
LIMITS = MediaLimits()
STAMP = WatermarkStamp("张三/zhangsan", "K7M4QXA")
SETTINGS = [
    *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-qp", "28"),
    *("-g", "50", "-threads", "1"),
    *("-movflags", "empty_moov+default_base_moof", "-frag_duration", "300000", "-f", "mp4"),
]


class Pace(SystemTime):
    """Lets a camera go as fast as all ``viewers`` keep up; its wall clock goes by the pictures."""

    def __init__(self) -> None:
        self.viewers: list[Viewer] = []
        self._began = time.time()
        self._number = 0
        self.all_here = asyncio.Event()

    def now(self) -> float:
        """See ``TimeSource``."""
        return self._began + self._number / 25

    async def ready(self, number: int) -> None:
        """Wait until picture ``number`` may come."""
        await self.all_here.wait()
        self._number = number
        while any(viewer.counts.pictures + viewer.dropped < number - 3 for viewer in self.viewers):
            await asyncio.sleep(0.002)


class Camera:
    """A clip, over and over, 25 pictures a second or at the given pace."""

    def __init__(self, clip: Clip, pace: Pace | None) -> None:
        self._clip = clip
        self._pace = pace
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[AccessUnit]:
        began = time.monotonic()
        for number in itertools.count():
            if self._pace is not None:
                await self._pace.ready(number)
            else:
                await asyncio.sleep(max(0.0, began + number / 25 - time.monotonic()))
            if self._closed:
                return
            unit = self._clip.access_units[number % len(self._clip.access_units)]
            yield AccessUnit("h264", unit.data, number * 3600, unit.key, time.time())

    async def close(self) -> None:
        """See ``Source``."""
        self._closed = True


class Cameras:
    """See ``Sources``."""

    def __init__(self, clip: Clip, pace: Pace | None = None) -> None:
        self._clip = clip
        self._pace = pace

    async def live(self, _channel: ChannelRef, _stream: StreamName) -> Camera:
        """See ``Sources``."""
        return Camera(self._clip, self._pace)

    async def playback(self, *_: object, **__: object) -> PlaybackSource:
        """See ``Sources``."""
        raise NotImplementedError

    async def records(self, *_: object) -> Sequence[Span]:
        """See ``Sources``."""
        return []


async def ours(clip: Clip, viewers: int, seconds: float) -> tuple[float, int, float]:
    """CPU seconds for a second of 25 pictures, pictures dropped, Mbit/s of one viewer."""
    clock = Pace()
    hub = LiveHub(Cameras(clip, clock), clock, LIMITS)
    pictures = SharedPictures(hub, clock, LIMITS)
    threads = ThreadPoolExecutor(LIMITS.threads)
    principal = Principal("1", "zhangsan", "张三", "", "", "")
    access = Access(clock, lambda _session: None)
    access.update(Rights(users={principal.user_id: allowed(principal)}))
    running = clock.viewers
    joined = [await pictures.join(CHANNEL, "main", str(each)) for each in range(viewers)]
    for number, feed in enumerate(joined):
        running.append(
            Viewer(
                id=str(number),
                principal=principal,
                channel=CHANNEL,
                stream="main",
                since=clock.now(),
                stamp=STAMP,
                feed=feed,
                watch=access.watch(principal, None),
                threads=threads,
                time_source=clock,
                limits=LIMITS,
                behaviours=frozenset(),
                loaded=lambda: False,
                left=lambda _viewer: None,
            )
        )
    clock.all_here.set()
    takers = [asyncio.create_task(take(viewer)) for viewer in running]
    await asyncio.gather(*(viewer.begun() for viewer in running))
    # The start decodes a group at once; what is to be known is the steady state.
    await asyncio.sleep(1)
    counted = sum(viewer.counts.pictures for viewer in running)
    before = time.process_time()
    await asyncio.sleep(seconds)
    spent = time.process_time() - before
    pictures_each = (sum(viewer.counts.pictures for viewer in running) - counted) / viewers
    share = spent / pictures_each * 25
    dropped = sum(viewer.dropped for viewer in running)
    rate = running[0].counts.bytes * 8 / running[0].counts.pictures * 25 / 1e6
    for viewer in running:
        viewer.close()
    await asyncio.gather(*takers)
    await access.close()
    await pictures.close()
    await hub.close()
    threads.shutdown()
    return share, dropped, rate


def allowed(principal: Principal) -> UserRights:
    """An account that may be used."""
    return UserRights(
        id=principal.user_id,
        name=principal.name,
        display_name=principal.display_name,
        organisation="",
        ptz_level=0,
        active=True,
        valid_from=None,
        valid_until=None,
        must_change_password=False,
        levels=frozenset(),
        operations=frozenset(),
        grants=(),
    )


async def take(viewer: Viewer) -> None:
    """A connection without a network."""
    async for _ in viewer:
        pass


def ffmpeg(source: Path, marks: int, seconds: float) -> float:
    """CPU seconds of one process for a second of video."""
    places = [(40 + 480 * (place % 4), 200 + 460 * (place // 4)) for place in range(marks)]
    lines = ("张三/zhangsan K7M4QXA", "%{localtime}")
    drawn = ",".join(
        f"drawtext=text='{line}':x={x}:y={y + 40 * row}:fontsize=36:fontcolor=white@0.7"
        ":borderw=3:bordercolor=black@0.5"
        for x, y in places
        for row, line in enumerate(lines)
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1"),
            *("-i", str(source), "-vf", drawn, *SETTINGS, "-y", "/dev/null"),
        ],
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return spent / seconds


async def first_pictures(clip: Clip, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from the request to the first whole fragment: cold, and while another watches."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        settings = PlatformSettings(
            data=Path(folder),
            address="127.43.0.1",
            https_port=0,
            http_port=None,
            sip_port=0,
            sip_tls_port=None,
            default_record=False,
        )
        platform = Platform(settings, sources=Cameras(clip), media_limits=MediaLimits(grace_s=0.0))
        await platform.start()
        stack.push_async_callback(platform.close)
        client = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False))
        )
        url = f"{platform.https_url}/api"
        await prepare(client, url, platform.first_password or "")
        cold = []
        for _ in range(rounds):
            cold.append(await first_picture(client, url))
            while platform.media.hub.pulls(CHANNEL.id):
                await asyncio.sleep(0.01)
        async with client.get(f"{url}/live/{CHANNEL.id}") as watching:
            await watching.content.readany()
            late = [await first_picture(client, url) for _ in range(rounds)]
        return cold, late


async def prepare(client: aiohttp.ClientSession, url: str, first_password: str) -> None:
    """A channel, and an administrator who may watch it."""

    async def post(path: str, body: dict[str, object], method: str = "POST") -> dict[str, object]:
        async with client.request(method, url + path, json=body) as answer:
            text = await answer.text()
            assert answer.status < 300, text
            answered: dict[str, object] = await answer.json() if text else {}
            return answered

    async def get(path: str) -> list[dict[str, object]]:
        async with client.get(url + path) as answer:
            answered: list[dict[str, object]] = await answer.json()
            return answered

    login = await post("/login", {"user": "admin", "password": first_password})
    client.headers["Authorization"] = f"Bearer {login['token']}"
    await post("/me/password", {"old": first_password, "new": "Quiet-harbour7lantern"})
    device = {"id": CHANNEL.device, "name": "Gate", "protocol": "rtsp"}
    await post("/devices", device | {"address": "rtsp://127.0.0.1:9/none"})
    await post("/channels", {"id": CHANNEL.id, "device": CHANNEL.device, "name": "Gate"})
    roles = [role["id"] for role in await get("/roles") if role["level"] == "data-access"]
    viewer = {"name": "viewer", "password": "Quiet-harbour7lantern", "roles": roles}
    await post(
        "/users",
        viewer | {"cameras": [{"channel": CHANNEL.id}], "must_change_password": False},
    )
    login = await post("/login", {"user": "viewer", "password": "Quiet-harbour7lantern"})
    client.headers["Authorization"] = f"Bearer {login['token']}"


async def first_picture(client: aiohttp.ClientSession, url: str) -> float:
    """Seconds until the first picture is whole."""
    began = time.monotonic()
    async with client.get(f"{url}/live/{CHANNEL.id}") as answer:
        content = b""
        while (at := content.find(b"mdat")) < 0 or len(content) < at - 4 + size(content, at):
            content += await answer.content.readany()
        return time.monotonic() - began


def size(content: bytes, at: int) -> int:
    """Of the box whose kind stands at ``at``."""
    return int.from_bytes(content[at - 4 : at], "big")


def spread(values: list[float]) -> str:
    """Minimum, median, maximum in milliseconds."""
    known = (min(values), statistics.median(values), max(values))
    return " | ".join(f"{1000 * value:.0f}" for value in known)


async def run(seconds: float, counts: list[int]) -> None:
    """All of it, printed."""
    clip = clips.encode(ClipSpec())
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source.h264")
        source.write_bytes(b"".join(unit.data for unit in clip.access_units))
        length = len(clip.access_units) / 25
        each_eight = min(ffmpeg(source, 8, length) for _ in range(3))
        each_one = min(ffmpeg(source, 1, length) for _ in range(3))
    few, many = counts
    shares = {}
    for count in counts:
        share, dropped, rate = await ours(clip, count, seconds)
        shares[count] = share
        print(f"{count} viewers: {share:.3f} of a core, {dropped} dropped, {rate:.1f} Mbit/s each")
    each = (shares[many] - shares[few]) / (many - few)
    shared = shares[few] - few * each
    served = (1 - shared) / each
    print("\n| | CPU s a second | viewers a core |\n| --- | ---: | ---: |")
    print(f"| tantou | {shared:.3f} + n x {each:.3f} | {served:.1f} |")
    print(f"| ffmpeg, eight marks | n x {each_eight:.3f} | {1 / each_eight:.1f} |")
    print(f"| ffmpeg, one mark | n x {each_one:.3f} | {1 / each_one:.1f} |")
    print(f"| ratio | | {served * each_eight:.2f} ({served * each_one:.2f}) |")
    cold, late = await first_pictures(clip, 15)
    print("\n| first picture, ms | min | median | max |\n| --- | ---: | ---: | ---: |")
    print(f"| nobody watches yet | {spread(cold)} |\n| others watch | {spread(late)} |")


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--viewers", type=int, nargs=2, default=[1, 6])
    arguments = parser.parse_args()
    asyncio.run(run(arguments.seconds, arguments.viewers))


if __name__ == "__main__":
    main()
