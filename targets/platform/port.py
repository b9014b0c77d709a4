"""What scenarios ask of a platform, whoever made it.

An adapter carries out what it can; all else says ``visit.not-offered`` by itself. An operation
that the platform refuses is an ``Outcome``, never an exception: whether it had to be refused is
for a probe to say.
"""

# ruff: noqa: ARG002 - what an adapter does not carry out is declined, whatever it is asked with

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NoReturn, Protocol

from targets.credentials import Secret
from targets.errors import VisitProblem

#: What is created, changed and removed on a platform.
Kind = Literal[
    "organisations",
    "regions",
    "devices",
    "channels",
    "roles",
    "operations",
    "users",
    "customers",
    "services",
    "network",
    "security",
    "upper-platforms",
    "patrols",
    "alarms",
    "audit",
]
#: ``done``; ``refused``: not permitted, or it makes no sense now; ``absent``: there is no such
#: thing; ``failed``: the platform broke.
State = Literal["done", "refused", "absent", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one operation.

    Attributes:
        state: see ``State``.
        status: of HTTP, 0 where a person answered.
        code: the platform's own code of its refusal, "".
        fields: what it answered; a list stands under ``items``.
        who: the person who answered, "".
    """

    state: State
    status: int = 0
    code: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    who: str = ""

    @property
    def done(self) -> bool:
        """Whether it was carried out."""
        return self.state == "done"

    @property
    def items(self) -> Sequence[Mapping[str, Any]]:
        """The list that was asked for."""
        found = self.fields.get("items", ())
        return [one for one in found if isinstance(one, Mapping)]

    @property
    def id(self) -> str:
        """The id of what was created."""
        return str(self.fields.get("id", ""))

    def fact(self) -> dict[str, Any]:
        """As recordings keep it: without the answer itself."""
        return {"state": self.state, "status": self.status, "code": self.code, "who": self.who}


@dataclass(frozen=True)
class Session:
    """Somebody who is logged in.

    Attributes:
        user: the account.
        token: what proves it; never shown.
        expires_at: as the platform says, "" when it does not.
        must_change: whether the password has to be changed before anything else.
        profile: what the platform says of the user.
    """

    user: str
    token: Secret
    expires_at: str = ""
    must_change: bool = False
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One answer of an interface, as it came.

    Attributes:
        body: cut at the bound of an answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Artefact:
    """What a person brought: the file, its name, who brought it, and when (reference time)."""

    content: bytes
    name: str
    who: str
    at: float


class MediaStream(Protocol):
    """A running stream of bytes from the platform.

    Attributes:
        status: of HTTP.
        headers: of the answer, names in lower case.
        arrivals: (reference time, bytes that had come by then), in order.
        data: what came, up to the bound of a recording.
        ended_at: reference time at which the platform ended it, ``None`` while it runs.
    """

    status: int
    headers: Mapping[str, str]
    arrivals: list[tuple[float, int]]
    data: bytearray
    ended_at: float | None

    async def wait_for_bytes(self, count: int, seconds: float) -> bool:
        """Whether ``count`` bytes are there within ``seconds``."""
        ...

    async def wait_for_end(self, seconds: float) -> bool:
        """Whether the platform ends the stream within ``seconds``."""
        ...


class EventChannel(Protocol):
    """A running channel on which the platform tells what happens.

    Attributes:
        status: of HTTP by which it was opened (101) or refused.
        events: what came, in order.
        ended_at: reference time at which the platform ended it, ``None`` while it runs.
    """

    status: int
    events: list[Mapping[str, Any]]
    ended_at: float | None

    async def wait_for_end(self, seconds: float) -> bool:
        """Whether the platform ends the channel within ``seconds``."""
        ...


class PlatformPort:
    """A platform that is worked; each adapter carries out what it can."""

    adapter: ClassVar[str] = ""
    #: Whether the interface can be asked directly, with any session and any path.
    has_interface: ClassVar[bool] = False

    async def close(self) -> None:
        """Give everything back; safe to call twice."""

    async def log_in(self, user: str, password: Secret) -> tuple[Session | None, Outcome]:
        """Log in; no session when it was refused."""
        _not_offered("log-in")

    async def log_out(self, session: Session) -> Outcome:
        """Log out."""
        _not_offered("log-out")

    async def change_password(self, session: Session, old: Secret, new: Secret) -> Outcome:
        """Change the own password."""
        _not_offered("change-password")

    async def list(self, session: Session, kind: Kind, **query: str) -> Outcome:
        """Everything of ``kind`` that the session may see, under ``items``."""
        _not_offered(f"list {kind}")

    async def read(self, session: Session, kind: Kind, identifier: str = "") -> Outcome:
        """One of ``kind``; ``network`` and ``security`` have no identifier."""
        _not_offered(f"read {kind}")

    async def create(self, session: Session, kind: Kind, fields: Mapping[str, Any]) -> Outcome:
        """Create one of ``kind``."""
        _not_offered(f"create {kind}")

    async def change(
        self, session: Session, kind: Kind, identifier: str, fields: Mapping[str, Any]
    ) -> Outcome:
        """Change ``fields`` of one of ``kind``, as it is now."""
        _not_offered(f"change {kind}")

    async def remove(self, session: Session, kind: Kind, identifier: str) -> Outcome:
        """Remove one of ``kind``, as it is now."""
        _not_offered(f"remove {kind}")

    def live(
        self, session: Session, channel: str, stream: Literal["main", "sub"] = "main"
    ) -> AbstractAsyncContextManager[MediaStream]:
        """The live picture of a channel for as long as the block lasts."""
        _not_offered("live")

    async def spans(
        self, session: Session, channel: str, start: float, end: float, *, device: bool = False
    ) -> Outcome:
        """What is recorded of a channel, on the platform or on the device: ``spans``, ``gaps``."""
        _not_offered("recordings")

    async def open_playback(
        self, session: Session, channel: str, start: float, end: float, *, device: bool = False
    ) -> Outcome:
        """Begin a playback; its ``id`` names it."""
        _not_offered("playback")

    def playback(
        self, session: Session, identifier: str
    ) -> AbstractAsyncContextManager[MediaStream]:
        """The pictures of a playback for as long as the block lasts."""
        _not_offered("playback")

    async def control_playback(self, session: Session, identifier: str, **command: Any) -> Outcome:
        """``action`` pause, resume, seek (``position``) or scale (``scale``)."""
        _not_offered("playback control")

    async def playback_state(self, session: Session, identifier: str) -> Outcome:
        """``position``, ``scale``, ``state``."""
        _not_offered("playback control")

    async def close_playback(self, session: Session, identifier: str) -> Outcome:
        """End a playback."""
        _not_offered("playback")

    async def order_download(
        self, session: Session, channel: str, start: float, end: float, *, device: bool = False
    ) -> Outcome:
        """Order a file of a period; its ``id`` names it."""
        _not_offered("download")

    async def download_state(self, session: Session, identifier: str) -> Outcome:
        """``state``, ``progress``, ``bytes``."""
        _not_offered("download")

    async def download_file(
        self, session: Session, identifier: str, first: int = 0, last: int | None = None
    ) -> Answer:
        """The file, or the bytes from ``first`` to ``last`` of it."""
        _not_offered("download")

    async def cancel_download(self, session: Session, identifier: str) -> Outcome:
        """Cancel or forget a download."""
        _not_offered("download")

    async def history(self, session: Session) -> Outcome:
        """Who downloaded what and when, under ``items``."""
        _not_offered("download history")

    async def control(self, session: Session, channel: str, **command: Any) -> Outcome:
        """Move or switch something; a refusal names ``holder``, ``level``, ``remaining_s``."""
        _not_offered("control")

    async def control_state(self, session: Session, channel: str) -> Outcome:
        """Who holds the control of a channel."""
        _not_offered("control")

    async def release(self, session: Session, channel: str) -> Outcome:
        """Give the control of a channel back."""
        _not_offered("control")

    async def presets(self, session: Session, channel: str) -> Outcome:
        """The presets of a channel, under ``items``."""
        _not_offered("presets")

    async def set_preset(
        self, session: Session, channel: str, number: int, name: str, *, home: bool = False
    ) -> Outcome:
        """Keep where a camera stands as preset ``number``; ``home``: where it returns to."""
        _not_offered("presets")

    async def patrol(
        self, session: Session, identifier: str, action: Literal["start", "stop", "state"]
    ) -> Outcome:
        """Start or stop a patrol, or ask where it is."""
        _not_offered("patrol")

    async def clock(self, session: Session | None) -> Outcome:
        """The platform's own word of the time, as ``time``."""
        _not_offered("clock")

    async def viewers(self, session: Session, channel: str) -> Outcome:
        """``upstream_pulls`` and ``viewers`` of a channel."""
        _not_offered("viewers")

    async def ticket(self, session: Session, kind: str, target: str) -> Outcome:
        """An address (``url``) for a player that cannot send headers."""
        _not_offered("tickets")

    async def request(
        self,
        session: Session | None,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        maximum: int = 1 << 20,
    ) -> Answer:
        """Ask the interface directly, as ``session`` or as nobody."""
        _not_offered("interface")

    async def openapi(self, session: Session | None = None) -> Mapping[str, Any]:
        """The description of the interface (OpenAPI 3)."""
        _not_offered("interface")

    def events(self, session: Session | None) -> AbstractAsyncContextManager[EventChannel]:
        """The channel of events for as long as the block lasts."""
        _not_offered("events")

    async def confirm(self, task: str, **parameters: Any) -> Outcome:
        """Have a person do or look at something; ``done``, ``refused`` or ``absent``."""
        _not_offered(task)

    async def artefact(self, task: str, **parameters: Any) -> Artefact:
        """What a person brings of ``task``: a downloaded file, a screen recording."""
        _not_offered(task)


def _not_offered(what: str) -> NoReturn:
    raise VisitProblem("visit.not-offered", what=what)
