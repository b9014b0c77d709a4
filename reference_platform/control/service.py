"""Steering cameras: rights, levels, commands, presets, the way home (4.3.3.1-f1 to -f3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.control.locks import PTZ_LEVEL_IGNORED, Hand, Lock, Locks
from reference_platform.control.models import Command, ControlState, NewPreset, Preset
from reference_platform.control.tables import PresetRow
from reference_platform.errors import Denied, PlatformError
from reference_platform.inventory.events import Events
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.ports import ChannelRef
from reference_platform.signalling.steering import (
    Lens,
    Move,
    Order,
    PresetOrder,
    Steers,
    SwitchOrder,
)
from reference_platform.store.database import Database
from reference_platform.times import moment

CONTROL_NOT_FORWARDED = defect(
    "control-not-forwarded",
    "Commands are answered with success and never reach the camera.",
    "wvp-GB28181-pro#1840, #1748",
)
NO_RETURN_HOME = defect(
    "no-return-home",
    "After a user of a low level the camera stays where it was left.",
    "wvp-GB28181-pro#1635",
)
_LOG = logging.getLogger(__name__)
_TICK_S = 0.1
_HIGHEST = 10


class ControlService:
    """Steers cameras for users and upper platforms.

    Attributes:
        locks: who holds which camera.

    Args:
        hold_s: how long a camera stays with somebody after the last command.
        home_below: users below this level leave the camera at its home preset.
    """

    def __init__(
        self,
        steering: Steers,
        database: Database,
        access: Access,
        events: Events,
        channel: Callable[[str], Awaitable[ChannelRef]],
        time_source: TimeSource,
        behaviours: frozenset[str],
        *,
        hold_s: float,
        home_below: int,
    ) -> None:
        self.locks = Locks(hold_s, behaviours.__contains__)
        self._steering = steering
        self._database = database
        self._access = access
        self._events = events
        self._channel = channel
        self._time = time_source
        self._behaviours = behaviours
        self._home_below = home_below
        self._moving: dict[str, set[Order]] = {}
        self._principals: dict[str, Principal] = {}
        self._taken: list[Callable[[str], None]] = []
        self._freed: list[Callable[[str], bool]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End; cameras that still turn are stopped."""
        tasks = [*self._tasks, *([self._ticking] if self._ticking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for channel in list(self._moving):
            with suppress(PlatformError):
                await self._stop(await self._channel(channel), _HIGHEST)

    def on_taken(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with a channel whenever somebody takes it."""
        self._taken.append(listener)

    def on_freed(self, listener: Callable[[str], bool]) -> None:
        """Call ``listener`` with a channel when it is nobody's any more; whether it goes on with
        it, so that it need not go home.
        """
        self._freed.append(listener)

    def is_held(self, channel: str) -> bool:
        """Whether somebody holds a camera."""
        return self.locks.get(channel, self._time.monotonic()) is not None

    # Commands

    async def command(
        self, principal: Principal, channel_id: str, command: Command
    ) -> ControlState:
        """Do what a user asks for.

        Raises:
            PlatformError: 403 without the right or with level 0; 409 ``control.held``,
                ``control.unsupported``; 422 ``control.incomplete``; the device's ``source.*``.
        """
        order = order_of(command)
        preset = isinstance(order, PresetOrder)
        operation = Operation.PRESET if preset else Operation.CONTROL
        self._access.require(principal, operation, channel_id)
        channel = await self._channel(channel_id)
        hand = self._hand(principal)
        self._take(channel_id, hand, principal)
        if command.command == "stop":
            await self._stop(channel, hand.level)
        else:
            await self.send(channel, order, hand.level)
        if isinstance(order, PresetOrder) and order.action != "call":
            await self._note_preset(channel_id, order)
        return self._state(channel_id)

    async def relay(self, hand: Hand, channel: ChannelRef, order: Order) -> None:
        """Do what an upper platform asks for, at its level.

        Raises:
            PlatformError: 409 ``control.held``; the device's ``source.*``.
        """
        self._take(channel.id, hand, None)
        await self.send(channel, order, hand.level)

    async def send(self, channel: ChannelRef, order: Order, level: int) -> None:
        """Send an order to a camera, whoever holds it."""
        if isinstance(order, Move | Lens):
            still = type(order)()
            moving = self._moving.setdefault(channel.id, set())
            (moving.discard if order == still else moving.add)(still)
            if not moving:
                del self._moving[channel.id]
        if CONTROL_NOT_FORWARDED in self._behaviours:
            return
        await self._steering.send(channel, order, level)

    async def _stop(self, channel: ChannelRef, level: int) -> None:
        """Stop what turns; the lens has a command of its own."""
        for still in list(self._moving.get(channel.id) or (Move(),)):
            await self.send(channel, still, level)

    def state(self, principal: Principal, channel_id: str) -> ControlState:
        """Who holds a camera, for those who may steer or set presets."""
        if self._access.decide(principal, Operation.PRESET, channel_id) is not None:
            self._access.require(principal, Operation.CONTROL, channel_id)
        return self._state(channel_id)

    async def release(self, principal: Principal, channel_id: str) -> ControlState:
        """Let go of a camera before the time: one's own, or a lower level's.

        Raises:
            PlatformError: 403; 409 ``control.held``.
        """
        self._access.require(principal, Operation.CONTROL, channel_id)
        now = self._time.monotonic()
        lock = self.locks.release(channel_id, self._hand(principal), now)
        if lock is not None:
            self._free(channel_id, lock, "released")
        return self._state(channel_id)

    # Presets

    async def presets(self, principal: Principal, channel_id: str) -> list[Preset]:
        """The presets of a camera: those it tells of, with the names given here."""
        if self._access.decide(principal, Operation.CONTROL, channel_id) is not None:
            self._access.require(principal, Operation.PRESET, channel_id)
        channel = await self._channel(channel_id)
        query = select(PresetRow).where(PresetRow.channel_id == channel_id)
        rows = await self._database.read(lambda session: session.scalars(query).all())
        found = {
            row.number: Preset(number=row.number, name=row.name, home=row.home) for row in rows
        }
        with suppress(PlatformError):
            for number, name in (await self._steering.presets(channel)).items():
                if number not in found:
                    found[number] = Preset(number=number, name=name[:64], home=False)
        return [found[number] for number in sorted(found)]

    async def set_preset(self, principal: Principal, channel_id: str, new: NewPreset) -> Preset:
        """Keep where the camera stands now."""
        await self.command(principal, channel_id, Command(command="preset-set", preset=new.number))

        def work(session: Session) -> None:
            if new.home:
                session.execute(
                    update(PresetRow).where(PresetRow.channel_id == channel_id).values(home=False)
                )
            session.merge(
                PresetRow(channel_id=channel_id, number=new.number, name=new.name, home=new.home)
            )

        await self._database.write(work)
        return Preset(number=new.number, name=new.name, home=new.home)

    async def delete_preset(self, principal: Principal, channel_id: str, number: int) -> None:
        """Forget a preset."""
        await self.command(principal, channel_id, Command(command="preset-delete", preset=number))

    async def _note_preset(self, channel_id: str, order: PresetOrder) -> None:
        def work(session: Session) -> None:
            row = session.get(PresetRow, (channel_id, order.number))
            if order.action == "delete" and row is not None:
                session.delete(row)
            elif order.action == "set" and row is None:
                name = f"{order.number}"
                session.add(PresetRow(channel_id=channel_id, number=order.number, name=name))

        await self._database.write(work)

    async def home(self, channel_id: str) -> int | None:
        """The home preset of a camera, ``None`` when nobody chose one."""
        query = select(PresetRow.number).where(PresetRow.channel_id == channel_id, PresetRow.home)
        return await self._database.read(lambda session: session.scalars(query).first())

    # Taking and freeing

    def _hand(self, principal: Principal) -> Hand:
        level = self._access.ptz_level(principal)
        if PTZ_LEVEL_IGNORED in self._behaviours:
            level = max(level, 1)
        if level <= 0:
            raise Denied("control.no-level")
        return Hand(principal.user_id, principal.display_name or principal.name, level)

    def _take(self, channel_id: str, hand: Hand, principal: Principal | None) -> None:
        now = self._time.monotonic()
        before = self.locks.get(channel_id, now)
        self.locks.take(channel_id, hand, now)
        if principal is None:
            self._principals.pop(channel_id, None)
        else:
            self._principals[channel_id] = principal
        if before is None or before.hand.key != hand.key:
            self._tell(channel_id, hand, "taken")
            for listener in self._taken:
                listener(channel_id)
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        """While cameras are held: end locks whose time is over or whose holder lost the right."""
        while len(self.locks):
            await asyncio.sleep(_TICK_S)
            self.expire()

    def expire(self) -> None:
        """End what is over now."""
        for channel_id, lock in self.locks.expired(self._time.monotonic()):
            self._free(channel_id, lock, "expired")
        for channel_id, lock in self.locks.items():
            principal = self._principals.get(channel_id)
            if principal is not None and not self._may_hold(principal, channel_id):
                self.locks.drop(channel_id)
                self._free(channel_id, lock, "revoked")

    def _may_hold(self, principal: Principal, channel_id: str) -> bool:
        operations = (Operation.CONTROL, Operation.PRESET)
        refusals = [self._access.decide(principal, one, channel_id) for one in operations]
        return None in refusals

    def _free(self, channel_id: str, lock: Lock, why: str) -> None:
        """A camera is nobody's any more: stop it, and send it home or on its patrol."""
        self._principals.pop(channel_id, None)
        self._tell(channel_id, lock.hand, why)
        goes_on = [listener(channel_id) for listener in self._freed]
        home = lock.hand.level < self._home_below and not any(goes_on)
        task = asyncio.get_running_loop().create_task(self._leave(channel_id, home=home))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _leave(self, channel_id: str, *, home: bool) -> None:
        try:
            channel = await self._channel(channel_id)
            if channel_id in self._moving:
                await self._stop(channel, 1)
            number = await self.home(channel_id) if home else None
            held = self.is_held(channel_id)
            if number is not None and not held and NO_RETURN_HOME not in self._behaviours:
                await self.send(channel, PresetOrder("call", number), 1)
        except PlatformError as problem:
            _LOG.info("camera %s could not be left in order: %s", channel_id, problem.code)

    def _tell(self, channel_id: str, hand: Hand, what: str) -> None:
        self._events.publish(
            "control", channel=channel_id, holder=hand.name, level=hand.level, state=what
        )

    def _state(self, channel_id: str) -> ControlState:
        now = self._time.monotonic()
        lock = self.locks.get(channel_id, now)
        if lock is None:
            return ControlState(holder=None, level=None, expires_at=None, remaining_s=0.0)
        remaining = max(0.0, lock.expires_at - now)
        return ControlState(
            holder=lock.hand.name,
            level=lock.hand.level,
            expires_at=moment(self._time.now() + remaining),
            remaining_s=round(remaining, 1),
        )


def order_of(command: Command) -> Order:
    """The order that a command means.

    Raises:
        PlatformError: 422 ``control.incomplete``.
    """
    share, name = command.speed, command.command
    if name == "move":
        return Move(command.pan * share, command.tilt * share, command.zoom * share)
    if name == "zoom":
        return Move(zoom=command.zoom * share)
    if name == "focus":
        return Lens(focus=command.focus * share)
    if name == "iris":
        return Lens(iris=command.iris * share)
    if name == "stop":
        return Move()
    if name in ("light", "wiper", "alarm-output"):
        if command.on is None:
            raise PlatformError("control.incomplete", 422, field="on")
        return SwitchOrder(name, command.on)
    if command.preset is None:
        raise PlatformError("control.incomplete", 422, field="preset")
    if name == "preset-goto":
        return PresetOrder("call", command.preset)
    return PresetOrder("set" if name == "preset-set" else "delete", command.preset)
