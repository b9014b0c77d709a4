"""Reads a point inventory from a spreadsheet (xlsx) or csv, columns found by their headings."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from assessment.tables import TablesError, decoded_text
from targets.camera import parse_camera
from targets.errors import TargetError
from targets.site import ACCESS_TYPES, SCENES, Certificate, Point
from targets.site_file import POINT_ID, Mistake

_HEADINGS = {
    "id": ("id", "编号", "点位编号", "国标编码", "设备编码", "设备编号"),
    "name": ("name", "名称", "点位名称"),
    "uri": ("uri", "设备地址", "接入地址", "device address"),
    "location": ("location", "address", "地址", "安装地址", "点位地址"),
    "scene": ("scene", "scene type", "场景", "场景类型"),
    "indoor": ("indoor", "室内外", "室内/室外", "indoor or outdoor"),
    "access": ("access", "access type", "接入方式", "接入类型"),
    "longitude": ("longitude", "经度"),
    "latitude": ("latitude", "纬度"),
    "ip_code": ("ip code", "ip_code", "防护等级"),
    "model": ("model", "型号", "设备型号"),
    "firmware": ("firmware", "固件版本", "固件"),
    "certificate_code": ("certificate code", "证书防护等级"),
    "certificate_model": ("certificate model", "证书型号"),
    "certificate_mark": ("laboratory mark", "证书标志", "实验室标志"),
    "certificate_until": ("valid until", "证书有效期"),
    "gb28181": ("gb28181", "gb28181 id", "注册编码", "国标注册编码"),
}
_SCENE_WORDS = {
    "乡村广场": "rural-square",
    "乡村道路": "rural-path",
    "人车混行通道": "mixed-lane",
    "活动场所": "activity-place",
    "楼宇间通道": "building-passage",
    "其他": "other",
}
_ACCESS_WORDS = {"有线": "ethernet", "网线": "ethernet", "无线": "wifi", "光纤": "fibre"}
#: What an inventory states of a device, compared with what is found.
_DECLARED = ("ip_code", "model", "firmware")
#: A number of twenty digits as a spreadsheet program writes it into a csv.
_POWER = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
#: Where China lies, which tells a longitude from a latitude.
_LONGITUDES, _LATITUDES = (73.0, 136.0), (3.0, 54.0)
_MAXIMUM_ROWS = 200_000


def read_inventory(file: Path) -> tuple[list[Point], list[Mistake]]:
    """The points of an inventory and every mistake in it, with its row number as line."""
    mistakes: list[Mistake] = []
    try:
        rows = list(_rows(file))
    except TablesError as error:
        return [], [Mistake(file.name, 0, f"inventory.{error.code}", dict(error.parameters))]
    except (OSError, ValueError, KeyError, InvalidFileException, zipfile.BadZipFile) as error:
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return [], [Mistake(file.name, 0, "inventory.unreadable", {"detail": detail})]
    header_row = next((n for n, row in enumerate(rows) if _columns(row).keys() >= {"id"}), None)
    if header_row is None:
        parameters = {"headings": ", ".join(_HEADINGS["id"])}
        return [], [Mistake(file.name, 1, "inventory.no-heading", parameters)]
    columns = _columns(rows[header_row])
    begin = header_row + 1
    if below := _second_row(rows, begin, columns):
        columns, begin = below | columns, begin + 1
    points = []
    for number, row in enumerate(rows[begin:], start=begin + 1):
        cells = {name: row[index] for name, index in columns.items() if index < len(row)}
        if any(value not in (None, "") for value in cells.values()):
            points.append(_point(file.name, number, cells, mistakes))
    return points, mistakes


def _second_row(rows: list[list[Any]], number: int, columns: dict[str, int]) -> dict[str, int]:
    """The columns that the lower row of a heading in two merged rows adds; empty for a point."""
    if number >= len(rows):
        return {}
    index = columns["id"]
    above, below = (row[index] if index < len(row) else None for row in rows[number - 1 :][:2])
    return {} if below not in (None, "", above) else _columns(rows[number])


def _rows(file: Path) -> Iterable[list[Any]]:
    if file.suffix.lower() == ".csv":
        yield from csv.reader(io.StringIO(decoded_text(file.read_bytes())))
        return
    workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        for number, row in enumerate(workbook.worksheets[0].iter_rows(values_only=True)):
            if number > _MAXIMUM_ROWS:
                raise ValueError(f"more than {_MAXIMUM_ROWS} rows")
            yield list(row)
    finally:
        workbook.close()


def _columns(row: list[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, cell in enumerate(row):
        heading = str(cell or "").strip().lower()
        for name, words in _HEADINGS.items():
            if heading in words:
                found.setdefault(name, index)
    return found


def _point(file: str, row: int, cells: dict[str, Any], mistakes: list[Mistake]) -> Point:
    def note(key: str, **parameters: Any) -> None:
        mistakes.append(Mistake(file, row, key, parameters))

    def words(name: str) -> str:
        value = cells.get(name)
        return "" if value is None else str(value).strip()

    def number(name: str, limit: float) -> float | None:
        if not words(name):
            return None
        try:
            value = float(words(name))
        except ValueError:
            comma = re.fullmatch(r"-?\d+,\d+", words(name))
            key = "inventory.decimal-comma" if comma else "site.not-a-number"
            note(key, field=name, found=words(name))
            return None
        if not abs(value) <= limit:
            note("site.out-of-range", field=name, found=value, low=-limit, high=limit)
            return None
        return value

    identifier = words("id")
    if isinstance(cells.get("id"), float | int) or _POWER.fullmatch(identifier):
        # A spreadsheet keeps 15 significant digits of a number: the last five are lost.
        note("inventory.id-became-number", found=identifier)
    elif not POINT_ID.fullmatch(identifier):
        note("site.bad-id", found=identifier)
    scene = _SCENE_WORDS.get(words("scene"), words("scene") or "other")
    if scene not in SCENES:
        choices = ", ".join((*_SCENE_WORDS, *SCENES))
        note("site.not-a-choice", field="scene", found=scene, choices=choices)
    access = _ACCESS_WORDS.get(words("access"), words("access").lower().replace("-", ""))
    if access and access not in ACCESS_TYPES:
        choices = ", ".join((*_ACCESS_WORDS, *ACCESS_TYPES))
        note("site.not-a-choice", field="access", found=words("access"), choices=choices)
    indoor_word = words("indoor").lower()
    if indoor_word not in ("", "indoor", "outdoor", "室内", "室外", "是", "否", "yes", "no"):
        note("site.not-yes-or-no", field="indoor", found=indoor_word)
    if not words("uri"):
        note("inventory.no-uri", id=identifier)
    else:
        try:
            parse_camera(words("uri"))
        except TargetError as error:
            note(error.key, **error.parameters)
    gb28181 = words("gb28181")
    if isinstance(cells.get("gb28181"), float | int) or _POWER.fullmatch(gb28181):
        note("inventory.id-became-number", found=gb28181)
    elif gb28181 and not POINT_ID.fullmatch(gb28181):
        note("site.bad-id", found=gb28181)
    if _swapped(words("longitude"), words("latitude")):
        note("inventory.coordinates-swapped", longitude=words("longitude"))
        cells = {**cells, "longitude": None, "latitude": None}
    certificate = None
    if words("certificate_code"):
        certificate = Certificate(
            code=words("certificate_code"),
            model=words("certificate_model"),
            laboratory_mark=words("certificate_mark"),
            valid_until=words("certificate_until")[:10],
        )
    return Point(
        id=identifier,
        name=words("name") or identifier,
        uri=words("uri"),
        location=words("location"),
        scene=scene,
        indoor=indoor_word in ("indoor", "室内", "是", "yes"),
        access=access,
        longitude=number("longitude", 180),
        latitude=number("latitude", 90),
        declared={name: words(name) for name in _DECLARED if words(name)},
        certificate=certificate,
        gb28181=gb28181,
    )


def _swapped(longitude: str, latitude: str) -> bool:
    try:
        east, north = float(longitude), float(latitude)
    except ValueError:
        return False
    return _LATITUDES[0] <= east <= _LATITUDES[1] and _LONGITUDES[0] <= north <= _LONGITUDES[1]
