"""Manners of a device that only the whole conversation shows; none decides a verdict by itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from probes.gb28181.conversation import Conversation, Exchange, status_of
from probes.gb28181.subscriptions import subscription_departures
from protocols.deviation import Deviation
from protocols.gb28181.catalog import CatalogItem, read_catalog
from protocols.sip.fields import expires_of
from protocols.xml_reading import integer

#: So many registrations so early, after another one and with nothing that called for them.
_STORM, _EARLY_S = 3, 10.0
#: So many keepalives that were turned away one after another, and the device does not listen.
_DEAF = 3
#: How a device is answered that the platform does not know any more, or refuses.
_TURNED_AWAY = (403, 404)
#: Questions that were asked within so many seconds were asked at once.
_AT_ONCE_S = 0.5


def manners_of(conversation: Conversation) -> Iterator[Deviation]:
    """What the device does over and over, or in contradiction to itself."""
    yield from _storm(conversation)
    yield from _senders(conversation)
    yield from _states(conversation)
    yield from _settings(conversation)
    yield from _one_query(conversation)
    yield from subscription_departures(conversation)
    yield from _turned_away(conversation)
    yield from _plain_query(conversation)
    yield from _plain_challenge(conversation)
    yield from _after_trying(conversation)


def _storm(conversation: Conversation) -> Iterator[Deviation]:
    """Registering anew all the time without being turned away (9.1.1: before it runs out)."""
    unprovoked, last, granted = 0, float("-inf"), 0.0
    for one in conversation.exchanges:
        if not one.from_device:
            continue
        if one.status in _TURNED_AWAY or expires_of(one.sip) == 0:
            last = float("-inf")
        elif one.method == "REGISTER" and one.final is not None and one.status == 200:
            unprovoked += one.at - last < min(_EARLY_S, granted / 2)
            last, granted = one.at, float(expires_of(one.final.message) or 0)
    if unprovoked >= _STORM:
        yield Deviation("register-storm", "GB/T 28181-2016 9.1.1")


def turned_away_since(conversation: Conversation, moment: float, until: float) -> int:
    """Keepalives that were answered 403 or 404 in a row, without a registration after one."""
    count = 0
    for one in conversation.exchanges:
        if not one.from_device or not moment <= one.at <= until:
            continue
        if one.method == "REGISTER":
            count = 0
        elif one.status in _TURNED_AWAY and one.manscdp and one.manscdp.command == "Keepalive":
            count += 1
    return count


def _turned_away(conversation: Conversation) -> Iterator[Deviation]:
    """A refused request is not to be repeated as it is (RFC 3261 21.4.4)."""
    count = 0
    for one in conversation.exchanges:
        if one.from_device and one.method == "REGISTER":
            count = 0
        elif one.from_device and one.status in _TURNED_AWAY and one.manscdp is not None:
            count += one.manscdp.command == "Keepalive"
            if count >= _DEAF:
                yield Deviation("keepalive-after-403", "RFC 3261 21.4.4", str(one.status))
                return


def _senders(conversation: Conversation) -> Iterator[Deviation]:
    """MediaStatus names its sender in From: the device, or what was called (annex J)."""
    called = {one.call_id: one for one in conversation.of_harness("INVITE")}
    known = {one.sender for one in conversation.of_device("REGISTER")}
    known |= {one.sender for one in conversation.told("Notify", "Keepalive")}
    for one in conversation.told("Notify", "MediaStatus"):
        invite = called.get(one.call_id)
        body = one.manscdp
        mine = {*known, body.device if body is not None else ""}
        if invite is not None and one.sender not in mine:
            yield Deviation("mediastatus-sender", "GB/T 28181-2016 9.8.2", one.sender[:20])


def _states(conversation: Conversation) -> Iterator[Deviation]:
    """Catalog notifications that say the contrary of the answer that follows them (9.11)."""
    told: dict[str, tuple[float, str]] = {}
    for one in conversation.told("Notify", "Catalog"):
        for item in _items(one):
            if item.event in ("ON", "OFF"):
                told[item.device_id] = one.at, item.event
    for one in conversation.told("Response", "Catalog"):
        for item in _items(one):
            at, event = told.get(item.device_id, (one.at, ""))
            if at < one.at and event and item.status and item.status != event:
                detail = f"{event} / {item.status}"
                yield Deviation("notify-contradicts-catalog", "GB/T 28181-2016 9.11", detail)


def _settings(conversation: Conversation) -> Iterator[Deviation]:
    """Settings that are accepted and never answered (table of 9.3.1)."""
    answered = _answered(conversation, "DeviceConfig")
    for one in conversation.told("Control", "DeviceConfig", by_device=False):
        if one.status == 200 and one.manscdp is not None and one.manscdp.sn not in answered:
            yield Deviation("config-unanswered", "GB/T 28181-2016 9.3.1")


def _one_query(conversation: Conversation) -> Iterator[Deviation]:
    """Of two record queries at once only one is answered (9.7)."""
    answered = _answered(conversation, "RecordInfo")
    asked = list(conversation.told("Query", "RecordInfo", by_device=False))
    for one, other in pairwise(asked):
        numbers = {each.manscdp.sn for each in (one, other) if each.manscdp is not None}
        if other.at - one.at < _AT_ONCE_S and len(numbers & answered) == 1:
            yield Deviation("record-queries-one-by-one", "GB/T 28181-2016 9.7")


def _plain_query(conversation: Conversation) -> Iterator[Deviation]:
    """Records that a query with Type finds and the same one without it does not (A.2.4)."""
    found: dict[int | None, int] = {}
    for one in conversation.told("Response", "RecordInfo"):
        total = integer(one.manscdp.root, "SumNum") if one.manscdp is not None else None
        found[one.manscdp.sn if one.manscdp is not None else None] = total or 0
    typed: dict[tuple[str, str], int] = {}
    for one in conversation.told("Query", "RecordInfo", by_device=False):
        body = one.manscdp
        if body is None:
            continue
        span = body.text("StartTime"), body.text("EndTime")
        if body.text("Type"):
            typed[span] = found.get(body.sn, 0)
        elif typed.get(span) and body.sn in found and not found[body.sn]:
            yield Deviation("record-type-wanted", "GB/T 28181-2016 A.2.4")


def _plain_challenge(conversation: Conversation) -> Iterator[Deviation]:
    """A challenge without ``algorithm`` means MD5 (RFC 2617 3.2.1); others are answered."""
    asked, answered = {True: 0, False: 0}, {True: 0, False: 0}
    for before, after in pairwise(conversation.of_device("REGISTER")):
        if before.status == 401 and before.final is not None:
            challenge = before.final.message.headers.get("WWW-Authenticate") or ""
            named = "algorithm" in challenge.lower()
            asked[named] += 1
            answered[named] += "Authorization" in after.sip.headers
    if asked[False] and not answered[False] and answered[True]:
        yield Deviation("digest-algorithm-wanted", "RFC 2617 3.2.1")


def _after_trying(conversation: Conversation) -> Iterator[Deviation]:
    """403 to the catalog query, when the registration was first answered 100."""
    tried = False
    for one in conversation.exchanges:
        if one.from_device and one.method == "REGISTER":
            tried = any(status_of(answer) == 100 for answer in one.answers)
        elif tried and one.status == 403 and not one.from_device and one.manscdp is not None:
            yield Deviation("forbidden-after-trying", "RFC 3261 17.1.2.2", one.manscdp.command)
            return


def _answered(conversation: Conversation, command: str) -> set[int | None]:
    """The serial numbers that responses to ``command`` carry."""
    responses = conversation.told("Response", command)
    return {one.manscdp.sn for one in responses if one.manscdp is not None}


def _items(exchange: Exchange) -> tuple[CatalogItem, ...]:
    return read_catalog(exchange.manscdp).items if exchange.manscdp is not None else ()
