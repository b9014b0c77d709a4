"""Any MANSCDP message by its typed reader: for judging whole conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.deviation import Deviation
from protocols.errors import ProtocolError
from protocols.gb28181 import alarms, catalog, control, cruises, device, notifications, records
from protocols.gb28181 import subscriptions as subscribed
from protocols.gb28181.configuration import CONFIG_TYPES_2016, read_config_download
from protocols.gb28181.manscdp import Edition, Manscdp, read_result
from protocols.gb28181.texts import judge_charset

_Reader = Callable[[Manscdp, Edition], Any]


def _plain(read: Callable[[Manscdp], Any]) -> _Reader:
    return lambda message, _: read(message)


_READERS: dict[tuple[str, str], _Reader] = {
    ("Response", "Catalog"): lambda message, edition: catalog.read_catalog(
        message, edition=edition
    ),
    ("Notify", "Catalog"): lambda message, edition: catalog.read_catalog(message, edition=edition),
    ("Response", "DeviceInfo"): _plain(device.read_device_info),
    ("Response", "DeviceStatus"): _plain(device.read_device_status),
    ("Response", "PresetQuery"): _plain(device.read_presets),
    ("Response", "ConfigDownload"): lambda message, edition: read_config_download(
        message, edition=edition
    ),
    ("Control", "DeviceConfig"): lambda message, edition: read_config_download(
        message, edition=edition
    ),
    ("Query", "RecordInfo"): _plain(records.read_record_query),
    ("Response", "RecordInfo"): lambda message, edition: records.read_records(
        message, edition=edition
    ),
    ("Notify", "Keepalive"): _plain(notifications.read_keepalive),
    ("Notify", "MediaStatus"): _plain(notifications.read_media_status),
    ("Notify", "MobilePosition"): lambda message, edition: notifications.read_mobile_position(
        message, edition=edition
    ),
    ("Notify", "Broadcast"): _plain(notifications.read_broadcast),
    ("Notify", "Alarm"): lambda message, edition: alarms.read_alarm(message, edition=edition),
    ("Query", "Alarm"): lambda message, edition: alarms.read_alarm_query(message, edition=edition),
    ("Query", "MobilePosition"): _plain(subscribed.read_position_interval),
    ("Control", "DeviceControl"): lambda message, edition: control.read_control(
        message, edition=edition
    ),
    ("Response", "HomePositionQuery"): _plain(cruises.read_home_position),
    ("Response", "CruiseTrackListQuery"): _plain(cruises.read_cruises),
    ("Response", "CruiseTrackQuery"): _plain(cruises.read_cruises),
    ("Response", "PTZPosition"): _plain(cruises.read_ptz_position),
    ("Notify", "PTZPosition"): _plain(cruises.read_ptz_position),
    ("Response", "SDCardStatus"): _plain(cruises.read_memory_cards),
    **{
        ("Notify", command): _plain(notifications.read_finished)
        for command in notifications.FINISHED_COMMANDS
    },
    **{
        ("Response", command): _plain(read_result)
        for command in ("DeviceControl", "DeviceConfig", "Alarm", "Broadcast")
    },
}
#: Commands whose query has no conditions.
_BARE_QUERIES = ("Catalog", "DeviceInfo", "DeviceStatus", "ConfigDownload", "PresetQuery")


def read_typed(message: Manscdp, *, edition: Edition = "2016") -> Any:
    """The message as the dataclass of its command, None when its reader is not known.

    Raises:
        ProtocolError: a DeviceControl without a command.
    """
    reader = _READERS.get((message.kind, message.command))
    if _answers_subscription(message):
        reader = _plain(read_result)
    return None if reader is None else reader(message, edition)


def _answers_subscription(message: Manscdp) -> bool:
    """Whether it is the body of a 200 OK to SUBSCRIBE (2016): a Result and nothing listed."""
    return (
        message.kind == "Response"
        and message.command in ("Catalog", "MobilePosition")
        and bool(message.text("Result"))
        and not message.text("SumNum")
    )


def judge_message(message: Manscdp, *, edition: Edition = "2016") -> tuple[Deviation, ...]:
    """Everything that ``message`` has and the edition has not, each once."""
    found: list[Deviation] = list(message.deviations)
    ascii_only = all(
        (one.text or "").isascii() for one in message.root.iter() if isinstance(one.tag, str)
    )
    found += judge_charset(edition, message.charset, ascii_only=ascii_only)
    clause = f"GB/T 28181-{edition} A.2"
    of_2022 = message.command in (*cruises.COMMANDS, *notifications.FINISHED_COMMANDS)
    if edition == "2016" and of_2022:
        found.append(Deviation("command-of-2022", clause, message.command))
    try:
        typed = read_typed(message, edition=edition)
    except ProtocolError:
        return (*found, Deviation("control-unknown", control.CLAUSE))
    if typed is None and not (
        message.kind == "Query" and message.command in (*_BARE_QUERIES, *cruises.COMMANDS)
    ):
        found.append(Deviation("command-unknown", clause, f"{message.kind} {message.command}"[:60]))
    elif isinstance(typed, tuple):
        found += typed[1]
    elif typed is not None:
        found += typed.deviations
    if message.command == "ConfigDownload" and message.kind == "Query":
        asked = message.text("ConfigType").split("/")
        if edition == "2016" and any(one not in CONFIG_TYPES_2016 for one in asked):
            found.append(Deviation("config-block", clause, "/".join(asked)[:60]))
    return tuple(dict.fromkeys(found))
