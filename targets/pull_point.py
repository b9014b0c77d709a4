"""A pull point of the ONVIF Event service (Core 9, WS-BaseNotification): what the device tells."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from protocols.onvif_topics import topic_path
from protocols.time_source import TimeSource
from protocols.xml_reading import children, find, words
from targets.errors import VisitProblem
from targets.onvif_client import OnvifClient, OnvifFault

_LIFE = "PT600S"
_MESSAGES_AT_ONCE = 64
_MAXIMUM_ITEMS, _MAXIMUM_WORD, _MAXIMUM_TOPICS, _MAXIMUM_DEPTH = 32, 200, 512, 16
_TOPIC = "{http://docs.oasis-open.org/wsn/t-1}topic"


@dataclass(frozen=True)
class Told:
    """One notification.

    Attributes:
        received: reference time.
        topic: by its local names.
        utc: the device's own stamp, as it stands there.
        operation: ``Initialized``, ``Changed``, ``Deleted`` or "".
        source, data: items by name.
    """

    received: float
    topic: str
    utc: str
    operation: str
    source: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)

    def fact(self) -> dict[str, Any]:
        """As docs/recordings.md has it."""
        return dict(vars(self))


class PullPoint:
    """One subscription of one camera: ``open`` it, ``pull``, ``close`` it."""

    def __init__(self, client: OnvifClient, time_source: TimeSource) -> None:
        self._client = client
        self._time = time_source
        self._address = ""

    async def open(self) -> None:
        """Subscribe to everything: vendors' topics cannot all be named in a filter.

        Raises:
            VisitProblem: ``visit.not-offered`` and what any call may meet.
        """
        client = self._client
        answer = await client.require(
            "events", "CreatePullPointSubscription", InitialTerminationTime=_LIFE
        )
        address = words(answer, "SubscriptionReference", "Address") or ""
        self._address = client.reachable(address)

    async def pull(self, seconds: int) -> list[Told]:
        """What is told within ``seconds``; at once when something waits already.

        Raises:
            VisitProblem: the device ended the subscription, or no longer answers.
        """
        try:
            answer = await self._client.call_at(
                "pullpoint",
                self._address,
                "PullMessages",
                Timeout=f"PT{seconds}S",
                MessageLimit=_MESSAGES_AT_ONCE,
            )
        except OnvifFault as fault:
            raise VisitProblem(
                "visit.not-offered", what="PullMessages", detail=str(fault)
            ) from None
        now = self._time.now()
        return [
            _told(one, now)
            for _, one in zip(
                range(_MESSAGES_AT_ONCE), children(answer, "NotificationMessage"), strict=False
            )
        ]

    async def close(self) -> None:
        """Unsubscribe; a device that is gone or refuses lets it run out by itself."""
        if self._address:
            with contextlib.suppress(OnvifFault, VisitProblem):
                await self._client.call_at("subscription", self._address, "Unsubscribe")


def _told(message: etree._Element, now: float) -> Told:
    topic = find(message, "Topic")
    text = "" if topic is None else "".join(str(part) for part in topic.itertext())
    content = find(message, "Message", "Message")
    utc, operation = (
        "" if content is None else (content.get(name) or "")[:40]
        for name in ("UtcTime", "PropertyOperation")
    )
    return Told(
        now,
        topic_path(text[:400]),
        utc,
        operation,
        _items(find(content, "Source")),
        _items(find(content, "Data")),
    )


def _items(element: etree._Element | None) -> dict[str, str]:
    items = list(children(element, "SimpleItem"))[:_MAXIMUM_ITEMS]
    return {
        (one.get("Name") or "")[:_MAXIMUM_WORD]: (one.get("Value") or "")[:_MAXIMUM_WORD]
        for one in items
    }


async def listed_topics(client: OnvifClient) -> list[str] | None:
    """The topics that the device says it can tell of, ``None`` when it does not say."""
    answer = await client.optional("events", "GetEventProperties")
    root = find(answer, "TopicSet")
    return None if root is None else sorted(_leaves(root, "", 0))[:_MAXIMUM_TOPICS]


def _leaves(element: etree._Element, path: str, depth: int) -> list[str]:
    found: list[str] = []
    for child in element:
        if not isinstance(child.tag, str) or len(found) > _MAXIMUM_TOPICS:
            continue
        # The children of a branch stand in no namespace: a name may hold its path as it is.
        name = child.tag.rpartition("}")[2]
        if name == "MessageDescription":
            continue
        here = f"{path}/{name}" if path else name
        if (child.get(_TOPIC) or child.get("topic") or "").lower() in ("true", "1"):
            found.append(here)
        if depth < _MAXIMUM_DEPTH:
            found += _leaves(child, here, depth + 1)
    return found
