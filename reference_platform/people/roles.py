"""Roles: made, changed, deleted (4.3.3.6-b, -c)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.errors import Conflict, PlatformError
from reference_platform.people.access import Access, Principal
from reference_platform.people.guards import require_administrator
from reference_platform.people.models import NewRole, OperationView, Role, RoleChange
from reference_platform.people.operations import TWO_LEVELS_ONLY, Level, Operation, level_of
from reference_platform.store.database import Database
from reference_platform.store.people_tables import RoleRow, UserRoleRow
from reference_platform.versions import require_current


class Roles:
    """Roles hold for the whole platform; only those at the root change them."""

    def __init__(
        self,
        database: Database,
        access: Access,
        time_source: TimeSource,
        changed: Callable[[], Awaitable[None]],
        behaviours: frozenset[str],
    ) -> None:
        self._database = database
        self._time = time_source
        self._access = access
        self._changed = changed
        self._behaviours = behaviours

    def operations(self, principal: Principal) -> list[OperationView]:
        """All operations with their level."""
        self._require_reading(principal)
        return [
            OperationView(
                name=each, level=level_of(each, self._behaviours), per_camera=each.per_camera
            )
            for each in Operation
        ]

    async def listed(self, principal: Principal) -> list[Role]:
        """All roles, by name; for those who manage roles or users."""
        self._require_reading(principal)
        rows = await self._database.read(
            lambda session: session.scalars(select(RoleRow).order_by(RoleRow.name)).all()
        )
        return [role_view(row) for row in rows]

    async def add(self, principal: Principal, new: NewRole) -> Role:
        """Make one.

        Raises:
            PlatformError: 422 ``role.other-level`` (``operation``), ``role.no-such-level``;
                409 ``conflict.name``.
        """
        self._access.require(principal, Operation.ROLES)
        self._check(new.level, new.operations)

        def work(session: Session) -> RoleRow:
            _require_free(session, new.name, None)
            row = RoleRow(name=new.name, level=new.level.value, operations=_sorted(new.operations))
            session.add(row)
            session.flush()
            return row

        return role_view(await self._database.write(work))

    async def change(self, principal: Principal, role_id: str, change: RoleChange) -> Role:
        """Change one; it holds at once, also in running sessions.

        Raises:
            PlatformError: as ``add``; 404 ``not-found``; 409 ``conflict.stale``,
                ``account.last-administrator``.
        """
        self._access.require(principal, Operation.ROLES)

        def work(session: Session) -> RoleRow:
            row = _existing(session, role_id, change.version)
            if change.name is not None:
                _require_free(session, change.name, row.id)
                row.name = change.name
            if change.operations is not None:
                self._check(Level(row.level), change.operations)
                row.operations = _sorted(change.operations)
            row.version += 1
            session.flush()
            require_administrator(session, self._time.now())
            return row

        changed = await self._database.write(work)
        await self._changed()
        return role_view(changed)

    async def delete(self, principal: Principal, role_id: str, version: int) -> None:
        """Delete one that nobody has.

        Raises:
            PlatformError: 404 ``not-found``; 409 ``conflict.stale``, ``role.in-use``.
        """
        self._access.require(principal, Operation.ROLES)

        def work(session: Session) -> None:
            row = _existing(session, role_id, version)
            if session.scalars(
                select(UserRoleRow).where(UserRoleRow.role_id == role_id).limit(1)
            ).first():
                raise Conflict("role.in-use")
            session.delete(row)

        await self._database.write(work)

    def _require_reading(self, principal: Principal) -> None:
        if self._access.decide(principal, Operation.USERS) is not None:
            self._access.require(principal, Operation.ROLES)

    def _check(self, level: Level, operations: list[Operation]) -> None:
        if level is Level.FUNCTION and TWO_LEVELS_ONLY in self._behaviours:
            raise PlatformError("role.no-such-level", 422, level=level.value)
        for operation in operations:
            if level_of(operation, self._behaviours) is not level:
                raise PlatformError("role.other-level", 422, operation=operation.value)


def role_view(row: RoleRow) -> Role:
    """As the API answers."""
    return Role(
        id=row.id,
        name=row.name,
        level=Level(row.level),
        operations=[Operation(name) for name in row.operations],
        version=row.version,
    )


def _sorted(operations: list[Operation]) -> list[str]:
    wanted = set(operations)
    return [each.value for each in Operation if each in wanted]


def _existing(session: Session, role_id: str, version: int) -> RoleRow:
    row = session.get(RoleRow, role_id)
    if row is None:
        raise PlatformError("not-found", 404)
    require_current(row, version, lambda: role_view(row))
    return row


def _require_free(session: Session, name: str, but: str | None) -> None:
    row = session.scalars(select(RoleRow).where(RoleRow.name == name)).first()
    if row is not None and row.id != but:
        raise Conflict("conflict.name", name=name)
