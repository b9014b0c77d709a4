"""Playback over the API: whose, from where, and how it ends."""

from __future__ import annotations

import asyncio
import subprocess
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reference_platform.playback import playbacks
from reference_platform.playback.feeds import ArchiveFeed
from reference_platform.times import moment
from tests.reference_platform.platforms import Client
from tests.reference_platform.playback.conftest import CHANNELS, Site, StartSite, Watching


async def _opened(site: Site, client: Client, start: float, end: float, **more: Any) -> str:
    made = await client.ok("POST", "/api/playbacks", site.period(start, end, **more))
    assert made["state"] == "ready"
    return str(made["id"])


async def test_a_period_is_watched_steered_and_ended(site: Site, tmp_path: Path) -> None:
    identifier = await _opened(site, site.alice, 100.0, 700.0)
    player = Watching(site.alice, identifier, site.base)
    await player.pictures(5)
    path = f"/api/playbacks/{identifier}"
    view = await site.alice.ok("GET", path)
    assert (view["state"], view["scale"]) == ("playing", 1.0)
    assert view["channel"] == CHANNELS[0]
    await site.alice.ok("POST", f"{path}/control", {"action": "pause"})
    await asyncio.sleep(0.15)
    paused = await site.alice.ok("GET", path)
    shown = len(player.chunks)
    await asyncio.sleep(0.3)
    assert len(player.chunks) == shown
    assert paused["state"] == "paused"
    await site.alice.ok("POST", f"{path}/control", {"action": "seek", "position": site.at(500)})
    await site.alice.ok("POST", f"{path}/control", {"action": "scale", "scale": 4})
    view = await site.alice.ok("POST", f"{path}/control", {"action": "resume"})
    await player.pictures(10)
    assert (await site.alice.ok("GET", path))["state"] == "playing"
    await site.alice.ok("DELETE", path)
    await player.ended(2)
    times = player.times()
    assert times[0] == pytest.approx(100, abs=0.002)
    assert 500 <= times[-1] < 510
    assert await site.alice.refused("GET", path) == "access.denied"
    saved = tmp_path / "stream.mp4"
    saved.write_bytes(player.data)
    entries = "stream=codec_name,nb_read_frames"
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries]
    told = subprocess.run(
        [*command, "-of", "csv=p=0", str(saved)], capture_output=True, text=True, check=True
    )
    assert told.stderr == ""
    assert told.stdout.split(",") == ["h264", f"{len(times)}\n"]


async def test_a_session_is_its_owner_s_alone(site: Site) -> None:
    identifier = await _opened(site, site.alice, 100.0, 700.0)
    path = f"/api/playbacks/{identifier}"
    for stranger in (site.bob, site.carol, site.admin):
        assert await stranger.refused("GET", path) == "access.denied"
        assert await stranger.refused("GET", f"{path}/stream") == "access.denied"
        assert await stranger.refused("DELETE", path) == "access.denied"
        body = {"action": "pause"}
        assert await stranger.refused("POST", f"{path}/control", body) == "access.denied"
    assert await site.carol.refused("GET", "/api/playbacks/nothing") == "access.denied"


async def test_only_what_one_may_see_is_played(site: Site) -> None:
    assert await site.carol.refused("POST", "/api/playbacks", site.period(0, 9)) == "access.denied"
    body = site.period(0, 9, channel=1)
    assert await site.bob.refused("POST", "/api/playbacks", body) == "access.denied"
    query = {"channel": CHANNELS[1], "start": site.at(0), "end": site.at(9)}
    assert await site.bob.refused("GET", "/api/recordings", params=query) == "access.denied"


async def test_what_cannot_be_is_refused(site: Site) -> None:
    for start, end, code in (
        (200.0, 100.0, "period.order"),
        (10 * 86_400.0, 11 * 86_400.0, "period.future"),
        (-40 * 86_400.0, 0.0, "period.too-long"),
        (4000.0, 4100.0, "recording.none"),
    ):
        body = site.period(start, end)
        assert await site.alice.refused("POST", "/api/playbacks", body) == code
    identifier = await _opened(site, site.alice, 100.0, 700.0)
    path = f"/api/playbacks/{identifier}/control"
    commands: list[tuple[dict[str, Any], str]] = [
        ({"action": "seek"}, "playback.incomplete"),
        ({"action": "scale"}, "playback.incomplete"),
        ({"action": "scale", "scale": 3}, "request.invalid"),
        ({"action": "dance"}, "request.invalid"),
        ({"action": "seek", "position": site.at(701)}, "playback.outside"),
    ]
    for command, code in commands:
        assert await site.alice.refused("POST", path, command) == code


async def test_a_right_that_ends_ends_the_stream_at_once(site: Site) -> None:
    identifier = await _opened(site, site.bob, 100.0, 700.0)
    player = Watching(site.bob, identifier, site.base)
    await player.pictures(3)
    user = site.users["bob"]
    change = {"version": user["version"], "cameras": []}
    await site.admin.ok("PATCH", f"/api/users/{user['id']}", change)
    await player.ended(1.0)
    assert await site.bob.refused("GET", f"/api/playbacks/{identifier}") == "access.denied"


async def test_log_out_ends_the_stream(site: Site) -> None:
    identifier = await _opened(site, site.bob, 100.0, 700.0)
    player = Watching(site.bob, identifier, site.base)
    await player.pictures(3)
    await site.bob.ok("POST", "/api/logout")
    await player.ended(1.0)


async def test_a_ticket_opens_the_stream_once(site: Site) -> None:
    identifier = await _opened(site, site.alice, 100.0, 700.0)
    ticket = await site.alice.ok("POST", "/api/tickets", {"kind": "playback", "target": identifier})
    url = ticket["url"].removeprefix(site.platform.https_url)
    nobody = Client(site.platform)
    try:
        player = Watching(nobody, identifier, site.base, url)
        await player.pictures(2)
        assert await nobody.refused("GET", url) == "ticket.invalid"
    finally:
        await nobody.close()


async def test_a_stream_taken_again_goes_on_and_ends_the_first(site: Site) -> None:
    identifier = await _opened(site, site.alice, 100.0, 700.0)
    first = Watching(site.alice, identifier, site.base)
    await first.pictures(4)
    second = Watching(site.alice, identifier, site.base)
    await first.ended(3)
    await second.pictures(3)
    assert second.times()[0] - first.times()[-1] == pytest.approx(0.1, abs=0.11)


async def test_a_playback_at_its_end_goes_on_only_after_a_seek(site: Site) -> None:
    identifier = await _opened(site, site.alice, 100.0, 100.3)
    path = f"/api/playbacks/{identifier}"
    await Watching(site.alice, identifier, site.base).ended()
    assert (await site.alice.ok("GET", path))["state"] == "ended"
    assert await site.alice.refused("GET", f"{path}/stream") == "playback.ended"
    await site.alice.ok("POST", f"{path}/control", {"action": "seek", "position": site.at(100)})
    player = Watching(site.alice, identifier, site.base)
    await player.ended()
    assert len(player.times()) == 3


async def test_too_many_sessions_of_one_user_are_refused(site: Site) -> None:
    for _ in range(16):
        await _opened(site, site.alice, 100.0, 700.0)
    body = site.period(100, 700)
    assert await site.alice.refused("POST", "/api/playbacks", body) == "playback.too-many"
    await _opened(site, site.bob, 100.0, 700.0)


async def test_the_device_s_own_recording_is_steered_at_the_device(site: Site) -> None:
    identifier = await _opened(site, site.alice, 100.0, 700.0, source="device")
    player = Watching(site.alice, identifier, site.base)
    await player.pictures(4)
    path = f"/api/playbacks/{identifier}/control"
    await site.alice.ok("POST", path, {"action": "pause"})
    await asyncio.sleep(0.2)
    shown = len(player.chunks)
    await asyncio.sleep(0.3)
    assert len(player.chunks) == shown
    await site.alice.ok("POST", path, {"action": "resume"})
    await site.alice.ok("POST", path, {"action": "scale", "scale": 2})
    await player.pictures(4)
    await site.alice.ok("POST", path, {"action": "seek", "position": site.at(300)})
    await player.pictures(5)
    told = [name for name, _ in site.device.told]
    assert told == ["playback", "pause", "resume", "scale", "seek"]
    assert ("seek", site.base + 300) in site.device.told
    assert 300 <= player.times()[-1] < 303
    await site.alice.ok("DELETE", f"/api/playbacks/{identifier}")
    await player.ended(2)
    assert site.device.open == 0


async def test_a_device_that_refuses_is_told_before_the_stream(site: Site) -> None:
    identifier = await _opened(site, site.alice, 100.0, 700.0, source="device")
    site.device.refuses = True
    status, answer = await site.alice.call("GET", f"/api/playbacks/{identifier}/stream")
    assert (status, answer["error"]["code"]) == (502, "source.refused")


async def test_a_device_that_breaks_off_ends_the_stream_and_is_told(site: Site) -> None:
    identifier = await _opened(site, site.alice, 100.0, 700.0, source="device")
    player = Watching(site.alice, identifier, site.base)
    await player.pictures(2)
    site.device.breaks = True
    await player.ended(3)
    path = f"/api/playbacks/{identifier}"
    view = await site.alice.ok("GET", path)
    assert (view["state"], view["error"]) == ("failed", "source.lost")
    status, answer = await site.alice.call("GET", f"{path}/stream")
    assert (status, answer["error"]["code"]) == (502, "source.lost")


async def test_what_was_watched_is_in_the_audit_log(site: Site) -> None:
    identifier = await _opened(site, site.alice, 100.0, 700.0)
    await site.alice.ok("DELETE", f"/api/playbacks/{identifier}")
    rows = await site.admin.ok("GET", "/api/audit", params={"user": "alice"})
    seen = {row["operation"]: row for row in rows}
    assert seen["playback"]["target"] == CHANNELS[0]
    assert seen["playback"]["details"]["start"] == site.at(100)
    assert "playback.ended" in seen


async def test_recordings_and_their_gaps_are_listed(new_site: StartSite) -> None:
    site = await new_site(spans=[(0, 60), (100, 160)])
    query = {"channel": CHANNELS[0], "start": site.at(10), "end": site.at(200)}
    found = await site.alice.ok("GET", "/api/recordings", params=query)
    assert [(one["start"], one["end"], one["codec"]) for one in found["spans"]] == [
        (site.at(10), site.at(60), "h264"),
        (site.at(100), site.at(160), "h264"),
    ]
    assert [(one["start"], one["end"]) for one in found["gaps"]] == [
        (site.at(60), site.at(100)),
        (site.at(160), site.at(200)),
    ]
    assert found["gaps"][1]["reason"] == "platform-down"
    device = await site.alice.ok("GET", "/api/device-recordings", params=query)
    assert [one["end"] for one in device["spans"]] == [site.at(105)]
    assert device["gaps"][0]["reason"] == "not-on-device"
    storage = await site.admin.ok("GET", "/api/recordings/storage")
    assert storage["guaranteed_days"] == 7
    assert set(storage["days"]) == set(CHANNELS)
    assert await site.alice.refused("GET", "/api/recordings/storage") == "access.denied"


async def test_what_is_recorded_now_is_listed_and_played_with_its_time(site: Site) -> None:
    began = time.time()
    channel = await site.admin.ok("GET", f"/api/channels/{CHANNELS[1]}")
    change = {"version": channel["version"], "recording": True}
    await site.admin.ok("PATCH", f"/api/channels/{CHANNELS[1]}", change)
    query = {"channel": CHANNELS[1], "start": moment(began).isoformat()}
    async with asyncio.timeout(10):
        while True:
            query["end"] = moment(time.time()).isoformat()
            found = await site.alice.ok("GET", "/api/recordings", params=query)
            if found["spans"] and found["spans"][0]["bytes"] > 10_000:
                break
            await asyncio.sleep(0.05)
    (span,) = found["spans"]
    assert [gap["reason"] for gap in found["gaps"]] in ([], ["recording-off"])
    body = {"channel": CHANNELS[1], "start": span["start"], "end": span["end"]}
    made = await site.alice.ok("POST", "/api/playbacks", body)
    player = Watching(site.alice, made["id"], 0.0)
    await player.ended()
    start = datetime.fromisoformat(span["start"]).timestamp()
    times = player.times()
    assert times[0] == pytest.approx(start, abs=0.15)
    assert [round(b - a, 2) for a, b in pairwise(times)] == [0.1] * (len(times) - 1)


async def test_defect_no_watermark_and_defect_wrong_device(site: Site) -> None:
    service = site.platform.playbacks
    pictures = []
    for behaviours in (frozenset[str](), frozenset({playbacks.NO_PLAYBACK_WATERMARK})):
        service._behaviours = behaviours
        identifier = await _opened(site, site.alice, 100.0, 100.5)
        player = Watching(site.alice, identifier, site.base)
        await player.ended()
        pictures.append(_luma(player.data))
    assert abs(pictures[0] - pictures[1]).mean() > 1
    service._behaviours = frozenset({playbacks.PLAYBACK_WRONG_DEVICE})
    identifier = await _opened(site, site.alice, 100.0, 101.0)
    feed = service._sessions[identifier].playback._feed
    assert isinstance(feed, ArchiveFeed)
    assert feed._channel == CHANNELS[1]


def _luma(data: bytes) -> Any:
    import io

    import av
    import numpy as np

    with av.open(io.BytesIO(data)) as container:
        return next(container.decode(video=0)).to_ndarray(format="gray").astype(np.float32)
