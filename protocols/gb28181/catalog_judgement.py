"""What a catalogue item has to hold, by the kind of item and the edition (2016 A.2.1, annex O)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from protocols.gb28181.identifiers import is_region, judge_identifier

if TYPE_CHECKING:
    from protocols.gb28181.catalog import CatalogItem
    from protocols.gb28181.reading import FieldReader

ItemKind = Literal["region", "system", "group", "organisation", "device", "unknown"]

#: Attribute and element of the mandatory fields, by kind of item, in the 2016 edition.
_ALWAYS = (("name", "Name"),)
_MANDATORY_2016: dict[ItemKind, tuple[tuple[str, str], ...]] = {
    "region": _ALWAYS,
    "system": (
        *_ALWAYS,
        ("manufacturer", "Manufacturer"),
        ("model", "Model"),
        ("owner", "Owner"),
        ("civil_code", "CivilCode"),
        ("address", "Address"),
        ("register_way", "RegisterWay"),
        ("secrecy", "Secrecy"),
    ),
    "group": (*_ALWAYS, ("parent_id", "ParentID")),
    "organisation": (*_ALWAYS, ("group", "BusinessGroupID")),
    "device": (
        *_ALWAYS,
        ("manufacturer", "Manufacturer"),
        ("model", "Model"),
        ("owner", "Owner"),
        ("civil_code", "CivilCode"),
        ("address", "Address"),
        ("parental", "Parental"),
        ("parent_id", "ParentID"),
        ("register_way", "RegisterWay"),
        ("secrecy", "Secrecy"),
        ("status", "Status"),
    ),
    "unknown": _ALWAYS,
}
_DROPPED_2022 = ("owner",)

#: Attribute, element, allowed values by edition (2016, 2022).
_CODES: tuple[tuple[str, str, range, range], ...] = (
    ("parental", "Parental", range(2), range(2)),
    ("safety_way", "SafetyWay", range(5), range(5)),
    ("register_way", "RegisterWay", range(1, 4), range(1, 5)),
    ("certifiable", "Certifiable", range(2), range(2)),
    ("secrecy", "Secrecy", range(2), range(2)),
    ("port", "Port", range(65536), range(65536)),
    ("ptz_type", "PTZType", range(1, 5), range(1, 8)),
    ("position_type", "PositionType", range(1, 11), range(1, 11)),
    ("room_type", "RoomType", range(1, 3), range(1, 3)),
    ("use_type", "UseType", range(1, 4), range(1, 4)),
    ("supply_light_type", "SupplyLightType", range(1, 4), range(1, 10)),
    ("direction_type", "DirectionType", range(1, 9), range(1, 9)),
    ("svc_space_support", "SVCSpaceSupportMode", range(4), range(4)),
    ("svc_time_support", "SVCTimeSupportMode", range(4), range(4)),
)


def kind_of(identifier: str) -> ItemKind:
    """What kind of item an identifier stands for."""
    if is_region(identifier):
        return "region"
    if not re.fullmatch(r"[0-9]{20}", identifier):
        return "unknown"
    code = int(identifier[10:13])
    if code == 200:
        return "system"
    if code in (215, 216):
        return "group" if code == 215 else "organisation"
    return "device" if 111 <= code <= 199 else "unknown"


def judge_item(item: CatalogItem, reader: FieldReader, edition: str) -> None:
    """Note what ``item`` lacks or has wrong."""
    if not item.device_id:
        reader.add("field-missing", "Item/DeviceID")
        return
    for one in judge_identifier(item.device_id):
        reader.add(one.code, one.detail)
    if item.event and item.event not in ("ADD", "UPDATE"):
        return
    kind = kind_of(item.device_id)
    for attribute, element in _MANDATORY_2016[kind]:
        if edition == "2022" and attribute in _DROPPED_2022:
            continue
        if getattr(item, attribute) in ("", None):
            # An unusable Status was noted as such already.
            if attribute == "status" and reader.text("Status"):
                continue
            if isinstance(getattr(item, attribute), type(None)) and reader.text(element):
                continue
            reader.add("item-field-missing", f"{kind}: {element}")
    if edition == "2022" and kind == "device" and not item.grassroots_code:
        reader.add("item-field-missing", f"{kind}: Info/GrassrootsCode")
    for attribute, element, of_2016, of_2022 in _CODES:
        value = getattr(item, attribute)
        allowed = of_2016 if edition == "2016" else of_2022
        if value is not None and value not in allowed:
            reader.add("value", f"{element}={value}")
    if item.civil_code and not is_region(item.civil_code):
        reader.add("value", f"CivilCode={item.civil_code}")
    for parent in item.parents:
        if judge_identifier(parent) or len(parent) == 10:
            reader.add("item-parent", parent)
    if item.password:
        reader.add("item-password", item.device_id)
    for number, element, most in (
        (item.longitude, "Longitude", 180),
        (item.latitude, "Latitude", 90),
    ):
        if number is not None and abs(number) > most:
            reader.add("value", f"{element}={number}")
