"""Live view over HTTPS: who may, what comes, and what ends it."""

import asyncio
import gc
import itertools
import time
import weakref

import pytest

from reference_platform.errors import PlatformError
from reference_platform.media.decoding import PictureDecoder
from reference_platform.media.limits import MediaLimits
from tests.reference_platform.media.conftest import Site, StartSite, until
from tests.reference_platform.media.synthetic import SyntheticSources, channel

ONE = channel(1).id


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_the_channel_asked_for_is_shown_within_a_second(
    new_site: StartSite, codec: str
) -> None:
    site = await new_site(sources=SyntheticSources(codec))  # type: ignore[arg-type]
    got = await site.watch(site.alice, 2)
    assert got.first_picture_s < 1
    assert len(got.marks) > 5
    assert {mark for mark, _ in got.marks} == {2}
    numbers = [number for _, number in got.marks]
    assert all((b - a) % 50 == 1 for a, b in itertools.pairwise(numbers))
    assert got.headers["Content-Type"].startswith('video/mp4; codecs="avc1.42')
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["X-Viewer"]


async def test_viewers_share_one_pull_and_leave_alone(site: Site) -> None:
    short, long, other = await asyncio.gather(
        site.watch(site.alice, 1, 0.4), site.watch(site.bob, 1, 1.4), site.watch(site.alice, 1, 0.9)
    )
    assert site.sources.opened == [(ONE, "main")]
    assert len(long.marks) > len(other.marks) > len(short.marks) > 2
    assert {mark for got in (short, long, other) for mark, _ in got.marks} == {1}
    await until(lambda: site.sources.running[0].closed)
    assert site.platform.media.viewers.count == 0


async def test_who_comes_late_gets_a_picture_at_once(new_site: StartSite) -> None:
    site = await new_site(sources=SyntheticSources(rate=2, group=25))
    async with site.client_view() as first:
        await first.readany()
        got = await site.watch(site.bob, 1, 0.1)
    assert got.first_picture_s < 0.4


async def test_the_first_viewer_of_a_recorded_channel_need_not_wait_for_a_key_picture(
    new_site: StartSite,
) -> None:
    site = await new_site(sources=SyntheticSources(rate=2, group=25))
    recorder = await site.platform.media.hub.subscribe(channel(1), "main", patient=True)
    for _ in range(3):
        await anext(recorder)
    got = await site.watch(site.bob, 1, 0.1)
    assert got.first_picture_s < 0.8
    assert len(site.sources.opened) == 1


async def test_no_right_no_picture_and_no_difference_to_what_is_not_there(site: Site) -> None:
    for client, number in ((site.carol, 1), (site.alice, 3), (site.alice, 77)):
        code = await client.refused("GET", f"/api/live/{channel(number).id}")
        assert code == "access.denied"
    assert site.sources.opened == []


@pytest.mark.parametrize("change", ["suspended", "cameras", "logout", "device"])
async def test_a_right_that_ends_takes_the_picture_with_it(site: Site, change: str) -> None:
    async with site.client_view() as stream:
        await stream.readany()
        bob = site.users["bob"]
        if change == "logout":
            await site.bob.ok("POST", "/api/logout", {})
        elif change == "device":
            await site.delete_device()
        else:
            body = {"version": bob["version"]}
            body |= {"state": "suspended"} if change == "suspended" else {"cameras": []}
            await site.admin.ok("PATCH", f"/api/users/{bob['id']}", body)
        async with asyncio.timeout(1):
            await stream.read()
    assert site.platform.media.viewers.count == 0


async def test_a_client_that_goes_away_frees_everything(site: Site) -> None:
    async with site.client_view() as stream:
        await stream.readany()
        assert site.platform.media.viewers.count == 1
    await until(lambda: site.platform.media.viewers.count == 0)
    await until(lambda: site.sources.running[0].closed)


async def test_memory_comes_back_without_a_garbage_collector(site: Site) -> None:
    """Encoders and pictures are large and not seen by it."""
    gc.collect()
    gc.disable()
    try:
        viewer = await site.platform.media.viewers.open(await site.principal("bob"), ONE)
        kept = [weakref.ref(viewer), weakref.ref(viewer._personal), weakref.ref(viewer.feed)]
        await asyncio.sleep(0.2)
        viewer.close()
        del viewer
        await until(lambda: all(each() is None for each in kept))
        await until(lambda: site.platform.media.hub.pulls(ONE) == 0)
        decoders = [each for each in gc.get_objects() if isinstance(each, PictureDecoder)]
        assert decoders == []
    finally:
        gc.enable()


async def test_a_client_that_takes_nothing_loses_pictures_and_then_the_view(
    new_site: StartSite,
) -> None:
    noisy = SyntheticSources(rate=200, size=(768, 432))
    limits = MediaLimits(grace_s=0.05, waiting_fragments=2, blocked_s=0.5, fragment_s=0.05)
    site = await new_site(sources=noisy, limits=limits)
    viewer = await site.platform.media.viewers.open(await site.principal("bob"), ONE)
    await until(lambda: viewer.dropped > 0)
    assert viewer.ended_by == ""
    await until(lambda: viewer.ended_by)
    assert viewer.ended_by == "viewer.blocked"
    assert [piece async for piece in viewer] == []


async def test_a_camera_that_is_away_is_told_and_audited(site: Site) -> None:
    site.sources.refusal = PlatformError("source.offline", 503, device=channel(1).device)
    status, answer = await site.bob.call("GET", f"/api/live/{ONE}")
    assert (status, answer["error"]["code"]) == (503, "source.offline")
    rows = await site.admin.ok("GET", "/api/audit?operation=live&user=bob")
    assert rows[0]["result"] == "source.offline"


async def test_a_camera_that_sends_nothing_is_told(new_site: StartSite) -> None:
    site = await new_site(
        sources=SyntheticSources(rate=0.01, skip=1),
        limits=MediaLimits(grace_s=0, first_picture_s=0.3, fragment_s=0.1),
    )
    status, answer = await site.bob.call("GET", f"/api/live/{ONE}")
    assert (status, answer["error"]["code"]) == (504, "source.timeout")


async def test_a_lost_camera_is_waited_for_and_then_the_view_ends(new_site: StartSite) -> None:
    limits = MediaLimits(grace_s=0.05, retry_s=0.05, patience_s=0.6, fragment_s=0.1)
    site = await new_site(limits=limits)
    async with site.client_view() as stream:
        await stream.readany()
        site.sources.running[0].break_off()
        await until(lambda: len(site.sources.running) == 2)
        await stream.readany()
        site.sources.refusal = PlatformError("source.offline", 503, device=channel(1).device)
        site.sources.running[1].break_off()
        began = time.monotonic()
        await stream.read()
        assert 0.4 < time.monotonic() - began < 2


async def test_managers_see_who_watches(site: Site) -> None:
    async with site.client_view() as stream:
        await stream.readany()
        seen = await site.admin.ok("GET", f"/api/live/{ONE}/viewers")
        assert (seen["state"], seen["upstream_pulls"]) == ("live", 1)
        (view,) = seen["viewers"]
        assert (view["user"], view["stream"], view["dropped"]) == ("bob", "main", 0)
        owner = await site.admin.ok("GET", f"/api/watermarks/{view['watermark'].lower()}")
        assert (owner["user"], owner["purpose"]) == ("bob", "session")
        assert await site.bob.refused("GET", f"/api/live/{ONE}/viewers") == "access.denied"
        code = view["watermark"]
        assert await site.bob.refused("GET", f"/api/watermarks/{code}") == "access.denied"
        assert await site.bob.refused("GET", "/api/watermarks/AAAAAAA") == "access.denied"
        assert await site.admin.refused("GET", "/api/watermarks/AAAAAAA") == "watermark.unknown"
    await until(lambda: site.platform.media.viewers.count == 0)
    rows = await site.admin.ok("GET", "/api/audit?user=bob")
    noted = [(row["operation"], row["result"]) for row in rows]
    assert ("live", "done") in noted
    assert ("live.end", "done") in noted


async def test_one_code_for_a_session_and_another_for_the_next(site: Site) -> None:
    bob, alice = await site.principal("bob"), await site.principal("alice")
    codes = site.platform.media.codes
    first = await codes.stamp(bob)
    assert await codes.stamp(bob) == first
    assert first.user_name == "bob"
    assert (await codes.stamp(alice)).user_name == "爱丽丝/alice"
    download = await codes.stamp(bob, "download", "abc")
    assert len({first.code, (await codes.stamp(alice)).code, download.code}) == 3


async def test_more_viewers_than_the_platform_may_serve_are_refused(new_site: StartSite) -> None:
    site = await new_site(limits=MediaLimits(grace_s=0.05, most_viewers=1))
    async with site.client_view() as stream:
        await stream.readany()
        status, answer = await site.alice.call("GET", f"/api/live/{ONE}")
        assert (status, answer["error"]["code"]) == (503, "live.full")


async def test_too_slow_a_machine_drops_pictures_evenly_and_goes_on(new_site: StartSite) -> None:
    fast = SyntheticSources(rate=200, size=(768, 432), pictures=200)
    site = await new_site(sources=fast, limits=MediaLimits(grace_s=0.05, threads=1))
    views = await asyncio.gather(*(site.watch(site.alice, 1, 1.0) for _ in range(4)))
    for got in views:
        numbers = [number for _, number in got.marks]
        steps = [(b - a) % 200 for a, b in itertools.pairwise(numbers)]
        assert len(steps) > 5
        assert max(steps[3:]) < 100, steps
