"""What the endpoint speaks about: peers, incoming requests, bounds, errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from protocols.sip.message import Headers, SipRequest, SipResponse

if TYPE_CHECKING:
    from protocols.sip.transactions import ServerInvite, ServerTransaction

_TAG = re.compile(r";\s*tag\s*=\s*([^\s;,\">]+)", re.IGNORECASE)


def tag_of(value: str | None) -> str:
    """The tag of a From or To value as sent, "" when there is none."""
    found = _TAG.search(value.rpartition(">")[2]) if value else None
    return found[1] if found else ""


Transport = Literal["udp", "tcp", "tls"]


class SipTimeoutError(TimeoutError):
    """No final response came in time."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a message goes to or came from; ``connection`` numbers an open TCP or TLS one."""

    transport: Transport
    host: str
    port: int
    connection: int = 0


@dataclass(frozen=True)
class Limits:
    """Bounds of an endpoint.

    Attributes:
        connections, connections_per_host: open TCP and TLS connections.
        half_open_per_host: those of them that have not brought a whole message yet.
        header_bytes, body_bytes: of one message.
        transactions, transactions_per_host: running ones of peers; beyond, requests are answered
            503 without being remembered. What one host does never uses up what others need.
        first_message_s: a connection on which no message came by then is closed.
        partial_message_s: so is one that stops within a message.
        idle_s: and one on which nothing came for so long.
        output_bytes: unsent bytes of one connection before it is closed.
    """

    connections: int = 60_000
    connections_per_host: int = 1_000
    half_open_per_host: int = 250
    header_bytes: int = 65_536
    body_bytes: int = 16 << 20
    transactions: int = 200_000
    transactions_per_host: int = 100_000
    first_message_s: float = 30.0
    partial_message_s: float = 30.0
    idle_s: float = 7_200.0
    output_bytes: int = 32 << 20


class IncomingRequest:
    """A request and the means to answer it.

    Attributes:
        at: reference time of arrival, POSIX seconds.
        to_tag: the tag our answers carry (the one of the request inside a dialog).
        cancelled: a CANCEL came before the answer; 487 was then sent.
        acknowledged: the ACK to our 2xx came (INVITE only).
        on_unacknowledged: called when no ACK came for 64 x T1 after a final answer.
    """

    __slots__ = (
        "_respond",
        "acknowledged",
        "at",
        "cancelled",
        "local",
        "on_unacknowledged",
        "peer",
        "request",
        "to_tag",
        "transaction",
    )

    def __init__(
        self,
        request: SipRequest,
        peer: Peer,
        local: tuple[str, int],
        at: float,
        to_tag: str,
        respond: Callable[[IncomingRequest, SipResponse], None],
    ) -> None:
        self.request = request
        self.peer = peer
        self.local = local
        self.at = at
        self.to_tag = to_tag
        self.cancelled = False
        self.acknowledged = False
        self.on_unacknowledged: Callable[[], None] | None = None
        self.transaction: ServerTransaction | ServerInvite | None = None
        self._respond = respond

    def response(
        self,
        status: int,
        reason: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> SipResponse:
        """The response that ``respond`` would send (RFC 3261 8.2.6)."""
        made = Headers()
        tagged = status > 100
        for name, value in self.request.headers:
            if name in ("Via", "From", "Call-ID", "CSeq"):
                made.add(name, value)
            elif name == "To":
                bare = tagged and not tag_of(value)
                made.add("To", f"{value};tag={self.to_tag}" if bare else value)
            elif name == "Record-Route" and self.request.method in ("INVITE", "SUBSCRIBE"):
                made.add(name, value)
        for name, value in headers:
            made.add(name, value)
        return SipResponse(status, reason, made, body)

    def respond(
        self,
        status: int,
        reason: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        """Answer; Via gets received and rport, To its tag. A second final answer is swallowed.

        Raises:
            ValueError: a header holds a line break.
        """
        if self.request.method != "ACK":
            self._respond(self, self.response(status, reason, headers, body))
