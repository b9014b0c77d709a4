"""Subscriptions (GB/T 28181-2016 9.11, RFC 6665): their dialogs, their ends, what came in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from probes.gb28181.conversation import Conversation, Exchange
from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import parse_manscdp
from protocols.sip.fields import expires_of, from_of, to_of
from protocols.sip.message import SipMessage

CLAUSE = "GB/T 28181-2016 9.11"
#: A notification may be on its way when the subscription ends: seconds.
GRACE_S = 1.0
#: A position is told at the interval that was asked for; none in so many seconds is too late.
_POSITION_S = 5.0


@dataclass
class Subscribed:
    """One subscription of the harness.

    Attributes:
        command: what it is to: Alarm, Catalog, MobilePosition.
        first: the SUBSCRIBE that began it.
        later: those that refreshed or ended it.
        ends: when it runs out by what the device granted, POSIX seconds; infinite before that.
        notified: what came in its dialog, or under its Call-ID at least.
        outside: those of them whose tags are not the dialog's.
    """

    command: str
    first: Exchange
    later: list[Exchange] = field(default_factory=list)
    ends: float = inf
    notified: list[Exchange] = field(default_factory=list)
    outside: list[Exchange] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the device took it."""
        return 200 <= self.first.status < 300

    @property
    def after_the_end(self) -> list[Exchange]:
        """Notifications that came when it was over; a farewell is none of them."""
        late = [one for one in self.notified if one.at > self.ends + GRACE_S]
        return [one for one in late if not _says_farewell(one)]


def subscriptions_of(conversation: Conversation) -> list[Subscribed]:
    """The subscriptions of a conversation, in order."""
    found: dict[str, Subscribed] = {}
    for one in conversation.exchanges:
        known = found.get(one.call_id)
        if one.method == "SUBSCRIBE" and not one.from_device:
            if known is None:
                known = found[one.call_id] = Subscribed(_command_of(one), one)
            else:
                known.later.append(one)
            _granted(known, one)
        elif one.method == "NOTIFY" and one.from_device and known is not None:
            known.notified.append(one)
            if not _within(known, one):
                known.outside.append(one)
    return list(found.values())


def _command_of(subscribe: Exchange) -> str:
    try:
        return parse_manscdp(subscribe.sip.body).command
    except ProtocolError:
        return ""


def _granted(known: Subscribed, subscribe: Exchange) -> None:
    """When it ends now, by the answer; a refused refresh leaves the end where it was."""
    if subscribe.final is None or not 200 <= subscribe.status < 300:
        return
    seconds = expires_of(subscribe.final.message)
    asked = expires_of(subscribe.sip)
    granted = seconds if seconds is not None else asked
    known.ends = subscribe.final.at + granted if granted is not None else inf


def _within(known: Subscribed, notify: Exchange) -> bool:
    """Whether a NOTIFY has the tags of the dialog (RFC 3261 12.2.2)."""
    if known.first.final is None or not known.accepted:
        return True
    ours, theirs = _tag(known.first.sip, ours=True), _tag(known.first.final.message, ours=False)
    return not theirs or (_tag(notify.sip, ours=False), _tag(notify.sip, ours=True)) == (
        ours,
        theirs,
    )


def _tag(message: SipMessage, *, ours: bool) -> str:
    """The tag in From (``ours``) or To."""
    try:
        return (from_of if ours else to_of)(message).tag
    except ProtocolError:
        return ""


def _says_farewell(notify: Exchange) -> bool:
    state = notify.sip.headers.get("Subscription-State") or ""
    return state.strip().lower().startswith("terminated")


def subscription_departures(conversation: Conversation) -> Iterator[Deviation]:
    """Where subscriptions and notifications leave the standards; none decides by itself."""
    known = subscriptions_of(conversation)
    calls = {one.first.call_id for one in known}
    for one in known:
        yield from _answers(one)
        yield from _notifications(one)
        if one.command == "Catalog" and one.first.status >= 300:
            yield Deviation("catalog-subscription-refused", CLAUSE, str(one.first.status))
        watched = conversation.messages[-1].at - one.first.at if conversation.messages else 0.0
        silent = one.command == "MobilePosition" and one.accepted and not one.notified
        if silent and watched > _POSITION_S:
            yield Deviation("position-not-told", CLAUSE)
    for stray in conversation.of_device("NOTIFY"):
        if stray.call_id not in calls:
            yield Deviation("notify-dialog", "RFC 6665 4.1.3", printable(stray.call_id, 40))


def _answers(one: Subscribed) -> Iterator[Deviation]:
    """What a 200 to SUBSCRIBE says of its time (RFC 6665 4.2.1.1)."""
    for subscribe in (one.first, *one.later):
        if subscribe.final is None or not 200 <= subscribe.status < 300:
            continue
        asked, granted = expires_of(subscribe.sip), expires_of(subscribe.final.message)
        if granted is None:
            yield Deviation("subscription-expires", "RFC 6665 4.2.1.1", "-")
        elif asked is not None and granted > asked:
            yield Deviation("subscription-expires", "RFC 6665 4.2.1.1", f"{asked} / {granted}")


def _notifications(one: Subscribed) -> Iterator[Deviation]:
    for _ in one.outside:
        yield Deviation("notify-dialog", "RFC 6665 4.1.3")
    for _ in one.after_the_end:
        yield Deviation("notify-after-end", "RFC 6665 4.1.3")
    event = (one.first.sip.headers.get("Event") or "").strip().lower()
    for notify in one.notified:
        told = (notify.sip.headers.get("Event") or "").strip().lower()
        if told and told != event:
            yield Deviation("notify-event", "RFC 6665 8.2.1", printable(told, 40))
    numbers = [notify.number for notify in one.notified]
    if any(after <= before for before, after in pairwise(numbers)):
        yield Deviation("notify-sequence", "RFC 3261 12.2.1.1")
