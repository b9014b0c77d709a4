"""Sessions: 256 random bits, stored as their hash; ended by time, by log-out, by other hands."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.store.database import Database
from reference_platform.store.people_tables import SessionRow

TOKEN_NEVER_EXPIRES = defect(
    "token-never-expires", "A session ends neither by time nor by logging out."
)
ABSOLUTE_SECONDS = 12 * 3600.0
_SEEN_STEP_SECONDS = 60.0
_FOR_EVER_SECONDS = 100 * 365 * 86400.0


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One log-in as it is in memory; ``digest`` identifies it."""

    digest: str
    user_id: str
    address: str
    last_seen: float
    expires: float


class Sessions:
    """Who is logged in. Memory decides, the database remembers over a restart."""

    def __init__(
        self, database: Database, time_source: TimeSource, behaviours: frozenset[str]
    ) -> None:
        self._database = database
        self._time = time_source
        self._never_ends = TOKEN_NEVER_EXPIRES in behaviours
        self._open: dict[str, OpenSession] = {}
        self.idle_seconds = 30 * 60.0

    async def load(self) -> None:
        """Go on with what was open when the platform last ended."""
        now = self._time.now()
        rows = await self._database.read(lambda session: session.scalars(select(SessionRow)).all())
        self._open = {
            row.digest: OpenSession(
                row.digest, row.user_id, row.address, row.last_seen, row.expires
            )
            for row in rows
            if row.expires > now
        }

    async def begin(self, user_id: str, address: str) -> tuple[str, OpenSession]:
        """A new session and its token, which is nowhere else."""
        token = secrets.token_urlsafe(32)
        now = self._time.now()
        length = _FOR_EVER_SECONDS if self._never_ends else ABSOLUTE_SECONDS
        opened = OpenSession(_digest(token), user_id, address, now, now + length)
        await self._store(opened, now)
        self._open[opened.digest] = opened
        return token, opened

    def find(self, token: str) -> OpenSession | None:
        """The session of ``token``, if it still holds."""
        found = self._open.get(_digest(token))
        return None if found is None or self.refusal(found.digest) else found

    def refusal(self, digest: str) -> str | None:
        """``session.ended`` or ``session.expired``, or ``None`` while it holds."""
        session = self._open.get(digest)
        if session is None:
            return "session.ended"
        if self._never_ends:
            return None
        now = self._time.now()
        if now >= session.expires or now - session.last_seen >= self.idle_seconds:
            return "session.expired"
        return None

    async def seen(self, digest: str) -> None:
        """Somebody used it, or something runs for it; stored about once a minute."""
        session = self._open.get(digest)
        if session is None or self.refusal(digest):
            return
        now = self._time.now()
        if now - session.last_seen >= _SEEN_STEP_SECONDS:
            self._open[digest] = fresh = replace(session, last_seen=now)
            await self._store(fresh, None)

    async def end(self, digest: str) -> None:
        """Log out."""
        if not self._never_ends:
            await self._drop({digest})

    async def end_of_user(self, user_id: str, *, but: str = "") -> None:
        """End all sessions of a user, except one."""
        await self._drop(
            {each.digest for each in self._open.values() if each.user_id == user_id} - {but}
        )

    async def purge(self) -> None:
        """Forget what ended by time."""
        await self._drop({digest for digest in self._open if self.refusal(digest)})

    async def _drop(self, digests: set[str]) -> None:
        for digest in digests:
            self._open.pop(digest, None)
        if digests:
            await self._database.write(
                lambda session: session.execute(
                    delete(SessionRow).where(SessionRow.digest.in_(digests))
                )
            )

    async def _store(self, opened: OpenSession, created: float | None) -> None:
        def work(session: Session) -> None:
            row = session.get(SessionRow, opened.digest)
            if row is not None:
                row.last_seen = opened.last_seen
            elif created is not None:
                session.add(
                    SessionRow(
                        digest=opened.digest,
                        user_id=opened.user_id,
                        address=opened.address,
                        created=created,
                        last_seen=opened.last_seen,
                        expires=opened.expires,
                    )
                )

        await self._database.write(work)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
