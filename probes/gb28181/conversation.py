"""The SIP conversation of a GB/T 28181 visit, opened: messages, exchanges, MANSCDP bodies.

Nothing here raises on what a device sent; what cannot be read is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assessment.recording import CorruptRecordingError, Recording
from protocols.deviation import Deviation
from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import Edition, Manscdp, parse_manscdp
from protocols.sip.capture import read_conversation
from protocols.sip.fields import from_of, sequence_of, to_of, transaction_branch
from protocols.sip.message import SipMessage, SipRequest, SipResponse, parse_message
from protocols.sip.passed import PassedMessage

PART = "conversation.pcapng"
_MOST_MESSAGES = 100_000


@dataclass(frozen=True)
class Said:
    """One message: when, which way (``outbound``: the harness sent it), how, and what."""

    at: float
    outbound: bool
    transport: str
    message: SipMessage
    size: int


@dataclass
class Exchange:
    """One request with its copies and its answers.

    Attributes:
        request: the first copy.
        copies: times of all copies.
        answers: in order.
        manscdp: the body, where it is one.
        unreadable: why a body that should be MANSCDP is none, "" otherwise.
    """

    request: Said
    copies: list[float] = field(default_factory=list)
    answers: list[Said] = field(default_factory=list)
    manscdp: Manscdp | None = None
    unreadable: str = ""

    @property
    def at(self) -> float:
        """When it was first sent."""
        return self.request.at

    @property
    def sip(self) -> SipRequest:
        """The request itself."""
        assert isinstance(self.request.message, SipRequest)
        return self.request.message

    @property
    def method(self) -> str:
        """The request's method."""
        return self.sip.method

    @property
    def from_device(self) -> bool:
        """Whether the device sent the request."""
        return not self.request.outbound

    @property
    def final(self) -> Said | None:
        """The first final answer."""
        return next((one for one in self.answers if status_of(one) >= 200), None)

    @property
    def status(self) -> int:
        """Status of the final answer, 0 without one."""
        return status_of(self.final) if self.final is not None else 0

    @property
    def call_id(self) -> str:
        """The Call-ID, "" without one."""
        return self.sip.headers.get("Call-ID") or ""

    @property
    def sender(self) -> str:
        """User part of From, "" when unreadable."""
        return _user(self.sip)

    @property
    def number(self) -> int:
        """Number of the CSeq, 0 when unreadable."""
        try:
            return sequence_of(self.sip).number
        except ProtocolError:
            return 0


@dataclass
class Conversation:
    """A conversation in order of time.

    Attributes:
        messages: every readable message.
        exchanges: requests with their answers.
        unreadable: deviations of bytes that were no SIP.
        damaged: why the part could not be read to its end, "" otherwise.
    """

    messages: list[Said] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    unreadable: list[Deviation] = field(default_factory=list)
    damaged: str = ""

    def of_device(self, method: str) -> list[Exchange]:
        """The device's requests of ``method``."""
        return [one for one in self.exchanges if one.from_device and one.method == method]

    def of_harness(self, method: str) -> list[Exchange]:
        """The harness's requests of ``method``."""
        return [one for one in self.exchanges if not one.from_device and one.method == method]

    def told(self, kind: str, command: str, *, by_device: bool = True) -> Iterator[Exchange]:
        """Exchanges whose body is MANSCDP of ``kind`` and ``command``, in MESSAGE or NOTIFY."""
        for one in self.exchanges:
            body = one.manscdp
            if one.from_device is not by_device or body is None:
                continue
            if body.kind == kind and body.command.lower() == command.lower():
                yield one

    def heard_between(self, start: float, end: float) -> int:
        """How many messages of the device arrived in that time."""
        return sum(not one.outbound and start <= one.at <= end for one in self.messages)

    @property
    def reliable(self) -> bool:
        """Whether no message went over UDP, so that none can have been lost on the way."""
        return bool(self.messages) and all(one.transport != "udp" for one in self.messages)


def open_conversation(recording: Recording) -> Conversation:
    """The conversation of a recording; empty when it has none."""
    conversation = Conversation()
    try:
        passed = read_conversation(recording.read(PART))
    except KeyError:
        return conversation
    except (CorruptRecordingError, ProtocolError) as error:
        conversation.damaged = type(error).__name__
        return conversation
    open_exchanges: dict[tuple[Any, ...], Exchange] = {}
    for one in passed[:_MOST_MESSAGES]:
        _take(conversation, open_exchanges, one)
    return conversation


def _take(
    conversation: Conversation, known: dict[tuple[Any, ...], Exchange], passed: PassedMessage
) -> None:
    try:
        message = parse_message(passed.data)
    except ProtocolError as error:
        if not passed.outbound and passed.data.strip():
            conversation.unreadable.append(Deviation("sip-unreadable", "RFC 3261 7", str(error)))
        return
    said = Said(passed.at, passed.outbound, passed.transport, message, len(passed.data))
    conversation.messages.append(said)
    if isinstance(message, SipRequest):
        key = _key(message, said.outbound, message.method)
        if key in known and message.method != "ACK":
            known[key].copies.append(said.at)
            return
        exchange = Exchange(said, [said.at])
        _read_body(exchange)
        known[key] = exchange
        conversation.exchanges.append(exchange)
    else:
        answered = known.get(_key(message, not said.outbound, ""))
        if answered is not None:
            answered.answers.append(said)


def _key(message: SipMessage, outbound: bool, method: str) -> tuple[Any, ...]:
    """What a request and its answers share (RFC 3261 17.1.3), and who asked."""
    try:
        sequence = sequence_of(message)
        number, named = sequence.number, sequence.method
    except ProtocolError:
        number, named = -1, method
    try:
        branch = transaction_branch(message)  # type: ignore[arg-type]
    except ProtocolError:
        branch = ""
    return outbound, message.headers.get("Call-ID") or "", number, named or method, branch


def _read_body(exchange: Exchange) -> None:
    request = exchange.sip
    kind = (request.headers.get("Content-Type") or "").lower()
    if not request.body or not ("manscdp" in kind or request.method in ("MESSAGE", "NOTIFY")):
        return
    try:
        exchange.manscdp = parse_manscdp(request.body)
    except ProtocolError as error:
        exchange.unreadable = str(error)


def status_of(said: Said) -> int:
    """The status of an answer, 0 of a request."""
    return said.message.status if isinstance(said.message, SipResponse) else 0


def _user(request: SipRequest) -> str:
    try:
        return from_of(request).uri.user
    except ProtocolError:
        return ""


def receiver_of(request: SipRequest) -> str:
    """User part of To, "" when unreadable."""
    try:
        return to_of(request).uri.user
    except ProtocolError:
        return ""


def steps_of(recording: Recording, *names: str) -> list[dict[str, Any]]:
    """The steps of a visit with one of these names (all without any), in order."""
    found = recording.facts.get("steps")
    if not isinstance(found, list | tuple):
        return []
    return [
        one for one in found if isinstance(one, dict) and (not names or one.get("name") in names)
    ]


def number(value: Any, otherwise: float = 0.0) -> float:
    """A finite number out of the facts."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return float(value) if value == value and abs(value) != float("inf") else otherwise


def moment(step: dict[str, Any], name: str = "at") -> float | None:
    """A time out of a step, ``None`` when it has none."""
    value = step.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def editions_of(recording: Recording) -> tuple[Edition, ...]:
    """The edition that the device says it follows (X-GB-Ver); both where it does not say."""
    device = recording.facts.get("device")
    told = str(device.get("gb_version") or "") if isinstance(device, dict) else ""
    if told.startswith("3"):
        return ("2022",)
    return ("2016",) if told[:1] in ("1", "2") else ("2016", "2022")
