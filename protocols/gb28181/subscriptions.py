"""SUBSCRIBE and NOTIFY: kinds, Event header, state (GB/T 28181-2016 9.11, annex P)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.gb28181.alarms import AlarmConditions, build_alarm_query, read_alarm_query
from protocols.gb28181.catalog import build_catalog_query
from protocols.gb28181.manscdp import Edition, Manscdp, Value, build_manscdp
from protocols.gb28181.reading import reader_of

CLAUSE = "GB/T 28181-2016 9.11"
CATALOG_CLAUSE = "GB/T 28181-2016 annex P"
CATALOG_EXPIRES_S = 600
POSITION_INTERVAL_S = 5
KINDS = ("Catalog", "Alarm", "MobilePosition", "PTZPosition")

__all__ = [
    "CATALOG_EXPIRES_S",
    "KINDS",
    "POSITION_INTERVAL_S",
    "AlarmConditions",
    "Event",
    "SubscriptionState",
    "build_alarm_query",
    "build_catalog_query",
    "build_position_query",
    "build_subscription_answer",
    "judge_event",
    "parse_event",
    "parse_subscription_state",
    "read_alarm_query",
    "read_position_interval",
]


@dataclass(frozen=True, slots=True)
class Event:
    """The Event header: ``presence``, or ``Catalog;id=7`` between domains."""

    package: str
    identifier: str = ""

    def __str__(self) -> str:
        return f"{self.package};id={self.identifier}" if self.identifier else self.package


def parse_event(text: str) -> Event:
    """Read an Event header.

    Raises:
        ProtocolError: no package.
    """
    package, _, rest = text.strip().partition(";")
    if len(text) > 256 or not re.fullmatch(r"[A-Za-z0-9.\-_~!%*+`']{1,64}", package.strip()):
        raise ProtocolError("Event: no package")
    found = re.search(r"(?:^|;)\s*id\s*=\s*([^;\s]{1,64})", rest, re.IGNORECASE)
    return Event(package.strip(), found[1] if found else "")


def judge_event(
    event: Event, command: str, *, between_domains: bool = False
) -> tuple[Deviation, ...]:
    """Whether the header fits the subscription."""
    if command == "Catalog" and between_domains:
        if event.package != "Catalog" or not event.identifier:
            return (Deviation("event-header", CATALOG_CLAUSE, printable(str(event))),)
        return ()
    if event.package not in ("presence", command):
        return (Deviation("event-header", CLAUSE, printable(str(event))),)
    return ()


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """The Subscription-State header of NOTIFY; ``expires`` in seconds, None when absent."""

    state: Literal["active", "pending", "terminated"]
    expires: int | None = None
    reason: str = ""
    deviations: tuple[Deviation, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        expires = "" if self.expires is None else f";expires={self.expires}"
        return self.state + expires + (f";reason={self.reason}" if self.reason else "")


def parse_subscription_state(text: str) -> SubscriptionState:
    """Read a Subscription-State header.

    Raises:
        ProtocolError: neither active, pending nor terminated.
    """
    state, _, rest = text.strip().partition(";")
    name = state.strip().lower()
    if len(text) > 256 or name not in ("active", "pending", "terminated"):
        raise ProtocolError("Subscription-State: neither active, pending nor terminated")
    expires: int | None = None
    reason = ""
    deviations: list[Deviation] = []
    for part in rest.split(";"):
        key, _, value = part.partition("=")
        value = value.strip()
        number = int(value) if re.fullmatch(r"[0-9]{1,10}", value) else None
        if key.strip().lower() == "expires":
            expires = number
        if key.strip().lower() in ("expires", "retry-after") and number is None:
            deviations.append(Deviation("subscription-state", CLAUSE, printable(part)))
        if key.strip().lower() == "reason":
            reason = value[:64]
    known: dict[str, Literal["active", "pending", "terminated"]] = {
        "active": "active",
        "pending": "pending",
        "terminated": "terminated",
    }
    return SubscriptionState(known[name], expires, reason, tuple(deviations))


def build_position_query(
    sn: int,
    device: str,
    *,
    interval_s: int | None = POSITION_INTERVAL_S,
    command: Literal["MobilePosition", "PTZPosition"] = "MobilePosition",
    charset: str = "GB2312",
) -> bytes:
    """Body of a subscription to positions (PTZPosition: 2022)."""
    fields: list[tuple[str, Value]] = [("Interval", interval_s)]
    return build_manscdp("Query", command, sn, device, fields, charset=charset)


def read_position_interval(message: Manscdp) -> tuple[int, tuple[Deviation, ...]]:
    """Seconds between positions; 5 when the query says none that is usable."""
    reader = reader_of(message, "GB/T 28181-2016 A.2.4 h")
    interval = reader.integer("Interval", least=1, most=86_400)
    usable = interval if interval is not None and 1 <= interval <= 86_400 else POSITION_INTERVAL_S
    return usable, (*message.deviations, *reader.deviations)


def build_subscription_answer(
    command: str,
    sn: int | None,
    device: str,
    *,
    edition: Edition = "2016",
    charset: str = "GB2312",
) -> bytes:
    """Body of the 200 OK to SUBSCRIBE within a domain (2016); empty by 2022."""
    if edition == "2022":
        return b""
    return build_manscdp("Response", command, sn, device, [("Result", "OK")], charset=charset)
