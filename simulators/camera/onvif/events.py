"""The Event service by pull point (ONVIF Core 9, WS-BaseNotification)."""

from __future__ import annotations

import asyncio

from simulators.camera.onvif.event_queue import TOPICS, Event, Events, Filter, PullPoint, Topic
from simulators.camera.onvif.markup import NAMESPACES, Qualified, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.soap import SoapError, number, optional, required
from simulators.camera.onvif.timing import instant, posix_of, seconds_of

SUBSCRIPTION_PATH = "/onvif/subscription/"
LONGEST_PULL_S = 60.0
DEFAULT_LIFE_S = 60.0
LONGEST_LIFE_S = 3600.0
_DIALECT = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
_DIALECTS = (_DIALECT, "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete")


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


@operation("tev:GetEventProperties", Access.USER)
def get_event_properties(call: Call) -> Xml:
    """The topics and what their messages hold."""
    return x(
        "tev:GetEventPropertiesResponse",
        x("tev:TopicNamespaceLocation", "http://www.onvif.org/onvif/ver10/topics/topicns.xml"),
        x("wsnt:FixedTopicSet", True),
        x("wstop:TopicSet", *_topic_tree(call.device.events)),
        *(x("wsnt:TopicExpressionDialect", dialect) for dialect in _DIALECTS),
        x(
            "tev:MessageContentFilterDialect",
            "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter",
        ),
        x(
            "tev:MessageContentSchemaLocation",
            "http://www.onvif.org/onvif/ver10/schema/onvif.xsd",
        ),
    )


def _topic_tree(events: Events) -> list[Xml]:
    branches: dict[str, dict[str, list[tuple[str, Topic]]]] = {}
    for topic in events.topics():
        top, *middle, leaf = events.name_of(topic.name).split("/")
        branches.setdefault(top, {}).setdefault("/".join(middle), []).append((leaf, topic))
    return [
        x(
            top,
            *(
                part
                for middle, leaves in parts.items()
                for part in _wrapped(middle, [_topic(leaf, topic) for leaf, topic in leaves])
            ),
        )
        for top, parts in branches.items()
    ]


def _wrapped(middle: str, leaves: list[Xml]) -> list[Xml]:
    return [x(middle, *leaves)] if middle else leaves


def _topic(leaf: str, topic: Topic) -> Xml:
    return x(
        leaf,
        {"wstop:topic": True},
        x(
            "tt:MessageDescription",
            {"IsProperty": topic.initial is not None},
            *(
                x(
                    part,
                    *(
                        x("tt:SimpleItemDescription", {"Name": name, "Type": Qualified(kind)})
                        for name, kind in items.items()
                    ),
                )
                for part, items in (("tt:Source", topic.source), ("tt:Data", topic.data))
            ),
        ),
    )


@operation("tev:CreatePullPointSubscription", Access.USER)
def create_pull_point_subscription(call: Call) -> Xml:
    """Open a pull point."""
    wanted = _filter(call)
    seconds = _life(call, optional(call.request, "tev:InitialTerminationTime"))
    pull_point = call.device.events.subscribe(wanted, _loop_time(), seconds)
    address = call.web_uri(f"{SUBSCRIPTION_PATH}{pull_point.identity}")
    now = call.state.clock.now()
    return x(
        "tev:CreatePullPointSubscriptionResponse",
        x("tev:SubscriptionReference", x("wsa:Address", address)),
        x("wsnt:CurrentTime", instant(now)),
        x("wsnt:TerminationTime", instant(now + seconds)),
    )


def _filter(call: Call) -> Filter:
    given = call.request.find("tev:Filter", NAMESPACES)
    if given is None:
        return Filter([])
    if given.find("wsnt:MessageContent", NAMESPACES) is not None:
        raise SoapError("message content is not filtered", "wsnt:InvalidFilterFault")
    expressions = given.findall("wsnt:TopicExpression", NAMESPACES)
    if any(item.get("Dialect", _DIALECT) not in _DIALECTS for item in expressions):
        raise SoapError("the dialect is not supported", "wsnt:TopicExpressionDialectUnknownFault")
    wanted = Filter([item.text or "" for item in expressions])
    if not any(wanted.passes(topic) for topic in TOPICS):
        raise SoapError("no such topic", "wsnt:TopicNotSupportedFault")
    return wanted


def _life(call: Call, text: str) -> float:
    """Seconds from now to a termination time that is absolute or a duration."""
    if not text:
        return DEFAULT_LIFE_S
    seconds = seconds_of(text) if text.startswith("P") else posix_of(text) - call.state.clock.now()
    if seconds <= 0:
        raise SoapError("the termination time has passed", "wsnt:UnacceptableTerminationTimeFault")
    return min(seconds, LONGEST_LIFE_S)


def _pull_point(call: Call) -> PullPoint:
    number_text = call.path.removeprefix(SUBSCRIPTION_PATH)
    if not (number_text.isascii() and number_text.isdigit() and len(number_text) < 10):
        raise SoapError("no such subscription", "ter:InvalidArgVal", "ter:ResourceUnknown")
    return call.device.events.pull_point(int(number_text), _loop_time())


@operation("tev:PullMessages", Access.USER)
async def pull_messages(call: Call) -> Xml:
    """Wait for events and hand them over."""
    pull_point = _pull_point(call)
    timeout = min(seconds_of(required(call.request, "tev:Timeout")), LONGEST_PULL_S)
    limit = max(1, min(100, int(number(call.request, "tev:MessageLimit", 10))))
    pull_point.ends = max(pull_point.ends, _loop_time() + timeout + DEFAULT_LIFE_S)
    messages = await pull_point.pull(timeout, limit)
    if pull_point.closed:
        raise SoapError("the subscription has ended", "ter:InvalidArgVal", "ter:ResourceUnknown")
    now = call.state.clock.now()
    return x(
        "tev:PullMessagesResponse",
        x("tev:CurrentTime", instant(now)),
        x("tev:TerminationTime", instant(now + pull_point.ends - _loop_time())),
        *(_notification(call, event) for event in messages),
    )


def _notification(call: Call, event: Event) -> Xml:
    return x(
        "wsnt:NotificationMessage",
        x("wsnt:Topic", {"Dialect": _DIALECT}, Qualified(call.device.events.name_of(event.topic))),
        x(
            "wsnt:Message",
            x(
                "tt:Message",
                {"UtcTime": instant(event.at), "PropertyOperation": event.operation},
                *(
                    x(
                        part,
                        *(
                            x("tt:SimpleItem", {"Name": name, "Value": value})
                            for name, value in items.items()
                        ),
                    )
                    for part, items in (("tt:Source", event.source), ("tt:Data", event.data))
                ),
            ),
        ),
    )


@operation("tev:SetSynchronizationPoint", Access.USER)
def set_synchronization_point(call: Call) -> Xml:
    """Tell the present state of all properties once more."""
    call.device.events.synchronise(_pull_point(call))
    return x("tev:SetSynchronizationPointResponse")


@operation("wsnt:Renew", Access.USER)
def renew(call: Call) -> Xml:
    """Let a pull point live longer."""
    pull_point = _pull_point(call)
    seconds = _life(call, optional(call.request, "wsnt:TerminationTime"))
    pull_point.ends = _loop_time() + seconds
    now = call.state.clock.now()
    return x(
        "wsnt:RenewResponse",
        x("wsnt:TerminationTime", instant(now + seconds)),
        x("wsnt:CurrentTime", instant(now)),
    )


@operation("wsnt:Unsubscribe", Access.USER)
def unsubscribe(call: Call) -> Xml:
    """Close a pull point."""
    call.device.events.unsubscribe(_pull_point(call))
    return x("wsnt:UnsubscribeResponse")
