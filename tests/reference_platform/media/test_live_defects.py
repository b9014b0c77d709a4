"""Each named defect of live view changes just what it says."""

import asyncio
import re

import aiohttp
import pytest

from reference_platform.errors import PlatformError
from reference_platform.media import viewer as viewer_module
from reference_platform.media.limits import MediaLimits
from tests.reference_platform.media.conftest import Received, Site, StartSite, until
from tests.reference_platform.media.synthetic import SyntheticSources, channel, picture

ONE = channel(1).id
BIG = {"size": (768, 432)}


def covered(got: Received) -> list[float]:
    """The share of each picture that is not what the camera sent."""
    shares = []
    marks = got.marks
    for frame, (mark, number) in zip(got.pictures, marks, strict=True):
        sent = picture(mark, number, frame.width, frame.height)[40 : frame.height].astype(int)
        shown = frame.to_ndarray()[40 : frame.height].astype(int)
        shares.append(float((abs(shown - sent) > 30).mean()))
    return shares


async def two_views(site: Site, seconds: float = 0.4) -> tuple[Received, Received]:
    return tuple(  # type: ignore[return-value]
        await asyncio.gather(site.watch(site.alice, 1, seconds), site.watch(site.bob, 1, seconds))
    )


async def test_wrong_channel(new_site: StartSite) -> None:
    site = await new_site("wrong-channel")
    assert {mark for mark, _ in (await site.watch(site.alice, 1, 0.2)).marks} == {2}
    assert {mark for mark, _ in (await site.watch(site.alice, 2, 0.2)).marks} == {3}


async def test_first_picture_late(new_site: StartSite, monkeypatch: pytest.MonkeyPatch) -> None:
    assert viewer_module._LATE_S > 2
    monkeypatch.setattr(viewer_module, "_LATE_S", 0.5)
    site = await new_site("first-picture-late")
    assert (await site.watch(site.alice, 1, 0.1)).first_picture_s > 0.5


async def test_dead_stream_reported_live(new_site: StartSite) -> None:
    site = await new_site("dead-stream-reported-live")
    site.sources.refusal = PlatformError("source.offline", 503)
    got = await site.watch(site.alice, 1, 0.8)
    assert len(got.marks) >= 2
    site.sources.refusal = None
    async with site.client_view() as stream:
        await stream.readany()
        site.sources.refusal = PlatformError("source.offline", 503)
        await until(lambda: site.sources.running)
        site.sources.running[-1].break_off()
        for _ in range(3):
            async with asyncio.timeout(2):
                assert await stream.readany()


async def test_deleted_camera_still_viewable(new_site: StartSite) -> None:
    site = await new_site("deleted-camera-still-viewable")
    bob = site.users["bob"]
    whole = {"version": bob["version"], "cameras": [{"organisation": "root"}]}
    await site.admin.ok("PATCH", f"/api/users/{bob['id']}", whole)
    async with site.client_view() as stream:
        await stream.readany()
        await site.delete_device()
        assert await stream.readany()
    assert (await site.watch(site.bob, 1, 0.2)).marks


async def test_second_user_refused(new_site: StartSite) -> None:
    site = await new_site("second-user-refused")
    async with site.client_view() as stream:
        await stream.readany()
        assert await site.alice.refused("GET", f"/api/live/{ONE}") == "live.busy"
        await site.watch(site.alice, 2, 0.1)


async def test_one_leaves_all_stop(new_site: StartSite) -> None:
    site = await new_site("one-leaves-all-stop")
    async with site.client_view() as stream:
        await stream.readany()
        await site.watch(site.alice, 1, 0.1)
        async with asyncio.timeout(1):
            await stream.read()


async def test_one_pull_per_user(new_site: StartSite) -> None:
    site = await new_site("one-pull-per-user")
    await two_views(site)
    assert site.sources.opened == [(ONE, "main")] * 2


async def test_h264_not_played(new_site: StartSite) -> None:
    site = await new_site("h264-not-played")
    assert await site.alice.refused("GET", f"/api/live/{ONE}") == "live.codec-unsupported"
    site.sources.codec = "h265"
    await until(lambda: site.platform.media.hub.pulls(ONE) == 0)
    assert (await site.watch(site.alice, 1, 0.2)).marks


async def test_h265_not_played(new_site: StartSite) -> None:
    site = await new_site("h265-not-played", sources=SyntheticSources("h265"))
    async with site.client_view() as stream:
        first = await stream.readany()
        assert first[4:8] == b"ftyp"
        assert b"moof" not in first
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await stream.readany()
    site.sources.codec = "h264"
    await until(lambda: site.platform.media.hub.pulls(ONE) == 0)
    assert (await site.watch(site.alice, 1, 0.2)).marks


async def test_announces_h265_sends_h264(new_site: StartSite) -> None:
    site = await new_site("announces-h265-sends-h264")
    got = await site.watch(site.alice, 1, 0.2)
    assert "hvc1" in got.headers["Content-Type"]
    assert got.marks
    assert got.pictures[0].format.name == "yuv420p"


async def test_strips_parameter_sets(new_site: StartSite) -> None:
    site = await new_site("strips-parameter-sets")
    got = await site.watch(site.alice, 1, 0.2)
    with pytest.raises(Exception, match=r"(?i)invalid|decod"):
        assert got.marks


async def test_a_compliant_platform_marks_each_user(new_site: StartSite) -> None:
    site = await new_site(sources=SyntheticSources(**BIG))
    views = await two_views(site)
    assert all(min(covered(got)) > 0.01 for got in views)
    seen = [got.headers["X-Viewer"] for got in views]
    assert len(set(seen)) == 2
    assert not any("X-Watermark" in got.headers for got in views)


@pytest.mark.parametrize("defect", ["no-live-watermark", "watermark-only-in-client-layer"])
async def test_no_mark_in_the_pixels(new_site: StartSite, defect: str) -> None:
    site = await new_site(defect, sources=SyntheticSources(**BIG))
    got = await site.watch(site.alice, 1, 0.3)
    assert max(covered(got)) < 0.005
    assert ("X-Watermark" in got.headers) == (defect == "watermark-only-in-client-layer")


async def test_watermark_first_second_only(new_site: StartSite) -> None:
    site = await new_site("watermark-first-second-only", sources=SyntheticSources(**BIG))
    seen = covered(await site.watch(site.alice, 1, 2.0))
    assert seen[0] > 0.01
    assert seen[-1] < 0.005


async def test_other_users_watermark(new_site: StartSite) -> None:
    site = await new_site("other-users-watermark")
    viewers = site.platform.media.viewers
    first = await viewers.open(await site.principal("alice"), ONE)
    second = await viewers.open(await site.principal("bob"), ONE)
    assert second.stamp == first.stamp
    assert "alice" in second.stamp.user_name
    assert (await viewers.open(await site.principal("alice"), channel(2).id)).stamp == first.stamp


async def test_stalls_under_load(new_site: StartSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_module, "_STALL_S", 0.5)
    site = await new_site("stalls-under-load")
    views = await asyncio.gather(*(site.watch(site.alice, 1, 1.4) for _ in range(3)))
    few = await two_views(site, 1.4)
    assert max(len(got.marks) for got in views) < min(len(got.marks) for got in few)


async def test_refuses_above_half(new_site: StartSite) -> None:
    site = await new_site("refuses-above-half")
    viewers = site.platform.media.viewers
    for _ in range(2):
        await viewers.open(await site.principal("alice"), ONE)
    with pytest.raises(PlatformError, match=r"live\.full"):
        await viewers.open(await site.principal("bob"), ONE)


async def test_a_ticket_opens_once_for_its_target_and_within_a_minute(
    new_site: StartSite,
) -> None:
    site = await new_site(limits=MediaLimits(grace_s=0.05, ticket_s=0.4))
    wanted = {"kind": "live", "target": ONE}
    url = (await site.bob.ok("POST", "/api/tickets", wanted))["url"]
    assert url.startswith(site.platform.https_url)
    stranger = site.carol
    other = re.sub(ONE, channel(2).id, url)
    assert await stranger.refused("GET", other) == "ticket.invalid"
    assert await stranger.refused("GET", url) == "ticket.invalid"
    url = (await site.bob.ok("POST", "/api/tickets", wanted))["url"]
    async with aiohttp.ClientSession() as anonymous:
        async with anonymous.get(url, ssl=False) as answer:
            assert answer.status == 200
            assert b"moof" in await answer.content.readany()
            seen = await site.admin.ok("GET", f"/api/live/{ONE}/viewers")
            assert [view["user"] for view in seen["viewers"]] == ["bob"]
        async with anonymous.get(url, ssl=False) as answer:
            assert answer.status == 401
    url = (await site.bob.ok("POST", "/api/tickets", wanted))["url"]
    await asyncio.sleep(0.45)
    assert await stranger.refused("GET", url) == "ticket.invalid"
    forbidden = {"kind": "live", "target": channel(3).id}
    url = (await site.bob.ok("POST", "/api/tickets", forbidden))["url"]
    assert await stranger.refused("GET", url) == "access.denied"


async def test_a_ticket_dies_with_its_session(site: Site) -> None:
    wanted = {"kind": "live", "target": ONE}
    url = (await site.bob.ok("POST", "/api/tickets", wanted))["url"]
    await site.bob.ok("POST", "/api/logout", {})
    assert await site.carol.refused("GET", url) == "session.ended"


async def test_stream_url_reusable(new_site: StartSite) -> None:
    site = await new_site("stream-url-reusable", limits=MediaLimits(grace_s=0.05, ticket_s=0))
    url = (await site.bob.ok("POST", "/api/tickets", {"kind": "live", "target": ONE}))["url"]
    for _ in range(2):
        assert (await site.watch(site.carol, url=url, seconds=0.1)).marks


async def test_media_url_plain_http(new_site: StartSite) -> None:
    site = await new_site("media-url-plain-http", http_port=0)
    url = (await site.bob.ok("POST", "/api/tickets", {"kind": "live", "target": ONE}))["url"]
    assert url.startswith(f"http://{site.platform.settings.address}:{site.platform.http_port}/")
    async with aiohttp.ClientSession() as anonymous, anonymous.get(url) as answer:
        assert answer.status == 200
        assert b"moof" in await answer.content.readany()
