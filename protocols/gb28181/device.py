"""DeviceInfo, DeviceStatus and PresetQuery (GB/T 28181-2016 A.2.4, A.2.6), PTZPosition (2022).

ConfigDownload and DeviceConfig are in ``configuration``, 2022 queries of what moves in ``cruises``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocols.deviation import Deviation
from protocols.gb28181.configuration import (
    CONFIG_TYPES_2016,
    CONFIG_TYPES_2022,
    BasicParameters,
    Configuration,
    VideoAttribute,
    VideoOptions,
    build_config_download,
    build_config_query,
    read_config_download,
)
from protocols.gb28181.manscdp import Listing, Manscdp, Value, build_manscdp
from protocols.gb28181.reading import FieldReader, reader_of
from protocols.gb28181.times import format_time
from protocols.xml_reading import find

__all__ = [
    "CONFIG_TYPES_2016",
    "CONFIG_TYPES_2022",
    "AlarmState",
    "BasicParameters",
    "Configuration",
    "DeviceInfo",
    "DeviceStatus",
    "Preset",
    "PresetList",
    "VideoAttribute",
    "VideoOptions",
    "build_config_download",
    "build_config_query",
    "build_device_info",
    "build_device_status",
    "build_presets",
    "build_query",
    "read_config_download",
    "read_device_info",
    "read_device_status",
    "read_presets",
]

_MAXIMUM_PRESETS = 4096
_MAXIMUM_ALARM_STATES = 10_000
CLAUSE = "GB/T 28181-2016 A.2.6"


def build_query(command: str, sn: int, device: str, *, charset: str = "GB2312") -> bytes:
    """A query without conditions: DeviceInfo, DeviceStatus, PresetQuery, HomePositionQuery,
    CruiseTrackListQuery, PTZPosition, SDCardStatus.
    """
    return build_manscdp("Query", command, sn, device, charset=charset)


def _result(reader: FieldReader) -> bool | None:
    text = reader.choice("Result", among=("OK", "ERROR"), mandatory=True)
    return {"OK": True, "ERROR": False}.get(text)


@dataclass(frozen=True)
class DeviceInfo:
    """What a device is. ``channels``: number of video inputs."""

    sn: int | None
    device: str
    correct: bool | None = True
    name: str = ""
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    channels: int | None = None
    deviations: tuple[Deviation, ...] = ()


def build_device_info(information: DeviceInfo, *, charset: str = "GB2312") -> bytes:
    """The Response."""
    fields: list[tuple[str, Value]] = [
        ("DeviceName", information.name or None),
        ("Result", "ERROR" if information.correct is False else "OK"),
        ("Manufacturer", information.manufacturer or None),
        ("Model", information.model or None),
        ("Firmware", information.firmware or None),
        ("Channel", information.channels),
    ]
    return build_manscdp(
        "Response", "DeviceInfo", information.sn, information.device, fields, charset=charset
    )


def read_device_info(message: Manscdp) -> DeviceInfo:
    """Read the Response."""
    reader = reader_of(message, CLAUSE)
    return DeviceInfo(
        message.sn,
        message.device,
        _result(reader),
        reader.text("DeviceName"),
        reader.text("Manufacturer"),
        reader.text("Model"),
        reader.text("Firmware"),
        reader.integer("Channel", least=0, most=65_536),
        (*message.deviations, *reader.deviations),
    )


@dataclass(frozen=True)
class AlarmState:
    """Whether an alarm device is on duty: ONDUTY, OFFDUTY or ALARM."""

    device: str
    duty: str


@dataclass(frozen=True)
class DeviceStatus:
    """How a device is.

    Attributes:
        sn, device: of the message.
        correct: Result.
        online: Online.
        working: Status OK or ERROR.
        reason: why it does not work.
        encode, record: whether it encodes, records.
        device_time: POSIX seconds of DeviceTime, normally whole.
        device_time_text: as written.
        alarm_states: of Alarmstatus.
        deviations: what the message has that the standard has not.
    """

    sn: int | None
    device: str
    correct: bool | None = True
    online: bool | None = True
    working: bool | None = True
    reason: str = ""
    encode: bool | None = None
    record: bool | None = None
    device_time: float | None = None
    device_time_text: str = ""
    alarm_states: tuple[AlarmState, ...] = ()
    deviations: tuple[Deviation, ...] = ()


def _word(value: bool | None, yes: str, no: str) -> str | None:
    return None if value is None else yes if value else no


def build_device_status(
    status: DeviceStatus,
    *,
    charset: str = "GB2312",
    milliseconds: bool = False,
    alarm_attribute: str = "Num",
) -> bytes:
    """The Response; ``device_time_text`` goes before ``device_time``."""
    time = status.device_time_text or (
        None
        if status.device_time is None
        else format_time(status.device_time, milliseconds=milliseconds)
    )
    rows = [[("DeviceID", one.device), ("DutyStatus", one.duty)] for one in status.alarm_states]
    fields: list[tuple[str, Value]] = [
        ("Result", _word(status.correct, "OK", "ERROR")),
        ("Online", _word(status.online, "ONLINE", "OFFLINE")),
        ("Status", _word(status.working, "OK", "ERROR")),
        ("Reason", status.reason or None),
        ("Encode", _word(status.encode, "ON", "OFF")),
        ("Record", _word(status.record, "ON", "OFF")),
        ("DeviceTime", time),
        ("Alarmstatus", Listing(rows, attribute=alarm_attribute) if rows else None),
    ]
    return build_manscdp(
        "Response", "DeviceStatus", status.sn, status.device, fields, charset=charset
    )


def read_device_status(message: Manscdp) -> DeviceStatus:
    """Read the Response."""
    reader = reader_of(message, CLAUSE)
    online = reader.choice(
        "Online",
        among=("ONLINE", "OFFLINE"),
        aliases={"ON": "ONLINE", "OK": "ONLINE", "OFF": "OFFLINE"},
        mandatory=True,
    )
    working = reader.choice(
        "Status", among=("OK", "ERROR"), aliases={"ON": "OK", "ONLINE": "OK"}, mandatory=True
    )
    states: list[AlarmState] = []
    name = "Alarmstatus" if find(message.root, "Alarmstatus") is not None else "AlarmStatus"
    for element in reader.items(name)[1][:_MAXIMUM_ALARM_STATES]:
        own = reader.within(element)
        duty = own.choice("DutyStatus", among=("ONDUTY", "OFFDUTY", "ALARM"), mandatory=True)
        states.append(AlarmState(own.text("DeviceID", mandatory=True, maximum=64), duty))
    switch = {"ON": True, "OFF": False}
    return DeviceStatus(
        message.sn,
        message.device,
        _result(reader),
        {"ONLINE": True, "OFFLINE": False}.get(online),
        {"OK": True, "ERROR": False}.get(working),
        reader.text("Reason"),
        switch.get(reader.choice("Encode", among=("ON", "OFF"))),
        switch.get(reader.choice("Record", among=("ON", "OFF"))),
        reader.time("DeviceTime"),
        reader.text("DeviceTime", maximum=64),
        tuple(states),
        (*message.deviations, *reader.deviations),
    )


@dataclass(frozen=True)
class Preset:
    """A preset position, number 1 to 255."""

    number: int
    name: str = ""


@dataclass(frozen=True)
class PresetList:
    """The answer to PresetQuery; ``num`` is the Num of the list."""

    sn: int | None
    device: str
    presets: tuple[Preset, ...]
    num: int | None = None
    sum_num: int | None = None
    deviations: tuple[Deviation, ...] = ()


def build_presets(
    sn: int | None,
    device: str,
    presets: Sequence[Preset],
    *,
    sum_num: int | None = None,
    charset: str = "GB2312",
) -> bytes:
    """The Response; without presets the list has Num 0. ``SumNum`` is there when given (2022)."""
    rows = [[("PresetID", str(one.number)), ("PresetName", one.name)] for one in presets]
    fields: list[tuple[str, Value]] = [("SumNum", sum_num), ("PresetList", Listing(rows))]
    return build_manscdp("Response", "PresetQuery", sn, device, fields, charset=charset)


def read_presets(message: Manscdp) -> PresetList:
    """Read the Response."""
    reader = reader_of(message, CLAUSE)
    num, elements = reader.items("PresetList")
    if num is None and not elements:
        reader.add("field-missing", "PresetList")
    presets: list[Preset] = []
    for element in elements[:_MAXIMUM_PRESETS]:
        own = reader.within(element)
        number = own.integer("PresetID", mandatory=True, least=1, most=255)
        if number is not None:
            presets.append(Preset(number, own.text("PresetName", mandatory=True)))
    if len({one.number for one in presets}) != len(presets):
        reader.add("item-twice", "PresetID")
    return PresetList(
        message.sn,
        message.device,
        tuple(presets),
        num,
        reader.integer("SumNum", least=0),
        (*message.deviations, *reader.deviations),
    )
