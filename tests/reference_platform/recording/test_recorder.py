"""The recorder: channels come, go, fall silent; the disk fills; the process is killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from protocols.time_source import SystemTime
from reference_platform.ports import Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.recorder import Recorder, RecorderLimits, Wanted
from reference_platform.recording.segments import SegmentWriter
from reference_platform.recording.storage import FULL, Storage, StorageLimits
from tests.reference_platform.recording.bench import (
    CHANNEL,
    OTHER,
    HandHub,
    opened,
    ref,
    times,
    units,
)

ROOT = Path(__file__).parents[3]
QUICK = RecorderLimits(flush_s=0.02, stall_s=0.3, refresh_s=0.1, alive_s=0.1, pause_s=0.05)
CROWDED = RecorderLimits(flush_s=0.02, refresh_s=60.0, pause_s=0.3)


class _Bench:
    def __init__(self, folder: Path, pace: RecorderLimits = QUICK, pass_s: float = 0.1) -> None:
        self.archive: Archive = opened(folder)
        self.hub = HandHub()
        self.free = 10**12
        self.wanted = [Wanted(ref(), True), Wanted(ref(OTHER), False)]
        self.alarms: list[tuple[str, bool]] = []
        self.readings = 0
        limits = StorageLimits(reserve_bytes=1000, pass_s=pass_s)
        clock = SystemTime()
        self.recorder = Recorder(
            self.archive,
            self.hub,  # type: ignore[arg-type]
            Storage(self.archive, clock, limits, free=lambda _: self.free),
            clock,
            channels=self.channels,
            alarm=self.alarm,
            limits=pace,
            storage_limits=limits,
        )

    async def channels(self) -> list[Wanted]:
        self.readings += 1
        return self.wanted

    async def alarm(self, code: str, raised: bool) -> None:
        self.alarms.append((code, raised))

    def spans(self, channel: str = CHANNEL) -> list[Span]:
        return self.archive.spans(channel, 0, time.time() * 2)

    def reasons(self, since: float) -> list[str]:
        period = Span(since, time.time())
        spans = self.archive.spans(CHANNEL, period.start, period.end)
        return [gap.reason for gap in self.archive.gaps(CHANNEL, spans, period)]


@contextlib.asynccontextmanager
async def _running(
    folder: Path, pace: RecorderLimits = QUICK, pass_s: float = 0.1
) -> AsyncIterator[_Bench]:
    bench = _Bench(folder, pace, pass_s)
    await bench.recorder.start()
    try:
        yield bench
    finally:
        await bench.recorder.close()
        bench.archive.close()


async def _until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_what_the_hub_gives_is_on_the_disk_at_once_and_closed_at_the_end(
    tmp_path: Path,
) -> None:
    pictures = units(time.time() - 3, 3.0)
    async with _running(tmp_path) as bench:
        assert list(bench.hub.subscriptions) == [CHANNEL]
        bench.hub.give(pictures)
        await _until(lambda: bench.spans() and bench.spans()[0].end - pictures[0].at > 2.9)
        assert list(tmp_path.rglob("*.open"))
    assert not list(tmp_path.rglob("*.open"))
    again = opened(tmp_path)
    assert len(await times(again.read(CHANNEL, 0, time.time() * 2))) == 30
    again.close()


async def test_recording_follows_the_switch_of_the_channel(tmp_path: Path) -> None:
    async with _running(tmp_path) as bench:
        now = time.time()
        bench.hub.give(units(now - 2, 2.0))
        await _until(bench.spans)
        bench.wanted = [Wanted(ref(), False), Wanted(ref(OTHER), True)]
        bench.recorder.refresh()
        await _until(lambda: OTHER in bench.hub.subscriptions)
        assert bench.hub.subscriptions[CHANNEL].closed
        await _until(lambda: bench.reasons(now) == ["recording-off"])


async def test_thousands_of_changes_are_read_together_and_the_last_is_not_lost(
    tmp_path: Path,
) -> None:
    async with _running(tmp_path, CROWDED, pass_s=60.0) as bench:
        bench.readings = 0
        began = time.monotonic()
        while time.monotonic() - began < 0.7:  # three pauses begin, at most
            bench.recorder.refresh()
            await asyncio.sleep(0.001)
        assert 2 <= bench.readings <= 4
        bench.wanted = [Wanted(ref(), True), Wanted(ref(OTHER), True)]
        bench.recorder.refresh()
        await _until(lambda: OTHER in bench.hub.subscriptions)


async def test_a_silent_source_is_a_gap_named_offline_until_it_speaks_again(tmp_path: Path) -> None:
    async with _running(tmp_path) as bench:
        began = time.time()
        bench.hub.give(units(began - 1, 1.0))
        await _until(lambda: "offline" in bench.reasons(began))
        assert not list(tmp_path.rglob("*.open"))
        now = time.time()
        bench.hub.give(units(now + 1, 1.0, pts=10_000_000))
        await _until(lambda: len(bench.spans()) == 2)
        gaps = bench.archive.gaps(CHANNEL, bench.spans(), Span(began, now))
        assert [gap.reason for gap in gaps] == ["offline"]


async def test_a_subscription_that_ends_is_made_again(tmp_path: Path) -> None:
    async with _running(tmp_path) as bench:
        bench.hub.subscriptions[CHANNEL].queue.put_nowait(None)
        await _until(lambda: bench.hub.begun == 2)


async def test_short_of_space_recording_stops_and_resumes(tmp_path: Path) -> None:
    async with _running(tmp_path) as bench:
        began = time.time()
        bench.hub.give(units(began - 2, 2.0))
        await _until(bench.spans)
        before = bench.spans()
        bench.free = 900
        await _until(lambda: bench.hub.subscriptions[CHANNEL].closed)
        assert (FULL, True) in bench.alarms
        assert bench.spans() == before
        await _until(lambda: "disk-full" in bench.reasons(began + 0.1))
        bench.free = 1100  # more than the reserve, not yet enough to begin again
        await asyncio.sleep(0.3)
        assert bench.hub.begun == 1
        bench.free = 10**9
        await _until(lambda: bench.hub.begun == 2)
        assert (FULL, False) in bench.alarms
        bench.hub.give(units(time.time() + 1, 1.0))
        await _until(lambda: len(bench.spans()) == 2)


async def test_a_disk_that_refuses_damages_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _running(tmp_path) as bench:
        began = time.time()
        bench.hub.give(units(began - 2, 2.0))
        await _until(bench.spans)
        with monkeypatch.context() as patched:
            patched.setattr(SegmentWriter, "append", _refuse)
            bench.hub.give(units(began, 1.0, pts=180_000))
            await _until(lambda: (FULL, True) in bench.alarms)
        await _until(lambda: bench.hub.begun >= 2)
        assert len(await times(bench.archive.read(CHANNEL, 0, began + 100))) == 20


def _refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


async def test_after_a_restart_the_gap_is_the_platform_s(tmp_path: Path) -> None:
    began = time.time()
    async with _running(tmp_path) as bench:
        bench.hub.give(units(began - 2, 2.0))
        await _until(bench.spans)
    async with _running(tmp_path) as bench:
        bench.hub.give(units(time.time() + 1, 1.0))
        await _until(lambda: len(bench.spans()) == 2)
        gaps = bench.archive.gaps(CHANNEL, bench.spans(), Span(began, bench.spans()[1].start))
        assert [gap.reason for gap in gaps] == ["platform-down"]


_KILLED = """
    import asyncio, sys, time
    from pathlib import Path
    from tests.reference_platform.recording.test_recorder import _running, _until, units

    async def main():
        async with _running(Path(sys.argv[1])) as bench:
            number = 0
            while True:
                bench.hub.give(units(time.time(), 0.1, pts=number * 9000, gop=1))
                number += 1
                await asyncio.sleep(0.1)
                if number == 10:
                    print("recording", flush=True)

    asyncio.run(main())
"""


async def test_kill_9_costs_at_most_the_tail(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(_KILLED),
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"recording\n"
    process.send_signal(signal.SIGKILL)
    killed = time.time()
    await process.communicate()
    assert list(tmp_path.rglob("*.open"))
    async with _running(tmp_path) as bench:
        spans = bench.spans()
        assert len(spans) == 1
        assert killed - spans[0].end < 1.0
        assert len(await times(bench.archive.read(CHANNEL, 0, killed))) >= 8


_ON_A_TINY_DISK = """
    import asyncio, shutil, sys, time
    from pathlib import Path
    from reference_platform.recording import recorder
    from tests.reference_platform.recording.test_recorder import FULL, _Bench, _until, times, units

    async def main(folder):
        bench = _Bench(folder)
        bench.recorder._storage._limits = type(bench.recorder._storage._limits)(reserve_bytes=0)
        bench.recorder._storage._free = lambda _: shutil.disk_usage(folder).free
        await bench.recorder.start()
        number = 0
        while (FULL, True) not in bench.alarms:
            bench.hub.give(units(time.time(), 0.5, pts=number * 45000, size=40000))
            number += 1
            await asyncio.sleep(0.03)
            assert number < 200
        spans = bench.spans()
        read = await times(bench.archive.read("61010200001320000001", 0, time.time() * 2))
        assert len(read) >= 40, len(read)
        (folder / "ballast").unlink()
        begun = bench.hub.begun
        await _until(lambda: bench.hub.begun > begun)
        bench.hub.give(units(time.time() + 60, 1.0))
        await _until(lambda: bench.spans()[-1].end > time.time() + 60)
        await bench.recorder.close()
        bench.archive.close()
        print("survived", len(read))

    folder = Path(sys.argv[1])
    (folder / "ballast").write_bytes(bytes(2_000_000))
    asyncio.run(main(folder))
"""


async def test_on_a_disk_that_is_really_full_recording_stops_and_goes_on(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a tiny disk of its own needs root and unshare")
    script = tmp_path / "tiny.py"
    script.write_text(textwrap.dedent(_ON_A_TINY_DISK))
    disk = tmp_path / "disk"
    disk.mkdir()
    process = await asyncio.create_subprocess_exec(
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        f"mount -t tmpfs -o size=6m tmpfs '{disk}' && exec '{sys.executable}' '{script}' '{disk}'",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        async with asyncio.timeout(40):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
    if b"mount:" in err or b"unshare:" in err:
        pytest.skip(f"this machine allows no private mount: {err.decode().strip()}")
    assert out.startswith(b"survived"), err.decode()
