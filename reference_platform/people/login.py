"""Logging in and out, and one's own password."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError
from reference_platform.people.access import Access, Principal, raise_refusal
from reference_platform.people.audit import Audit
from reference_platform.people.lockout import Lockout
from reference_platform.people.models import Me
from reference_platform.people.passwords import Passwords, require_strong
from reference_platform.people.policy import SecurityPolicy
from reference_platform.people.sessions import OpenSession, Sessions
from reference_platform.store.database import Database
from reference_platform.store.people_tables import UserRow

DELETED_USER_CAN_LOG_IN = defect(
    "deleted-user-can-log-in", "A deleted account is only hidden from the list: it still logs in."
)


class Began(NamedTuple):
    """A session that has begun."""

    token: str
    principal: Principal
    expires: float


class LogIn:
    """Turns a name and a password into a session, and a session's token into a ``Principal``."""

    def __init__(
        self,
        database: Database,
        access: Access,
        sessions: Sessions,
        audit: Audit,
        passwords: Passwords,
        time_source: TimeSource,
        changed: Callable[[], Awaitable[None]],
        behaviours: frozenset[str],
    ) -> None:
        self._database = database
        self._access = access
        self._sessions = sessions
        self._audit = audit
        self._passwords = passwords
        self._time = time_source
        self._changed = changed
        self._lockout = Lockout(database, time_source)
        self._deleted_too = DELETED_USER_CAN_LOG_IN in behaviours
        self.policy = SecurityPolicy()

    async def begin(self, name: str, password: str, address: str) -> Began:
        """Log in.

        Raises:
            PlatformError: 401 ``login.failed``, the same for a wrong name and a wrong password;
                403 ``account.suspended``, ``account.expired``, ``account.not-yet-valid`` to one
                who knows the password; 429 ``login.locked``.
        """
        try:
            began = await self._begin(name, password, address)
        except PlatformError as error:
            self._audit.record(None, "login", name, error.code, user=name, address=address)
            raise
        self._audit.record(began.principal, "login", name)
        return began

    async def _begin(self, name: str, password: str, address: str) -> Began:
        await self._lockout.require_open(name, address)
        user = await self._database.read(lambda session: self._find(session, name))
        stored = user.password_hash if user else None
        if not await asyncio.to_thread(self._passwords.matches, stored, password) or user is None:
            await self._lockout.failed(name, address, self.policy)
            raise PlatformError("login.failed", 401)
        raise_refusal(self._access.account_refusal(user.id))
        await self._lockout.succeeded(name)
        await self._database.write(lambda session: self._note_login(session, user.id))
        token, opened = await self._sessions.begin(user.id, address)
        self._access.session_opened(opened.digest, user.id)
        return Began(token, self._principal(opened, address), opened.expires)

    async def find(self, token: str, address: str) -> Principal | None:
        """Who holds ``token``; ``None`` when its session has ended."""
        opened = self._sessions.find(token)
        if opened is None or opened.user_id not in self._access.rights.users:
            return None
        await self._sessions.seen(opened.digest)
        return self._principal(opened, address)

    async def end(self, principal: Principal) -> None:
        """Log out: everything that runs in this session ends."""
        await self._sessions.end(principal.session)
        self._access.recheck()

    def me(self, principal: Principal) -> Me:
        """What one may know of oneself."""
        user = self._access.rights.users[principal.user_id]
        return Me(
            id=user.id,
            name=user.name,
            display_name=user.display_name,
            organisation=user.organisation,
            ptz_level=user.ptz_level,
            must_change_password=user.must_change_password,
            operations=sorted(self._access.operations(principal)),
        )

    async def require_strong(self, password: str, name: str, display_name: str) -> str:
        """The hash of an acceptable password.

        Raises:
            PlatformError: see ``passwords.require_strong``.
        """

        def work() -> str:
            require_strong(password, name, display_name, self.policy.password_length)
            return self._passwords.hash(password)

        return await asyncio.to_thread(work)

    async def change_password(self, principal: Principal, old: str, new: str) -> None:
        """Change one's own password; other sessions of the account end.

        Raises:
            PlatformError: 403 ``password.wrong``, 429 ``login.locked``, 422 as ``require_strong``
                or ``password.unchanged``.
        """
        await self._lockout.require_open(principal.name, principal.address)
        stored = await self._database.read(lambda session: _existing(session, principal.user_id))
        if not await asyncio.to_thread(self._passwords.matches, stored.password_hash, old):
            await self._lockout.failed(principal.name, principal.address, self.policy)
            raise PlatformError("password.wrong", 403)
        if old == new:
            raise PlatformError("password.unchanged", 422)
        fresh = await self.require_strong(new, principal.name, principal.display_name)

        def work(session: Session) -> None:
            row = _existing(session, principal.user_id)
            row.password_hash = fresh
            row.must_change_password = False
            row.version += 1

        await self._database.write(work)
        await self._changed()
        await self._sessions.end_of_user(principal.user_id, but=principal.session)

    def _principal(self, opened: OpenSession, address: str) -> Principal:
        user = self._access.rights.users[opened.user_id]
        return Principal(
            user_id=user.id,
            name=user.name,
            display_name=user.display_name,
            session=opened.digest,
            address=address,
            organisation=user.organisation,
        )

    def _find(self, session: Session, name: str) -> UserRow | None:
        query = select(UserRow).where(UserRow.folded_name == name.casefold())
        if not self._deleted_too:
            query = query.where(UserRow.deleted_at.is_(None))
        return session.scalars(query.order_by(UserRow.deleted_at.is_not(None)).limit(1)).first()

    def _note_login(self, session: Session, user_id: str) -> None:
        _existing(session, user_id).last_login = self._time.now()


def _existing(session: Session, user_id: str) -> UserRow:
    row = session.get(UserRow, user_id)
    if row is None:
        raise PlatformError("login.failed", 401)
    return row
