"""Who may steer a camera now (4.3.3.1-f2): the higher level takes over, equal ones by time.

No I/O: times are given, what follows is returned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reference_platform.behaviours import defect
from reference_platform.errors import Conflict

LOW_BEATS_HIGH = defect(
    "low-beats-high", "Whoever comes later takes a camera, also from a higher level."
)
NO_TAKEOVER = defect("no-takeover", "A higher level does not get a camera that a lower one holds.")
LOCK_NEVER_RELEASED = defect(
    "lock-never-released", "A camera once steered stays with its user until the platform restarts."
)
PTZ_LEVEL_IGNORED = defect(
    "ptz-level-ignored",
    "The level of a user plays no part: all are equal, and level 0 may steer as well.",
    "wvp-GB28181-pro#1840",
)


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who steers.

    Attributes:
        key: identifies a user or an upper platform.
        name: as shown to others.
        level: 1 to 10, 10 the highest.
    """

    key: str
    name: str
    level: int


@dataclass(frozen=True, slots=True)
class Lock:
    """A camera in somebody's hand until ``expires_at`` (monotonic seconds)."""

    hand: Hand
    expires_at: float


class Locks:
    """The locks of all cameras, by channel.

    Args:
        hold_s: how long a camera stays with somebody after the last command.
        has: whether a named behaviour is on.
    """

    def __init__(self, hold_s: float, has: Callable[[str], bool]) -> None:
        self._hold_s = hold_s
        self._has = has
        self._locks: dict[str, Lock] = {}

    def __len__(self) -> int:
        return len(self._locks)

    def get(self, channel: str, now: float) -> Lock | None:
        """The lock in force."""
        lock = self._locks.get(channel)
        return None if lock is None or self._is_over(lock, now) else lock

    def take(self, channel: str, hand: Hand, now: float) -> Lock | None:
        """Give a camera into a hand, or leave it there; the lock of another that this ended.

        Raises:
            Conflict: ``control.held`` with the holder, the level and the seconds that remain.
        """
        held = self.get(channel, now)
        if held is not None and held.hand.key != hand.key and not self._yields(held, hand):
            raise Conflict(
                "control.held",
                holder=held.hand.name,
                level=held.hand.level,
                remaining_s=round(max(0.0, held.expires_at - now), 1),
            )
        self._locks[channel] = Lock(hand, now + self._hold_s)
        return held if held is not None and held.hand.key != hand.key else None

    def release(self, channel: str, hand: Hand, now: float) -> Lock | None:
        """Let go of a camera: one's own, or a lower level's; the lock that ended.

        Raises:
            Conflict: ``control.held``, by somebody of at least the same level.
        """
        held = self.get(channel, now)
        if held is None:
            return None
        if held.hand.key != hand.key and not self._yields(held, hand):
            remaining = round(max(0.0, held.expires_at - now), 1)
            raise Conflict(
                "control.held", holder=held.hand.name, level=held.hand.level, remaining_s=remaining
            )
        return self._locks.pop(channel)

    def expired(self, now: float) -> list[tuple[str, Lock]]:
        """Take out the locks that ended by themselves."""
        gone = [(channel, one) for channel, one in self._locks.items() if self._is_over(one, now)]
        for channel, _ in gone:
            del self._locks[channel]
        return gone

    def drop(self, channel: str) -> Lock | None:
        """End a lock whose holder lost the right."""
        return self._locks.pop(channel, None)

    def items(self) -> list[tuple[str, Lock]]:
        """All locks."""
        return list(self._locks.items())

    def _is_over(self, lock: Lock, now: float) -> bool:
        return now >= lock.expires_at and not self._has(LOCK_NEVER_RELEASED)

    def _yields(self, held: Lock, hand: Hand) -> bool:
        """Whether a camera goes from one hand to another before its time."""
        if self._has(LOW_BEATS_HIGH):
            return True
        if self._has(NO_TAKEOVER) or self._has(PTZ_LEVEL_IGNORED):
            return False
        return hand.level > held.hand.level
