"""Patrol groups: presets in order with dwell times, run by the platform (4.3.3.1)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.control.models import (
    NewPatrol,
    Patrol,
    PatrolChange,
    PatrolState,
    Stop,
)
from reference_platform.control.service import ControlService
from reference_platform.control.tables import PatrolRow
from reference_platform.errors import Denied, PlatformError
from reference_platform.inventory.events import Events
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.ports import ChannelRef
from reference_platform.signalling.steering import PresetOrder
from reference_platform.store.database import Database
from reference_platform.times import optional_moment
from reference_platform.versions import require_current

ORDER_WRONG = defect("patrol-order-wrong", "A patrol goes to its presets in reverse order.")
DWELL_IGNORED = defect("dwell-ignored", "A patrol stays at each preset for one second.")
NEVER_STOPS = defect(
    "patrol-never-stops", "A patrol that was stopped goes on; its state says stopped."
)
STOP_SKIPPED = defect(
    "tour-stop-skipped",
    "A patrol of more than two stops leaves out every third.",
    "wvp-GB28181-pro#1264",
)
_SHORT_DWELL_S = 1.0
_RETRY_S = 2.0
_LEVEL = 1


class Run:
    """One patrol that runs."""

    def __init__(self, patrol: str, channel: str, stops: list[Stop]) -> None:
        self.patrol = patrol
        self.channel = channel
        self.stops = stops
        self.place: int | None = None
        self.since: float | None = None
        self.problem = ""
        self.waiting = False
        self.wake = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Patrols:
    """All patrol groups and those that run, one at a time for each camera."""

    def __init__(
        self,
        control: ControlService,
        database: Database,
        access: Access,
        events: Events,
        channel: Callable[[str], Awaitable[ChannelRef]],
        time_source: TimeSource,
        behaviours: frozenset[str],
    ) -> None:
        self._control = control
        self._database = database
        self._access = access
        self._events = events
        self._channel = channel
        self._time = time_source
        self._behaviours = behaviours
        self._runs: dict[str, Run] = {}
        control.on_taken(self._taken)
        control.on_freed(self._freed)

    async def start_up(self) -> None:
        """Go on with the patrols that ran when the platform ended."""
        query = select(PatrolRow).where(PatrolRow.running)
        for row in await self._database.read(lambda session: session.scalars(query).all()):
            self._begin(row.id, row.channel_id, _stops(row.stops))

    async def close(self) -> None:
        """End all; they go on when the platform starts again."""
        for run in list(self._runs.values()):
            await self._end(run)

    # Groups

    async def listed(self, principal: Principal) -> list[Patrol]:
        """The patrols of the cameras that ``principal`` may send on patrol."""
        self._access.require(principal, Operation.PATROL)
        visible = self._access.visible_channels(principal, Operation.PATROL)
        query = select(PatrolRow).order_by(PatrolRow.name, PatrolRow.id)
        rows = await self._database.read(lambda session: session.scalars(query).all())
        return [_view(row) for row in rows if row.channel_id in visible]

    async def get(self, principal: Principal, patrol_id: str) -> Patrol:
        """One group.

        Raises:
            PlatformError: 403 ``access.denied``, also for one that does not exist.
        """
        return _view(
            await self._database.read(
                lambda session: self._reachable(session, principal, patrol_id)
            )
        )

    async def add(self, principal: Principal, new: NewPatrol) -> Patrol:
        """Make a group."""
        self._access.require(principal, Operation.PATROL, new.channel)
        await self._channel(new.channel)

        def work(session: Session) -> Patrol:
            row = PatrolRow(
                name=new.name,
                channel_id=new.channel,
                stops=[one.model_dump() for one in new.stops],
            )
            session.add(row)
            session.flush()
            return _view(row)

        return await self._database.write(work)

    async def change(self, principal: Principal, patrol_id: str, change: PatrolChange) -> Patrol:
        """Change a group; while it runs, it begins anew with its new stops.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``.
        """

        def work(session: Session) -> Patrol:
            row = self._changeable(session, principal, patrol_id, change.version)
            if change.name is not None:
                row.name = change.name
            if change.stops is not None:
                row.stops = [one.model_dump() for one in change.stops]
            row.version += 1
            session.flush()
            return _view(row)

        patrol = await self._database.write(work)
        run = self._runs.get(patrol.channel)
        if run is not None and run.patrol == patrol_id and change.stops is not None:
            await self._end(run)
            self._begin(patrol.id, patrol.channel, patrol.stops)
        return patrol

    async def delete(self, principal: Principal, patrol_id: str, version: int) -> None:
        """Delete a group; it stops.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``.
        """

        def work(session: Session) -> str:
            row = self._changeable(session, principal, patrol_id, version)
            session.delete(row)
            return row.channel_id

        channel = await self._database.write(work)
        run = self._runs.get(channel)
        if run is not None and run.patrol == patrol_id:
            await self._end(run)

    # Running

    async def start(self, principal: Principal, patrol_id: str) -> PatrolState:
        """Send the camera on patrol; another patrol of the camera ends.

        Raises:
            PlatformError: 403 without the right or with level 0.
        """
        patrol = await self.get(principal, patrol_id)
        self._require_level(principal)
        await self._note_running(patrol.channel, patrol_id)
        run = self._runs.get(patrol.channel)
        if run is not None:
            await self._end(run)
        self._begin(patrol.id, patrol.channel, patrol.stops)
        return self._state(patrol.channel, patrol_id)

    async def stop(self, principal: Principal, patrol_id: str) -> PatrolState:
        """End a patrol; the camera stays where it is."""
        patrol = await self.get(principal, patrol_id)
        self._require_level(principal)
        await self._note_running(patrol.channel, None)
        run = self._runs.get(patrol.channel)
        if run is not None and run.patrol == patrol_id and NEVER_STOPS not in self._behaviours:
            await self._end(run)
            self._tell(run, "stopped")
        return self._state(patrol.channel, "" if NEVER_STOPS in self._behaviours else patrol_id)

    async def state(self, principal: Principal, patrol_id: str) -> PatrolState:
        """How a patrol goes."""
        patrol = await self.get(principal, patrol_id)
        stopped = not patrol.running and NEVER_STOPS in self._behaviours
        return self._state(patrol.channel, "" if stopped else patrol_id)

    def _require_level(self, principal: Principal) -> None:
        if self._access.ptz_level(principal) <= 0:
            raise Denied("control.no-level")

    async def _note_running(self, channel: str, patrol_id: str | None) -> None:
        def work(session: Session) -> None:
            query = select(PatrolRow).where(PatrolRow.channel_id == channel)
            for row in session.scalars(query):
                row.running = row.id == patrol_id

        await self._database.write(work)

    def _begin(self, patrol_id: str, channel: str, stops: list[Stop]) -> None:
        run = Run(patrol_id, channel, self._planned(stops))
        self._runs[channel] = run
        run.task = asyncio.get_running_loop().create_task(self._walk(run))

    async def _end(self, run: Run) -> None:
        if self._runs.get(run.channel) is run:
            del self._runs[run.channel]
        if run.task is not None:
            run.task.cancel()
            await asyncio.gather(run.task, return_exceptions=True)

    def _planned(self, stops: list[Stop]) -> list[Stop]:
        """The stops as they are gone to."""
        if ORDER_WRONG in self._behaviours:
            return stops[::-1]
        if STOP_SKIPPED in self._behaviours and len(stops) > 2:
            return [one for number, one in enumerate(stops) if number % 3 != 2]
        return stops

    async def _walk(self, run: Run) -> None:
        """From stop to stop; whoever steers interrupts, and the same stop is gone to again."""
        for place, stop in self._endlessly(run.stops):
            while not await self._stand(run, place, stop):
                pass

    @staticmethod
    def _endlessly(stops: list[Stop]) -> Iterator[tuple[int, Stop]]:
        while True:
            yield from enumerate(stops)

    async def _stand(self, run: Run, place: int, stop: Stop) -> bool:
        """Go to a stop and stay there; whether it was stayed for the whole time."""
        await self._until_free(run)
        try:
            channel = await self._channel(run.channel)
            await self._control.send(channel, PresetOrder("call", stop.preset), _LEVEL)
        except Denied:  # the camera was deleted
            self._runs.pop(run.channel, None)
            raise asyncio.CancelledError from None
        except PlatformError as problem:
            run.problem = problem.code
            await asyncio.sleep(_RETRY_S)
            return False
        run.problem, run.place, run.since = "", place, self._time.now()
        self._tell(run, "at")
        dwell = _SHORT_DWELL_S if DWELL_IGNORED in self._behaviours else stop.dwell_s
        run.wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(dwell):
                await run.wake.wait()
            return False
        return True

    async def _until_free(self, run: Run) -> None:
        while self._control.is_held(run.channel):
            run.waiting = True
            run.wake.clear()
            await run.wake.wait()
        run.waiting = False

    def _taken(self, channel: str) -> None:
        run = self._runs.get(channel)
        if run is not None:
            run.wake.set()
            self._tell(run, "interrupted")

    def _freed(self, channel: str) -> bool:
        """The patrol goes on, so that the camera need not go home."""
        run = self._runs.get(channel)
        if run is None:
            return False
        run.wake.set()
        return True

    def _tell(self, run: Run, what: str) -> None:
        preset = run.stops[run.place].preset if run.place is not None else None
        self._events.publish(
            "patrol",
            channel=run.channel,
            patrol=run.patrol,
            state=what,
            stop=run.place,
            preset=preset,
        )

    def _state(self, channel: str, patrol_id: str) -> PatrolState:
        run = self._runs.get(channel)
        if run is None or run.patrol != patrol_id:
            return PatrolState(state="stopped", stop=None, preset=None, since=None, problem="")
        waiting = run.waiting or bool(run.problem)
        state: Literal["running", "waiting"] = "waiting" if waiting else "running"
        preset = run.stops[run.place].preset if run.place is not None else None
        since = optional_moment(run.since)
        return PatrolState(
            state=state, stop=run.place, preset=preset, since=since, problem=run.problem
        )

    def _reachable(self, session: Session, principal: Principal, patrol_id: str) -> PatrolRow:
        row = session.get(PatrolRow, patrol_id)
        if row is None:
            raise Denied
        self._access.require(principal, Operation.PATROL, row.channel_id)
        return row

    def _changeable(
        self, session: Session, principal: Principal, patrol_id: str, version: int
    ) -> PatrolRow:
        row = self._reachable(session, principal, patrol_id)
        require_current(row, version, lambda: _view(row))
        return row


def _stops(stored: list[Any]) -> list[Stop]:
    return [Stop.model_validate(one) for one in stored]


def _view(row: PatrolRow) -> Patrol:
    return Patrol(
        id=row.id,
        name=row.name,
        channel=row.channel_id,
        stops=_stops(row.stops),
        running=row.running,
        version=row.version,
    )
