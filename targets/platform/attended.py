"""The adapter for platforms without an open interface: a person works the vendor's own client.

The harness says step by step what to do, takes the answer or the file, and the same probes judge
it. What nobody answers is a visit problem, ``visit.unanswered``: pending, never a verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from protocols.time_source import TimeSource
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.platform.port import Artefact, Kind, Outcome, PlatformPort, Session
from targets.platform.target import PlatformTarget

Expects = Literal["done", "names", "file"]
MAXIMUM_FILE = 512 << 20
#: What need not be typed.
_NOTHING: tuple[Any, ...] = (None, "", [], ())


@dataclass(frozen=True)
class Task:
    """One thing to do in the vendor's client.

    Attributes:
        key: of the wording in the message catalogue.
        parameters: of the wording.
        expects: ``done``: done, refused or not there; ``names``: what is seen; ``file``.
        secret: the password of a test account, shown to the person and kept nowhere.
    """

    key: str
    parameters: Mapping[str, Any]
    expects: Expects = "done"
    secret: Secret | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Reply:
    """What a person answered: ``done``, ``refused``, ``absent``, names, or a path; and who."""

    answer: str
    who: str


class Attendant(Protocol):
    """The person at the vendor's client."""

    async def ask(self, task: Task) -> Reply | None:
        """The answer, ``None`` when nobody gives one."""
        ...


class AttendedPort(PlatformPort):
    """See the module. What has no id for a person is known by its name.

    Raises from every operation:
        VisitProblem: ``visit.unanswered``.
    """

    adapter: ClassVar[str] = "attended"

    def __init__(
        self, target: PlatformTarget, attendant: Attendant | None, time_source: TimeSource
    ) -> None:
        self.target = target
        self.time = time_source
        self._attendant = attendant
        #: The names of today of things by those under which they were made.
        self._names: dict[str, str] = {}

    async def log_in(self, user: str, password: Secret) -> tuple[Session | None, Outcome]:
        """See ``PlatformPort``."""
        own = user == self.target.access.user
        outcome = await self._do("log-in", secret=None if own else password, user=user)
        return (Session(user, Secret("")) if outcome.done else None), outcome

    async def log_out(self, session: Session) -> Outcome:
        """See ``PlatformPort``."""
        return await self._do("log-out", user=session.user)

    async def list(self, session: Session, kind: Kind, **query: str) -> Outcome:
        """See ``PlatformPort``."""
        del query
        parameters = {"user": session.user, "kind": kind}
        reply = await self._ask(Task("attended.list", parameters, "names"))
        names = [name.strip() for name in reply.answer.replace("，", ",").split(",")]
        made = {now: once for once, now in self._names.items()}
        items = [{"id": made.get(name, name), "name": name} for name in names if name]
        return Outcome("done", fields={"items": items}, who=reply.who)

    async def read(self, session: Session, kind: Kind, identifier: str = "") -> Outcome:
        """See ``PlatformPort``."""
        name = self._names.get(identifier, identifier)
        return await self._do("read", user=session.user, kind=kind, name=name)

    async def create(self, session: Session, kind: Kind, fields: Mapping[str, Any]) -> Outcome:
        """See ``PlatformPort``."""
        name = str(fields.get("name") or fields.get("customer") or "")
        password = fields.get("password")
        secret = Secret(str(password)) if password else None
        outcome = await self._do(
            "create",
            secret=secret,
            user=session.user,
            kind=kind,
            name=name,
            fields=_shown(fields),
        )
        return Outcome(outcome.state, fields={**_public(fields), "id": name}, who=outcome.who)

    async def change(
        self, session: Session, kind: Kind, identifier: str, fields: Mapping[str, Any]
    ) -> Outcome:
        """See ``PlatformPort``."""
        name = self._names.get(identifier, identifier)
        outcome = await self._do(
            "change", user=session.user, kind=kind, name=name, fields=_shown(fields)
        )
        if outcome.done and isinstance(fields.get("name"), str):
            self._names[identifier] = fields["name"]
        return Outcome(outcome.state, fields=_public(fields), who=outcome.who)

    async def remove(self, session: Session, kind: Kind, identifier: str) -> Outcome:
        """See ``PlatformPort``."""
        name = self._names.get(identifier, identifier)
        return await self._do("remove", user=session.user, kind=kind, name=name)

    async def confirm(self, task: str, **parameters: Any) -> Outcome:
        """See ``PlatformPort``."""
        return await self._do(task, **parameters)

    async def artefact(self, task: str, **parameters: Any) -> Artefact:
        """See ``PlatformPort``."""
        reply = await self._ask(Task(f"attended.artefact-{task}", parameters, "file"))
        path = Path(reply.answer)
        try:
            if path.stat().st_size > MAXIMUM_FILE:
                raise VisitProblem("visit.too-much", bytes=MAXIMUM_FILE)
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as fault:
            raise VisitProblem("visit.unanswered", what=task) from fault
        return Artefact(content, path.name, reply.who, self.time.now())

    async def _do(self, what: str, secret: Secret | None = None, **parameters: Any) -> Outcome:
        reply = await self._ask(Task(f"attended.{what}", parameters, "done", secret))
        answer = reply.answer
        if answer not in ("done", "refused", "absent"):
            raise VisitProblem("visit.unanswered", what=what)
        return Outcome(answer, who=reply.who)  # type: ignore[arg-type]

    async def _ask(self, task: Task) -> Reply:
        reply = None if self._attendant is None else await self._attendant.ask(task)
        if reply is None:
            raise VisitProblem("visit.unanswered", what=task.key.removeprefix("attended."))
        return reply


def _public(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "password"}


def _shown(fields: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in _public(fields).items() if value not in _NOTHING}
    return "; ".join(f"{name} = {value}" for name, value in shown.items())
