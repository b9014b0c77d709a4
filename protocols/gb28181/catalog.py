"""Catalog: the directory of devices, regions, groups and organisations (2016 A.2.1, A.2.6 c, O)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

from protocols.deviation import Deviation
from protocols.gb28181.catalog_judgement import judge_item
from protocols.gb28181.manscdp import Edition, Fields, Kind, Listing, Manscdp, Value, build_manscdp
from protocols.gb28181.reading import FieldReader, reader_of
from protocols.gb28181.times import format_time

CLAUSE = "GB/T 28181-2016 A.2.6 c"
MAXIMUM_ITEMS = 10_000
#: What Status and Event become when a device writes something else (quirks of the field).
STATUS_ALIASES = {"ONLINE": "ON", "OK": "ON", "OFFLINE": "OFF", "OFFLLINE": "OFF", "DEFAULT": "OFF"}
EVENTS = ("ON", "OFF", "VLOST", "DEFECT", "ADD", "DEL", "UPDATE")

_TEXT, _INTEGER, _DECIMAL = "text", "integer", "decimal"
#: Attribute, element path, kind, in the order of the schema.
_TABLE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("name", ("Name",), _TEXT),
    ("manufacturer", ("Manufacturer",), _TEXT),
    ("model", ("Model",), _TEXT),
    ("owner", ("Owner",), _TEXT),
    ("civil_code", ("CivilCode",), _TEXT),
    ("block", ("Block",), _TEXT),
    ("address", ("Address",), _TEXT),
    ("parental", ("Parental",), _INTEGER),
    ("parent_id", ("ParentID",), _TEXT),
    ("business_group_id", ("BusinessGroupID",), _TEXT),
    ("safety_way", ("SafetyWay",), _INTEGER),
    ("register_way", ("RegisterWay",), _INTEGER),
    ("security_level_code", ("SecurityLevelCode",), _TEXT),
    ("certificate_number", ("CertNum",), _TEXT),
    ("certifiable", ("Certifiable",), _INTEGER),
    ("error_code", ("ErrCode",), _INTEGER),
    ("end_time", ("EndTime",), _TEXT),
    ("secrecy", ("Secrecy",), _INTEGER),
    ("ip_address", ("IPAddress",), _TEXT),
    ("port", ("Port",), _INTEGER),
    ("status", ("Status",), _TEXT),
    ("longitude", ("Longitude",), _DECIMAL),
    ("latitude", ("Latitude",), _DECIMAL),
    ("ptz_type", ("Info", "PTZType"), _INTEGER),
    ("photoelectric_imaging_type", ("Info", "PhotoelectricImagingTyp"), _TEXT),
    ("position_type", ("Info", "PositionType"), _INTEGER),
    ("capture_position_type", ("Info", "CapturePositionType"), _TEXT),
    ("room_type", ("Info", "RoomType"), _INTEGER),
    ("use_type", ("Info", "UseType"), _INTEGER),
    ("supply_light_type", ("Info", "SupplyLightType"), _INTEGER),
    ("direction_type", ("Info", "DirectionType"), _INTEGER),
    ("resolution", ("Info", "Resolution"), _TEXT),
    ("info_business_group_id", ("Info", "BusinessGroupID"), _TEXT),
    ("download_speed", ("Info", "DownloadSpeed"), _TEXT),
    ("svc_space_support", ("Info", "SVCSpaceSupportMode"), _INTEGER),
    ("svc_time_support", ("Info", "SVCTimeSupportMode"), _INTEGER),
    ("ssvc_ratio_support_list", ("Info", "SSVCRatioSupportList"), _TEXT),
    ("mobile_device_type", ("Info", "MobileDeviceType"), _INTEGER),
    ("horizontal_field_angle", ("Info", "HorizontalFieldAngle"), _DECIMAL),
    ("vertical_field_angle", ("Info", "VerticalFieldAngle"), _DECIMAL),
    ("maximum_view_distance", ("Info", "MaxViewDistance"), _DECIMAL),
    ("grassroots_code", ("Info", "GrassrootsCode"), _TEXT),
    ("point_type", ("Info", "PointType"), _INTEGER),
    ("point_common_name", ("Info", "PointCommonName"), _TEXT),
    ("mac", ("Info", "MAC"), _TEXT),
    ("function_type", ("Info", "FunctionType"), _TEXT),
    ("encode_type", ("Info", "EncodeType"), _TEXT),
    ("install_time", ("Info", "InstallTime"), _TEXT),
    ("management_unit", ("Info", "ManagementUnit"), _TEXT),
    ("contact_information", ("Info", "ContactInfo"), _TEXT),
    ("record_save_days", ("Info", "RecordSaveDays"), _INTEGER),
    ("industrial_classification", ("Info", "IndustrialClassification"), _TEXT),
)


@dataclass(frozen=True)
class CatalogItem:
    """One item; texts are "" and numbers None when absent.

    The names follow the elements of the schema. ``event`` is there in notifications only:
    ON, OFF, VLOST, DEFECT, ADD, DEL or UPDATE. ``status`` is ON or OFF (other spellings are
    mapped and reported), ``password`` is never kept: ``***`` says that the item held one.
    ``business_group_id`` stands beside ``ParentID`` in 2022 and under ``Info`` in 2016
    (``info_business_group_id``); ``group`` is whichever is there.
    """

    device_id: str
    name: str = ""
    manufacturer: str = ""
    model: str = ""
    owner: str = ""
    civil_code: str = ""
    block: str = ""
    address: str = ""
    parental: int | None = None
    parent_id: str = ""
    business_group_id: str = ""
    safety_way: int | None = None
    register_way: int | None = None
    security_level_code: str = ""
    certificate_number: str = ""
    certifiable: int | None = None
    error_code: int | None = None
    end_time: str = ""
    secrecy: int | None = None
    ip_address: str = ""
    port: int | None = None
    password: str = field(default="", repr=False)
    status: str = ""
    longitude: float | None = None
    latitude: float | None = None
    ptz_type: int | None = None
    photoelectric_imaging_type: str = ""
    position_type: int | None = None
    capture_position_type: str = ""
    room_type: int | None = None
    use_type: int | None = None
    supply_light_type: int | None = None
    direction_type: int | None = None
    resolution: str = ""
    info_business_group_id: str = ""
    download_speed: str = ""
    svc_space_support: int | None = None
    svc_time_support: int | None = None
    ssvc_ratio_support_list: str = ""
    mobile_device_type: int | None = None
    horizontal_field_angle: float | None = None
    vertical_field_angle: float | None = None
    maximum_view_distance: float | None = None
    grassroots_code: str = ""
    point_type: int | None = None
    point_common_name: str = ""
    mac: str = ""
    function_type: str = ""
    encode_type: str = ""
    install_time: str = ""
    management_unit: str = ""
    contact_information: str = ""
    record_save_days: int | None = None
    industrial_classification: str = ""
    event: str = ""

    @property
    def parents(self) -> tuple[str, ...]:
        """The identifiers in ParentID."""
        return tuple(one.strip() for one in self.parent_id.split("/") if one.strip())

    @property
    def group(self) -> str:
        """The business group, wherever it stands."""
        return self.business_group_id or self.info_business_group_id

    def fields(self) -> list[tuple[str, Value]]:
        """The elements in the order of the schema, absent ones left out."""
        out: list[tuple[str, Value]] = [("DeviceID", self.device_id)]
        out += [("Event", self.event)] if self.event else []
        info: list[tuple[str, Value]] = []
        for attribute, path, _ in _TABLE:
            value = getattr(self, attribute)
            if value in ("", None):
                continue
            (info if path[0] == "Info" else out).append((path[-1], value))
            if attribute == "port" and self.password:
                out.append(("Password", self.password))
        return [*out, ("Info", info)] if info else out


@dataclass(frozen=True)
class CatalogPage:
    """One message of a Catalog answer or notification.

    Attributes:
        sn: serial number of the exchange.
        device: DeviceID that was asked.
        sum_num: SumNum, items in the whole answer; None when absent or no number.
        num: the Num of the list, None when there is no list.
        items: of this message.
        deviations: of the message and its items.
    """

    sn: int | None
    device: str
    sum_num: int | None
    num: int | None
    items: tuple[CatalogItem, ...]
    deviations: tuple[Deviation, ...] = ()


def read_item(element: etree._Element, reader: FieldReader, edition: Edition) -> CatalogItem:
    """One ``<Item>``; what deviates goes into ``reader``'s notes."""
    own = reader.within(element)
    values: dict[str, str | int | float | None] = {}
    for attribute, path, kind in _TABLE:
        if kind is _TEXT:
            values[attribute] = own.text(*path)
        elif kind is _INTEGER:
            values[attribute] = own.integer(*path)
        else:
            values[attribute] = own.decimal(*path)
    values["status"] = own.choice("Status", among=("ON", "OFF"), aliases=STATUS_ALIASES)
    values["event"] = own.choice("Event", among=EVENTS)
    values["password"] = "***" if own.text("Password") else ""
    item = CatalogItem(own.text("DeviceID"), **values)  # type: ignore[arg-type]
    judge_item(item, own, edition)
    return item


def read_catalog(message: Manscdp, *, edition: Edition = "2016") -> CatalogPage:
    """Read a Catalog Response or Notify; items beyond 10000 are left out and reported."""
    reader = reader_of(message, CLAUSE, edition)
    sum_num, num, elements = reader.paged("DeviceList", MAXIMUM_ITEMS)
    items = tuple(read_item(one, reader, edition) for one in elements)
    identifiers = [one.device_id for one in items]
    if len(set(identifiers)) != len(identifiers):
        reader.add("item-twice", "DeviceID")
    if message.kind == "Notify" and sum_num is not None and num is not None and sum_num != num:
        reader.add("notify-sum", f"SumNum={sum_num}, Num={num}")
    deviations = (*message.deviations, *reader.deviations)
    return CatalogPage(message.sn, message.device, sum_num, num, items, deviations)


def build_catalog(
    device: str,
    sn: int | None,
    items: Sequence[CatalogItem | Fields],
    *,
    sum_num: int | None = None,
    num: int | None = None,
    kind: Literal["Response", "Notify"] = "Response",
    charset: str = "GB2312",
) -> bytes:
    """One message of an answer (or a notification, whose items have an ``event``).

    Args:
        device: DeviceID that was asked.
        sn: of the query.
        items: of this message.
        sum_num: items in the whole answer, None: as many as here.
        num: a ``Num`` other than the number of items.
        kind: Response or Notify.
        charset: of the body.
    """
    total = len(items) if sum_num is None else sum_num
    out: list[tuple[str, Value]] = [("SumNum", total)]
    if items or total:
        rows = [one.fields() if isinstance(one, CatalogItem) else one for one in items]
        out.append(("DeviceList", Listing(rows, num)))
    return build_manscdp(kind, "Catalog", sn, device, out, charset=charset)


def split_catalog(
    device: str,
    sn: int | None,
    items: Sequence[CatalogItem | Fields],
    *,
    per_message: int = 10,
    charset: str = "GB2312",
) -> Iterable[bytes]:
    """The messages of a whole answer, ``per_message`` items each (annex N)."""
    if not items:
        yield build_catalog(device, sn, (), charset=charset)
    for start in range(0, len(items), per_message):
        page = items[start : start + per_message]
        yield build_catalog(device, sn, page, sum_num=len(items), charset=charset)


def build_catalog_query(
    device: str,
    sn: int,
    *,
    start: float | None = None,
    end: float | None = None,
    charset: str = "GB2312",
    kind: Kind = "Query",
) -> bytes:
    """The query, or body of a subscription; times (POSIX) ask for devices added in between."""
    times: list[tuple[str, Value]] = [
        ("StartTime", None if start is None else format_time(start)),
        ("EndTime", None if end is None else format_time(end)),
    ]
    return build_manscdp(kind, "Catalog", sn, device, times, charset=charset)
