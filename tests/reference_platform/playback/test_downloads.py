"""Downloads over the API: whole files, their parts, their owners, and their history."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reference_platform.media.watermark import WatermarkStamp
from reference_platform.playback import downloads, history, saving
from reference_platform.playback.downloads import DownloadLimits, Downloads
from reference_platform.playback.saving import Saver
from reference_platform.ports import ChannelRef, Span
from tests.reference_platform.platforms import Client
from tests.reference_platform.playback.bench import shown_times
from tests.reference_platform.playback.conftest import CHANNELS, DEVICE, Site, StartSite


async def _fetched(client: Client, identifier: str, **headers: str) -> tuple[int, bytes, Any]:
    path = f"/api/downloads/{identifier}/file"
    async with client.request("GET", path, headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers


async def test_a_period_is_saved_whole(site: Site, tmp_path: Path) -> None:
    made = await site.saved(site.alice, site.period(100.0, 103.05))
    assert (made["state"], made["progress"], made["gaps"]) == ("ready", 1.0, [])
    status, data, headers = await _fetched(site.alice, made["id"])
    assert status == 200
    assert headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"' == f'"{made["sha256"]}"'
    assert len(data) == made["bytes"] == int(headers["Content-Length"])
    times = shown_times(data, site.base)
    assert times == pytest.approx([100 + index / 10 for index in range(31)], abs=0.002)
    assert data.index(b"moov") < data.index(b"mdat")
    saved = tmp_path / "saved.mp4"
    saved.write_bytes(data)
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration:stream=codec_name"]
    told = subprocess.run(
        [*command, "-of", "csv=p=0", str(saved)], capture_output=True, text=True, check=True
    )
    codec, duration = told.stdout.split()
    assert codec == "h264"
    assert float(duration) == pytest.approx(3.1, abs=0.06)
    assert told.stderr == ""


async def test_a_file_is_fetched_in_parts(site: Site) -> None:
    made = await site.saved(site.alice, site.period(100.0, 101.0))
    _, whole, headers = await _fetched(site.alice, made["id"])
    tag, size = headers["ETag"], len(whole)
    status, first, headers = await _fetched(site.alice, made["id"], Range="bytes=0-999")
    assert (status, headers["Content-Range"]) == (206, f"bytes 0-999/{size}")
    status, rest, _ = await _fetched(
        site.alice, made["id"], Range="bytes=1000-", **{"If-Range": tag}
    )
    assert (status, first + rest) == (206, whole)
    status, all_of_it, _ = await _fetched(
        site.alice, made["id"], Range="bytes=1000-", **{"If-Range": '"other"'}
    )
    assert (status, all_of_it) == (200, whole)
    status, _, headers = await _fetched(site.alice, made["id"], Range=f"bytes={size}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{size}")
    status, none, _ = await _fetched(site.alice, made["id"], **{"If-None-Match": tag})
    assert (status, none) == (304, b"")


async def test_gaps_are_left_out_and_told(new_site: StartSite) -> None:
    site = await new_site(spans=[(0, 60), (300, 360)])
    made = await site.saved(site.alice, site.period(59.0, 301.0))
    assert made["gaps"] == [{"start": site.at(60), "end": site.at(300)}]
    _, data, _ = await _fetched(site.alice, made["id"])
    expected = [59 + i / 10 for i in range(10)] + [300 + i / 10 for i in range(10)]
    assert shown_times(data, site.base) == pytest.approx(expected, abs=0.002)
    nothing = await site.saved(site.alice, site.period(100.0, 200.0))
    assert (nothing["state"], nothing["error"]) == ("failed", "recording.none")


async def test_the_device_s_recording_is_saved(site: Site) -> None:
    made = await site.saved(site.alice, site.period(100.0, 102.0, source="device"))
    assert (made["state"], made["gaps"]) == ("ready", [])
    assert site.device.told[0] == ("download", site.base + 100)
    assert site.device.open == 0
    _, data, _ = await _fetched(site.alice, made["id"])
    assert len(shown_times(data, site.base)) == 20
    site.device.refuses = True
    made = await site.saved(site.alice, site.period(100.0, 102.0, source="device"))
    assert (made["state"], made["error"]) == ("failed", "source.refused")


async def test_files_are_their_owner_s_alone(site: Site) -> None:
    made = await site.saved(site.alice, site.period(100.0, 100.5))
    path = f"/api/downloads/{made['id']}"
    for stranger in (site.bob, site.carol):
        assert await stranger.refused("GET", path) == "access.denied"
        assert await stranger.refused("GET", f"{path}/file") == "access.denied"
        assert await stranger.refused("DELETE", path) == "access.denied"
    # Who reads the history sees that it is there, and does not get it.
    assert (await site.admin.ok("GET", path))["user"] == "alice"
    assert await site.admin.refused("GET", f"{path}/file") == "access.denied"
    assert await site.bob.refused("GET", "/api/downloads/nothing") == "access.denied"
    body = site.period(100, 101, channel=1)
    assert await site.bob.refused("POST", "/api/downloads", body) == "access.denied"


async def test_a_right_that_is_gone_gives_no_file(site: Site) -> None:
    made = await site.saved(site.bob, site.period(100.0, 100.5))
    user = site.users["bob"]
    change = {"version": user["version"], "cameras": []}
    await site.admin.ok("PATCH", f"/api/users/{user['id']}", change)
    path = f"/api/downloads/{made['id']}/file"
    assert await site.bob.refused("GET", path) == "access.denied"


class _Slow:
    """Lets a test stand in the middle of the work."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        fill = Saver._fill

        async def slow(saver: Saver, *arguments: Any) -> Any:
            self.began.set()
            await self.go_on.wait()
            return await fill(saver, *arguments)

        patched.setattr(Saver, "_fill", slow)


def _files(site: Site) -> list[str]:
    return [path.name for path in (site.platform.settings.data / "downloads").iterdir()]


async def test_a_cancelled_download_leaves_no_file_but_its_history(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = _Slow(monkeypatch)
    running = await site.alice.ok("POST", "/api/downloads", site.period(100.0, 103.0))
    queued = await site.alice.ok("POST", "/api/downloads", site.period(200.0, 203.0))
    async with asyncio.timeout(5):
        await slow.began.wait()
    path = f"/api/downloads/{running['id']}/file"
    assert await site.alice.refused("GET", path) == "download.not-ready"
    await site.alice.ok("DELETE", f"/api/downloads/{queued['id']}")
    cancelling = asyncio.create_task(site.alice.ok("DELETE", f"/api/downloads/{running['id']}"))
    await asyncio.sleep(0.05)
    slow.go_on.set()
    await cancelling
    assert _files(site) == []
    lines = await site.alice.ok("GET", "/api/downloads/history")
    assert [line["result"] for line in lines] == ["cancelled", "cancelled"]
    assert await site.alice.refused("GET", path) == "download.removed"


async def test_a_suspended_owner_s_download_stops(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = _Slow(monkeypatch)
    made = await site.bob.ok("POST", "/api/downloads", site.period(100.0, 103.0))
    async with asyncio.timeout(5):
        await slow.began.wait()
    user = site.users["bob"]
    change = {"version": user["version"], "state": "suspended"}
    await site.admin.ok("PATCH", f"/api/users/{user['id']}", change)
    slow.go_on.set()
    over = await site.over(site.admin, made["id"])
    assert (over["state"], over["error"]) == ("failed", "account.suspended")
    assert _files(site) == []


async def test_a_download_outlives_its_session(site: Site) -> None:
    made = await site.bob.ok("POST", "/api/downloads", site.period(100.0, 102.0))
    await site.bob.ok("POST", "/api/logout")
    assert (await site.over(site.admin, made["id"]))["state"] == "ready"


async def test_a_restart_begins_the_interrupted_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        slow = _Slow(patched)
        made = await site.alice.ok("POST", "/api/downloads", site.period(100.0, 103.0))
        async with asyncio.timeout(5):
            await slow.began.wait()
        await site.platform.downloads.close()
    folder = site.platform.settings.data / "downloads"
    (folder / "stray.part").write_bytes(b"x")
    (folder / "stray.mp4").write_bytes(b"x")
    again = _again(site)
    await again.start()
    try:
        assert (await site.over(site.alice, made["id"]))["state"] == "ready"
        assert _files(site) == [f"{made['id']}.mp4"]
    finally:
        await again.close()


def _again(site: Site, limits: DownloadLimits | None = None, **named: Any) -> Downloads:
    platform = site.platform
    return Downloads(
        platform.settings.data / "downloads",
        platform.database,
        platform.recording.archive,
        site.device,
        platform.inventory.channels,
        platform.access,
        platform.audit,
        platform.media.codes,
        platform.time_source,
        flush=platform.recording.recorder.flush,
        limits=limits,
        **named,
    )


async def test_a_full_disk_fails_a_download_and_leaves_nothing(site: Site) -> None:
    await site.platform.downloads.close()
    full = site.platform.downloads = _again(site, free=lambda _: 0)
    await full.start()
    try:
        made = await site.saved(site.alice, site.period(100.0, 103.0))
        assert (made["state"], made["error"]) == ("failed", "storage.full")
        assert _files(site) == []
    finally:
        await full.close()


async def test_old_files_go_and_their_history_stays(site: Site) -> None:
    made = await site.saved(site.alice, site.period(100.0, 100.5))
    await site.platform.downloads.close()
    later = _again(site, DownloadLimits(keep_s=-1))
    await later.start()
    try:
        async with asyncio.timeout(5):
            while _files(site):
                await asyncio.sleep(0.01)
        assert (await site.alice.ok("GET", f"/api/downloads/{made['id']}"))["state"] == "removed"
        lines = await site.alice.ok("GET", "/api/downloads/history")
        assert [line["result"] for line in lines] == ["done"]
    finally:
        await later.close()


async def test_quotas_are_kept(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _Slow(monkeypatch)
    for _ in range(5):
        await site.alice.ok("POST", "/api/downloads", site.period(100.0, 103.0))
    body = site.period(100, 103)
    assert await site.alice.refused("POST", "/api/downloads", body) == "download.too-many"
    await site.bob.ok("POST", "/api/downloads", body)
    too_long = site.period(-36_000, 2 * 86_400)
    assert await site.bob.refused("POST", "/api/downloads", too_long) in (
        "period.too-long",
        "period.future",
    )


async def test_the_history_says_who_what_and_when_and_nobody_deletes_it(site: Site) -> None:
    made = await site.saved(site.alice, site.period(100.0, 100.5))
    await site.saved(site.bob, site.period(200.0, 200.5))
    await site.alice.ok("DELETE", f"/api/downloads/{made['id']}")
    assert _files(site) != []
    (own,) = await site.alice.ok("GET", "/api/downloads/history")
    assert own.items() >= {
        "user": "alice", "device": DEVICE, "channel": CHANNELS[0], "result": "done",
        "start": site.at(100.0), "end": site.at(100.5), "bytes": made["bytes"],
    }.items()  # fmt: skip
    lines = await site.admin.ok("GET", "/api/downloads/history")
    assert [line["user"] for line in lines] == ["bob", "alice"]
    status, _ = await site.admin.call("DELETE", "/api/downloads/history")
    assert status in (403, 405)
    assert len(await site.admin.ok("GET", "/api/downloads/history")) == 2


# -- defects


async def test_defects_of_the_file(site: Site, tmp_path: Path) -> None:
    saver = site.platform.downloads._saver

    async def made_with(*behaviours: str) -> tuple[dict[str, Any], bytes]:
        saver._behaviours = frozenset(behaviours)
        made = await site.saved(site.alice, site.period(100.0, 105.0))
        _, data, _ = await _fetched(site.alice, made["id"])
        return made, data

    _, whole = await made_with()
    _, data = await made_with(saving.DOWNLOAD_SHORT)
    assert shown_times(data, site.base)[-1] == pytest.approx(103.9, abs=0.002)
    _, data = await made_with(saving.DOWNLOAD_WRONG_PERIOD)
    assert shown_times(data, site.base)[0] == pytest.approx(100 - 8 * 3600, abs=0.002)
    _, data = await made_with(saving.NO_DOWNLOAD_WATERMARK)
    assert len(data) < len(whole)
    made, data = await made_with(saving.DOWNLOAD_CORRUPT)
    assert hashlib.sha256(data).hexdigest() == made["sha256"]
    saved = tmp_path / "saved.mp4"
    saved.write_bytes(data)
    command = ["ffmpeg", "-v", "error", "-i", str(saved), "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.stderr != ""
    saver._behaviours = frozenset({saving.DOWNLOAD_WRONG_DEVICE})
    order = saving.Order(
        ChannelRef(CHANNELS[0], DEVICE, "rtsp"),
        Span(site.base, site.base + 5),
        False,
        WatermarkStamp("alice", "ACEFHJK"),
        tmp_path / "x.mp4",
    )
    assert (await saver._actual(order))[0] == CHANNELS[1]


async def test_defect_download_of_others(site: Site) -> None:
    made = await site.saved(site.alice, site.period(100.0, 101.0))
    site.platform.downloads._behaviours = frozenset({downloads.DOWNLOAD_OF_OTHERS})
    status, _, _ = await _fetched(site.carol, made["id"])
    assert status == 200


async def test_defects_of_the_history(site: Site) -> None:
    service = site.platform.downloads
    made = await site.saved(site.alice, site.period(100.0, 100.3))
    failed = await site.saved(site.alice, site.period(4000.0, 4100.0))
    assert failed["state"] == "failed"

    async def told(defect: str) -> list[dict[str, Any]]:
        service._behaviours = frozenset({defect})
        return list(await site.alice.ok("GET", "/api/downloads/history"))

    for defect, field, value in (
        (history.HISTORY_WITHOUT_USER, "user", ""),
        (history.HISTORY_WRONG_USER, "user", "admin"),
        (history.HISTORY_WITHOUT_DEVICE, "device", ""),
        (history.HISTORY_WITHOUT_PERIOD, "start", None),
    ):
        assert (await told(defect))[0][field] == value
    assert len(await told(history.HISTORY_WITHOUT_CANCELLED)) == 1
    assert await told(history.HISTORY_MISSING) == []
    assert len(await told(history.HISTORY_DELETABLE)) == 2
    await site.alice.ok("DELETE", f"/api/downloads/{made['id']}")
    assert len(await told(history.HISTORY_DELETABLE)) == 1
