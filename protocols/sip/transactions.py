"""The four transaction machines of RFC 3261 section 17 with RFC 6026, without I/O and clock.

Every event returns a ``Reaction``; afterwards ``deadline`` says when ``timer`` wants to be called.
"Reliable" is TCP and TLS: nothing is retransmitted but the 2xx to an INVITE (13.3.1.4).
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from protocols.sip.fields import parse_cseq
from protocols.sip.message import Headers, SipRequest, SipResponse
from protocols.sip.timers import Timers

TRYING_AFTER = 0.2  # seconds until a server answers 100 to an INVITE on its own (17.2.1)
_UNANSWERED_INVITE = 180.0  # seconds a user may take to answer an INVITE (timer C, 16.6)


class State(Enum):
    """Where a transaction stands (figures 5 to 8; ``ACCEPTED`` is RFC 6026)."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Reaction(NamedTuple):
    """What the owner shall do: send bytes, pass the message up, tell of failure."""

    send: bytes | None = None
    deliver: bool = False
    timed_out: bool = False


NOTHING = Reaction()
_DELIVER = Reaction(deliver=True)
_TIMED_OUT = Reaction(timed_out=True)


class _Transaction:
    __slots__ = (
        "_interval",
        "_repeat",
        "_timers",
        "_until",
        "deadline",
        "owner",
        "reliable",
        "scheduled",
        "state",
    )

    def __init__(self, reliable: bool, timers: Timers) -> None:
        self.reliable = reliable
        self._timers = timers
        self.state = State.TRYING
        self.deadline: float | None = None
        self.scheduled: float | None = None
        self.owner: Any = None
        self._repeat: float | None = None
        self._until: float | None = None
        self._interval = timers.t1

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state is State.TERMINATED

    def _plan(self, repeat: float | None, until: float | None) -> None:
        """When to send again, and when to leave the present state."""
        self._repeat, self._until = repeat, until
        self.deadline = until if repeat is None else repeat if until is None else min(repeat, until)

    def end(self) -> None:
        """Stop at once."""
        self.state = State.TERMINATED
        self._plan(None, None)

    def _linger(self, state: State, until: float, now: float) -> None:
        """Stay to absorb repetitions until ``until``; not at all when that is now."""
        self.state = state
        if until <= now:
            self.end()
        else:
            self._plan(None, until)

    def _doubled(self, now: float, maximum: float | None) -> float:
        self._interval *= 2
        if maximum is not None:
            self._interval = min(self._interval, maximum)
        return now + self._interval


class ClientTransaction(_Transaction):
    """A request other than INVITE and ACK that we sent (17.1.2, timers E, F, K)."""

    __slots__ = ("data",)

    def __init__(self, data: bytes, reliable: bool, timers: Timers) -> None:
        super().__init__(reliable, timers)
        self.data = data

    def start(self, now: float) -> Reaction:
        """Send the request the first time."""
        repeat = None if self.reliable else now + self._timers.t1
        self._plan(repeat, now + self._timers.transaction)
        return Reaction(send=self.data)

    def receive(self, response: SipResponse, now: float) -> Reaction:
        """A response with our branch came."""
        if self.state not in (State.TRYING, State.PROCEEDING):
            return NOTHING
        if response.status < 200:
            self.state = State.PROCEEDING
            return _DELIVER
        self._linger(State.COMPLETED, now + (0 if self.reliable else self._timers.t4), now)
        return _DELIVER

    def timer(self, now: float) -> Reaction:
        """A deadline has come."""
        if self._until is not None and now >= self._until:
            failed = self.state in (State.TRYING, State.PROCEEDING)
            self.end()
            return _TIMED_OUT if failed else NOTHING
        if self._repeat is None or now < self._repeat:
            return NOTHING
        if self.state is State.PROCEEDING:
            self._interval = self._timers.t2
            repeat = now + self._interval
        else:
            repeat = self._doubled(now, self._timers.t2)
        self._plan(repeat, self._until)
        return Reaction(send=self.data)


class ClientInvite(_Transaction):
    """An INVITE that we sent (17.1.1 and RFC 6026 7.2, timers A, B, D, M).

    The ACK to a final response of 300 and above is sent here; the ACK to a 2xx is the dialog's
    business: put it into ``acknowledgement`` and repetitions of the 2xx are answered with it.
    """

    __slots__ = ("acknowledgement", "data", "request")

    def __init__(self, request: SipRequest, data: bytes, reliable: bool, timers: Timers) -> None:
        super().__init__(reliable, timers)
        self.request = request
        self.data = data
        self.acknowledgement: bytes | None = None

    def start(self, now: float) -> Reaction:
        """Send the request the first time."""
        repeat = None if self.reliable else now + self._timers.t1
        self._plan(repeat, now + self._timers.transaction)
        return Reaction(send=self.data)

    def receive(self, response: SipResponse, now: float) -> Reaction:
        """A response with our branch came."""
        if self.state in (State.TRYING, State.PROCEEDING):
            return self._first(response, now)
        if self.state is State.ACCEPTED and 200 <= response.status < 300:
            return Reaction(send=self.acknowledgement)
        if self.state is State.COMPLETED and response.status >= 300:
            return Reaction(send=self.acknowledgement)
        return NOTHING

    def _first(self, response: SipResponse, now: float) -> Reaction:
        if response.status < 200:
            self.state = State.PROCEEDING
            self._plan(None, None)
            return _DELIVER
        if response.status < 300:
            self._linger(State.ACCEPTED, now + self._timers.transaction, now)
            return _DELIVER
        self.acknowledgement = failure_ack(self.request, response).to_bytes()
        wait = 0.0 if self.reliable else self._timers.transaction
        self._linger(State.COMPLETED, now + wait, now)
        return Reaction(send=self.acknowledgement, deliver=True)

    def give_up(self, now: float) -> None:
        """The user no longer waits: stop repeating, but stay for an answer that comes late."""
        if self.state in (State.TRYING, State.PROCEEDING):
            self.state = State.PROCEEDING
            self._plan(None, now + self._timers.transaction)

    def timer(self, now: float) -> Reaction:
        """A deadline has come."""
        if self._until is not None and now >= self._until:
            failed = self.state is State.TRYING
            self.end()
            return _TIMED_OUT if failed else NOTHING
        if self._repeat is None or now < self._repeat:
            return NOTHING
        self._plan(self._doubled(now, None), self._until)
        return Reaction(send=self.data)


def failure_ack(invite: SipRequest, response: SipResponse) -> SipRequest:
    """The ACK to a final response of 300 and above (17.1.1.3)."""
    headers = Headers([("Via", invite.headers.get_all("Via")[0])])
    for route in invite.headers.get_all("Route"):
        headers.add("Route", route)
    headers.add("Max-Forwards", "70")
    headers.add("From", invite.headers.get("From") or "")
    headers.add("To", response.headers.get("To") or invite.headers.get("To") or "")
    headers.add("Call-ID", invite.headers.get("Call-ID") or "")
    headers.add("CSeq", f"{parse_cseq(invite.headers.get('CSeq') or '').number} ACK")
    return SipRequest("ACK", invite.uri, headers)


class ServerTransaction(_Transaction):
    """A request other than INVITE and ACK that we received (17.2.2, timer J)."""

    __slots__ = ("_last",)

    def __init__(self, reliable: bool, timers: Timers, now: float) -> None:
        super().__init__(reliable, timers)
        self._last: bytes | None = None
        self._plan(None, now + timers.transaction)

    def repeated(self) -> Reaction:
        """The request came again."""
        return Reaction(send=self._last)

    def respond(self, status: int, data: bytes, now: float) -> Reaction:
        """Our user answers; after the final answer further ones are swallowed."""
        if self.state not in (State.TRYING, State.PROCEEDING):
            return NOTHING
        self._last = data
        if status < 200:
            self.state = State.PROCEEDING
        else:
            wait = 0.0 if self.reliable else self._timers.transaction
            self._linger(State.COMPLETED, now + wait, now)
        return Reaction(send=data)

    def timer(self, now: float) -> Reaction:
        """A deadline has come: the transaction is forgotten, answered or not."""
        if self._until is not None and now >= self._until:
            self.end()
        return NOTHING


class ServerInvite(_Transaction):
    """An INVITE that we received (17.2.1 and RFC 6026 7.1, timers G, H, I, L).

    A 2xx is repeated here until ``acknowledge`` (13.3.1.4), on every transport.
    """

    __slots__ = ("_last", "trying")

    def __init__(self, reliable: bool, timers: Timers, now: float, trying: bytes) -> None:
        super().__init__(reliable, timers)
        self._last: bytes | None = None
        self.trying = trying
        self.state = State.PROCEEDING
        self._plan(now + TRYING_AFTER, now + max(_UNANSWERED_INVITE, timers.transaction))

    @property
    def answered(self) -> bool:
        """Whether a final response was sent."""
        return self.state is not State.PROCEEDING

    def repeated(self) -> Reaction:
        """The INVITE came again."""
        if self.state in (State.PROCEEDING, State.COMPLETED):
            return Reaction(send=self._last)
        return NOTHING

    def respond(self, status: int, data: bytes, now: float) -> Reaction:
        """Our user answers; after the final answer further ones are swallowed."""
        if self.state is not State.PROCEEDING:
            return NOTHING
        self._last = data
        if status < 200:
            self._plan(None, self._until)
            return Reaction(send=data)
        self._interval = self._timers.t1
        self.state = State.ACCEPTED if status < 300 else State.COMPLETED
        again = self.state is State.ACCEPTED or not self.reliable
        self._plan(now + self._interval if again else None, now + self._timers.transaction)
        return Reaction(send=data)

    def acknowledge(self, now: float) -> Reaction:
        """The ACK came; ``deliver`` says that the dialog shall see it (ACK to a 2xx)."""
        if self.state is State.COMPLETED:
            wait = 0.0 if self.reliable else self._timers.t4
            self._linger(State.CONFIRMED, now + wait, now)
            return NOTHING
        if self.state is State.ACCEPTED and self._repeat is not None:
            self._plan(None, self._until)
            return _DELIVER
        return NOTHING

    def timer(self, now: float) -> Reaction:
        """A deadline has come."""
        if self._until is not None and now >= self._until:
            unacknowledged = self.state is State.COMPLETED or (
                self.state is State.ACCEPTED and self._repeat is not None
            )
            self.end()
            return _TIMED_OUT if unacknowledged else NOTHING
        if self._repeat is None or now < self._repeat:
            return NOTHING
        if self.state is State.PROCEEDING:
            self._last = self.trying
            self._plan(None, self._until)
            return Reaction(send=self.trying)
        self._plan(self._doubled(now, self._timers.t2), self._until)
        return Reaction(send=self._last)
