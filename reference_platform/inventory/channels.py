"""Channels: what a user sees, and what media and signalling need of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import Conflict, Denied, PlatformError
from reference_platform.inventory.devices import DELETED_CAMERA_STILL_VIEWABLE, protocol_named
from reference_platform.inventory.events import Events
from reference_platform.inventory.models import Channel, ChannelChange, NewChannel
from reference_platform.people.access import Access, Place, Principal
from reference_platform.people.operations import Operation
from reference_platform.ports import ChannelRef
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import ChannelRow, DeviceRow, OrganisationRow
from reference_platform.times import optional_moment
from reference_platform.versions import require_current

GUESSABLE_ID = defect(
    "guessable-id", "Whoever guesses a channel's 20 digits reads its particulars without a right."
)

_CAMERA_OPERATIONS = tuple(each for each in Operation if each.per_camera)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ReportedChannel:
    """A channel as its device's catalogue tells of it (GB/T 28181-2016, 9.5)."""

    id: str
    name: str
    online: bool = True
    ptz_type: int = 0
    longitude: float | None = None
    latitude: float | None = None


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """What the recorder needs of a channel."""

    ref: ChannelRef
    recording: bool
    retention_days: int


class Channels:
    """Channels of all devices; a user sees those of the own scope or grants."""

    def __init__(
        self,
        database: Database,
        access: Access,
        events: Events,
        time_source: TimeSource,
        changed: Callable[[], Awaitable[None]],
        behaviours: frozenset[str],
        *,
        default_record: bool,
        retention_days: int,
    ) -> None:
        self._database = database
        self._access = access
        self._events = events
        self._time = time_source
        self._changed = changed
        self._behaviours = behaviours
        self._default_record = default_record
        self._retention_days = retention_days

    async def ref(self, channel_id: str) -> ChannelRef:
        """The channel as media and signalling need it. Asks for no right: ``require`` first.

        Raises:
            PlatformError: 403 ``access.denied`` when there is none.
        """
        query = (
            select(ChannelRow.device_id, DeviceRow.protocol)
            .join(DeviceRow, DeviceRow.id == ChannelRow.device_id)
            .where(ChannelRow.id == channel_id)
        )
        row = await self._database.read(lambda session: session.execute(query).first())
        if row is not None:
            return ChannelRef(channel_id, row[0], protocol_named(row[1]))
        kept = self._access.rights.places.get(channel_id)
        if kept is not None and DELETED_CAMERA_STILL_VIEWABLE in self._behaviours:
            return ChannelRef(channel_id, kept.device, "gb28181")
        raise Denied

    async def plans(self) -> list[ChannelPlan]:
        """Every channel, as the recorder needs it."""
        query = select(
            ChannelRow.id,
            ChannelRow.device_id,
            DeviceRow.protocol,
            ChannelRow.recording,
            ChannelRow.retention_days,
        ).join(DeviceRow, DeviceRow.id == ChannelRow.device_id)
        rows = await self._database.read(
            lambda session: session.execute(query.order_by(ChannelRow.id)).all()
        )
        return [
            ChannelPlan(ChannelRef(channel, device, protocol_named(protocol)), recording, days)
            for channel, device, protocol, recording, days in rows
        ]

    async def listed(self, principal: Principal) -> list[Channel]:
        """The channels that ``principal`` may know of, by name."""
        visible = self._access.visible_channels(principal)
        allowed = {
            each.value: self._access.visible_channels(principal, each)
            for each in _CAMERA_OPERATIONS
        }

        def work(session: Session) -> list[Channel]:
            regions = _regions(session)
            rows = session.scalars(select(ChannelRow).order_by(ChannelRow.name, ChannelRow.id))
            return [
                channel_view(
                    row,
                    regions,
                    [name for name, channels in allowed.items() if row.id in channels],
                )
                for row in rows
                if row.id in visible
            ]

        return await self._database.read(work)

    async def get(self, principal: Principal, channel_id: str) -> Channel:
        """One channel.

        Raises:
            PlatformError: 403 ``access.denied``, also for one that does not exist.
        """
        guessable = GUESSABLE_ID in self._behaviours
        if not guessable and not self._access.sees(principal, channel_id):
            raise Denied

        def work(session: Session) -> Channel:
            row = session.get(ChannelRow, channel_id)
            if row is None:
                raise Denied
            return self._view(principal, row, _regions(session))

        return await self._database.read(work)

    async def add(self, principal: Principal, new: NewChannel) -> Channel:
        """Add one by hand, for devices without a catalogue.

        Raises:
            PlatformError: 403; 409 ``conflict.id``.
        """
        self._access.require(principal, Operation.DEVICES)

        def work(session: Session) -> None:
            device = session.get(DeviceRow, new.device)
            if device is None:
                raise Denied
            organisation = new.organisation or device.organisation_id
            for each in (device.organisation_id, organisation):
                self._access.require(principal, Operation.DEVICES, organisation_id=each)
            if session.get(ChannelRow, new.id) is not None:
                raise Conflict("conflict.id", id=new.id)
            session.add(
                ChannelRow(
                    id=new.id,
                    device_id=new.device,
                    name=new.name,
                    organisation_id=organisation,
                    scene=new.scene or device.scene,
                    ptz_type=new.ptz_type,
                    online=device.online,
                    status_since=device.status_since,
                    recording=self._default_record if new.recording is None else new.recording,
                    retention_days=new.retention_days or self._retention_days,
                )
            )

        await self._database.write(work)
        await self._changed()
        self._events.publish("channels-changed", device=new.device, channel=new.id)
        return await self.get(principal, new.id)

    async def change(self, principal: Principal, channel_id: str, change: ChannelChange) -> Channel:
        """Change one. Recording on and off is a function of its own (``record``).

        Raises:
            PlatformError: 403; 409 ``conflict.stale``; 422 ``retention.below-seven``.
        """
        self._require_change(principal, channel_id, change)
        if change.retention_days is not None and change.retention_days < 7:
            raise PlatformError("retention.below-seven", 422)

        def work(session: Session) -> None:
            row = session.get(ChannelRow, channel_id)
            if row is None:
                raise Denied
            require_current(
                row, change.version, lambda: self._view(principal, row, _regions(session))
            )
            for name in ("name", "scene", "ptz_type", "recording", "retention_days"):
                if (value := getattr(change, name)) is not None:
                    setattr(row, name, value)
            if change.organisation is not None:
                row.organisation_id = change.organisation
            row.version += 1

        await self._database.write(work)
        await self._changed()
        self._events.publish("channels-changed", channel=channel_id)
        return await self.get(principal, channel_id)

    async def report(self, device_id: str, reported: Iterable[ReportedChannel]) -> list[str]:
        """Take over what a device's catalogue says; channels that it no longer lists go offline.

        Returns the ids that were refused, because another device has them.
        """
        now = self._time.now()
        now_listed = {each.id: each for each in reported}

        def work(session: Session) -> tuple[list[str], dict[str, Place | None]]:
            device = session.get(DeviceRow, device_id)
            if device is None:
                return list(now_listed), {}
            refused, places = [], dict[str, Place | None]()
            own = {
                row.id: row
                for row in session.scalars(
                    select(ChannelRow).where(ChannelRow.device_id == device_id)
                )
            }
            taken = _existing(session, [each for each in now_listed if each not in own])
            for identifier, each in now_listed.items():
                row = own.pop(identifier, None)
                if row is None:
                    if identifier in taken:
                        refused.append(identifier)
                        continue
                    row = self._reported(each, device)
                    session.add(row)
                    places[identifier] = Place(device_id, device.organisation_id)
                _take_status(row, each.online, now)
                row.ptz_type = each.ptz_type or row.ptz_type
                row.longitude, row.latitude = each.longitude, each.latitude
            for row in own.values():
                _take_status(row, False, now)
            return refused, places

        refused, places = await self._database.write(work)
        self._access.place(places)
        self._events.publish("channels-changed", device=device_id)
        return refused

    def _reported(self, each: ReportedChannel, device: DeviceRow) -> ChannelRow:
        return ChannelRow(
            id=each.id,
            device_id=device.id,
            name=each.name[:64] or each.id,
            organisation_id=device.organisation_id,
            scene=device.scene,
            ptz_type=each.ptz_type,
            online=False,
            recording=self._default_record,
            retention_days=self._retention_days,
        )

    def _require_change(self, principal: Principal, channel_id: str, change: ChannelChange) -> None:
        fields = change.model_fields_set - {"version"}
        if fields == {"recording"} and (
            self._access.decide(principal, Operation.RECORD, channel_id) is None
        ):
            return
        self._access.require(principal, Operation.DEVICES, channel_id)
        if change.organisation is not None:
            self._access.require(principal, Operation.DEVICES, organisation_id=change.organisation)

    def _view(self, principal: Principal, row: ChannelRow, regions: dict[str, str]) -> Channel:
        allowed = [
            each.value
            for each in _CAMERA_OPERATIONS
            if self._access.decide(principal, each, row.id) is None
        ]
        return channel_view(row, regions, allowed)


def channel_view(row: ChannelRow, regions: dict[str, str], operations: list[str]) -> Channel:
    """As the API answers; ``operations``: what the asking user may do with it."""
    return Channel(
        id=row.id,
        device=row.device_id,
        name=row.name,
        organisation=row.organisation_id,
        region=regions.get(row.organisation_id, ""),
        scene=row.scene,
        online=row.online,
        status_since=optional_moment(row.status_since),
        ptz_type=row.ptz_type,
        recording=row.recording,
        retention_days=row.retention_days,
        longitude=row.longitude,
        latitude=row.latitude,
        operations=operations,
        version=row.version,
    )


def _take_status(row: ChannelRow, online: bool, at: float) -> None:
    if row.online != online:
        row.online, row.status_since = online, at


def _existing(session: Session, channels: list[str]) -> set[str]:
    """Those of ``channels`` that are there."""
    found: set[str] = set()
    for at in range(0, len(channels), _AT_ONCE):
        query = select(ChannelRow.id).where(ChannelRow.id.in_(channels[at : at + _AT_ONCE]))
        found.update(session.scalars(query))
    return found


def _regions(session: Session) -> dict[str, str]:
    """The region of each organisation: its own, or that of the nearest above."""
    rows = {row.id: row for row in session.scalars(select(OrganisationRow))}
    found: dict[str, str] = {}
    for identifier in rows:
        walked: list[str] = []
        current: str | None = identifier
        while current is not None and current not in walked and current in rows:
            walked.append(current)
            if rows[current].region:
                break
            current = rows[current].parent_id
        found[identifier] = rows[current].region if current in rows else ""
    return found
