"""Playback as its viewer sees it: the time in the pixels against the time on the wall."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from reference_platform.playback import session
from tests.reference_platform.playback.bench import NOON, Bench, archive_of

WHOLE = [(0.0, 1200.0)]
WITH_GAP = [(0.0, 60.0), (300.0, 360.0)]


def _steps(times: list[float]) -> list[float]:
    return [round(b - a, 3) for a, b in pairwise(times)]


async def test_playback_begins_at_the_picture_asked_for_and_ends_with_the_period(
    tmp_path: Path,
) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (700.35, 701.85)) as bench:
        assert bench.playback.state == "ready"
        player = bench.play()
        await player.pictures(1)
        assert bench.playback.state == "playing"
        await player.ended()
        times = player.times()
        assert times == pytest.approx([700.4 + index / 10 for index in range(15)], abs=0.002)
        assert bench.playback.state == "ended"
        assert bench.playback.position - NOON == pytest.approx(701.8, abs=0.002)
        assert player.pace(2, 14) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("scale", "pictures"), [(2.0, 30), (4.0, 30), (16.0, 30), (0.5, 8)])
async def test_the_pace_is_the_one_asked_for(tmp_path: Path, scale: float, pictures: int) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 700)) as bench:
        await bench.playback.set_scale(scale)
        player = bench.play()
        await player.pictures(pictures, seconds=40)
        assert player.pace(2, pictures - 1) == pytest.approx(scale, rel=0.12)
        if scale < 1:
            assert set(_steps(player.times())) == {0.1}


async def test_slowest_shows_every_picture(tmp_path: Path) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 700)) as bench:
        await bench.playback.set_scale(0.125)
        player = bench.play()
        await player.pictures(3)
        assert set(_steps(player.times())) == {0.1}
        assert player.pace(1, 2) == pytest.approx(0.125, rel=0.15)


async def test_a_pause_stops_the_pictures_and_resume_goes_on_behind_the_last(
    tmp_path: Path,
) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 700)) as bench:
        player = bench.play()
        await player.pictures(5)
        await bench.playback.pause()
        shown, position = len(player.chunks), bench.playback.position
        await asyncio.sleep(0.6)
        assert bench.playback.state == "paused"
        assert len(player.chunks) - shown <= 1  # one may have been on its way
        position = bench.playback.position
        await bench.playback.resume()
        await player.pictures(5)
        assert bench.playback.position > position
        assert set(_steps(player.times())) == {0.1}


@pytest.mark.parametrize("target", [123.45, 699.0, 0.0 + 100])
async def test_a_seek_is_exact_to_the_picture(tmp_path: Path, target: float) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 700)) as bench:
        player = bench.play()
        await player.pictures(3)
        before = len(player.chunks)
        await bench.playback.seek(NOON + target)
        await player.pictures(3)
        times = player.times()
        after = next(i for i in range(max(before - 1, 1), len(times)) if _jumped(times, i))
        assert 0 <= times[after] - target <= 0.1


def _jumped(times: list[float], index: int) -> bool:
    return abs(times[index] - times[index - 1] - 0.1) > 0.01


async def test_a_seek_while_paused_shows_one_picture_until_resume(tmp_path: Path) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 700)) as bench:
        player = bench.play()
        await player.pictures(3)
        await bench.playback.pause()
        await asyncio.sleep(0.1)
        shown = len(player.chunks)
        await bench.playback.seek(NOON + 500)
        await player.pictures(1)
        await asyncio.sleep(0.3)
        assert bench.playback.state == "paused"
        assert len(player.chunks) == shown + 1
        await bench.playback.resume()
        await player.pictures(1)
        assert player.times()[shown:] == pytest.approx([500.0, 500.1], abs=0.002)


async def test_a_gap_is_passed_over_and_told(tmp_path: Path) -> None:
    async with Bench(archive_of(tmp_path, WITH_GAP), (59.0, 301.0)) as bench:
        player = bench.play()
        await player.ended()
        times = player.times()
        assert times == pytest.approx(
            [59 + i / 10 for i in range(10)] + [300 + i / 10 for i in range(10)], abs=0.002
        )
        assert bench.playback.gap is not None
        assert bench.playback.gap.start - NOON == pytest.approx(60)
        assert bench.playback.gap.end - NOON == pytest.approx(300)
        assert player.chunks[-1].arrived - player.chunks[0].arrived < 3.0


async def test_a_seek_into_a_gap_goes_to_the_next_picture_and_tells(tmp_path: Path) -> None:
    async with Bench(archive_of(tmp_path, WITH_GAP), (0.0, 360.0)) as bench:
        player = bench.play()
        await player.pictures(2)
        await bench.playback.seek(NOON + 100)
        await player.pictures(3)
        assert player.times()[-1] == pytest.approx(300.2, abs=0.2)
        assert bench.playback.gap is not None
        assert bench.playback.gap.end - NOON == pytest.approx(300)
        await bench.playback.seek(NOON + 10)
        await player.pictures(3)
        assert player.times()[-1] == pytest.approx(10.2, abs=0.2)
        assert bench.playback.gap is None


async def test_another_taker_goes_on_where_the_first_was(tmp_path: Path) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 700)) as bench:
        first = bench.play()
        await first.pictures(4)
        second = bench.play()
        await first.ended()
        await second.pictures(3)
        assert second.times()[0] == pytest.approx(first.times()[-1] + 0.1, abs=0.002)


async def test_after_the_end_a_seek_makes_it_playable_again(tmp_path: Path) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 101)) as bench:
        await bench.play().ended()
        assert bench.playback.state == "ended"
        await bench.playback.seek(NOON + 100.5)
        assert bench.playback.state == "ready"
        player = bench.play()
        await player.ended()
        assert player.times()[0] == pytest.approx(100.5, abs=0.002)


async def test_closing_ends_the_stream_also_of_one_who_takes_nothing(tmp_path: Path) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 700)) as bench:
        stream = bench.playback.stream()
        await anext(stream)  # and no more is taken
        async with asyncio.timeout(3):
            await bench.playback.close()
        assert [chunk async for chunk in stream] == []
        assert bench.playback.state == "closed"


async def test_overload_at_a_fast_pace_costs_pictures_not_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from reference_platform.media.decoding import PictureDecoder

    decode = PictureDecoder.decode

    def slow(self: PictureDecoder, *a: object, **k: object) -> object:
        time.sleep(0.02)
        return decode(self, *a, **k)  # type: ignore[arg-type]

    monkeypatch.setattr(PictureDecoder, "decode", slow)
    async with Bench(archive_of(tmp_path, WHOLE), (0, 1200)) as bench:
        await bench.playback.set_scale(16.0)  # 160 pictures a second, at 50 decoded
        player = bench.play()
        await player.pictures(6)
        began = len(player.chunks)
        await player.pictures(10)
        assert player.pace(began, began + 9) > 7  # without leaving out: 5


# -- defects


async def _played(tmp_path: Path, defect: str, scale: float, pictures: int) -> list[float]:
    async with Bench(archive_of(tmp_path, WHOLE), (700, 1000), defect) as bench:
        await bench.playback.set_scale(scale)
        player = bench.play()
        await player.pictures(pictures, seconds=40)
        times = player.times()
        return [*times[:1], player.pace(2, pictures - 1), *_steps(times)]


async def test_defect_wrong_time(tmp_path: Path) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (700, 701), session.WRONG_TIME) as bench:
        player = bench.play()
        await player.ended()
        assert player.times()[0] == pytest.approx(100, abs=0.002)
        assert bench.playback.position - NOON == pytest.approx(700.9, abs=0.002)


async def test_defect_fast_is_normal(tmp_path: Path) -> None:
    _, pace, *_ = await _played(tmp_path, session.FAST_SAME_AS_NORMAL, 4.0, 12)
    assert pace == pytest.approx(1.0, rel=0.1)


async def test_defect_slow_drops_pictures(tmp_path: Path) -> None:
    _, pace, *steps = await _played(tmp_path, session.SLOW_DROPS_FRAMES, 0.5, 6)
    assert pace == pytest.approx(0.5, rel=0.15)
    assert max(steps) == pytest.approx(0.4, abs=0.002)


async def test_defect_pause_ignored(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, WHOLE)
    async with Bench(archive, (100, 700), session.PAUSE_IGNORED) as bench:
        player = bench.play()
        await player.pictures(3)
        await bench.playback.pause()
        await player.pictures(5)


@pytest.mark.parametrize(
    ("defect", "jump"), [(session.PAUSE_SKIPS, 1.0), (session.RESUME_FROM_START, -0.4)]
)
async def test_defects_of_resume(tmp_path: Path, defect: str, jump: float) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (100, 700), defect) as bench:
        player = bench.play()
        await player.pictures(5)
        await bench.playback.pause()
        await asyncio.sleep(1.0)
        shown = len(player.chunks)
        await bench.playback.resume()
        await player.pictures(2)
        times = player.times()
        assert times[shown] - times[shown - 1] == pytest.approx(jump, abs=0.25)


@pytest.mark.parametrize(
    ("defect", "shown"), [(session.SEEK_OFF_BY_GOP, 500.0), (session.SEEK_TO_FILE_START, 0.0)]
)
async def test_defects_of_seek(tmp_path: Path, defect: str, shown: float) -> None:
    async with Bench(archive_of(tmp_path, WHOLE), (0, 1200), defect) as bench:
        player = bench.play()
        await player.pictures(3)
        before = len(player.chunks)
        await bench.playback.seek(NOON + 500.7)
        await player.pictures(3)
        jumps = [player.times()[i] for i in range(before, before + 3) if _jumped(player.times(), i)]
        assert jumps[0] == pytest.approx(shown, abs=0.002)


async def test_defect_seek_across_a_gap(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, WITH_GAP)
    async with Bench(archive, (0, 360), session.SEEK_ACROSS_GAP_FAILS) as bench:
        player = bench.play()
        await player.pictures(2)
        await bench.playback.seek(NOON + 310)
        await player.pictures(3)
        assert player.times()[-1] < 2
        await bench.playback.seek(NOON + 30)
        await player.pictures(3)
        assert player.times()[-1] > 30
