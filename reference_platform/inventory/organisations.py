"""The organisation tree, of any depth, with administrative regions (4.3.3.6-a1, 4.1-8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reference_platform.behaviours import defect
from reference_platform.errors import Conflict, Denied, PlatformError
from reference_platform.inventory.models import (
    NewOrganisation,
    Organisation,
    OrganisationChange,
    Region,
)
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import (
    ChannelRow,
    CustomerRow,
    DeviceRow,
    OrganisationRow,
)
from reference_platform.store.people_tables import UserCameraRow, UserRow
from reference_platform.versions import require_current

ORPHAN_AFTER_DELETE = defect(
    "orphan-after-delete",
    "An organisation with organisations below is deleted, and they hang on nothing.",
)
CHANGE_LOST_AT_RESTART = defect(
    "change-lost-at-restart",
    "Changes of the organisation tree live in memory: after a restart the tree is as before.",
)
_DEEPEST = 32


class Organisations:
    """The tree. Whoever sees a camera sees the organisations above it."""

    def __init__(
        self,
        database: Database,
        access: Access,
        changed: Callable[[], Awaitable[None]],
        behaviours: frozenset[str],
    ) -> None:
        self._database = database
        self._access = access
        self._changed = changed
        self._behaviours = behaviours
        self._as_started: dict[str, OrganisationRow] = {}

    async def start(self) -> None:
        """For the defect ``change-lost-at-restart`` alone."""
        if CHANGE_LOST_AT_RESTART in self._behaviours:
            self._as_started = {row.id: row for row in await self._rows()}

    async def close(self) -> None:
        """See ``start``."""
        if CHANGE_LOST_AT_RESTART in self._behaviours:
            await self._database.write(self._forget_changes)

    async def listed(self, principal: Principal) -> list[Organisation]:
        """The nodes that ``principal`` may know: those managed, and those above visible cameras."""
        rights = self._access.rights
        known = set(rights.line(principal.organisation))
        if self._access.decide(principal, Operation.ORGANISATIONS) is None:
            known |= self._access.scope(principal)
        for channel in self._access.visible_channels(principal):
            known.update(rights.line(rights.places[channel].organisation))
        rows = await self._rows()
        return [organisation_view(row) for row in rows if row.id in known]

    async def regions(self, principal: Principal) -> list[Region]:
        """The administrative regions of the organisations that ``principal`` may know."""
        named: dict[str, str] = {}
        for organisation in await self.listed(principal):
            if organisation.region:
                named.setdefault(organisation.region, organisation.name)
        return [Region(code=code, name=name) for code, name in sorted(named.items())]

    async def add(self, principal: Principal, new: NewOrganisation) -> Organisation:
        """Add a node.

        Raises:
            PlatformError: 403 outside one's scope; 422 ``organisation.too-deep``.
        """
        self._access.require(principal, Operation.ORGANISATIONS, organisation_id=new.parent)
        if len(self._access.rights.line(new.parent)) >= _DEEPEST:
            raise PlatformError("organisation.too-deep", 422, most=_DEEPEST)

        def work(session: Session) -> OrganisationRow:
            if session.get(OrganisationRow, new.parent) is None:
                raise Denied
            row = OrganisationRow(parent_id=new.parent, name=new.name, region=new.region)
            session.add(row)
            session.flush()
            return row

        row = await self._database.write(work)
        await self._changed()
        return organisation_view(row)

    async def change(
        self, principal: Principal, organisation_id: str, change: OrganisationChange
    ) -> Organisation:
        """Change or move a node.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``, ``organisation.below-itself``,
                ``organisation.root``.
        """
        self._require(principal, organisation_id)
        rights = self._access.rights
        if change.parent is not None:
            self._require(principal, change.parent)
            if rights.parents[organisation_id] is None:
                raise Conflict("organisation.root")
            if rights.within(change.parent, organisation_id):
                raise Conflict("organisation.below-itself")

        def work(session: Session) -> OrganisationRow:
            row = _existing(session, organisation_id, change.version)
            row.name = change.name if change.name is not None else row.name
            row.region = change.region if change.region is not None else row.region
            row.parent_id = change.parent if change.parent is not None else row.parent_id
            row.version += 1
            session.flush()
            return row

        row = await self._database.write(work)
        await self._changed()
        return organisation_view(row)

    async def delete(self, principal: Principal, organisation_id: str, version: int) -> None:
        """Delete a node on which nothing hangs.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``, ``organisation.root``,
                ``conflict.has-children`` (``what``).
        """
        self._require(principal, organisation_id)
        orphans = ORPHAN_AFTER_DELETE in self._behaviours

        def work(session: Session) -> None:
            row = _existing(session, organisation_id, version)
            if row.parent_id is None:
                raise Conflict("organisation.root")
            held = _held(session, organisation_id)
            if held and not (orphans and held == "organisations"):
                raise Conflict("conflict.has-children", what=held)
            # Deleted accounts keep pointing somewhere.
            for user in session.scalars(
                select(UserRow).where(UserRow.organisation_id == organisation_id)
            ):
                user.organisation_id = row.parent_id
            session.flush()
            session.delete(row)

        await self._database.write(work)
        await self._changed()

    def _require(self, principal: Principal, organisation_id: str) -> None:
        if organisation_id not in self._access.rights.parents:
            self._access.require(principal, Operation.ORGANISATIONS)
            raise Denied
        self._access.require(principal, Operation.ORGANISATIONS, organisation_id=organisation_id)

    async def _rows(self) -> list[OrganisationRow]:
        query = select(OrganisationRow).order_by(OrganisationRow.name, OrganisationRow.id)
        return list(await self._database.read(lambda session: session.scalars(query).all()))

    def _forget_changes(self, session: Session) -> None:
        rows = {row.id: row for row in session.scalars(select(OrganisationRow))}
        for identifier, before in self._as_started.items():
            row = rows.pop(identifier, None)
            values: dict[str, Any] = {
                name: getattr(before, name) for name in ("parent_id", "name", "region", "version")
            }
            if row is None:
                session.add(OrganisationRow(id=identifier, **values))
            else:
                for name, value in values.items():
                    setattr(row, name, value)
        session.flush()
        while leaves := [row for row in rows.values() if not _held(session, row.id)]:
            for row in leaves:
                session.delete(rows.pop(row.id))
            session.flush()


def organisation_view(row: OrganisationRow) -> Organisation:
    """As the API answers."""
    return Organisation(
        id=row.id, parent=row.parent_id, name=row.name, region=row.region, version=row.version
    )


def _existing(session: Session, organisation_id: str, version: int) -> OrganisationRow:
    row = session.get(OrganisationRow, organisation_id)
    if row is None:
        raise Denied
    require_current(row, version, lambda: organisation_view(row))
    return row


def _held(session: Session, organisation_id: str) -> str:
    """What hangs on an organisation, "" if nothing."""
    holders = {
        "organisations": select(OrganisationRow.id).where(
            OrganisationRow.parent_id == organisation_id
        ),
        "devices": select(DeviceRow.id).where(DeviceRow.organisation_id == organisation_id),
        "channels": select(ChannelRow.id).where(ChannelRow.organisation_id == organisation_id),
        "customers": select(CustomerRow.id).where(CustomerRow.organisation_id == organisation_id),
        "users": select(UserRow.id).where(
            UserRow.organisation_id == organisation_id, UserRow.deleted_at.is_(None)
        ),
        "grants": select(UserCameraRow.id).where(UserCameraRow.organisation_id == organisation_id),
    }
    for what, query in holders.items():
        if session.scalars(query.limit(1)).first() is not None:
            return what
    return ""
