"""All that the strict reading of a conversation complains of, once each with a count.

A departure from the text of the standard is shown beside a verdict; it decides only where the
probe of a quantity says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from probes.gb28181.conversation import Conversation, Exchange, Said
from probes.gb28181.manners import manners_of
from probes.gb28181.reading import complaints_of, complaints_of_answer
from protocols.deviation import Deviation
from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import Edition, judge_content_type
from protocols.sip.conformance import judge_message
from protocols.sip.message import SipMessage, SipRequest

_MOST = 200


@dataclass
class Found:
    """One kind of deviation, where it was met first, and how often."""

    deviation: Deviation
    where: str
    at: float
    count: int = 1

    def as_json(self) -> dict[str, Any]:
        """For the details of a measurement."""
        return {
            "code": self.deviation.code,
            "clause": self.deviation.clause,
            "detail": self.deviation.detail,
            "where": self.where,
            "at": self.at,
            "count": self.count,
        }

    def line(self) -> str:
        """For the evidence."""
        one = self.deviation
        return f"{one.clause}\t{one.code}\t{one.detail}\t{self.where}\tx{self.count}"


def findings_of(
    conversation: Conversation,
    more: Iterable[Deviation] = (),
    *,
    editions: Sequence[Edition] = ("2016", "2022"),
) -> list[Found]:
    """What the device's messages depart from, at most 200 kinds, in order of appearance.

    ``more`` comes from its media; ``editions`` are those that it may follow.
    """
    found: dict[tuple[str, str, str], Found] = {}

    def take(deviation: Deviation, where: str, at: float) -> None:
        key = deviation.code, deviation.clause, deviation.detail
        if key in found:
            found[key].count += 1
        elif len(found) < _MOST:
            found[key] = Found(deviation, where, at)

    for said in conversation.messages:
        if not said.outbound:
            for one in _sip(said):
                take(one, name_of(said.message), said.at)
    for exchange in conversation.exchanges:
        if exchange.from_device:
            for one in _body(exchange, editions):
                take(one, name_of(exchange.sip), exchange.at)
        for one in complaints_of_answer(exchange):
            take(one, f"200 {exchange.method}", exchange.at)
    for one in manners_of(conversation):
        take(one, "", 0.0)
    for one in conversation.unreadable:
        take(one, "?", 0.0)
    for one in more:
        take(one, "RTP", 0.0)
    return list(found.values())


def _sip(said: Said) -> Iterable[Deviation]:
    return judge_message(said.message, said.transport)


def _body(exchange: Exchange, editions: Sequence[Edition]) -> Iterator[Deviation]:
    body = exchange.manscdp
    if exchange.unreadable:
        yield Deviation("manscdp-unreadable", "GB/T 28181-2016 A.1", exchange.unreadable[:60])
    if body is None:
        return
    yield from body.deviations
    yield from complaints_of(body, editions)
    yield from judge_content_type(exchange.sip.headers.get("Content-Type"))


def name_of(message: SipMessage) -> str:
    """A message in a few words: ``MESSAGE Keepalive``, ``200 OK``; of the body only its name."""
    if not isinstance(message, SipRequest):
        return f"{message.status} {message.reason}"[:40]
    return f"{message.method} {_command(message)}".strip()


def _command(request: SipRequest) -> str:
    marker = b"<CmdType>"
    start = request.body.find(marker)
    if start < 0:
        return ""
    end = request.body.find(b"<", start + len(marker))
    text = request.body[start + len(marker) : end if end >= 0 else start + 40]
    return "".join(c for c in text.decode("ascii", "replace")[:40] if c.isalnum())


def tolerated(read: Callable[[], Any]) -> Any | None:
    """What ``read`` gives, ``None`` when the bytes make no sense."""
    try:
        return read()
    except ProtocolError:
        return None
