"""What happens: told to those who may know, and the on/offline log of devices kept for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.inventory.models import DeviceEvent
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.ports import PresenceReason
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import ChannelRow, DeviceEventRow, DeviceRow
from reference_platform.times import Moment, moment

WEBSOCKET_UNCHECKED = defect(
    "websocket-unchecked",
    "The WebSocket of events asks for no log-in, and tells everybody everything.",
)
_QUEUE = 1000
MAXIMUM_LISTED = 5000


class Event(BaseModel):
    """One thing that happened, as the WebSocket tells it.

    ``type``: ``device-online``, ``device-offline``, ``channels-changed``, ``alarm``, ``control``,
    ``patrol``, ``access-revoked``, ...
    """

    type: str
    at: Moment
    device: str = ""
    channel: str = ""
    organisation: str = ""
    data: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A device came or went.

    Attributes:
        device: its 20 digits.
        at: UTC seconds.
        why: one word.
    """

    device: str
    online: bool
    at: float
    why: PresenceReason = ""


class Subscription:
    """Events for one session; ``None`` from ``next`` says that the session may hear no more."""

    def __init__(self, events: Events, principal: Principal | None) -> None:
        self._events = events
        self.principal = principal
        self._queue: asyncio.Queue[Event] = asyncio.Queue(_QUEUE)

    def offer(self, event: Event) -> None:
        """Tell, or drop the oldest for one who does not listen."""
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(event)

    async def next(self) -> Event:
        """The next event."""
        return await self._queue.get()

    def close(self) -> None:
        """Listen no more."""
        self._events.forget(self)


class Events:
    """The bus inside the platform, and the event log of devices."""

    def __init__(
        self,
        database: Database,
        access: Access,
        time_source: TimeSource,
        behaviours: frozenset[str],
    ) -> None:
        self._database = database
        self._access = access
        self._time = time_source
        self._everybody = WEBSOCKET_UNCHECKED in behaviours
        self._subscriptions: set[Subscription] = set()
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call ``listener`` with every event, from the loop; for rooms of the platform."""
        self._listeners.append(listener)

    def subscribe(self, principal: Principal | None) -> Subscription:
        """Hear what ``principal`` may know; ``None`` hears everything."""
        subscription = Subscription(self, principal)
        self._subscriptions.add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """See ``Subscription.close``."""
        self._subscriptions.discard(subscription)

    def publish(
        self,
        type: str,  # noqa: A002
        *,
        device: str = "",
        channel: str = "",
        organisation: str = "",
        **data: Any,
    ) -> None:
        """Tell that something happened. Of a channel, a device, an organisation, or everybody."""
        event = Event(
            type=type,
            at=moment(self._time.now()),
            device=device,
            channel=channel,
            organisation=organisation,
            data=data,
        )
        for listener in self._listeners:
            listener(event)
        for subscription in tuple(self._subscriptions):
            if self._may_know(subscription.principal, event):
                subscription.offer(event)

    async def device_online(
        self, device: str, at: float | None = None, why: PresenceReason = ""
    ) -> None:
        """A device is there (again); logged when it was not."""
        await self.devices([PresenceChange(device, True, self._when(at), why)])

    async def device_offline(
        self, device: str, at: float | None = None, why: PresenceReason = ""
    ) -> None:
        """A device is gone, and its channels with it; logged when it was there."""
        await self.devices([PresenceChange(device, False, self._when(at), why)])

    async def devices(self, changes: Sequence[PresenceChange]) -> None:
        """Devices came and went, in that order: stored together, told one by one."""

        def work(session: Session) -> list[tuple[PresenceChange, str]]:
            wanted = {change.device for change in changes}
            query = select(DeviceRow).where(DeviceRow.id.in_(wanted))
            rows = {row.id: row for row in session.scalars(query)}
            return [
                (change, rows[change.device].organisation_id)
                for change in _noted(session, rows, changes)
            ]

        for change, organisation in await self._database.write(work):
            self.publish(
                "device-online" if change.online else "device-offline",
                device=change.device,
                organisation=organisation,
                why=change.why,
            )

    async def channel_status(self, channel: str, online: bool, at: float | None = None) -> None:
        """A channel of a device that is there came or went."""
        now = self._when(at)

        def work(session: Session) -> bool:
            row = session.get(ChannelRow, channel)
            if row is None or row.online == online:
                return False
            row.online, row.status_since = online, now
            return True

        if await self._database.write(work):
            self.publish("channel-online" if online else "channel-offline", channel=channel)

    async def log(
        self, principal: Principal, device: str, since: float | None = None
    ) -> list[DeviceEvent]:
        """The on/offline log of a device, the newest first; for those who manage it."""
        organisation = await self._database.read(
            lambda session: session.scalar(
                select(DeviceRow.organisation_id).where(DeviceRow.id == device)
            )
        )
        self._access.require(principal, Operation.DEVICES, organisation_id=organisation or "")
        query = select(DeviceEventRow).where(DeviceEventRow.device_id == device)
        if since is not None:
            query = query.where(DeviceEventRow.at >= since)
        query = query.order_by(DeviceEventRow.at.desc(), DeviceEventRow.id.desc())
        rows = await self._database.read(
            lambda session: session.scalars(query.limit(MAXIMUM_LISTED)).all()
        )
        return [DeviceEvent(at=moment(row.at), online=row.online, why=row.why) for row in rows]

    async def all_offline(self, why: PresenceReason) -> None:
        """Nothing is known to be there when the platform starts."""
        now = self._time.now()

        def work(session: Session) -> None:
            query = select(DeviceRow).where(DeviceRow.online)
            rows = {row.id: row for row in session.scalars(query)}
            _noted(session, rows, [PresenceChange(each, False, now, why) for each in rows])

        await self._database.write(work)

    def _when(self, at: float | None) -> float:
        return self._time.now() if at is None else at

    def _may_know(self, principal: Principal | None, event: Event) -> bool:
        if principal is None or self._everybody:
            return True
        if self._access.session_refusal(principal):
            return False
        if event.channel:
            return self._access.sees(principal, event.channel)
        if event.device and any(
            self._access.sees(principal, channel)
            for channel in self._access.rights.channels_of(event.device)
        ):
            return True
        if not event.organisation:
            return not event.device
        refusal = self._access.decide(
            principal, Operation.DEVICES, organisation_id=event.organisation
        )
        return refusal is None


def _noted(
    session: Session, rows: dict[str, DeviceRow], changes: Sequence[PresenceChange]
) -> list[PresenceChange]:
    """Log ``changes`` of known devices, in their order; those that changed something."""
    noted = []
    for change in changes:
        row = rows.get(change.device)
        if row is None or row.online == change.online:
            continue
        row.online, row.status_since = change.online, change.at
        if not change.online:
            session.execute(
                update(ChannelRow)
                .where(ChannelRow.device_id == row.id, ChannelRow.online)
                .values(online=False, status_since=change.at)
            )
        noted.append(change)
    if noted:
        logged = [
            {"device_id": each.device, "at": each.at, "online": each.online, "why": each.why[:64]}
            for each in noted
        ]
        session.execute(insert(DeviceEventRow), logged)
    return noted
