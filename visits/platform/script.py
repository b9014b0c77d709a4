"""What every visit to a platform does: log in, note steps, make things for the test, clear them.

Everything that is made carries ``tantou-`` in its name, is removed at the end whatever happened,
and is looked for once more.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.platform import Outcome, PlatformPort, Session
from targets.platform.port import Kind
from visits.circumstances import Visit

PREFIX = "tantou-"
Step = dict[str, Any]
#: Fields that a recording may keep of what a platform says of a thing.
_KEPT = (
    "id", "name", "display_name", "parent", "organisation", "region", "level", "operations",
    "state", "valid_from", "valid_until", "phone", "ptz_level", "roles", "cameras", "online",
    "device", "customer", "contact", "modes", "channels", "concurrent_viewers", "retention_days",
    "upstream_ntp", "sip_domain", "session_minutes", "password_length", "lockout_after",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """Something that the visit made on the platform."""

    kind: Kind
    id: str
    name: str


@dataclass(frozen=True)
class Account:
    """A test user: its thing on the platform, its log-in name and its password."""

    made: Made
    user: str
    password: Secret


class PlatformScript:
    """One visit at work.

    Attributes:
        port: the platform.
        admin: the administrator's session; renewed by ``log_in_again``.
        steps: as docs/recordings.md has them.
        mark: what the names of this visit's things begin with.
        accounts: test users, for visits that come back to them.
    """

    def __init__(self, visit: Visit, port: PlatformPort, admin: Session) -> None:
        self.visit = visit
        self.port = port
        self.admin = admin
        self.steps: list[Step] = []
        self.mark = f"{PREFIX}{secrets.token_hex(3)}"
        self.made: dict[str, Made] = {}
        self.accounts: dict[str, Account] = {}
        self._number = 0
        visit.facts["steps"] = self.steps

    @property
    def now(self) -> float:
        """Reference time."""
        return self.visit.time.now()

    @property
    def react(self) -> float:
        """Seconds within which the platform must have done what it does at once."""
        return self.visit.lengths.platform_react

    def name(self, what: str) -> str:
        """A name for a thing of the test."""
        return f"{self.mark}-{what}"

    def device_id(self, type_code: str = "118") -> str:
        """20 digits that belong to nobody: a type of the standard and a random number."""
        return f"6199990000{type_code}{secrets.randbelow(10**7):07d}"

    async def do(
        self, name: str, kind: str, of: str, work: Callable[[], Awaitable[Outcome]], **more: Any
    ) -> Outcome:
        """One operation as a step."""
        step: Step = {"name": name, "kind": kind, "of": of, "at": self.now, **more}
        self.steps.append(step)
        outcome = await work()
        step |= {**outcome.fact(), "ended": self.now}
        return outcome

    async def create(
        self, kind: Kind, of: str, fields: Mapping[str, Any], *, session: Session | None = None
    ) -> Outcome:
        """Make a thing that is called ``of`` here; it is removed at the end."""
        outcome = await self.do(
            "create",
            kind,
            of,
            lambda: self.port.create(session or self.admin, kind, fields),
            wanted=kept(fields),
        )
        if outcome.done:
            identifier = outcome.id or str(fields.get("id", ""))
            self.made[of] = Made(kind, identifier, str(fields.get("name", "")))
            self.steps[-1] |= {"id": identifier, "found": kept(outcome.fields)}
        return outcome

    async def change(self, of: str, fields: Mapping[str, Any]) -> Outcome:
        """Change a thing of this visit."""
        made = self.made[of]
        return await self.do(
            "change",
            made.kind,
            of,
            lambda: self.port.change(self.admin, made.kind, made.id, fields),
            wanted=kept(fields),
        )

    async def read(self, of: str, *, name: str = "read", session: Session | None = None) -> Outcome:
        """Read a thing of this visit back."""
        made = self.made[of]
        outcome = await self.do(
            name, made.kind, of, lambda: self.port.read(session or self.admin, made.kind, made.id)
        )
        self.steps[-1]["found"] = kept(outcome.fields) if outcome.done else None
        return outcome

    async def list_own(self, kind: Kind, *, name: str = "list", **query: str) -> Outcome:
        """List ``kind`` and note those of this visit."""
        outcome = await self.do(
            name, kind, "", lambda: self.port.list(self.admin, kind, **query), query=query
        )
        own = {one.id for one in self.made.values() if one.kind == kind}
        listed = [one for one in outcome.items if str(one.get("id")) in own]
        self.steps[-1] |= {"count": len(outcome.items), "own": [kept(one) for one in listed]}
        return outcome

    async def remove(self, of: str) -> Outcome:
        """Remove a thing of this visit before its end."""
        made = self.made[of]
        return await self.do(
            "remove", made.kind, of, lambda: self.port.remove(self.admin, made.kind, made.id)
        )

    async def account(
        self, of: str, fields: Mapping[str, Any], *, role: str = "", session: Session | None = None
    ) -> Account | None:
        """Make a test user with a strong password of its own; ``None`` when it was refused."""
        password = strong_password()
        user = self.name(of)
        wanted = {
            "name": user,
            "display_name": user,
            "password": password.reveal(),
            "roles": [self.made[role].id] if role else [],
            "must_change_password": False,
            **fields,
        }
        outcome = await self.create("users", of, wanted, session=session)
        return Account(self.made[of], user, password) if outcome.done else None

    async def log_in(self, account: Account, *, of: str = "") -> tuple[Session | None, Outcome]:
        """Log a test user in, past the change of its first password where that is demanded."""
        session: Session | None = None

        async def work() -> Outcome:
            nonlocal session
            session, outcome = await self.port.log_in(account.user, account.password)
            return outcome

        outcome = await self.do("log-in", "users", of or account.user, work)
        if session is not None and session.must_change:
            changed = strong_password()
            done = await self.port.change_password(session, account.password, changed)
            if done.done:
                renewed = Account(account.made, account.user, changed)
                self.accounts = {
                    name: renewed if one is account else one for name, one in self.accounts.items()
                }
                return await self.log_in(renewed, of=of)
        return session, outcome

    async def log_in_again(self) -> None:
        """A fresh session of the administrator."""
        self.admin = await administrator(self.visit, self.port)

    async def clear(self) -> list[str]:
        """Remove what is still there, last made first; names of what could not be removed."""
        for made in reversed(self.made.values()):
            await self._removed(made)
        return [made.name for made in self.made.values() if await self._there(made)]

    async def _removed(self, made: Made) -> None:
        if await self._there(made):
            await self.port.remove(self.admin, made.kind, made.id)

    async def _there(self, made: Made) -> bool:
        return (await self.port.read(self.admin, made.kind, made.id)).done


def strong_password() -> Secret:
    """A password that every sensible policy accepts."""
    return Secret(f"Tq7+{secrets.token_urlsafe(18)}")


def kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a recording may keep of a thing: no password, no hash, nothing unknown."""
    return {name: fields[name] for name in _KEPT if name in fields}


async def administrator(visit: Visit, port: PlatformPort) -> Session:
    """A session of the administrator whom the site file names.

    Raises:
        VisitProblem: no password is known, it was refused, or it must be changed first.
    """
    target = visit.platform.target
    secret = target.secret()
    if secret is None and port.has_interface:
        raise VisitProblem("visit.unauthorised", where="platform")
    session, outcome = await port.log_in(target.access.user, secret or Secret(""))
    if session is None:
        if outcome.state == "failed":
            raise VisitProblem("visit.malformed", where="log-in", detail=f"HTTP {outcome.status}")
        raise VisitProblem("visit.unauthorised", where="platform")
    if session.must_change:
        raise VisitProblem("visit.not-offered", what="log-in", detail="password must be changed")
    return session


@asynccontextmanager
async def working(visit: Visit) -> AsyncIterator[PlatformScript]:
    """Work the platform as its administrator; what was made is cleared and looked for again.

    Raises:
        VisitProblem: there is no platform, or it does not let the administrator in.
    """
    at_hand = visit.platform
    port = at_hand.open()
    visit.facts["platform"] = {"adapter": port.adapter, "host": at_hand.target.host}
    await visit.note_reference()
    try:
        script = PlatformScript(visit, port, await administrator(visit, port))
        try:
            yield script
        finally:
            await _cleared(script)
    finally:
        await port.close()


async def _cleared(script: PlatformScript) -> None:
    """Clear up within a bound of its own, also after a problem."""
    try:
        async with asyncio.timeout(60.0):
            left = await script.clear()
    except (VisitProblem, TimeoutError):
        left = [made.name for made in script.made.values()]
    script.visit.facts["restored"] = {"made": len(script.made), "left": left}
