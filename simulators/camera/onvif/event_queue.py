"""Events of the camera: topics, their present state, and the pull points that clients drain."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.behaviours import defect, variant
from simulators.camera.onvif.soap import SoapError
from simulators.camera.state import CameraState

NO_DIGITAL_INPUT = defect("no-digital-input", "The camera has no alarm input.")
NO_ALARM_INPUT = defect(
    "no-alarm-input", "The camera has no alarm input, by ONVIF or by GB/T 28181."
)
FALSE_EVENT = defect("false-event", "Events are told of what does not happen.")
VENDOR_TOPICS = variant(
    "event-vendor-topics", "Detectors tell of what they find by topics of the vendor's own."
)

MAXIMUM_PULL_POINTS = 32
_LONGEST_QUEUE = 1000
_STEP = re.compile(r"(?:[A-Za-z0-9_.-]+:)?([A-Za-z0-9_.*-]+)")


@dataclass(frozen=True)
class Topic:
    """A topic that the camera can tell of.

    Attributes:
        name: with the prefix of ``markup.NAMESPACES``.
        source: names and types of the source items.
        data: names and types of the data items.
        initial: state at the start (source, data), None for what is no property.
    """

    name: str
    source: Mapping[str, str]
    data: Mapping[str, str]
    initial: tuple[Mapping[str, str], Mapping[str, str]] | None = None


_ANALYTICS = {
    "VideoSourceConfigurationToken": "tt:ReferenceToken",
    "VideoAnalyticsConfigurationToken": "tt:ReferenceToken",
    "Rule": "xs:string",
}
_VIDEO = {"Source": "tt:ReferenceToken"}
_RULE = {
    "VideoSourceConfigurationToken": "source_config",
    "VideoAnalyticsConfigurationToken": "analytics",
}

MOTION = "tns1:RuleEngine/CellMotionDetector/Motion"
MOTION_ALARM = "tns1:VideoSource/MotionAlarm"
LINE_CROSSED = "tns1:RuleEngine/LineDetector/Crossed"
FIELD_INTRUSION = "tns1:RuleEngine/FieldDetector/ObjectsInside"
SOUND = "tns1:AudioAnalytics/Audio/DetectedSound"
DEFOCUS = "tns1:VideoSource/ImageTooBlurry"
DIGITAL_INPUT = "tns1:Device/Trigger/DigitalInput"
RELAY = "tns1:Device/Trigger/Relay"

TOPICS = {
    topic.name: topic
    for topic in (
        Topic(
            MOTION,
            _ANALYTICS,
            {"IsMotion": "xs:boolean"},
            ({**_RULE, "Rule": "motion"}, {"IsMotion": "false"}),
        ),
        Topic(
            MOTION_ALARM,
            _VIDEO,
            {"State": "xs:boolean"},
            ({"Source": "source"}, {"State": "false"}),
        ),
        Topic(LINE_CROSSED, _ANALYTICS, {"ObjectId": "xs:integer"}),
        Topic(
            FIELD_INTRUSION,
            _ANALYTICS,
            {"IsInside": "xs:boolean", "ObjectId": "xs:integer"},
            ({**_RULE, "Rule": "field"}, {"IsInside": "false", "ObjectId": "0"}),
        ),
        Topic(
            SOUND,
            {
                "AudioSourceConfigurationToken": "tt:ReferenceToken",
                "AudioAnalyticsConfigurationToken": "tt:ReferenceToken",
                "Rule": "xs:string",
            },
            {"isSoundDetected": "xs:boolean"},
            (
                {
                    "AudioSourceConfigurationToken": "audio_config",
                    "AudioAnalyticsConfigurationToken": "analytics",
                    "Rule": "sound",
                },
                {"isSoundDetected": "false"},
            ),
        ),
        Topic(DEFOCUS, _VIDEO, {"State": "xs:boolean"}, ({"Source": "source"}, {"State": "false"})),
        Topic(
            DIGITAL_INPUT,
            {"InputToken": "tt:ReferenceToken"},
            {"LogicalState": "xs:boolean"},
            ({"InputToken": "input_0"}, {"LogicalState": "false"}),
        ),
        Topic(
            RELAY,
            {"RelayToken": "tt:ReferenceToken"},
            {"LogicalState": "tt:RelayLogicalState"},
            ({"RelayToken": "relay_0"}, {"LogicalState": "inactive"}),
        ),
    )
}


#: What a vendor may call them instead.
_VENDOR_NAMES = {
    MOTION_ALARM: "vendor:VideoAnalytics/vendor:MotionDetection",
    LINE_CROSSED: "tns1:RuleEngine/vendor:CrossLineDetector/vendor:Alarm",
    FIELD_INTRUSION: "tns1:RuleEngine/vendor:IntrusionDetection/vendor:Alarm",
    SOUND: "vendor:AudioAnalytics/vendor:AudioAlarm",
    DEFOCUS: "vendor:VideoAnalytics/vendor:DefocusDetection",
}
#: What a camera that tells of nothing real tells of, when somebody begins to listen.
_MADE_UP = (MOTION_ALARM, LINE_CROSSED, FIELD_INTRUSION, SOUND, DEFOCUS)


@dataclass(frozen=True)
class Event:
    """One event: when (POSIX seconds of the camera's clock), what, and what changed."""

    at: float
    topic: str
    source: Mapping[str, str]
    data: Mapping[str, str]
    operation: str


class Filter:
    """Topic expressions of ONVIF (Core 9.7.3), compared by local names.

    The prefixes of a message are gone once it is parsed, and no two topics here differ by their
    namespace alone.
    """

    def __init__(self, expressions: list[str]) -> None:
        self._paths = [path for text in expressions for path in map(_path, text.split("|")) if path]

    def passes(self, topic: str) -> bool:
        """Whether events of the topic are wanted; a filter of nothing wants all."""
        steps = _path(topic)
        return not self._paths or any(_matches(path, steps) for path in self._paths)


def _path(text: str) -> tuple[str, ...]:
    text = text.strip()
    steps = ["..." if step == "." else step for step in text.removesuffix("//.").split("/")]
    names = tuple(match[1] if (match := _STEP.fullmatch(step)) else "" for step in steps)
    if not all(names):
        raise SoapError(
            "the topic expression is not understood",
            "wsnt:InvalidTopicExpressionFault",
        )
    return (*names, "//.") if text.endswith("//.") else names


def _matches(path: tuple[str, ...], steps: tuple[str, ...]) -> bool:
    if path[-1] == "//.":
        path, steps = path[:-1], steps[: len(path) - 1]
    return len(path) == len(steps) and all(
        wanted in ("*", step) for wanted, step in zip(path, steps, strict=True)
    )


@dataclass
class PullPoint:
    """A subscription.

    ``ends`` is on the monotonic clock of the event loop; the oldest events are lost when the
    client does not pull.
    """

    identity: int
    filter: Filter
    ends: float
    queue: deque[Event] = field(default_factory=lambda: deque(maxlen=_LONGEST_QUEUE))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def put(self, event: Event) -> None:
        """Queue an event if the filter wants it."""
        if self.filter.passes(event.topic):
            self.queue.append(event)
            self.arrived.set()

    async def pull(self, timeout: float, limit: int) -> list[Event]:
        """Up to ``limit`` events, waiting at most ``timeout`` seconds for the first."""
        if not self.queue and not self.closed:
            self.arrived.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self.arrived.wait()
            except TimeoutError:
                return []
        return [self.queue.popleft() for _ in range(min(limit, len(self.queue)))]

    def close(self) -> None:
        """End it; a waiting client is answered at once."""
        self.closed = True
        self.arrived.set()


class Events:
    """All that the camera tells of, and to whom."""

    def __init__(self, state: CameraState) -> None:
        self._state = state
        self._pull_points: dict[int, PullPoint] = {}
        self._present: dict[tuple[str, tuple[tuple[str, str], ...]], Event] = {}
        self._count = 0

    def emit(
        self,
        topic: str,
        source: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        operation: str = "Changed",
    ) -> None:
        """Tell of an event to every subscriber.

        Args:
            topic: one of ``TOPICS``.
            source: source items, None for those of the topic's own initial state.
            data: data items.
            operation: ``Initialized``, ``Changed`` or ``Deleted``.

        Raises:
            ValueError: the camera has no such topic.
        """
        if topic not in TOPICS:
            raise ValueError(f"no such topic: {topic}")
        known = TOPICS[topic]
        if source is None:
            source = known.initial[0] if known.initial else {}
        event = Event(self._state.clock.now(), topic, dict(source), dict(data or {}), operation)
        if known.initial is not None:
            self._present[topic, tuple(sorted(event.source.items()))] = event
        for pull_point in list(self._pull_points.values()):
            pull_point.put(event)

    def subscribe(self, wanted: Filter, now: float, seconds: float) -> PullPoint:
        """Open a pull point; it begins with the present state of all properties.

        Raises:
            SoapError: there are too many.
        """
        self._drop_expired(now)
        if len(self._pull_points) >= MAXIMUM_PULL_POINTS:
            raise SoapError(
                "too many pull points", "ter:Action", "ter:MaxNotificationProducers", receiver=True
            )
        self._count += 1
        pull_point = PullPoint(self._count, wanted, now + seconds)
        self._pull_points[self._count] = pull_point
        self.synchronise(pull_point)
        if self._state.has(FALSE_EVENT):
            for topic in (TOPICS[name] for name in _MADE_UP):
                source = topic.initial[0] if topic.initial else {"Rule": "line"}
                data = dict.fromkeys(topic.data, "true")
                pull_point.put(Event(self._state.clock.now(), topic.name, source, data, "Changed"))
        return pull_point

    def pull_point(self, identity: int, now: float) -> PullPoint:
        """The open pull point of that number.

        Raises:
            SoapError: there is none, or it has expired.
        """
        self._drop_expired(now)
        found = self._pull_points.get(identity)
        if found is None:
            raise SoapError("no such subscription", "ter:InvalidArgVal", "ter:ResourceUnknown")
        return found

    def synchronise(self, pull_point: PullPoint) -> None:
        """Queue the present state of all properties."""
        for topic in TOPICS.values():
            if topic.initial is not None and self._exists(topic):
                source, data = topic.initial
                key = (topic.name, tuple(sorted(source.items())))
                if key not in self._present:
                    pull_point.put(
                        Event(self._state.clock.now(), topic.name, source, data, "Initialized")
                    )
        for event in self._present.values():
            pull_point.put(Event(event.at, event.topic, event.source, event.data, "Initialized"))

    def unsubscribe(self, pull_point: PullPoint) -> None:
        """Close a pull point."""
        self._pull_points.pop(pull_point.identity, None)
        pull_point.close()

    def close(self) -> None:
        """Close all pull points."""
        for pull_point in list(self._pull_points.values()):
            self.unsubscribe(pull_point)

    def topics(self) -> list[Topic]:
        """The topics of this camera."""
        return [topic for topic in TOPICS.values() if self._exists(topic)]

    def name_of(self, topic: str) -> str:
        """How this camera calls one of ``TOPICS``."""
        return _VENDOR_NAMES.get(topic, topic) if self._state.has(VENDOR_TOPICS) else topic

    def _exists(self, topic: Topic) -> bool:
        return topic.name != DIGITAL_INPUT or not lacks_input(self._state)

    def _drop_expired(self, now: float) -> None:
        for pull_point in list(self._pull_points.values()):
            if pull_point.ends <= now:
                self.unsubscribe(pull_point)


def lacks_input(state: CameraState) -> bool:
    """Whether the camera has no alarm input."""
    return state.has(NO_DIGITAL_INPUT) or state.has(NO_ALARM_INPUT)
