"""The long clock watch: a clock visit to each camera every few minutes, for a day.

Everything that the watch needs to go on after a restart is in the store: the plan once, and
each recording as soon as it is made. A camera is done when its recordings reach over the
planned time without a gap that the probe would not accept; a break starts its time again, up
to a bound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Protocol

from assessment.recording import Recording
from protocols.time_source import TimeSource

Visit = Callable[[str], Awaitable[Recording]]
Sleeper = Callable[[float], Awaitable[None]]

#: A longer pause between two good recordings breaks the watch.
LONGEST_GAP_S = 600.0
_RETRY_S = 60.0
#: A camera that breaks the watch again and again is given up after so many times its length.
_LENGTHS = 2.0


@dataclass(frozen=True)
class WatchPlan:
    """What a watch is about; kept in the store so that a restart goes on with the same one.

    Attributes:
        subjects: the cameras.
        started: POSIX seconds.
        duration_s: how long each camera is to be watched.
        every_s: seconds between two visits to a camera, well under the longest gap.
    """

    subjects: tuple[str, ...]
    started: float
    duration_s: float = 86_400.0
    every_s: float = 300.0

    def document(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self) | {"subjects": list(self.subjects)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> WatchPlan:
        """The plan that ``document`` describes."""
        return cls(
            tuple(document["subjects"]),
            float(document["started"]),
            float(document["duration_s"]),
            float(document["every_s"]),
        )


class WatchStore(Protocol):
    """Where a watch is kept. ``add`` returns only when the recording is safe."""

    def plan(self) -> WatchPlan | None:
        """The plan of the watch, if it was begun."""

    def begin(self, plan: WatchPlan) -> None:
        """Keep the plan of a new watch."""

    def recordings(self, subject: str) -> Sequence[Recording]:
        """The recordings of one camera so far, in order."""

    def add(self, recording: Recording) -> None:
        """Keep one more."""


async def watch_clocks(
    plan: WatchPlan,
    visit: Visit,
    store: WatchStore,
    *,
    time_source: TimeSource,
    sleep: Sleeper = asyncio.sleep,
    side_by_side: int = 50,
    sync_events: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _subject: (),
) -> WatchPlan:
    """Watch all cameras of ``plan`` to the end, or go on with the watch that the store holds.

    Each camera ends with a ``clock-watch`` recording: the digests of its recordings and the
    ``sync_events`` seen.

    Args:
        plan: a new watch; a plan in the store has precedence.
        visit: one clock visit; a failed one returns a recording with its problem.
        store: see ``WatchStore``.
        time_source: the harness's clock.
        sleep: how to wait.
        side_by_side: visits at the same time, at most.
        sync_events: what was seen on the wire of a camera asking for the time.

    Returns:
        The plan that was followed.
    """
    kept = store.plan()
    if kept is None:
        store.begin(plan)
        kept = plan
    places = asyncio.Semaphore(side_by_side)
    async with asyncio.TaskGroup() as group:
        for number, subject in enumerate(kept.subjects):
            camera = _CameraWatch(kept, subject, visit, store, time_source, sleep, places)
            offset_s = kept.every_s * number / len(kept.subjects)
            group.create_task(camera.run(offset_s, sync_events))
    return kept


def unbroken_s(recordings: Sequence[Recording]) -> float:
    """Seconds of the last stretch of good recordings without a gap that breaks the watch."""
    moments = [_moment(recording) for recording in recordings if _good(recording)]
    if not moments:
        return 0.0
    start = moments[0]
    for earlier, later in pairwise(moments):
        if later - earlier > LONGEST_GAP_S:
            start = later
    return moments[-1] - start


def _good(recording: Recording) -> bool:
    return recording.kind == "clock" and recording.problem is None


def _moment(recording: Recording) -> float:
    return (recording.started.timestamp() + recording.ended.timestamp()) / 2


@dataclass
class _CameraWatch:
    plan: WatchPlan
    subject: str
    visit: Visit
    store: WatchStore
    time: TimeSource
    sleep: Sleeper
    places: asyncio.Semaphore

    async def run(
        self, offset_s: float, sync_events: Callable[[str], Sequence[Mapping[str, Any]]]
    ) -> None:
        recordings = list(self.store.recordings(self.subject))
        if any(recording.kind == "clock-watch" for recording in recordings):
            return
        give_up = self.plan.started + _LENGTHS * self.plan.duration_s
        due = self._resumed_due(recordings, offset_s)
        while unbroken_s(recordings) < self.plan.duration_s and self.time.now() < give_up:
            await self._wait_until(due)
            async with self.places:
                recording = await self.visit(self.subject)
            self.store.add(recording)
            recordings.append(recording)
            due = self._next_due(due, recording)
        self.store.add(self._conclusion(recordings, sync_events(self.subject)))

    def _resumed_due(self, recordings: Sequence[Recording], offset_s: float) -> float:
        if not recordings:
            return self.plan.started + offset_s
        return recordings[-1].ended.timestamp() + self.plan.every_s

    def _next_due(self, due: float, recording: Recording) -> float:
        now = self.time.now()
        if not _good(recording):
            return now + min(_RETRY_S, self.plan.every_s)
        due += self.plan.every_s
        # Late, or the host's clock was set: start a new rhythm instead of catching up.
        return due if now < due <= now + self.plan.every_s else now + self.plan.every_s

    async def _wait_until(self, due: float) -> None:
        wait = due - self.time.now()
        if wait > 0:
            await self.sleep(min(wait, self.plan.every_s))

    def _conclusion(
        self, recordings: Sequence[Recording], events: Sequence[Mapping[str, Any]]
    ) -> Recording:
        now = datetime.fromtimestamp(self.time.now(), UTC)
        return Recording(
            "clock-watch",
            self.subject,
            recordings[0].started if recordings else now,
            now,
            facts={
                "duration_s": self.plan.duration_s,
                "every_s": self.plan.every_s,
                "unbroken_s": unbroken_s(recordings),
                "recordings": [recording.digest for recording in recordings],
                "sync_events": [dict(event) for event in events],
            },
        )
