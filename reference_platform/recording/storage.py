"""How long recordings are kept, what the disk still holds, and what to say when it does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.recording.archive import Archive
from reference_platform.recording.segments import SegmentFacts

SIX_DAYS_ONLY = defect(
    "six-days-only",
    "Recordings are deleted after six days, whatever was promised.",
    "648540858/wvp-GB28181-pro#1962",
)
OVERWRITTEN_EARLY = defect(
    "overwritten-early",
    "The disk is used as a ring: of what is older than two days every other segment is overwritten,"
    " long before its time and without an alarm.",
    "648540858/wvp-GB28181-pro#1585",
)

DAY_S = 86_400.0
FULL = "storage.full"
BELOW_GUARANTEE = "storage.below-guarantee"
CLOCK_STEP = "storage.clock-step"


@dataclass(frozen=True)
class StorageLimits:
    """What the disk is asked for.

    Attributes:
        guaranteed_days: nothing younger is ever deleted (the standard: at least 7 days).
        retention_days: kept that long where a channel says nothing else.
        reserve_bytes: recording stops before less is free: the database and everybody else on
            the disk need room to go on.
        clock_grace_s: how long nothing is deleted for its age after the clock was seen to jump
            ahead: a wrong clock must not empty the disk.
        pass_s: how often the disk is looked at.
    """

    guaranteed_days: float = 7.0
    retention_days: float = 30.0
    reserve_bytes: int = 512 << 20
    clock_grace_s: float = DAY_S
    pass_s: float = 30.0

    @property
    def enough_bytes(self) -> int:
        """Free space at which recording goes on."""
        return self.reserve_bytes + self.reserve_bytes // 4


@dataclass(frozen=True)
class StorageState:
    """What ``Storage.look`` found.

    Attributes:
        used: bytes of recordings.
        free: bytes that the disk has left.
        full: recording must not go on.
        projected_days: how long recordings can be kept at the pace of the last day; None: too
            early to say.
        alarms: codes of what is wrong.
        days: per channel, how far back its recordings reach.
    """

    used: int = 0
    free: int = 0
    full: bool = False
    projected_days: float | None = None
    alarms: frozenset[str] = frozenset()
    days: Mapping[str, float] = field(default_factory=dict)


def free_bytes(folder: Path) -> int:
    """What the disk of a folder has left for this process."""
    return shutil.disk_usage(folder).free


class Storage:
    """Deletes what is too old and, when space is short, the oldest that nothing protects.

    Blocking; one thread at a time.
    """

    def __init__(
        self,
        archive: Archive,
        time_source: TimeSource,
        limits: StorageLimits,
        *,
        free: Callable[[Path], int] = free_bytes,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._archive = archive
        self._time = time_source
        self._limits = limits
        self._free = free
        self._behaviours = behaviours
        self._full = False
        self._stepped = False
        self._distrust_until = 0.0
        self._seen: tuple[float, float] | None = None

    def look(self, days: Mapping[str, float], refused: bool = False) -> StorageState:
        """One pass: delete what may be deleted, and tell how things stand.

        Args:
            days: how long each channel is kept, where it says so itself.
            refused: the disk refused a write since the last pass, whatever it says is free.
        """
        self._archive.settle()
        now = self._time.now()
        running = self._seen is not None
        trusted = self._clock_is_trusted(now)
        if trusted:
            self._delete_old(now, days)
        free = self._make_room(now, may_delete=trusted)
        needed = self._limits.enough_bytes if self._full else self._limits.reserve_bytes
        self._full = refused or free < needed
        channels = self._archive.index.channels()
        used = sum(size for _, _, size in channels.values())
        projected = self._projected(now, used, free, channels)
        alarms = set()
        if self._full:
            alarms.add(FULL)
        if self._full or (projected is not None and projected < self._limits.guaranteed_days):
            alarms.add(BELOW_GUARANTEE)
        if not trusted:
            self._stepped = self._stepped or running
        else:
            self._stepped = False
        if self._stepped:
            alarms.add(CLOCK_STEP)
        if OVERWRITTEN_EARLY in self._behaviours:
            self._overwrite(now)
            alarms.discard(BELOW_GUARANTEE)
        return StorageState(
            used,
            free,
            self._full,
            projected,
            frozenset(alarms),
            {channel: max(now - start, 0.0) / DAY_S for channel, (start, _, _) in channels.items()},
        )

    def kept_days(self, asked: float | None) -> float:
        """How long a channel is kept that asks for ``asked`` days; never below the guarantee."""
        if SIX_DAYS_ONLY in self._behaviours:
            return 6.0
        return max(asked or self._limits.retention_days, self._limits.guaranteed_days)

    def _delete_old(self, now: float, days: Mapping[str, float]) -> None:
        for channel in self._archive.index.channels():
            before = now - self.kept_days(days.get(channel)) * DAY_S
            while old := self._archive.index.oldest(before, channel):
                self._archive.delete(old)
        longest = max([self.kept_days(None), *map(self.kept_days, days.values())])
        self._archive.index.forget_before(now - longest * DAY_S)

    def _make_room(self, now: float, *, may_delete: bool) -> int:
        free = self._free(self._archive.folder)
        before = now - self._limits.guaranteed_days * DAY_S
        while may_delete and free < self._limits.enough_bytes:
            oldest = self._archive.index.oldest(before, limit=20)
            if not oldest:
                break
            self._archive.delete(oldest)
            free = self._free(self._archive.folder)
        return free

    def _projected(
        self, now: float, used: int, free: int, channels: Mapping[str, tuple[float, float, int]]
    ) -> float | None:
        """Days that fit on the disk if everything goes on as in the last 24 hours."""
        oldest = min((start for start, _, _ in channels.values()), default=now)
        watched = min(now - oldest, DAY_S)
        if watched < 3600:
            return None
        written = self._archive.index.size_since(now - watched)
        if not written:
            return None
        return (used + max(free - self._limits.reserve_bytes, 0)) / written * watched / DAY_S

    def _clock_is_trusted(self, now: float) -> bool:
        """Whether ages can be believed: not for a while after the clock jumped ahead."""
        monotonic = self._time.monotonic()
        if self._seen is None:
            alive = self._archive.index.fact("alive")
            ahead = now - alive if alive is not None else 0.0
        else:
            ahead = (now - self._seen[0]) - (monotonic - self._seen[1])
        self._seen = (now, monotonic)
        if ahead > DAY_S / 2:
            self._distrust_until = monotonic + self._limits.clock_grace_s
        return monotonic >= self._distrust_until

    def _overwrite(self, now: float) -> None:
        early = self._archive.index.oldest(now - 2 * DAY_S, limit=-1)
        self._archive.delete([one for one in early if _odd(one)])


def _odd(segment: SegmentFacts) -> bool:
    return int(segment.start // 3600) % 2 == 1
