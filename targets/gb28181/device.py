"""One device that somebody asks about: its policy, its history, and what can be asked of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import Kind, Manscdp
from protocols.sip.endpoint import IncomingRequest, Peer
from protocols.sip.passed import PassedMessage
from targets.errors import VisitProblem, problem_of
from targets.gb28181.channels import camera_among, channels_of
from targets.gb28181.exchange import Exchange, Fields, run_exchange
from targets.gb28181.policy import Policy
from targets.gb28181.record import DeviceRecord, Event, Notified, RegisterAnswer

if TYPE_CHECKING:
    from targets.gb28181.upper_platform import UpperPlatform

MAXIMUM_MESSAGES = 50_000
MAXIMUM_BYTES = 64 << 20
MAXIMUM_EVENTS = 20_000
_COME_BACK_SECONDS = 5.0
T = TypeVar("T")


class RegisteredDevice:
    """A device by its id, before it registers, while it is registered, and after.

    Attributes:
        id: its 20 digits.
        policy: how the platform answers it.
        messages: every SIP message from and to it since somebody asked, oldest first; bounded,
            the oldest go.
        events: what befell it, likewise.
        answers: its REGISTERs that carried an answer to a challenge.
        notified: MANSCDP notifications other than keepalives.
        responses: time and SN of every Response, expected or not.
        charset: in which it is spoken to.
        channels: the ids of its last catalogue, each with its PTZType.
    """

    def __init__(self, platform: UpperPlatform, identifier: str) -> None:
        self.platform = platform
        self.id = identifier
        self.policy = Policy()
        self.messages: deque[PassedMessage] = deque()
        self.events: deque[Event] = deque(maxlen=MAXIMUM_EVENTS)
        self.answers: deque[RegisterAnswer] = deque(maxlen=MAXIMUM_EVENTS)
        self.notified: deque[Notified] = deque(maxlen=MAXIMUM_EVENTS)
        self.responses: deque[tuple[float, int | None]] = deque(maxlen=MAXIMUM_EVENTS)
        self.charset = "GB2312"
        self.channels: dict[str, str] = {}
        self.on_invite: Callable[[IncomingRequest], None] | None = None
        self.withheld: IncomingRequest | None = None
        self.on_ended: dict[str, Callable[[IncomingRequest], None]] = {}
        self.pending: dict[int, Exchange] = {}
        self.busy = asyncio.Lock()
        self._bytes = 0
        self._waiters: set[asyncio.Future[None]] = set()

    # State

    @property
    def record(self) -> DeviceRecord | None:
        """What the registrar keeps of it, ``None`` before it first came."""
        return self.platform.record(self.id)

    @property
    def is_registered(self) -> bool:
        """Whether its registration stands, keepalives aside."""
        record = self.record
        now = self.platform.time.now()
        return record is not None and record.registered and record.expires_at > now

    @property
    def is_online(self) -> bool:
        """Whether it is registered and its keepalives come (9.6: three missed are too many)."""
        record = self.record
        fresh = record is not None and (
            self.platform.time.now() - record.last_seen < self.platform.offline_after
        )
        return self.is_registered and fresh

    @property
    def peer(self) -> Peer:
        """Where it is now.

        Raises:
            VisitProblem: nobody knows.
        """
        record = self.record
        if record is None or record.peer is None:
            raise VisitProblem("visit.not-registered", seconds=0)
        return record.peer

    @property
    def address(self) -> tuple[str, int]:
        """Its own address and port, whatever stands between.

        Raises:
            VisitProblem: nobody knows.
        """
        peer = self.peer
        return self.platform.true_end(peer.transport, peer.host, peer.port)

    async def registered(self, seconds: float) -> None:
        """Wait until it is registered, and for a moment until it is back where it hung up.

        Raises:
            VisitProblem: it was not registered within ``seconds``.
        """
        if not await self.wait_for(lambda: self.is_registered, seconds):
            raise VisitProblem("visit.not-registered", seconds=round(seconds, 1))
        # One that closes its connection after every message is called at its own port instead.
        await self.wait_for(lambda: self.platform.endpoint.reaches(self.peer), _COME_BACK_SECONDS)

    async def wait_for(self, condition: Callable[[], object], seconds: float) -> bool:
        """Whether ``condition`` came true within ``seconds``; asked whenever something happens."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not condition():
            left = end - loop.time()
            if left <= 0:
                return False
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait({waiter}, timeout=left)
            finally:
                self._waiters.discard(waiter)
        return True

    def changed(self) -> None:
        """Something happened: whoever waits looks again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    # What the platform notes

    def passed(self, message: PassedMessage) -> None:
        """Keep one message."""
        self.messages.append(message)
        self._bytes += len(message.data)
        while len(self.messages) > MAXIMUM_MESSAGES or self._bytes > MAXIMUM_BYTES:
            self._bytes -= len(self.messages.popleft().data)

    def note(self, event: Event) -> None:
        """Keep one event and wake whoever waits."""
        self.events.append(event)
        self.changed()

    def notified_since(self, moment: float, command: str) -> list[Notified]:
        """Notifications of one command at or after ``moment``."""
        return [one for one in self.notified if one.message.command == command and one.at >= moment]

    def since(self, moment: float, what: str) -> list[Event]:
        """Events of one name at or after ``moment``."""
        return [one for one in self.events if one.what == what and one.at >= moment]

    def take(self, at: float, method: str, message: Manscdp, call_id: str = "") -> None:
        """Take a MANSCDP message in: the answer to a question, or a notification."""
        if message.kind == "Response":
            self.responses.append((at, message.sn))
            exchange = self.pending.get(message.sn or 0)
            if exchange is not None and exchange.expects(message):
                exchange.take(at, message)
        elif message.command != "Keepalive":
            self.notified.append(Notified(at, method, message, call_id))
        self.changed()

    # Asking

    @property
    def main_channel(self) -> str:
        """The channel whose video is asked for."""
        return camera_among(self.channels, self.id)

    async def query(
        self, command: str, fields: Fields = (), *, target: str = "", seconds: float = 10.0
    ) -> Exchange:
        """Ask by MESSAGE and collect the answers of the same SN (9.5); see ``run_exchange``."""
        exchange = await self._exchange("Query", command, fields, target, seconds, wait=True)
        if command == "Catalog":
            self.channels = channels_of(exchange) or self.channels
        return exchange

    async def control(
        self,
        fields: Fields,
        *,
        command: str = "DeviceControl",
        target: str = "",
        seconds: float = 10.0,
        wait: bool = False,
    ) -> Exchange:
        """Command by MESSAGE (9.3); ``wait`` for those that a Response answers."""
        return await self._exchange("Control", command, fields, target, seconds, wait=wait)

    async def notify(
        self, command: str, fields: Fields = (), *, seconds: float = 10.0, wait: bool = True
    ) -> Exchange:
        """Notify by MESSAGE (a broadcast, 9.12)."""
        return await self._exchange("Notify", command, fields, None, seconds, wait=wait)

    async def _exchange(
        self,
        kind: Kind,
        command: str,
        fields: Fields,
        target: str | None,
        seconds: float,
        *,
        wait: bool,
    ) -> Exchange:
        device = self.id if target == "" else target
        exchange = Exchange(kind, command, self.platform.next_sn(), device)
        await run_exchange(self, exchange, fields, seconds, wait=wait)
        return exchange

    async def answering(self, work: Callable[[], Awaitable[T]], what: str, seconds: float) -> T:
        """``work()`` with what the network can do to it as a problem of the visit."""
        try:
            return await work()
        except TimeoutError as fault:
            raise VisitProblem(
                "visit.no-answer-by-sip", what=what, seconds=round(seconds, 1)
            ) from fault
        except OSError as fault:
            raise problem_of(fault, waiting_for=what, seconds=seconds) from fault
        except ProtocolError as fault:
            raise VisitProblem("visit.malformed", where=what, detail=str(fault)) from fault
