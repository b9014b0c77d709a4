"""Retention by days and by space, and what is said when the disk cannot hold what was promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.time_source import VirtualTime
from reference_platform.ports import Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.planting import Planted, PlantedSegments, plant
from reference_platform.recording.storage import (
    BELOW_GUARANTEE,
    CLOCK_STEP,
    DAY_S,
    FULL,
    OVERWRITTEN_EARLY,
    SIX_DAYS_ONLY,
    Storage,
    StorageLimits,
)
from tests.reference_platform.recording.bench import CHANNEL, NOON, OTHER, opened

NOW = NOON + 40 * DAY_S
LIMITS = StorageLimits(guaranteed_days=7, retention_days=30, reserve_bytes=1000)


class _Disk:
    """A disk of a size; what is deleted comes free."""

    def __init__(self, folder: Path, days: float, **named: object) -> None:
        plant(folder, Planted(CHANNEL), [Span(NOW - days * DAY_S, NOW)])
        self.archive: Archive = opened(folder, formats=(PlantedSegments(),))
        self.clock = VirtualTime(NOW)
        self.capacity: int | None = None
        self.storage = Storage(
            self.archive,
            self.clock,
            LIMITS,
            free=self.free,
            **named,  # type: ignore[arg-type]
        )

    def free(self, folder: Path) -> int:
        used = sum(size for _, _, size in self.archive.index.channels().values())
        return 10**12 if self.capacity is None else self.capacity - used

    @property
    def used(self) -> int:
        return self.archive.index.channels()[CHANNEL][2]

    def days(self) -> float:
        start, end, _ = self.archive.index.channels()[CHANNEL]
        return (end - start) / DAY_S


def test_what_is_older_than_its_retention_is_deleted(tmp_path: Path) -> None:
    disk = _Disk(tmp_path, 35)
    state = disk.storage.look({})
    assert disk.days() == pytest.approx(30, abs=0.05)
    assert state.days[CHANNEL] == pytest.approx(30, abs=0.05)
    assert state.alarms == frozenset()
    disk.archive.close()


@pytest.mark.parametrize(("asked", "kept"), [(10.0, 10), (3.0, 7), (60.0, 35)])
def test_a_channel_is_kept_as_long_as_it_asks_but_never_below_the_guarantee(
    tmp_path: Path, asked: float, kept: float
) -> None:
    disk = _Disk(tmp_path, 35)
    disk.storage.look({CHANNEL: asked})
    assert disk.days() == pytest.approx(kept, abs=0.05)
    disk.archive.close()


def test_short_of_space_the_oldest_goes_first_but_nothing_within_the_guarantee(
    tmp_path: Path,
) -> None:
    disk = _Disk(tmp_path, 20)
    disk.capacity = disk.used // 2
    state = disk.storage.look({})
    assert 7 < disk.days() < 10
    assert not state.full
    disk.capacity = disk.used // 4
    state = disk.storage.look({})
    assert disk.days() == pytest.approx(7, abs=0.05)
    assert state.full
    assert state.alarms == {FULL, BELOW_GUARANTEE}
    disk.capacity = disk.used + LIMITS.enough_bytes + 1
    assert not disk.storage.look({}).full
    disk.archive.close()


def test_a_disk_that_will_not_hold_the_guarantee_is_told_beforehand(tmp_path: Path) -> None:
    disk = _Disk(tmp_path, 2)
    disk.capacity = disk.used * 3 + LIMITS.reserve_bytes
    state = disk.storage.look({})
    assert state.projected_days == pytest.approx(6, abs=0.2)
    assert state.alarms == {BELOW_GUARANTEE}
    disk.archive.close()


def test_a_refused_write_counts_as_full_until_the_next_look(tmp_path: Path) -> None:
    disk = _Disk(tmp_path, 1)
    assert disk.storage.look({}, True).full
    assert not disk.storage.look({}).full
    disk.archive.close()


def test_a_clock_that_jumps_ahead_does_not_empty_the_disk(tmp_path: Path) -> None:
    disk = _Disk(tmp_path, 20)
    disk.storage.look({})
    disk.clock.step(365 * DAY_S)
    state = disk.storage.look({})
    assert disk.days() == pytest.approx(20, abs=0.05)
    assert CLOCK_STEP in state.alarms
    disk.clock.step(-365 * DAY_S)
    disk.clock.advance(DAY_S * 1.1)
    assert CLOCK_STEP not in disk.storage.look({}).alarms
    assert disk.days() == pytest.approx(20, abs=0.05)
    disk.archive.close()


def test_a_platform_that_wakes_up_far_ahead_waits_before_it_deletes(tmp_path: Path) -> None:
    disk = _Disk(tmp_path, 20)
    disk.archive.index.note("alive", NOW)
    disk.clock.step(365 * DAY_S)
    disk.storage.look({})
    assert disk.days() == pytest.approx(20, abs=0.05)
    disk.clock.advance(DAY_S * 1.1)
    disk.storage.look({})
    assert CHANNEL not in disk.archive.index.channels()
    disk.archive.close()


def test_the_defect_keeps_six_days(tmp_path: Path) -> None:
    disk = _Disk(tmp_path, 8, behaviours=frozenset({SIX_DAYS_ONLY}))
    assert disk.storage.look({CHANNEL: 30}).alarms == frozenset()
    assert disk.days() == pytest.approx(6, abs=0.05)
    disk.archive.close()


def test_the_defect_overwrites_early_and_says_nothing(tmp_path: Path) -> None:
    disk = _Disk(tmp_path, 8, behaviours=frozenset({OVERWRITTEN_EARLY}))
    assert disk.storage.look({}).alarms == frozenset()
    spans = disk.archive.spans(CHANNEL, 0, NOW)
    assert disk.days() == pytest.approx(8, abs=0.05)
    assert sum(span.end - span.start for span in spans) / DAY_S == pytest.approx(5, abs=0.1)
    disk.archive.close()


def test_other_channels_are_not_touched(tmp_path: Path) -> None:
    plant(tmp_path, Planted(OTHER), [Span(NOW - 8 * DAY_S, NOW)])
    disk = _Disk(tmp_path, 35)
    disk.storage.look({})
    start, end, _ = disk.archive.index.channels()[OTHER]
    assert end - start == 8 * DAY_S
    disk.archive.close()
