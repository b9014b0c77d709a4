"""All upper platforms: stored, registered with, given what is shared with them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.control.service import ControlService
from reference_platform.errors import Denied, PlatformError
from reference_platform.inventory.events import Event, Events
from reference_platform.media.hub import LiveHub
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.ports import ChannelRef, Sources
from reference_platform.settings import PlatformSettings
from reference_platform.signalling.cascade.desk import Desk
from reference_platform.signalling.cascade.link import Upper, UpperLink
from reference_platform.signalling.cascade.models import (
    NewUpperPlatform,
    Transport,
    UpperPlatform,
    UpperPlatformChange,
)
from reference_platform.signalling.cascade.relay import CASCADE_PLAIN
from reference_platform.signalling.cascade.tables import CascadeNumberRow, UpperPlatformRow
from reference_platform.signalling.cascade.tree import (
    TREE_FLATTENED,
    Leaf,
    Node,
    Share,
    share_of,
)
from reference_platform.signalling.steering import Steers
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import ChannelRow, OrganisationRow
from reference_platform.store.vault import Vault
from reference_platform.times import optional_moment
from reference_platform.versions import require_current

_TRANSPORTS: dict[str, Transport] = {"udp": "udp", "tcp": "tcp"}
_UNMOVED = ("control", "patrol", "alarm")


class Cascade:
    """Keeps a link to each upper platform that is enabled."""

    def __init__(
        self,
        settings: PlatformSettings,
        name: str,
        database: Database,
        access: Access,
        vault: Vault,
        events: Events,
        hub: LiveHub,
        sources: Sources,
        control: ControlService,
        steering: Steers,
        channel: Callable[[str], Awaitable[ChannelRef]],
        time_source: TimeSource,
    ) -> None:
        self._settings = settings
        self._name = name
        self._database = database
        self._access = access
        self._vault = vault
        self._events = events
        self._hub = hub
        self._sources = sources
        self._control = control
        self._steering = steering
        self._channel = channel
        self._time = time_source
        self._running: dict[str, tuple[UpperLink, Desk]] = {}
        self._shares: dict[str, Share] = {}
        self._turn = asyncio.Lock()
        events.listen(self._heard)

    async def start(self) -> None:
        """Register with all that are enabled."""
        query = select(UpperPlatformRow).where(UpperPlatformRow.enabled)
        for row in await self._database.read(lambda session: session.scalars(query).all()):
            await self._begin(row)

    async def close(self) -> None:
        """Leave all."""
        await asyncio.gather(*(self._end(one) for one in list(self._running)))

    # Administration

    async def listed(self, principal: Principal) -> list[UpperPlatform]:
        """All upper platforms."""
        self._access.require(principal, Operation.UPPER_PLATFORMS)
        query = select(UpperPlatformRow).order_by(UpperPlatformRow.name, UpperPlatformRow.id)
        rows = await self._database.read(lambda session: session.scalars(query).all())
        return [self._view(row) for row in rows]

    async def get(self, principal: Principal, upper_id: str) -> UpperPlatform:
        """One of them.

        Raises:
            PlatformError: 403 ``access.denied``, also for one that does not exist.
        """
        self._access.require(principal, Operation.UPPER_PLATFORMS)
        row = await self._database.read(lambda session: session.get(UpperPlatformRow, upper_id))
        if row is None:
            raise Denied
        return self._view(row)

    async def add(self, principal: Principal, new: NewUpperPlatform) -> UpperPlatform:
        """Enter one, and register with it.

        Raises:
            PlatformError: 403; 422 ``cascade.authority``.
        """
        self._access.require(principal, Operation.UPPER_PLATFORMS)
        _check_authority(new.authority)
        fields = new.model_dump(exclude={"password"})
        row = UpperPlatformRow(**fields, sealed_password=self._vault.seal(new.password))

        def work(session: Session) -> UpperPlatformRow:
            session.add(row)
            session.flush()
            return row

        await self._database.write(work)
        await self._renew(row)
        return self._view(row)

    async def change(
        self, principal: Principal, upper_id: str, change: UpperPlatformChange
    ) -> UpperPlatform:
        """Change one; the registration begins anew.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``; 422 ``cascade.authority``.
        """
        self._access.require(principal, Operation.UPPER_PLATFORMS)
        _check_authority(change.authority or "")

        def work(session: Session) -> UpperPlatformRow:
            row = self._changeable(session, upper_id, change.version)
            for name, value in change.model_dump(exclude={"version", "password"}).items():
                if value is not None:
                    setattr(row, name, value)
            if change.password is not None:
                row.sealed_password = self._vault.seal(change.password)
            row.version += 1
            return row

        row = await self._database.write(work)
        await self._renew(row)
        return self._view(row)

    async def delete(self, principal: Principal, upper_id: str, version: int) -> None:
        """Leave one and forget it.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``.
        """
        self._access.require(principal, Operation.UPPER_PLATFORMS)
        await self._database.write(
            lambda session: session.delete(self._changeable(session, upper_id, version))
        )
        await self._end(upper_id)

    def _changeable(self, session: Session, upper_id: str, version: int) -> UpperPlatformRow:
        row = session.get(UpperPlatformRow, upper_id)
        if row is None:
            raise Denied
        require_current(row, version, lambda: self._view(row))
        return row

    # Links

    async def _renew(self, row: UpperPlatformRow) -> None:
        async with self._turn:
            await self._end(row.id)
            if row.enabled:
                await self._begin(row)

    async def _begin(self, row: UpperPlatformRow) -> None:
        upper = Upper(
            row.id,
            row.address,
            row.port,
            _TRANSPORTS.get(row.transport, "tls"),
            row.server_id,
            row.device_id,
            row.domain,
            self._vault.unseal(row.sealed_password),
            row.authority,
            tuple(row.organisations),
            tuple(row.channels),
            row.ptz_level,
        )
        desk = Desk(
            lambda: self._share(upper),
            self._name,
            self._hub,
            self._sources,
            self._control,
            self._steering,
            self._channel,
            self._time,
            self._settings.has,
        )
        link = UpperLink(
            upper,
            self._settings.address,
            self._time,
            desk.requested,
            self._settings.keepalive_s,
            lambda: self._events.publish("upper-platform", upper=upper.id, state=link.state),
        )
        desk.attach(link)
        self._running[row.id] = (link, desk)
        await link.start()

    async def _end(self, upper_id: str) -> None:
        running = self._running.pop(upper_id, None)
        self._shares.pop(upper_id, None)
        if running is not None:
            link, desk = running
            await desk.close()
            await link.close()

    # What is shared

    def _heard(self, event: Event) -> None:
        if event.type in _UNMOVED:
            return
        self._shares.clear()
        for _, desk in self._running.values():
            desk.recheck()
        if event.type in ("channel-online", "channel-offline"):
            for _, desk in self._running.values():
                desk.channel_changed(event.channel, event.type == "channel-online")

    async def _share(self, upper: Upper) -> Share:
        """What ``upper`` may see; worked out anew when something changed."""
        found = self._shares.get(upper.id)
        if found is None:
            nodes, leaves, numbers = await self._everything()
            found = self._shares[upper.id] = share_of(
                upper.device_id,
                self._name,
                nodes,
                leaves,
                upper.organisations,
                upper.channels,
                numbers,
                flat=self._settings.has(TREE_FLATTENED),
            )
        return found

    async def _everything(self) -> tuple[list[Node], list[Leaf], dict[str, int]]:
        """Organisations, channels and the organisations' numbers; new ones get theirs."""

        def work(session: Session) -> tuple[list[Node], list[Leaf], dict[str, int]]:
            nodes = [
                Node(row.id, row.parent_id, row.name, row.region)
                for row in session.scalars(select(OrganisationRow))
            ]
            leaves = [
                Leaf(
                    row.id,
                    row.device_id,
                    row.organisation_id,
                    row.name,
                    row.online,
                    row.ptz_type,
                    row.longitude,
                    row.latitude,
                )
                for row in session.scalars(select(ChannelRow).order_by(ChannelRow.id))
            ]
            numbers = {
                row.organisation_id: row.number for row in session.scalars(select(CascadeNumberRow))
            }
            following = max(numbers.values(), default=0) + 1
            for node in nodes:
                if node.id not in numbers:
                    numbers[node.id] = following
                    session.add(CascadeNumberRow(number=following, organisation_id=node.id))
                    following += 1
            return nodes, leaves, numbers

        return await self._database.write(work)

    def _view(self, row: UpperPlatformRow) -> UpperPlatform:
        link, desk = self._running.get(row.id, (None, None))
        transport = _TRANSPORTS.get(row.transport, "tls")
        return UpperPlatform(
            id=row.id,
            name=row.name,
            address=row.address,
            port=row.port,
            transport=transport,
            server_id=row.server_id,
            domain=row.domain,
            device_id=row.device_id,
            has_password=bool(row.sealed_password),
            authority=row.authority,
            organisations=row.organisations,
            channels=row.channels,
            ptz_level=row.ptz_level,
            enabled=row.enabled,
            protected=transport == "tls" and not self._settings.has(CASCADE_PLAIN),
            state="off" if link is None else link.state,
            state_since=None if link is None else optional_moment(link.since),
            problem="" if link is None else link.problem,
            streams=0 if desk is None else desk.streams,
            version=row.version,
        )


def _check_authority(text: str) -> None:
    """Whether a PEM text holds a certificate."""
    if not text:
        return
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError, TypeError):  # TypeError: no ASCII
        raise PlatformError("cascade.authority", 422) from None
