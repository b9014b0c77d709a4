"""Tickets for players that cannot send a header: one use, a minute, one user, one target."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError
from reference_platform.media.limits import MediaLimits
from reference_platform.people.access import Access, Principal, raise_refusal

STREAM_URL_REUSABLE = defect(
    "stream-url-reusable", "The address of a stream opens it again, for anybody, for ever."
)
MEDIA_URL_PLAIN_HTTP = defect(
    "media-url-plain-http", "Addresses of streams are plain HTTP, and answered there."
)

TicketKind = Literal["live", "playback", "download"]
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Ticket:
    principal: Principal
    kind: TicketKind
    target: str
    expires: float


class Tickets:
    """Issues tickets and takes them back. In memory: a restart ends them, as it should."""

    def __init__(
        self,
        access: Access,
        time_source: TimeSource,
        limits: MediaLimits,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        self._access = access
        self._time = time_source
        self._limits = limits
        self._reusable = STREAM_URL_REUSABLE in behaviours
        self._open: OrderedDict[str, _Ticket] = OrderedDict()

    def issue(self, principal: Principal, kind: TicketKind, target: str) -> str:
        """A ticket for ``principal`` to open ``target``; whether it may be opened is asked then."""
        raise_refusal(self._access.session_refusal(principal))
        self._forget_old()
        ticket = secrets.token_urlsafe(32)
        expires = self._time.monotonic() + self._limits.ticket_s
        self._open[_digest(ticket)] = _Ticket(principal, kind, target, expires)
        return ticket

    def redeem(self, ticket: str, kind: TicketKind, target: str) -> Principal:
        """Who got ``ticket`` for this; it is worth nothing afterwards, also if it is for another.

        Raises:
            PlatformError: 401 ``ticket.invalid``, or that the session ended.
        """
        digest = _digest(ticket)
        found = self._open.get(digest) if self._reusable else self._open.pop(digest, None)
        if found is None or (found.kind, found.target) != (kind, target):
            raise PlatformError("ticket.invalid", 401)
        if self._reusable:
            return found.principal
        if self._time.monotonic() >= found.expires:
            raise PlatformError("ticket.invalid", 401)
        raise_refusal(self._access.session_refusal(found.principal))
        return found.principal

    def _forget_old(self) -> None:
        if self._reusable:
            return
        now = self._time.monotonic()
        while self._open:
            oldest = next(iter(self._open.values()))
            if oldest.expires > now and len(self._open) < _MOST:
                break
            self._open.popitem(last=False)


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
