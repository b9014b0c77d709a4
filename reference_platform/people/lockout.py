"""Failed log-ins: after some, each account name and each address waits longer and longer."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.errors import PlatformError
from reference_platform.people.policy import SecurityPolicy
from reference_platform.store.database import Database
from reference_platform.store.people_tables import FailedLoginRow

_LONGEST_NAME_SECONDS = 900.0  # or a stranger could lock somebody out for long
_LONGEST_ADDRESS_SECONDS = 86400.0
_FORGOTTEN_AFTER_SECONDS = 86400.0
_ADDRESS_FACTOR = 4  # several people may share an address


class Lockout:
    """Counts by what was typed, not by accounts: an unknown name is locked like a known one."""

    def __init__(self, database: Database, time_source: TimeSource) -> None:
        self._database = database
        self._time = time_source

    async def require_open(self, name: str, address: str) -> None:
        """Let nobody try who has to wait.

        Raises:
            PlatformError: 429 ``login.locked`` with ``seconds`` to wait.
        """
        now = self._time.now()

        def work(session: Session) -> float:
            rows = (session.get(FailedLoginRow, each) for each in _subjects(name, address))
            # A failure of the future is of before the clock was set back: it locks nobody.
            held = (row.locked_until for row in rows if row is not None and row.last <= now)
            return max(held, default=0.0)

        if (until := await self._database.read(work)) > now:
            raise PlatformError("login.locked", 429, seconds=int(until - now) + 1)

    async def failed(self, name: str, address: str, policy: SecurityPolicy) -> None:
        """Count one more."""
        now = self._time.now()
        limits = (
            (policy.lockout_after, _LONGEST_NAME_SECONDS),
            (policy.lockout_after * _ADDRESS_FACTOR, _LONGEST_ADDRESS_SECONDS),
        )

        def work(session: Session) -> None:
            session.execute(
                delete(FailedLoginRow).where(FailedLoginRow.last < now - _FORGOTTEN_AFTER_SECONDS)
            )
            for subject, (limit, longest) in zip(_subjects(name, address), limits, strict=True):
                row = session.get(FailedLoginRow, subject)
                if row is None:
                    row = FailedLoginRow(subject=subject, failures=0, last=now, locked_until=0.0)
                    session.add(row)
                row.failures += 1
                row.last = now
                if row.failures >= limit:
                    doubled = policy.lockout_seconds * 2.0 ** min(row.failures - limit, 20)
                    row.locked_until = now + min(doubled, longest)

        await self._database.write(work)

    async def succeeded(self, name: str) -> None:
        """The right password: the account's count begins anew. The address's goes on."""
        subject = _subjects(name, "")[0]
        await self._database.write(
            lambda session: session.execute(
                delete(FailedLoginRow).where(FailedLoginRow.subject == subject)
            )
        )


def _subjects(name: str, address: str) -> tuple[str, str]:
    return f"user:{name.casefold()}", f"address:{address}"
