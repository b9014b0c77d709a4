"""Accounts under the organisation tree (4.3.3.6-d, -f)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import Conflict, Denied, PlatformError
from reference_platform.people.access import Access, Principal
from reference_platform.people.guards import require_administrator
from reference_platform.people.login import LogIn
from reference_platform.people.models import CameraGrant, NewUser, User, UserChange
from reference_platform.people.operations import Level, Operation
from reference_platform.people.sessions import Sessions
from reference_platform.store.database import Database
from reference_platform.store.people_tables import RoleRow, UserCameraRow, UserRoleRow, UserRow
from reference_platform.times import optional_moment
from reference_platform.versions import require_current

HORIZONTAL_ESCALATION = defect(
    "horizontal-escalation",
    "Whoever is logged in reads and changes any account whose id is known.",
)
MAXIMUM_LISTED = 1000


class Users:
    """Managed by those who may, each within the own organisation and below.

    Nobody gives what goes beyond the own: a role of management that holds more than one's own,
    cameras outside one's scope; nor changes an account that can do more.
    """

    def __init__(
        self,
        database: Database,
        access: Access,
        sessions: Sessions,
        log_in: LogIn,
        time_source: TimeSource,
        changed: Callable[[], Awaitable[None]],
        behaviours: frozenset[str],
    ) -> None:
        self._database = database
        self._access = access
        self._sessions = sessions
        self._log_in = log_in
        self._time = time_source
        self._changed = changed
        self._any_account = HORIZONTAL_ESCALATION in behaviours

    async def listed(
        self, principal: Principal, query: str = "", organisation: str | None = None
    ) -> list[User]:
        """Accounts within one's scope, by name; ``query`` in a name or phone; ``organisation``: it
        and all below.
        """
        self._access.require(principal, Operation.USERS)
        scope = self._access.scope(principal)
        if organisation is not None:
            scope = frozenset(
                each for each in scope if self._access.rights.within(each, organisation)
            )
        wanted = select(UserRow).where(
            UserRow.deleted_at.is_(None), UserRow.organisation_id.in_(scope)
        )
        if query:
            wanted = wanted.where(
                or_(
                    *(
                        column.icontains(query, autoescape=True)
                        for column in (UserRow.name, UserRow.display_name, UserRow.phone)
                    )
                )
            )
        wanted = wanted.order_by(UserRow.folded_name).limit(MAXIMUM_LISTED)
        rows = await self._database.read(lambda session: session.scalars(wanted).all())
        return [user_view(row) for row in rows]

    async def get(self, principal: Principal, user_id: str) -> User:
        """One account."""
        return user_view(
            await self._database.read(lambda session: self._reachable(session, principal, user_id))
        )

    async def password_hashes(self, users: list[User]) -> dict[str, str]:
        """For the defect ``query-leaks-password-hash`` alone."""
        wanted = select(UserRow.id, UserRow.password_hash).where(
            UserRow.id.in_([user.id for user in users])
        )
        rows = await self._database.read(lambda session: session.execute(wanted).all())
        return dict(rows)

    async def add(self, principal: Principal, new: NewUser) -> User:
        """Make an account.

        Raises:
            PlatformError: 403 ``access.denied``, ``access.beyond-own``; 409 ``conflict.name``; 422
                for a weak password, an unknown role.
        """
        self._access.require(principal, Operation.USERS, organisation_id=new.organisation)
        password_hash = await self._log_in.require_strong(new.password, new.name, new.display_name)

        def work(session: Session) -> UserRow:
            taken = select(UserRow.id).where(
                UserRow.folded_name == new.name.casefold(), UserRow.deleted_at.is_(None)
            )
            if session.scalars(taken).first() is not None:
                raise Conflict("conflict.name", name=new.name)
            self._require_giving(session, principal, new.roles, new.cameras)
            row = UserRow(
                name=new.name,
                folded_name=new.name.casefold(),
                display_name=new.display_name,
                organisation_id=new.organisation,
                phone=new.phone,
                ptz_level=new.ptz_level,
                valid_from=new.valid_from.timestamp() if new.valid_from else None,
                valid_until=new.valid_until.timestamp() if new.valid_until else None,
                state=new.state,
                password_hash=password_hash,
                must_change_password=new.must_change_password,
            )
            _link(row, new.roles, new.cameras)
            session.add(row)
            session.flush()
            return row

        row = await self._database.write(work)
        await self._changed()
        return user_view(row)

    async def change(self, principal: Principal, user_id: str, change: UserChange) -> User:
        """Change an account; every field holds at once, also in what runs.

        Raises:
            PlatformError: as ``add``; 409 ``conflict.stale``, ``account.last-administrator``.
        """
        if change.organisation is not None:
            self._access.require(principal, Operation.USERS, organisation_id=change.organisation)
        before = await self.get(principal, user_id)
        password_hash = None
        if change.password is not None:
            password_hash = await self._log_in.require_strong(
                change.password, before.name, change.display_name or before.display_name
            )

        def work(session: Session) -> UserRow:
            row = self._changeable(session, principal, user_id, change.version)
            self._require_giving(session, principal, change.roles or [], change.cameras or [])
            for name, value in _plain_changes(change).items():
                setattr(row, name, value)
            if password_hash is not None:
                row.password_hash = password_hash
            _link(row, change.roles, change.cameras)
            row.version += 1
            session.flush()
            require_administrator(session, self._time.now())
            return row

        row = await self._database.write(work)
        await self._changed()
        if password_hash is not None or row.state != "active":
            await self._sessions.end_of_user(user_id, but=principal.session)
            self._access.recheck()
        return user_view(row)

    async def delete(self, principal: Principal, user_id: str, version: int) -> None:
        """Delete an account: its sessions end, its name is free again.

        Raises:
            PlatformError: 403, 409 as ``change``.
        """

        def work(session: Session) -> None:
            row = self._changeable(session, principal, user_id, version)
            row.deleted_at = self._time.now()
            row.phone = ""
            row.roles, row.cameras = [], []
            session.flush()
            require_administrator(session, self._time.now())

        await self._database.write(work)
        await self._changed()
        await self._sessions.end_of_user(user_id)
        self._access.recheck()

    def _reachable(self, session: Session, principal: Principal, user_id: str) -> UserRow:
        row = session.get(UserRow, user_id)
        if row is None or row.deleted_at is not None:
            raise Denied
        if self._any_account:
            return row
        self._access.require(principal, Operation.USERS)
        self._access.require(principal, Operation.USERS, organisation_id=row.organisation_id)
        return row

    def _changeable(
        self, session: Session, principal: Principal, user_id: str, version: int
    ) -> UserRow:
        row = self._reachable(session, principal, user_id)
        if not self._any_account:
            self._require_no_more(session, principal, [link.role_id for link in row.roles])
        require_current(row, version, lambda: user_view(row))
        return row

    def _require_giving(
        self,
        session: Session,
        principal: Principal,
        roles: list[str],
        cameras: list[CameraGrant],
    ) -> None:
        self._require_no_more(session, principal, roles)
        scope = self._access.scope(principal)
        for camera in cameras:
            place = self._access.rights.places.get(camera.channel or "")
            standing = camera.organisation or (place.organisation if place else None)
            if standing not in scope:
                raise Denied("access.beyond-own")

    def _require_no_more(self, session: Session, principal: Principal, roles: list[str]) -> None:
        own = self._access.operations(principal)
        for identifier in roles:
            role = session.get(RoleRow, identifier)
            if role is None:
                raise PlatformError("role.unknown", 422)
            if role.level == Level.MANAGEMENT and not own.issuperset(role.operations):
                raise Denied("access.beyond-own")


def user_view(row: UserRow) -> User:
    """As the API answers: no password, in no form."""
    return User(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        organisation=row.organisation_id,
        phone=row.phone,
        ptz_level=row.ptz_level,
        valid_from=optional_moment(row.valid_from),
        valid_until=optional_moment(row.valid_until),
        state="active" if row.state == "active" else "suspended",
        roles=[link.role_id for link in row.roles],
        cameras=[
            CameraGrant(
                channel=camera.channel_id,
                organisation=camera.organisation_id,
                operations=None
                if camera.operations is None
                else [Operation(name) for name in camera.operations],
            )
            for camera in row.cameras
        ],
        must_change_password=row.must_change_password,
        last_login=optional_moment(row.last_login),
        version=row.version,
    )


def _plain_changes(change: UserChange) -> dict[str, Any]:
    """Columns to set: fields that were named; ``null`` clears only the two dates."""
    named = change.model_fields_set - {"version", "password", "roles", "cameras"}
    changes: dict[str, Any] = {}
    for name in named:
        value = getattr(change, name)
        if name in ("valid_from", "valid_until"):
            changes[name] = value.timestamp() if value else None
        elif value is not None:
            changes["organisation_id" if name == "organisation" else name] = value
    return changes


def _link(row: UserRow, roles: list[str] | None, cameras: list[CameraGrant] | None) -> None:
    if roles is not None:
        kept = {link.role_id: link for link in row.roles}
        row.roles = [
            kept.get(identifier) or UserRoleRow(role_id=identifier)
            for identifier in dict.fromkeys(roles)
        ]
    if cameras is not None:
        row.cameras = [
            UserCameraRow(
                channel_id=camera.channel,
                organisation_id=camera.organisation,
                operations=None
                if camera.operations is None
                else [operation.value for operation in camera.operations],
            )
            for camera in cameras
        ]
