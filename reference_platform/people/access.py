"""The one place that decides who may do what (4.3.3.6-b to -f, 4.4.3-a, -b).

Services ask it, whoever called them: an API, a page, a stream, a WebSocket, a download. It decides
from memory, without waiting: ``Rights`` is read again after each change of users, roles or
organisations, and everything that runs for somebody (``watch``) is judged again at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import Denied, PlatformError
from reference_platform.people.operations import PLATFORM_WIDE, Level, Operation
from reference_platform.people.rights_model import (
    Grant,
    Place,
    Principal,
    Rights,
    UserRights,
)

REGION_LEAK = defect("region-leak", "Management and lists are not limited to one's organisation.")
REVOKED_RIGHT_STILL_WORKS = defect(
    "revoked-right-still-works", "A session keeps the rights that its user had at log-in."
)
DATA_ROLE_CAN_MANAGE = defect(
    "data-role-can-manage", "A role of data access allows the management of the system as well."
)
RIGHTS_NOT_ENFORCED_ON_API = defect(
    "rights-not-enforced-on-api",
    "Lists show only what is allowed, but a call that names a camera or a thing is not checked.",
    seen="648540858/wvp-GB28181-pro#1787",
)
SUSPENDED_USER_KEEPS_STREAM = defect(
    "suspended-user-keeps-stream", "What runs already goes on when its user is suspended."
)
EXPIRED_USER_LOGS_IN = defect(
    "expired-user-logs-in", "The validity period of an account is stored and never looked at."
)
DEVICE_LEVEL_ONLY = defect(
    "device-level-only", "A right to one channel counts for all channels of its device."
)
_TICK_SECONDS = 0.25

__all__ = [
    "Access",
    "Grant",
    "Place",
    "Principal",
    "Rights",
    "UserRights",
    "Watch",
    "raise_refusal",
]


class Watch:
    """A right that must hold as long as something runs.

    ``with`` it, or ``close`` it. ``ended`` is set within a second of the right's
    end; ``reason`` is the error code then.
    """

    def __init__(
        self,
        access: Access,
        refusal: Callable[[], str | None],
        session: str,
        *,
        counts_as_use: bool,
    ) -> None:
        self.counts_as_use = counts_as_use
        self._access = access
        self._refusal = refusal
        self.session = session
        self.ended = asyncio.Event()
        self.reason = ""

    def check(self) -> None:
        """Judge again."""
        if not self.ended.is_set() and (reason := self._refusal()):
            self.end(reason)

    def end(self, reason: str) -> None:
        """The right is gone; ``reason`` is an error code."""
        self.reason = reason
        self.ended.set()

    def close(self) -> None:
        """Nothing runs any more."""
        self._access.forget(self)

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


class Access:
    """Decides. ``sessions``: whether a session (``Principal.session``) still holds."""

    def __init__(
        self,
        time_source: TimeSource,
        session_refusal: Callable[[str], str | None],
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._time = time_source
        self._session_refusal = session_refusal
        self._behaviours = behaviours
        self._rights = Rights()
        self._at_login: dict[str, UserRights] = {}
        self._kept: dict[str, Place] = {}
        self._watches: set[Watch] = set()
        self._ticking: asyncio.Task[None] | None = None

    # -- what the decision rests on ------------------------------------------------------------

    @property
    def rights(self) -> Rights:
        """As last read."""
        return self._rights

    def update(self, rights: Rights) -> None:
        """Decide from ``rights`` from now on, also what runs already."""
        rights.places.update(self._kept)
        self._rights = rights
        self.recheck()

    def keep(self, channels: Iterable[str]) -> None:
        """Let channels stay, whatever is stored; for ``deleted-camera-still-viewable`` alone."""
        self._kept.update({each: self._rights.places[each] for each in channels})

    def place(self, channels: Mapping[str, Place | None]) -> None:
        """Channels came (with their place) or went (``None``)."""
        for channel, place in channels.items():
            self._rights.put(channel, place)
        self.recheck()

    def session_opened(self, session: str, user_id: str) -> None:
        """A user logged in."""
        if REVOKED_RIGHT_STILL_WORKS in self._behaviours:
            self._at_login[session] = self._rights.users[user_id]

    def recheck(self) -> None:
        """Judge everything that runs, now: something changed, or a session ended."""
        for watch in tuple(self._watches):
            watch.check()

    # -- decisions -----------------------------------------------------------------------------

    def account_refusal(self, user_id: str) -> str | None:
        """Why an account may not be used at all now (error code), or ``None``."""
        user = self._rights.users.get(user_id)
        if user is None:
            return "access.denied"
        if not user.active:
            return "account.suspended"
        if EXPIRED_USER_LOGS_IN in self._behaviours:
            return None
        now = self._time.now()
        if user.valid_from is not None and now < user.valid_from:
            return "account.not-yet-valid"
        if user.valid_until is not None and now >= user.valid_until:
            return "account.expired"
        return None

    def decide(
        self,
        principal: Principal,
        operation: Operation,
        channel_id: str | None = None,
        *,
        organisation_id: str | None = None,
    ) -> str | None:
        """Why ``principal`` may not (error code), or ``None`` for may.

        Without a channel: whether the operation is allowed somewhere; what it is done to must then
        be filtered by ``visible_channels`` or ``scope``.
        """
        return self.session_refusal(principal) or self._decide(
            principal, operation, channel_id, organisation_id
        )

    def decide_lasting(
        self, principal: Principal, operation: Operation, channel_id: str
    ) -> str | None:
        """As ``decide``, for work that outlives its session (a download after log-out)."""
        return self.account_refusal(principal.user_id) or self._decide(
            principal, operation, channel_id, None
        )

    def _decide(
        self,
        principal: Principal,
        operation: Operation,
        channel_id: str | None,
        organisation_id: str | None,
    ) -> str | None:
        """Once the session or the account holds."""
        if self._rights.users[principal.user_id].must_change_password:
            return "password.must-change"
        user = self._user(principal)
        if RIGHTS_NOT_ENFORCED_ON_API in self._behaviours:
            return None
        if not self._role_allows(user, operation):
            return "access.denied"
        if operation.per_camera:
            allowed = channel_id is None or self._reaches(user, operation, channel_id)
        else:
            if channel_id is not None:
                place = self._rights.places.get(channel_id)
                organisation_id = place.organisation if place else ""
            allowed = self._manages(user, operation, organisation_id)
        return None if allowed else "access.denied"

    def require(
        self,
        principal: Principal,
        operation: Operation,
        channel_id: str | None = None,
        *,
        organisation_id: str | None = None,
    ) -> None:
        """Raise unless ``decide`` allows.

        Raises:
            PlatformError: 401 ``session.ended``, else ``Denied`` (403) with the refusal's code.
        """
        raise_refusal(
            self.decide(principal, operation, channel_id, organisation_id=organisation_id)
        )

    def session_refusal(self, principal: Principal) -> str | None:
        """Why nothing at all is allowed to this session any more, or ``None``."""
        return self._session_refusal(principal.session) or self.account_refusal(principal.user_id)

    def visible_channels(
        self, principal: Principal, operation: Operation | None = None
    ) -> frozenset[str]:
        """The channels that ``principal`` may know of (or do a camera's ``operation`` with)."""
        if self.session_refusal(principal):
            return frozenset()
        user = self._user(principal)
        if operation is not None:
            if not self._role_allows(user, operation):
                return frozenset()
            return frozenset(
                each for each in self._rights.places if self._reaches(user, operation, each)
            )
        return frozenset(each for each in self._rights.places if self._sees(user, each))

    def sees(self, principal: Principal, channel_id: str) -> bool:
        """Whether ``principal`` may know of a channel at all."""
        if self.session_refusal(principal) or channel_id not in self._rights.places:
            return False
        return self._sees(self._user(principal), channel_id)

    def scope(self, principal: Principal) -> frozenset[str]:
        """The organisations that ``principal`` may manage: their own and all below."""
        if self.session_refusal(principal):
            return frozenset()
        if REGION_LEAK in self._behaviours:
            return frozenset(self._rights.parents)
        top = self._user(principal).organisation
        return frozenset(each for each in self._rights.parents if self._rights.within(each, top))

    def operations(self, principal: Principal) -> frozenset[Operation]:
        """What the roles of ``principal`` allow somewhere; for pages to show or hide."""
        return frozenset(each for each in Operation if self.decide(principal, each) is None)

    def ptz_level(self, principal: Principal) -> int:
        """1 to 10, 10 the highest; 0 when nothing is allowed."""
        return 0 if self.session_refusal(principal) else self._user(principal).ptz_level

    # -- what runs -----------------------------------------------------------------------------

    def watch(
        self,
        principal: Principal,
        operation: Operation | None,
        channel_id: str | None = None,
    ) -> Watch:
        """Require, then keep judging until ``close``. ``operation`` ``None``: the session alone.

        Raises:
            PlatformError: as ``require``.
        """

        def refusal() -> str | None:
            if operation is None:
                return self.session_refusal(principal)
            return self.decide(principal, operation, channel_id)

        raise_refusal(refusal())

        def later() -> str | None:
            if SUSPENDED_USER_KEEPS_STREAM in self._behaviours and (
                self.account_refusal(principal.user_id) == "account.suspended"
            ):
                return None
            return refusal()

        watch = Watch(self, later, principal.session, counts_as_use=operation is not None)
        self._watches.add(watch)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        return watch

    def forget(self, watch: Watch) -> None:
        """See ``Watch.close``."""
        self._watches.discard(watch)

    def watched_sessions(self) -> frozenset[str]:
        """Sessions in which somebody watches; one that only hears of events is idle."""
        return frozenset(watch.session for watch in self._watches if watch.counts_as_use)

    def end_everything(self, reason: str) -> None:
        """End what runs: the platform closes."""
        for watch in tuple(self._watches):
            watch.end(reason)

    async def close(self) -> None:
        """End the judging."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
            self._ticking = None

    async def _tick(self) -> None:
        """What ends by time alone: validity periods and sessions."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.recheck()

    # -- parts ---------------------------------------------------------------------------------

    def _user(self, principal: Principal) -> UserRights:
        return self._at_login.get(principal.session) or self._rights.users[principal.user_id]

    def _sees(self, user: UserRights, channel_id: str) -> bool:
        if REGION_LEAK in self._behaviours:
            return True
        if self._role_allows(user, Operation.DEVICES) and self._rights.within(
            self._rights.places[channel_id].organisation, user.organisation
        ):
            return True
        return any(
            self._reaches(user, each, channel_id)
            for each in Operation
            if each.per_camera and self._role_allows(user, each)
        )

    def _role_allows(self, user: UserRights, operation: Operation) -> bool:
        if DATA_ROLE_CAN_MANAGE in self._behaviours and Level.DATA in user.levels:
            return True
        return operation in user.operations

    def _reaches(self, user: UserRights, operation: Operation, channel_id: str) -> bool:
        place = self._rights.places.get(channel_id)
        if place is None:
            return False
        reach = user.reach[operation]
        if channel_id in reach.channels:
            return True
        if DEVICE_LEVEL_ONLY in self._behaviours and any(
            self._rights.places[each].device == place.device
            for each in reach.channels & self._rights.places.keys()
        ):
            return True
        return not reach.organisations.isdisjoint(self._rights.line(place.organisation))

    def _manages(self, user: UserRights, operation: Operation, organisation_id: str | None) -> bool:
        if REGION_LEAK in self._behaviours:
            return True
        if operation in PLATFORM_WIDE:
            return self._rights.parents.get(user.organisation, "") is None
        return organisation_id is None or self._rights.within(organisation_id, user.organisation)


def raise_refusal(refusal: str | None) -> None:
    """Turn an error code of a decision into its exception."""
    if refusal is None:
        return
    if refusal.startswith("session."):
        raise PlatformError(refusal, 401)
    raise Denied(refusal)
