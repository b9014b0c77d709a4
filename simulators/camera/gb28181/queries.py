"""Answers to queries: device, status, catalog, configuration, presets, records (9.5, 9.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from simulators.behaviours import defect
from simulators.camera import clock
from simulators.camera.gb28181 import inventory, quirks, records
from simulators.camera.gb28181.markup import Element, Order, Writing, date_time, e, read_date_time
from simulators.camera.gb28181.memory import Memory
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.onvif.event_queue import NO_ALARM_INPUT
from simulators.camera.state import CameraState

PAGE_LOST = defect("catalog-page-lost", "The second message of the catalog is never sent.")
SUM_WRONG = defect("sumnum-wrong", "SumNum of the catalog is one more than its items.")
SN_NOT_ECHOED = defect("sn-not-echoed", "Answers carry an SN of the device's own.")
UTF8_AS_GB2312 = defect("utf8-declared-gb2312", "XML is declared as GB2312 and sent in UTF-8.")
NO_DEVICE_TIME = defect("no-device-time", "DeviceStatus tells no DeviceTime.")

_DATAGRAM_ROOM = 750  # a message of which stays below 1300 bytes (RFC 3261 18.1.1)
_STREAM_ROOM = 16_000
_LARGEST_PAGE = 4
_LARGEST_RECORDER_PAGE = 20
_MOST_RECORDS = 10_000


@dataclass(frozen=True)
class Answer:
    """One message of an answer: command, fields; ``echo`` False for an SN of the device's own."""

    command: str
    fields: Sequence[Element]


@dataclass(frozen=True)
class Asked:
    """What an answer is made from."""

    state: CameraState
    settings: GbSettings
    own_id: str
    memory: Memory
    monotonic: float
    order: Order
    entries: list[inventory.Entry] | None = None

    @property
    def channel(self) -> str:
        """The channel that is meant: the first one for the device itself."""
        channels = self.settings.channel_ids()
        return self.order.device if self.order.device in channels else channels[0]


def writing(state: CameraState, settings: GbSettings) -> Writing:
    """How the device writes XML."""
    if state.has(UTF8_AS_GB2312) or state.has(quirks.OTHER_CHARSET):
        return Writing("GB2312", "UTF-8")
    return Writing(settings.charset, settings.charset)


def pages(items: Sequence[Element], datagram: bool, most: int) -> Iterator[list[Element]]:
    """Items in messages that fit: by size over UDP, and at most ``most`` in each."""
    room = _DATAGRAM_ROOM if datagram else _STREAM_ROOM
    page: list[Element] = []
    size = 0
    for item in items:
        length = len(item.write().encode("gb18030", "replace"))
        if page and (size + length > room or len(page) >= most):
            yield page
            page, size = [], 0
        page.append(item)
        size += length
    if page:
        yield page


def _paged(
    command: str, asked: Asked, name: str, items: Sequence[Element], lead: Sequence[Element] = ()
) -> list[Answer]:
    if not items:
        return [Answer(command, [*lead, e("SumNum", 0)])]
    most = _LARGEST_RECORDER_PAGE if asked.settings.recorder else _LARGEST_PAGE
    if command == "RecordInfo":
        most = _LARGEST_RECORDER_PAGE
    datagram = asked.settings.transport == "udp"
    state = asked.state
    more = state.has(SUM_WRONG) or state.has(quirks.COUNTS_ITSELF)
    total = len(items) + (1 if command == "Catalog" and more else 0)
    if command == "Catalog" and state.has(quirks.ONE_A_MESSAGE):
        most = 1
    if command == "RecordInfo" and state.has(quirks.TWO_A_MESSAGE):
        most = 2
    if (command == "RecordInfo" and state.has(quirks.RECORDS_NOT_PAGED)) or (
        command == "Catalog" and state.has(quirks.FRAGMENTS_LOST)
    ):
        datagram, most = False, _LARGEST_RECORDER_PAGE * 4
    made = [
        Answer(command, [*lead, e("SumNum", total), e(name, page, Num=len(page))])
        for page in pages(items, datagram, most)
    ]
    if state.has(quirks.AT_ONCE):
        made.reverse()
    if command == "Catalog" and asked.state.has(PAGE_LOST):
        del made[1:2]
    return made


def catalog(asked: Asked) -> list[Answer]:
    """The catalog in pages."""
    found = asked.entries
    if found is None:
        found = inventory.entries(asked.state, asked.settings, asked.own_id)
    chosen = inventory.selected(found, asked.order.device, asked.own_id)
    return _paged("Catalog", asked, "DeviceList", [entry.element for entry in chosen])


def device_info(asked: Asked) -> list[Answer]:
    """What the device is."""
    identity = asked.state.identity
    result = [] if asked.state.has(inventory.MISSING_FIELD) else [e("Result", "OK")]
    return [
        Answer(
            "DeviceInfo",
            [
                e("DeviceName", asked.memory.name or identity.name),
                *result,
                e("Manufacturer", identity.manufacturer),
                e("Model", identity.model),
                e("Firmware", identity.firmware),
                e("Channel", asked.settings.channels),
            ],
        )
    ]


def device_status(asked: Asked) -> list[Answer]:
    """How the device is; DeviceTime by its own clock."""
    state, memory = asked.state, asked.memory
    told = clock.told_second(state.clock, state.behaviours - {clock.LOCAL_AS_UTC})
    time = date_time(told, clock.zone_seconds(state.behaviours))
    duty = "ALARM" if memory.alarming else "ONDUTY" if memory.guarded else "OFFDUTY"
    item = e("Item", [e("DeviceID", asked.settings.alarm_input_id), e("DutyStatus", duty)])
    alarms = [] if state.has(NO_ALARM_INPUT) else [item]
    return [
        Answer(
            "DeviceStatus",
            [
                e("Result", "OK"),
                e("Online", "ONLINE"),
                e("Status", "OK"),
                e("Encode", "ON"),
                e("Record", "ON" if memory.recording else "OFF"),
                *([] if state.has(NO_DEVICE_TIME) else [e("DeviceTime", time)]),
                e("Alarmstatus", alarms, Num=len(alarms)),
            ],
        )
    ]


def config_download(asked: Asked) -> list[Answer]:
    """One answer for each type that is asked for."""
    types = [one for one in asked.order.text("ConfigType").split("/") if one][:16]
    made = [block for one in types for block in [_configuration(one, asked)] if block is not None]
    if not made:
        return [Answer("ConfigDownload", [e("Result", "ERROR")])]
    return [Answer("ConfigDownload", [e("Result", "OK"), block]) for block in made]


def _configuration(kind: str, asked: Asked) -> Element | None:
    settings, memory, main = asked.settings, asked.memory, asked.state.main
    if kind == "BasicParam":
        return e(
            "BasicParam",
            [
                e("Name", memory.name or asked.state.identity.name),
                e("Expiration", int(memory.expiration_s or settings.register_expires_s)),
                e("HeartBeatInterval", max(1, round(memory.heartbeat_s or settings.keepalive_s))),
                e("HeartBeatCount", memory.heartbeat_count),
                *([e("PositionCapability", 0)] if settings.edition == "2016" else []),
            ],
        )
    if kind == "VideoParamOpt":
        return e("VideoParamOpt", [e("DownloadSpeed", "1/2/4"), e("Resolution", "6/5")])
    if kind == "VideoParamAttribute" and settings.edition == "2022":
        item = e(
            "Item",
            [
                e("StreamNumber", 0),
                e("VideoFormat", 5 if main.encoding == "H265" else 2),
                e("Resolution", 6),
                e("FrameRate", main.frame_rate),
                e("BitRateType", 1),
                e("VideoBitRate", main.bitrate_kbps),
            ],
        )
        return e("VideoParamAttribute", [item], Num=1)
    if kind == "SnapShotConfig" and settings.edition == "2022":
        return e("SnapShotConfig", [e("SnapNum", 1), e("Interval", 1)])
    return None


def preset_query(asked: Asked) -> list[Answer]:
    """The presets of a channel."""
    presets = sorted(asked.memory.head(asked.channel).presets)
    items = [e("Item", [e("PresetID", one), e("PresetName", f"预置位 {one}")]) for one in presets]
    return [Answer("PresetQuery", [e("PresetList", items, Num=len(items))])]


def home_position_query(asked: Asked) -> list[Answer]:
    """The home position (2022)."""
    home = asked.memory.head(asked.channel).home
    block = [
        e("Enabled", 1 if home.enabled else 0),
        e("ResetTime", round(home.reset_s)),
        e("PresetIndex", home.preset),
    ]
    return [Answer("HomePositionQuery", [e("HomePosition", block)])]


def ptz_position(asked: Asked) -> list[Answer]:
    """Where the head looks, in degrees and as zoom factor (2022)."""
    place = asked.memory.head(asked.channel).position(asked.monotonic)
    return [
        Answer(
            "PTZPosition",
            [
                e("Pan", f"{place.pan * 60 % 360:.2f}"),
                e("Tilt", f"{place.tilt * 35:.2f}"),
                e("Zoom", f"{place.zoom:.2f}"),
            ],
        )
    ]


def cruise_list(asked: Asked) -> list[Answer]:
    """The patrols (2022)."""
    groups = sorted(asked.memory.head(asked.channel).cruises)
    items = [e("CruiseTrack", [e("Number", one), e("Name", f"巡航 {one}")]) for one in groups]
    return [
        Answer(
            "CruiseTrackListQuery",
            [e("SumNum", len(items)), e("CruiseTrackList", items, Num=len(items))],
        )
    ]


def record_info(asked: Asked) -> list[Answer]:
    """The records of a span of time, in pages."""
    name = [e("Name", asked.memory.name or asked.state.identity.name)]
    start = read_date_time(asked.order.text("StartTime"))
    end = read_date_time(asked.order.text("EndTime"))
    if start is None or end is None or end <= start:
        return [Answer("RecordInfo", [*name, e("SumNum", 0)])]
    kind = asked.order.text("Type").lower()
    if not kind and asked.state.has(quirks.WANTS_TYPE):
        return [Answer("RecordInfo", [*name, e("SumNum", 0)])]
    items = []
    for record in records.records(asked.state, start, end, kind):
        items.append(_record_item(asked, record))
        if len(items) >= _MOST_RECORDS:
            break
    return _paged("RecordInfo", asked, "RecordList", items, name)


def _record_item(asked: Asked, record: records.Record) -> Element:
    def told(posix: float) -> str:
        return date_time(records.told_time(asked.state, posix))

    return e(
        "Item",
        [
            e("DeviceID", asked.channel),
            e("Name", asked.memory.name or asked.state.identity.name),
            e("FilePath", record.path),
            e("Address", "1"),
            e("StartTime", told(record.start)),
            e("EndTime", told(record.end)),
            e("Secrecy", 0),
            e("Type", record.kind),
            e("FileSize", record.size),
        ],
    )


QUERIES: dict[str, Callable[[Asked], list[Answer]]] = {
    "Catalog": catalog,
    "DeviceInfo": device_info,
    "DeviceStatus": device_status,
    "ConfigDownload": config_download,
    "PresetQuery": preset_query,
    "RecordInfo": record_info,
}
NEW_QUERIES: dict[str, Callable[[Asked], list[Answer]]] = {
    "HomePositionQuery": home_position_query,
    "PTZPosition": ptz_position,
    "CruiseTrackListQuery": cruise_list,
}


def answers(asked: Asked) -> list[Answer] | None:
    """The answers to a query in order, None when the device does not know it."""
    known = QUERIES if asked.settings.edition == "2016" else QUERIES | NEW_QUERIES
    make = known.get(asked.order.command)
    return None if make is None else make(asked)


def with_sn(state: CameraState, order: Order, own: int) -> str:
    """The SN that an answer carries."""
    return str(own) if state.has(SN_NOT_ECHOED) else order.sn
