"""Finds the surveyed points in the tables of a survey report, by their headings.

Two forms are known: a list with a point a row (its heading may take two rows and be merged), and
a sheet a point, where a label stands to the left of its value.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assessment.tables import Table, Value
from probes.papers.headings import Headings, anything
from probes.papers.values import written

#: What a point must have (5.1-b); the place on earth counts as two.
NEEDED = (
    "longitude",
    "latitude",
    "height",
    "direction",
    "position",
    "clear-space",
    "camera",
    "lens",
    "supply",
    "network",
)
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("点位编号", "点位编码", "国标编码", "编号", "设备编码", "point id", "id", "device id"),
    "name": ("点位名称", "名称", "point name", "name"),
    "longitude": ("经度", "东经", "longitude", "lon", "lng"),
    "latitude": ("纬度", "北纬", "latitude", "lat"),
    "coordinates": ("经纬度", "坐标", "经纬度坐标", "coordinates", "longitude and latitude"),
    "height": (
        *("安装高度", "架设高度", "杆高", "立杆高度", "高度", "离地高度"),
        *("mounting height", "installation height", "height"),
    ),
    "direction": (
        *("朝向", "监控方向", "拍摄方向", "安装朝向", "方位角", "方位", "方向", "监控朝向"),
        *("direction", "orientation", "azimuth", "bearing"),
    ),
    "position": (
        *("位置", "安装位置", "点位位置", "安装地点", "安装地址", "点位地址", "地址"),
        *("position", "place", "location", "address"),
    ),
    "clear-space": (
        *("净空", "净空距离", "净空间", "无遮挡距离", "视距", "通视距离"),
        *("clear space", "clearance", "clear distance"),
    ),
    "camera": (
        *("设备种类", "设备类型", "摄像机种类", "摄像机类型", "前端设备种类", "摄像机", "相机类型"),
        *("camera kind", "camera type", "kind of camera", "camera"),
    ),
    "lens": ("镜头", "镜头焦距", "焦距", "镜头规格", "镜头类型", "lens", "focal length"),
    "supply": (
        *("供电", "供电方式", "取电方式", "电源", "供电条件", "供电情况"),
        *("supply", "power supply", "power"),
    ),
    "network": (
        *("网络", "网络接入", "接入方式", "网络接入方式", "传输方式", "网络条件", "联网方式"),
        *("network", "network access", "access"),
    ),
    # What pixels on target are computed from (4.3.1-e); a survey need not hold them.
    "set-focal": ("使用焦距", "设定焦距", "调定焦距", "set focal length"),
    "sensor": (
        *("传感器", "传感器尺寸", "靶面", "靶面尺寸", "传感器靶面"),
        *("sensor", "sensor size", "sensor type"),
    ),
    "resolution": ("分辨率", "图像分辨率", "resolution"),
    "target-distance": ("目标距离", "监控距离", "观察距离", "target distance"),
    "target-width": ("目标宽度", "target width"),
    "target-height": ("目标高度", "target height"),
    "target-pixels": (
        *("目标像素", "目标像素要求", "要求目标像素", "目标所需像素"),
        *("pixels on target", "required pixels"),
    ),
    "date": ("勘查日期", "勘察日期", "日期", "survey date", "date"),
}
_FIELDS = Headings(HEADINGS)
_LEAST_HEADINGS = 4
_PLACES = {"longitude", "coordinates"}


@dataclass(frozen=True)
class SurveyedPoint:
    """What a survey holds of one point; ``place`` is where it stands in the paper."""

    place: str
    cells: Mapping[str, Value] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether anything is written for ``name``."""
        return anything(self.cells.get(name))


def surveyed_points(tables: Iterable[Table]) -> list[SurveyedPoint]:
    """The points of all tables; empty where no table has enough known headings."""
    points: list[SurveyedPoint] = []
    for table in tables:
        points += _listed(table) or _filled_in(table)
    return points


def _listed(table: Table) -> list[SurveyedPoint]:
    best, columns = _FIELDS.best_row(table)
    if {"longitude", "latitude"} & columns.keys():
        columns.pop("coordinates", None)
    if len(columns) < _LEAST_HEADINGS:
        return []
    if len(columns) == _LEAST_HEADINGS and not _PLACES & columns.keys():
        return []  # a list of equipment has as much
    found = []
    for number, row in enumerate(table.rows[best + 1 :], start=best + 2):
        cells = {name: row[index] for name, index in columns.items() if index < len(row)}
        point = SurveyedPoint(f"{table.name}:{number}", _split(cells))
        if sum(point.has(name) for name in point.cells) > 1:  # not a total, a remark, a blank
            found.append(point)
    return found


def _filled_in(table: Table) -> list[SurveyedPoint]:
    """A form of one point: every label with the value to its right."""
    cells: dict[str, Value] = {}
    for row in table.rows:
        places = [value for index, value in enumerate(row) if index == 0 or value != row[index - 1]]
        for label, value in itertools.pairwise(places):
            name = _FIELDS.known(label)
            if name and not _FIELDS.known(value):
                cells.setdefault(name, value)
    if len(cells) < _LEAST_HEADINGS:
        return []
    return [SurveyedPoint(table.name, _split(cells))]


def _split(cells: Mapping[str, Value]) -> dict[str, Value]:
    """Longitude and latitude apart where one cell holds both."""
    apart = dict(cells)
    both = [one for one in re.split(r"[,;、\s]+", written(apart.pop("coordinates", None))) if one]
    if len(both) == 2:
        apart |= {"longitude": both[0], "latitude": both[1]}
    return apart
