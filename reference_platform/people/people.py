"""The room of people, put together."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from protocols.time_source import TimeSource
from reference_platform.people.access import Access
from reference_platform.people.audit import Audit
from reference_platform.people.first_start import begin
from reference_platform.people.login import DELETED_USER_CAN_LOG_IN, LogIn
from reference_platform.people.passwords import PasswordCost, Passwords
from reference_platform.people.policy import SecurityPolicy
from reference_platform.people.rights import read_rights
from reference_platform.people.roles import Roles
from reference_platform.people.sessions import Sessions
from reference_platform.people.users import Users
from reference_platform.store.database import Database
from reference_platform.store.vault import Vault

_PURGE_SECONDS = 20.0


class People:
    """Accounts, roles, sessions and the access that follows from them.

    Attributes:
        access: the one place that decides.
        audit: the log of what was done.
        sessions, log_in, users, roles: see their classes.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        data: Path,
        time_source: TimeSource,
        behaviours: frozenset[str],
        cost: PasswordCost | None = None,
    ) -> None:
        self._database = database
        self._behaviours = behaviours
        self._passwords = Passwords(cost)
        self._refreshing = asyncio.Lock()
        self._read_rights = partial(read_rights, deleted_too=DELETED_USER_CAN_LOG_IN in behaviours)
        self._purging: asyncio.Task[None] | None = None
        self.sessions = Sessions(database, time_source, behaviours)
        self.access = Access(time_source, self.sessions.refusal, behaviours)
        self.audit = Audit(database, time_source, vault, data / "audit.end")
        self.log_in = LogIn(
            database,
            self.access,
            self.sessions,
            self.audit,
            self._passwords,
            time_source,
            self.refresh,
            behaviours,
        )
        self.users = Users(
            database, self.access, self.sessions, self.log_in, time_source, self.refresh, behaviours
        )
        self.roles = Roles(database, self.access, time_source, self.refresh, behaviours)

    async def start(self, language: str) -> str | None:
        """Begin; a one-time password of the first administrator, to be shown once, or ``None``."""
        password = await self._database.write(
            lambda session: begin(session, self._passwords, language, self._behaviours)
        )
        await self.sessions.load()
        await self.refresh()
        await self.audit.start()
        self._purging = asyncio.create_task(self._keep_house())
        return password

    async def close(self) -> None:
        """End; what waits is written."""
        if self._purging is not None:
            self._purging.cancel()
            await asyncio.gather(self._purging, return_exceptions=True)
        await self.access.close()
        await self.audit.close()

    async def refresh(self) -> None:
        """Decide from what is stored now: to be called after a change of users, roles,
        organisations, devices or channels.
        """
        async with self._refreshing:
            self.access.update(await self._database.read(self._read_rights))

    def use_policy(self, policy: SecurityPolicy) -> None:
        """Let ``policy`` hold from now on."""
        self.log_in.policy = policy
        self.sessions.idle_seconds = policy.session_minutes * 60.0
        self.access.recheck()

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_PURGE_SECONDS)
            for session in self.access.watched_sessions():
                await self.sessions.seen(session)
            await self.sessions.purge()
