"""The transaction layer of an endpoint (RFC 3261 section 17.1.3, 17.2.3): who owns a message."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from protocols.errors import ProtocolError
from protocols.sip.endpoint_connections import Connection
from protocols.sip.endpoint_parts import IncomingRequest, Peer, SipTimeoutError, tag_of
from protocols.sip.endpoint_routing import problem_of, return_peer, stamp
from protocols.sip.fields import Via, new_tag, sequence_of, top_via
from protocols.sip.message import Headers, SipRequest, SipResponse, parse_message
from protocols.sip.timers import Timed, TimerHeap
from protocols.sip.transactions import (
    ClientInvite,
    ClientTransaction,
    Reaction,
    ServerInvite,
    ServerTransaction,
    State,
)

if TYPE_CHECKING:
    from protocols.sip.endpoint import SipEndpoint

AnyTransaction = ClientTransaction | ClientInvite | ServerTransaction | ServerInvite
_ClientKey = tuple[str, str]
_ServerKey = tuple[str, str, str, str, str]


class _Asked(NamedTuple):
    """A request of ours under way."""

    key: _ClientKey
    request: SipRequest
    peer: Peer
    answer: asyncio.Future[SipResponse]
    on_provisional: Callable[[SipResponse], None] | None


class _Served(NamedTuple):
    """A request of a peer under way; the request itself is kept for an INVITE only."""

    key: _ServerKey
    peer: Peer
    invite: IncomingRequest | None
    host: str
    merging: int


def _merging(request: SipRequest, call_id: str, number: str) -> int:
    """What a request shares with its like that came by another path (8.2.2.2); 0: nothing.

    The section compares From tag, Call-ID and CSeq. The method, the body and the credentials are
    held beside them: a device that never counts its CSeq up asks something else each time.
    """
    tag = tag_of(request.headers.get("From"))
    if not tag or request.method == "CANCEL" or tag_of(request.headers.get("To")):
        return 0
    said = (request.headers.get("Authorization"), request.body)
    return hash((request.method, tag, call_id, number, *said))


class Transactions:
    """Every running transaction of one endpoint."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        heap: TimerHeap,
        on_response: Callable[[SipResponse, Peer], None] | None,
    ) -> None:
        self._endpoint = endpoint
        self._heap = heap
        self._on_response = on_response
        self._clients: dict[_ClientKey, ClientTransaction | ClientInvite] = {}
        self._servers: dict[_ServerKey, ServerTransaction | ServerInvite] = {}
        self._accepted: dict[tuple[str, int, str], ServerInvite] = {}
        self._per_host: Counter[str] = Counter()
        self._merging: set[int] = set()
        self._invites: dict[tuple[str, int], ClientInvite] = {}
        self.malformed = 0

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # Our requests

    def start(
        self,
        request: SipRequest,
        peer: Peer,
        on_provisional: Callable[[SipResponse], None] | None,
    ) -> asyncio.Future[SipResponse]:
        """Begin a client transaction; its final response comes through the future."""
        data = request.to_bytes()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[SipResponse] = loop.create_future()
        key = (top_via(request).branch, request.method)
        timers, reliable = self._endpoint.timers, peer.transport != "udp"
        transaction: ClientTransaction | ClientInvite
        if request.method == "INVITE":
            transaction = ClientInvite(request, data, reliable, timers)
            call = (request.headers.get("Call-ID") or "", sequence_of(request).number)
            self._invites[call] = transaction
        else:
            transaction = ClientTransaction(data, reliable, timers)
        transaction.owner = _Asked(key, request, peer, answer, on_provisional)
        self._clients[key] = transaction
        answer.add_done_callback(lambda done: self._abandon(transaction, done))
        reaction = transaction.start(loop.time())
        try:
            self._endpoint.send_raw(reaction.send or b"", peer)
        except OSError:
            self._forget_client(transaction)
            raise
        self._mind(transaction)
        return answer

    def _abandon(
        self, transaction: ClientTransaction | ClientInvite, done: asyncio.Future[SipResponse]
    ) -> None:
        """The caller no longer waits: stop repeating the request."""
        if not done.cancelled():
            return
        if isinstance(transaction, ClientTransaction):
            self._forget_client(transaction)
        else:
            transaction.give_up(self._now())
            self._mind(transaction)

    def cancelling(self, request: SipRequest) -> tuple[SipRequest, Peer]:
        """The CANCEL for an INVITE under way (section 9.1), and where it goes."""
        call = (request.headers.get("Call-ID") or "", sequence_of(request).number)
        transaction = self._invites.get(call)
        if transaction is None or transaction.state not in (State.TRYING, State.PROCEEDING):
            raise LookupError("no such INVITE is waiting for its answer")
        asked: _Asked = transaction.owner
        sent = asked.request.headers
        headers = Headers([("Via", sent.get_all("Via")[0])])
        for name in ("Route", "Max-Forwards", "From", "To", "Call-ID"):
            for value in sent.get_all(name):
                headers.add(name, value)
        headers.add("CSeq", f"{call[1]} CANCEL")
        return SipRequest("CANCEL", asked.request.uri, headers), asked.peer

    def acknowledging(self, request: SipRequest, data: bytes) -> None:
        """Remember an ACK to a 2xx: the 2xx may come again."""
        call = (request.headers.get("Call-ID") or "", sequence_of(request).number)
        invite = self._invites.get(call)
        if invite is not None and invite.state is State.ACCEPTED:
            invite.acknowledgement = data

    # What comes in

    def received(self, data: bytes, peer: Peer, local: tuple[str, int], at: float) -> None:
        """One message; nonsense is counted and dropped."""
        try:
            message = parse_message(data, maximum_header=self._endpoint.limits.header_bytes)
            via = top_via(message)
            if isinstance(message, SipResponse):
                self._response(message, via, peer)
            else:
                self._request(message, via, peer, local, at)
        except ProtocolError:
            self.malformed += 1

    def _response(self, response: SipResponse, via: Via, peer: Peer) -> None:
        transaction = self._clients.get((via.branch, sequence_of(response).method))
        if transaction is None:
            if self._on_response is not None:
                self._on_response(response, peer)
            return
        reaction = transaction.receive(response, self._now())
        asked: _Asked = transaction.owner
        if reaction.deliver:
            if response.status < 200:
                if asked.on_provisional is not None:
                    asked.on_provisional(response)
            elif not asked.answer.done():
                asked.answer.set_result(response)
            elif self._on_response is not None:
                self._on_response(response, peer)
        self._send(reaction, asked.peer)
        self._mind(transaction)

    def _request(
        self, request: SipRequest, via: Via, peer: Peer, local: tuple[str, int], at: float
    ) -> None:
        stamp(request, via, peer)
        back = return_peer(via, peer)
        endpoint = self._endpoint
        tag = tag_of(request.headers.get("To")) or new_tag(endpoint.random)
        incoming = IncomingRequest(request, peer, local, at, tag, self._respond)
        try:
            sequence = sequence_of(request)
        except ProtocolError:
            self._stateless(incoming, back, 400, "Bad Request: CSeq")
            return
        call_id = request.headers.get("Call-ID") or ""
        method = request.method
        number = str(sequence.number)
        sent_by = f"{via.host}:{via.port or ''}"
        if method in ("ACK", "CANCEL"):
            key = ("INVITE", via.branch, sent_by, call_id, number)
            invite = self._servers.get(key)
            if method == "ACK":
                self._acknowledge(incoming, invite, (call_id, sequence.number))
                return
        else:
            invite = None
        key = (method, via.branch, sent_by, call_id, number)
        known = self._servers.get(key)
        if known is not None:
            self._send(known.repeated(), known.owner.peer)
            return
        problem = problem_of(request, sequence.method)
        if problem is not None:
            self._stateless(incoming, back, *problem)
            return
        limits = endpoint.limits
        crowded = self._per_host[peer.host] >= limits.transactions_per_host
        if crowded or len(self._servers) >= limits.transactions:
            self._stateless(incoming, back, 503)
            return
        merging = _merging(request, call_id, number) if endpoint.refuses_merged else 0
        if merging in self._merging:
            self._stateless(incoming, back, 482)
            return
        self._serve(incoming, key, back, merging)
        if method == "CANCEL":
            self._cancel(incoming, invite)
        else:
            endpoint.handle(incoming)

    def _serve(self, incoming: IncomingRequest, key: _ServerKey, back: Peer, merging: int) -> None:
        reliable = incoming.peer.transport != "udp"
        now, host = self._now(), incoming.peer.host
        transaction: ServerTransaction | ServerInvite
        if incoming.request.method == "INVITE":
            trying = incoming.response(100).to_bytes()
            transaction = ServerInvite(reliable, self._endpoint.timers, now, trying)
            transaction.owner = _Served(key, back, incoming, host, merging)
        else:
            transaction = ServerTransaction(reliable, self._endpoint.timers, now)
            transaction.owner = _Served(key, back, None, host, merging)
        incoming.transaction = transaction
        self._servers[key] = transaction
        self._per_host[host] += 1
        if merging:
            self._merging.add(merging)
        self._mind(transaction)

    def _acknowledge(
        self,
        incoming: IncomingRequest,
        invite: ServerTransaction | ServerInvite | None,
        call: tuple[str, int],
    ) -> None:
        if not isinstance(invite, ServerInvite):
            invite = self._accepted.get((*call, tag_of(incoming.request.headers.get("To"))))
        if invite is None:
            return
        reaction = invite.acknowledge(self._now())
        served: _Served = invite.owner
        self._mind(invite)
        if reaction.deliver and served.invite is not None:
            served.invite.acknowledged = True
            self._endpoint.handle(incoming)

    def _cancel(
        self, incoming: IncomingRequest, invite: ServerTransaction | ServerInvite | None
    ) -> None:
        if not isinstance(invite, ServerInvite):
            incoming.respond(481)
            return
        served: _Served = invite.owner
        assert served.invite is not None
        incoming.to_tag = served.invite.to_tag
        incoming.respond(200)
        if not invite.answered:
            served.invite.cancelled = True
            served.invite.respond(487)
            self._endpoint.handle(incoming)

    # Answers

    def _respond(self, incoming: IncomingRequest, response: SipResponse) -> None:
        transaction = incoming.transaction
        if transaction is None:
            return
        data = self._signed(response).to_bytes()
        served: _Served = transaction.owner
        reaction = transaction.respond(response.status, data, self._now())
        if isinstance(transaction, ServerInvite) and 200 <= response.status < 300:
            call = (served.key[3], int(served.key[4]), incoming.to_tag)
            self._accepted[call] = transaction
        self._send(reaction, served.peer)
        self._mind(transaction)

    def _signed(self, response: SipResponse) -> SipResponse:
        agent = self._endpoint.user_agent
        if agent and "User-Agent" not in response.headers:
            response.headers.add("User-Agent", agent)
        return response

    def _stateless(
        self, incoming: IncomingRequest, back: Peer, status: int, reason: str = ""
    ) -> None:
        if incoming.request.method == "ACK":
            return
        data = self._signed(incoming.response(status, reason)).to_bytes()
        self._send(Reaction(send=data), back)

    # Timers and ends

    def _send(self, reaction: Reaction, peer: Peer) -> None:
        if reaction.send is None:
            return
        try:
            self._endpoint.send_raw(reaction.send, peer)
        except OSError:
            return  # the peer is gone; its transaction ends by its timer

    def _mind(self, transaction: AnyTransaction) -> None:
        if transaction.ended:
            self._forget(transaction)
        elif self._heap.schedule(transaction):
            self._endpoint.rearm()

    def due(self, timed: Iterable[Timed], now: float) -> None:
        """Deadlines have come: of transactions, and of connections that stood still."""
        for one in timed:
            if isinstance(one, Connection):
                one.abort()
            elif isinstance(one, ClientTransaction | ClientInvite):
                asked: _Asked = one.owner
                reaction = one.timer(now)
                if reaction.timed_out and not asked.answer.done():
                    text = f"no final response to {asked.request.method} in 64 x T1"
                    asked.answer.set_exception(SipTimeoutError(text))
                self._send(reaction, asked.peer)
                self._mind(one)
            elif isinstance(one, ServerTransaction | ServerInvite):
                served: _Served = one.owner
                reaction = one.timer(now)
                self._send(reaction, served.peer)
                self._mind(one)
                if reaction.timed_out and served.invite and served.invite.on_unacknowledged:
                    served.invite.on_unacknowledged()

    def _forget(self, transaction: AnyTransaction) -> None:
        if isinstance(transaction, ClientTransaction | ClientInvite):
            self._forget_client(transaction)
            return
        served: _Served = transaction.owner
        if self._servers.pop(served.key, None) is not None:
            self._per_host[served.host] -= 1
            if not self._per_host[served.host]:
                del self._per_host[served.host]
            self._merging.discard(served.merging)
        if served.invite is not None:
            self._accepted.pop((served.key[3], int(served.key[4]), served.invite.to_tag), None)

    def _forget_client(self, transaction: ClientTransaction | ClientInvite) -> None:
        transaction.end()
        asked: _Asked = transaction.owner
        self._clients.pop(asked.key, None)
        if isinstance(transaction, ClientInvite):
            call = (asked.request.headers.get("Call-ID") or "", sequence_of(asked.request).number)
            if self._invites.get(call) is transaction:
                del self._invites[call]

    def disconnected(self, peer: Peer) -> None:
        """A connection broke: what was asked over it fails."""
        broken = [one for one in self._clients.values() if one.owner.peer == peer]
        self._fail(broken, ConnectionResetError("the connection broke before the answer"))

    def abort(self, error: OSError) -> None:
        """Everything under way fails."""
        self._fail(list(self._clients.values()), error)
        for server in list(self._servers.values()):
            server.end()
        self._servers.clear()
        self._per_host.clear()
        self._merging.clear()
        self._accepted.clear()

    def _fail(self, broken: list[ClientTransaction | ClientInvite], error: OSError) -> None:
        for transaction in broken:
            asked: _Asked = transaction.owner
            if not asked.answer.done():
                asked.answer.set_exception(error)
            self._forget_client(transaction)
