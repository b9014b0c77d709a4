"""Alarms: notification, answer, and conditions of query and subscription (2016 A.2.4, A.2.5 b)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocols.deviation import Deviation
from protocols.gb28181.identifiers import judge_identifier
from protocols.gb28181.manscdp import Edition, Manscdp, Value, build_manscdp, build_result
from protocols.gb28181.reading import FieldReader, reader_of
from protocols.gb28181.times import format_time

CLAUSE = "GB/T 28181-2016 A.2.5 b"
QUERY_CLAUSE = "GB/T 28181-2016 A.2.4"
METHODS = {
    1: "telephone",
    2: "device",
    3: "SMS",
    4: "GPS",
    5: "video",
    6: "device fault",
    7: "other",
}
#: Names of AlarmType by AlarmMethod; 13 is of 2022.
TYPES: dict[int, dict[int, str]] = {
    2: {
        1: "video loss",
        2: "tamper",
        3: "disk full",
        4: "over-temperature",
        5: "under-temperature",
    },
    5: {
        1: "manual",
        2: "motion",
        3: "object left",
        4: "object removed",
        5: "tripwire",
        6: "intrusion",
        7: "wrong way",
        8: "loitering",
        9: "flow count",
        10: "density",
        11: "video abnormal",
        12: "fast motion",
        13: "picture occlusion",
    },
    6: {1: "disk fault", 2: "fan fault"},
}
ENTERED, LEFT = 1, 2
"""EventType of an intrusion."""


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Attributes:
        sn: serial number of the message.
        device: the alarm device, or the alarm centre of ten digits.
        priority: 1 (most urgent) to 4.
        method: 1 to 7, see ``METHODS``.
        time: POSIX seconds.
        time_text: as written.
        description: free text.
        longitude, latitude: degrees.
        alarm_type: see ``TYPES``, None when absent.
        event_type: 1 enter, 2 leave, None when absent.
        deviations: what the message has that the standard has not.
    """

    sn: int | None
    device: str
    priority: int | None
    method: int | None
    time: float | None
    description: str = ""
    longitude: float | None = None
    latitude: float | None = None
    alarm_type: int | None = None
    event_type: int | None = None
    time_text: str = ""
    deviations: tuple[Deviation, ...] = ()

    @property
    def type_name(self) -> str:
        """What the type is called, "" when it has no name."""
        return TYPES.get(self.method or 0, {}).get(self.alarm_type or 0, "")


def build_alarm(alarm: Alarm, *, charset: str = "GB2312") -> bytes:
    """The notification; ``time_text`` goes before ``time``."""
    info: list[tuple[str, Value]] = []
    if alarm.alarm_type is not None:
        info.append(("AlarmType", alarm.alarm_type))
    if alarm.event_type is not None:
        info.append(("AlarmTypeParam", [("EventType", alarm.event_type)]))
    time = alarm.time_text or (None if alarm.time is None else format_time(alarm.time))
    fields: list[tuple[str, Value]] = [
        ("AlarmPriority", alarm.priority),
        ("AlarmMethod", alarm.method),
        ("AlarmTime", time),
        ("AlarmDescription", alarm.description or None),
        ("Longitude", alarm.longitude),
        ("Latitude", alarm.latitude),
        ("Info", info or None),
    ]
    return build_manscdp("Notify", "Alarm", alarm.sn, alarm.device, fields, charset=charset)


def read_alarm(message: Manscdp, *, edition: Edition = "2016") -> Alarm:
    """Read a notification."""
    reader = reader_of(message, CLAUSE, edition)
    for one in judge_identifier(message.device):
        reader.add(one.code, one.detail)
    method = reader.integer("AlarmMethod", mandatory=True, least=1, most=7)
    alarm_type = reader.integer("Info", "AlarmType")
    if alarm_type is None and reader.text("AlarmType"):
        reader.add("alarm-type-place", "AlarmType")
        alarm_type = reader.integer("AlarmType")
    known = TYPES.get(method or 0, {})
    of_2022 = method == 5 and alarm_type == 13 and edition == "2016"
    if alarm_type is not None and (alarm_type not in known or of_2022):
        reader.add("value", f"AlarmMethod={method}, AlarmType={alarm_type}")
    if alarm_type is None and method in (5, 6):
        reader.add("field-missing", "Info/AlarmType")
    return Alarm(
        message.sn,
        message.device,
        reader.integer("AlarmPriority", mandatory=True, least=1, most=4),
        method,
        reader.time("AlarmTime", mandatory=True),
        reader.text("AlarmDescription"),
        reader.decimal("Longitude", least=-180, most=180),
        reader.decimal("Latitude", least=-90, most=90),
        alarm_type,
        reader.integer("Info", "AlarmTypeParam", "EventType", among=(ENTERED, LEFT)),
        reader.text("AlarmTime", maximum=64),
        (*message.deviations, *reader.deviations),
    )


def build_alarm_answer(
    sn: int | None, device: str, *, correct: bool = True, charset: str = "GB2312"
) -> bytes:
    """The Response to a notification."""
    return build_result("Alarm", sn, device, correct=correct, charset=charset)


@dataclass(frozen=True)
class AlarmConditions:
    """What a query or subscription asks for.

    ``methods`` are 1 to 7, empty or 0: all; priorities 0 (all) to 4; times POSIX seconds.
    """

    methods: tuple[int, ...] = ()
    alarm_types: tuple[int, ...] = ()
    start_priority: int | None = 0
    end_priority: int | None = 0
    start: float | None = None
    end: float | None = None
    deviations: tuple[Deviation, ...] = ()

    def matches(self, alarm: Alarm) -> bool:
        """Whether ``alarm`` is asked for."""
        if self.methods and 0 not in self.methods and alarm.method not in self.methods:
            return False
        if self.alarm_types and alarm.alarm_type not in self.alarm_types:
            return False
        if alarm.priority is not None:
            if self.start_priority and alarm.priority < self.start_priority:
                return False
            if self.end_priority and alarm.priority > self.end_priority:
                return False
        if alarm.time is not None:
            if self.start is not None and alarm.time < self.start:
                return False
            if self.end is not None and alarm.time > self.end:
                return False
        return True


def build_alarm_query(
    sn: int,
    device: str,
    conditions: AlarmConditions = AlarmConditions(),
    *,
    edition: Edition = "2016",
    charset: str = "GB2312",
) -> bytes:
    """The query, or body of a subscription: several methods stand side by side in 2016."""
    separator = "" if edition == "2016" else "/"
    fields: list[tuple[str, Value]] = [
        ("StartAlarmPriority", conditions.start_priority),
        ("EndAlarmPriority", conditions.end_priority),
        ("AlarmMethod", _joined(conditions.methods, separator) or "0"),
        ("AlarmType", _joined(conditions.alarm_types, "/") or None),
        ("StartAlarmTime", None if conditions.start is None else format_time(conditions.start)),
        ("EndAlarmTime", None if conditions.end is None else format_time(conditions.end)),
    ]
    return build_manscdp("Query", "Alarm", sn, device, fields, charset=charset)


def _joined(numbers: Sequence[int], separator: str) -> str:
    return separator.join(str(one) for one in numbers)


def read_alarm_query(message: Manscdp, *, edition: Edition = "2016") -> AlarmConditions:
    """Read a query or the body of a subscription; both ways of writing several methods."""
    reader = reader_of(message, QUERY_CLAUSE, edition)
    text = reader.text("AlarmMethod", maximum=64)
    if "/" in text and edition == "2016":
        reader.add("alarm-methods-form", text)
    methods = _numbers(text.split("/") if "/" in text else list(text), "AlarmMethod", reader)
    if any(one > 7 for one in methods):
        reader.add("value", f"AlarmMethod={text}")
    types = reader.text("AlarmType", maximum=256)
    return AlarmConditions(
        methods,
        _numbers(types.split("/") if types else [], "AlarmType", reader),
        reader.integer("StartAlarmPriority", least=0, most=4),
        reader.integer("EndAlarmPriority", least=0, most=4),
        reader.time("StartAlarmTime"),
        reader.time("EndAlarmTime"),
        (*message.deviations, *reader.deviations),
    )


def _numbers(parts: Sequence[str], name: str, reader: FieldReader) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in parts:
        part = part.strip()
        if part.isascii() and part.isdigit() and len(part) < 6:
            numbers.append(int(part))
        else:
            reader.add("value-form", f"{name}={part}")
    return tuple(numbers)
