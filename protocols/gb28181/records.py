"""RecordInfo: which recordings there are (GB/T 28181-2016 9.7, A.2.4, A.2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from protocols.deviation import Deviation
from protocols.gb28181.identifiers import judge_identifier
from protocols.gb28181.manscdp import Edition, Listing, Manscdp, Value, build_manscdp
from protocols.gb28181.reading import FieldReader, reader_of
from protocols.gb28181.times import format_time

CLAUSE = "GB/T 28181-2016 A.2.6"
QUERY_CLAUSE = "GB/T 28181-2016 A.2.4"
TYPES = ("time", "alarm", "manual", "all")
MAXIMUM_ITEMS = 10_000


@dataclass(frozen=True)
class RecordQuery:
    """What is looked for.

    Attributes:
        start, end: POSIX seconds.
        record_type: time, alarm, manual or all; some recorders answer nothing without it.
        secrecy: 0 or 1, None when absent.
        indistinct: 0: where the To header says, 1: centre and front end; None when absent.
        file_path, address, recorder: further conditions.
        stream_number, alarm_method, alarm_type: of 2022, None or "" when absent.
        deviations: what the message has that the standard has not.
    """

    start: float | None
    end: float | None
    record_type: str = "all"
    secrecy: int | None = 0
    indistinct: int | None = None
    file_path: str = ""
    address: str = ""
    recorder: str = ""
    stream_number: int | None = None
    alarm_method: str = ""
    alarm_type: str = ""
    deviations: tuple[Deviation, ...] = ()


def build_record_query(
    sn: int, device: str, query: RecordQuery, *, charset: str = "GB2312"
) -> bytes:
    """The query."""
    fields: list[tuple[str, Value]] = [
        ("StartTime", None if query.start is None else format_time(query.start)),
        ("EndTime", None if query.end is None else format_time(query.end)),
        ("FilePath", query.file_path or None),
        ("Address", query.address or None),
        ("Secrecy", query.secrecy),
        ("Type", query.record_type or None),
        ("RecorderID", query.recorder or None),
        ("IndistinctQuery", query.indistinct),
        ("StreamNumber", query.stream_number),
        ("AlarmMethod", query.alarm_method or None),
        ("AlarmType", query.alarm_type or None),
    ]
    return build_manscdp("Query", "RecordInfo", sn, device, fields, charset=charset)


def read_record_query(message: Manscdp) -> RecordQuery:
    """Read the query."""
    reader = reader_of(message, QUERY_CLAUSE)
    start = reader.time("StartTime", mandatory=True)
    end = reader.time("EndTime", mandatory=True)
    if start is not None and end is not None and end < start:
        reader.add("time-order", "EndTime < StartTime")
    return RecordQuery(
        start,
        end,
        reader.choice("Type", among=TYPES),
        reader.integer("Secrecy", among=(0, 1)),
        reader.integer("IndistinctQuery", among=(0, 1)),
        reader.text("FilePath"),
        reader.text("Address"),
        reader.text("RecorderID"),
        reader.integer("StreamNumber", least=0, most=255),
        reader.text("AlarmMethod"),
        reader.text("AlarmType"),
        (*message.deviations, *reader.deviations),
    )


@dataclass(frozen=True)
class RecordItem:
    """One recording.

    ``start`` and ``end`` are POSIX seconds, ``file_size`` bytes; ``location`` and
    ``stream_number`` are of 2022.
    """

    device_id: str
    name: str = ""
    start: float | None = None
    end: float | None = None
    file_path: str = ""
    address: str = ""
    secrecy: int | None = 0
    record_type: str = ""
    recorder: str = ""
    file_size: int | None = None
    location: str = ""
    stream_number: int | None = None

    @property
    def key(self) -> tuple[str, float | None, float | None, str, str]:
        """What tells it from other recordings."""
        return self.device_id, self.start, self.end, self.file_path, self.record_type

    def fields(self) -> list[tuple[str, Value]]:
        """The elements in the order of the schema."""
        return [
            ("DeviceID", self.device_id),
            ("Name", self.name or None),
            ("FilePath", self.file_path or None),
            ("Address", self.address or None),
            ("StartTime", None if self.start is None else format_time(self.start)),
            ("EndTime", None if self.end is None else format_time(self.end)),
            ("Secrecy", self.secrecy),
            ("Type", self.record_type or None),
            ("RecorderID", self.recorder or None),
            ("FileSize", self.file_size),
            ("RecordLocation", self.location or None),
            ("StreamNumber", self.stream_number),
        ]


@dataclass(frozen=True)
class RecordPage:
    """One message of an answer; fields as in ``CatalogPage``."""

    sn: int | None
    device: str
    name: str
    sum_num: int | None
    num: int | None
    items: tuple[RecordItem, ...]
    deviations: tuple[Deviation, ...] = ()


def build_records(
    device: str,
    sn: int | None,
    items: Sequence[RecordItem],
    *,
    name: str = "",
    sum_num: int | None = None,
    num: int | None = None,
    charset: str = "GB2312",
) -> bytes:
    """One message of an answer; ``sum_num`` None: as many as here."""
    total = len(items) if sum_num is None else sum_num
    out: list[tuple[str, Value]] = [("Name", name), ("SumNum", total)]
    if items or total:
        out.append(("RecordList", Listing([one.fields() for one in items], num)))
    return build_manscdp("Response", "RecordInfo", sn, device, out, charset=charset)


def split_records(
    device: str,
    sn: int | None,
    items: Sequence[RecordItem],
    *,
    name: str = "",
    per_message: int = 4,
    charset: str = "GB2312",
) -> Iterator[bytes]:
    """The messages of a whole answer."""
    if not items:
        yield build_records(device, sn, (), name=name, charset=charset)
    for start in range(0, len(items), per_message):
        page = items[start : start + per_message]
        yield build_records(device, sn, page, name=name, sum_num=len(items), charset=charset)


def read_records(message: Manscdp, *, edition: Edition = "2016") -> RecordPage:
    """Read one message of an answer; items beyond 10000 are left out and reported."""
    reader = reader_of(message, CLAUSE, edition)
    sum_num, num, elements = reader.paged("RecordList", MAXIMUM_ITEMS)
    items = tuple(_item(one, reader, edition) for one in elements)
    if len({one.key for one in items}) != len(items):
        reader.add("item-twice", "RecordList")
    return RecordPage(
        message.sn,
        message.device,
        reader.text("Name"),
        sum_num,
        num,
        items,
        (*message.deviations, *reader.deviations),
    )


def _item(element: etree._Element, reader: FieldReader, edition: Edition) -> RecordItem:
    own = reader.within(element)
    device = own.text("DeviceID", mandatory=True, maximum=64)
    for one in judge_identifier(device) if device else ():
        own.add(one.code, one.detail)
    start, end = own.time("StartTime"), own.time("EndTime")
    if start is not None and end is not None and end < start:
        own.add("time-order", "EndTime < StartTime")
    if edition == "2016" and (own.text("RecordLocation") or own.text("StreamNumber")):
        own.add("element-of-2022", "RecordLocation, StreamNumber")
    return RecordItem(
        device,
        own.text("Name", mandatory=True),
        start,
        end,
        own.text("FilePath"),
        own.text("Address"),
        own.integer("Secrecy", mandatory=True, among=(0, 1)),
        own.choice("Type", among=TYPES[:3]),
        own.text("RecorderID"),
        own.integer("FileSize", least=0),
        own.text("RecordLocation"),
        own.integer("StreamNumber", least=0, most=255),
    )
