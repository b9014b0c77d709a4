"""Devices and what signalling needs of them (4.3.3.6-a2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reference_platform.behaviours import defect
from reference_platform.errors import Conflict, Denied
from reference_platform.inventory.events import Events
from reference_platform.inventory.models import Channel, Device, DeviceChange, NewDevice, Protocol
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import ChannelRow, DeviceRow
from reference_platform.store.vault import Vault
from reference_platform.times import optional_moment
from reference_platform.versions import require_current

DELETED_CAMERA_STILL_VIEWABLE = defect(
    "deleted-camera-still-viewable",
    "A deleted device leaves the lists, but who knows its channel still gets the picture.",
)


@dataclass(frozen=True, slots=True)
class DeviceAccess:
    """What is needed to speak with a device. ``password`` is in clear: never log or show it."""

    id: str
    name: str
    protocol: Protocol
    address: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"DeviceAccess({self.id!r})"


class Devices:
    """Devices within one's organisation and below."""

    def __init__(
        self,
        database: Database,
        access: Access,
        vault: Vault,
        events: Events,
        changed: Callable[[], Awaitable[None]],
        behaviours: frozenset[str],
    ) -> None:
        self._database = database
        self._access = access
        self._vault = vault
        self._events = events
        self._changed = changed
        self._keeps_deleted = DELETED_CAMERA_STILL_VIEWABLE in behaviours
        self._removed: list[Callable[[str], Awaitable[None]]] = []

    def on_removed(self, listener: Callable[[str], Awaitable[None]]) -> None:
        """Call ``listener`` with the id of each device that was deleted, or whose password or
        address changed: what was agreed with it holds no more.
        """
        self._removed.append(listener)

    async def lookup(self, device_id: str) -> DeviceAccess | None:
        """What signalling needs of a device, or ``None`` for a stranger."""
        row = await self._database.read(lambda session: session.get(DeviceRow, device_id))
        return None if row is None else self._device_access(row)

    async def of_protocol(self, *protocols: Protocol) -> list[DeviceAccess]:
        """All devices that are reached by one of ``protocols``."""
        query = select(DeviceRow).where(DeviceRow.protocol.in_(protocols)).order_by(DeviceRow.id)
        rows = await self._database.read(lambda session: session.scalars(query).all())
        return [self._device_access(row) for row in rows]

    async def listed(self, principal: Principal, organisation: str | None = None) -> list[Device]:
        """Devices within one's scope, by name; ``organisation``: it and all below."""
        self._access.require(principal, Operation.DEVICES)
        scope = self._access.scope(principal)
        if organisation is not None:
            scope = frozenset(
                each for each in scope if self._access.rights.within(each, organisation)
            )

        def work(session: Session) -> list[Device]:
            counts = _channel_counts(session)
            rows = session.scalars(
                select(DeviceRow)
                .where(DeviceRow.organisation_id.in_(scope))
                .order_by(DeviceRow.name, DeviceRow.id)
            )
            return [device_view(row, counts.get(row.id, 0)) for row in rows]

        return await self._database.read(work)

    async def everything(self) -> list[Device]:
        """All devices. Asks for no right."""

        def work(session: Session) -> list[Device]:
            counts = _channel_counts(session)
            rows = session.scalars(select(DeviceRow).order_by(DeviceRow.id))
            return [device_view(row, counts.get(row.id, 0)) for row in rows]

        return await self._database.read(work)

    async def seen_through(self, channels: list[Channel]) -> dict[str, bool]:
        """The devices of ``channels``, and whether each is online."""
        wanted = {channel.device for channel in channels}
        query = select(DeviceRow.id, DeviceRow.online)
        rows = await self._database.read(lambda session: session.execute(query).all())
        return {device: online for device, online in rows if device in wanted}

    async def get(self, principal: Principal, device_id: str) -> Device:
        """One device."""
        self._access.require(principal, Operation.DEVICES)

        def work(session: Session) -> Device:
            row = self._reachable(session, principal, device_id)
            return device_view(row, _channel_counts(session, device_id).get(device_id, 0))

        return await self._database.read(work)

    async def add(self, principal: Principal, new: NewDevice) -> Device:
        """Let a device be connected.

        Raises:
            PlatformError: 403; 409 ``conflict.id``.
        """
        self._access.require(principal, Operation.DEVICES, organisation_id=new.organisation)

        def work(session: Session) -> Device:
            if session.get(DeviceRow, new.id) is not None:
                raise Conflict("conflict.id", id=new.id)
            row = DeviceRow(
                id=new.id,
                name=new.name,
                organisation_id=new.organisation,
                protocol=new.protocol,
                address=new.address,
                user=new.user,
                sealed_password=self._vault.seal(new.password),
                scene=new.scene,
            )
            session.add(row)
            session.flush()
            return device_view(row, 0)

        device = await self._database.write(work)
        self._events.publish("device-added", device=new.id, organisation=new.organisation)
        return device

    async def change(self, principal: Principal, device_id: str, change: DeviceChange) -> Device:
        """Change a device.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``.
        """
        self._access.require(principal, Operation.DEVICES)
        if change.organisation is not None:
            self._access.require(principal, Operation.DEVICES, organisation_id=change.organisation)

        def work(session: Session) -> Device:
            row = self._changeable(session, principal, device_id, change.version)
            if change.organisation is not None:
                _move_channels(session, row, change.organisation)
                row.organisation_id = change.organisation
            for name in ("name", "address", "user", "scene"):
                if (value := getattr(change, name)) is not None:
                    setattr(row, name, value)
            if change.password is not None:
                row.sealed_password = self._vault.seal(change.password)
            row.version += 1
            session.flush()
            return device_view(row, _channel_counts(session, device_id).get(device_id, 0))

        device = await self._database.write(work)
        await self._changed()
        if change.model_fields_set & {"password", "address", "user"}:
            await self._tell_removed(device_id)
        self._events.publish("device-changed", device=device_id, organisation=device.organisation)
        return device

    async def delete(self, principal: Principal, device_id: str, version: int) -> None:
        """Delete a device and its channels; what runs of them ends. The event log stays.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``.
        """
        self._access.require(principal, Operation.DEVICES)

        def work(session: Session) -> tuple[str, list[str]]:
            row = self._changeable(session, principal, device_id, version)
            channels = session.scalars(
                select(ChannelRow.id).where(ChannelRow.device_id == device_id)
            ).all()
            session.delete(row)
            return row.organisation_id, list(channels)

        organisation, channels = await self._database.write(work)
        if self._keeps_deleted:
            self._access.keep(channels)
        await self._changed()
        if not self._keeps_deleted:
            await self._tell_removed(device_id)
        self._events.publish("device-removed", device=device_id, organisation=organisation)

    async def _tell_removed(self, device_id: str) -> None:
        for listener in self._removed:
            await listener(device_id)

    def _device_access(self, row: DeviceRow) -> DeviceAccess:
        return DeviceAccess(
            id=row.id,
            name=row.name,
            protocol=protocol_named(row.protocol),
            address=row.address,
            user=row.user,
            password=self._vault.unseal(row.sealed_password),
        )

    def _reachable(self, session: Session, principal: Principal, device_id: str) -> DeviceRow:
        row = session.get(DeviceRow, device_id)
        if row is None:
            raise Denied
        self._access.require(principal, Operation.DEVICES, organisation_id=row.organisation_id)
        return row

    def _changeable(
        self, session: Session, principal: Principal, device_id: str, version: int
    ) -> DeviceRow:
        row = self._reachable(session, principal, device_id)
        require_current(
            row,
            version,
            lambda: device_view(row, _channel_counts(session, device_id).get(device_id, 0)),
        )
        return row


def device_view(row: DeviceRow, channels: int) -> Device:
    """As the API answers: no password."""
    return Device(
        id=row.id,
        name=row.name,
        organisation=row.organisation_id,
        protocol=protocol_named(row.protocol),
        address=row.address,
        user=row.user,
        has_password=bool(row.sealed_password),
        scene=row.scene,
        online=row.online,
        status_since=optional_moment(row.status_since),
        channels=channels,
        version=row.version,
    )


def protocol_named(name: str) -> Protocol:
    """As typed; what is stored is one of the three."""
    protocols: dict[str, Protocol] = {"onvif": "onvif", "rtsp": "rtsp"}
    return protocols.get(name, "gb28181")


def _channel_counts(session: Session, device_id: str | None = None) -> dict[str, int]:
    query = select(ChannelRow.device_id, func.count()).group_by(ChannelRow.device_id)
    if device_id is not None:
        query = query.where(ChannelRow.device_id == device_id)
    return dict(session.execute(query).all())


def _move_channels(session: Session, device: DeviceRow, organisation: str) -> None:
    for channel in session.scalars(
        select(ChannelRow).where(
            ChannelRow.device_id == device.id,
            ChannelRow.organisation_id == device.organisation_id,
        )
    ):
        channel.organisation_id = organisation
