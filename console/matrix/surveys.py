"""Survey reports on the stage of the matrix: a sound one in many forms, and ways to spoil it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import docx
import openpyxl
from PIL import Image

from assessment.recording import Part

Rows = list[list[Any]]
_HEADINGS = (
    *("点位编号", "点位名称", "经度", "纬度", "安装高度（米）", "朝向", "安装位置", "净空距离(m)"),
    *("设备种类", "镜头焦距", "供电方式", "网络接入方式", "勘查日期"),
)
_ENGLISH = (
    *("Point ID", "Name", "Longitude", "Latitude", "Mounting height [m]", "Direction", "Position"),
    *("Clear space", "Camera type", "Focal length", "Power supply", "Network access"),
    "Survey date",
)
_ID, _LONGITUDE, _LATITUDE, _HEIGHT, _DIRECTION, _CLEAR, _LENS, _DAY = 0, 2, 3, 4, 5, 7, 9, 12
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def survey_part(name: str) -> Part:
    """The survey report that the cell ``name`` needs; a sound spreadsheet for any other name."""
    rows = sound_rows()
    if name in _SPOILT:
        _SPOILT[name](rows)
    return _FORMS.get(name, _xlsx)(rows)


def given_part(name: str) -> Part:
    """The survey report that the cell ``name`` of 5.1-a needs: of which site, of which day."""
    rows = sound_rows()
    if name == "report-of-another-site":
        for row in rows:
            row[_ID] = f"44{row[_ID][2:]}"
    if name == "report-undated":
        for row in rows:
            row[_DAY] = "三月"
    if name == "report-dated-later":
        for row in rows:
            row[_DAY] = "2099年3月1日"
    if name == "report-damaged":
        return Part.of(_xlsx(rows).read()[:2_000], _XLSX)
    if name == "report-as-pdf":
        return Part.of(b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n1 0 obj\x00", "application/pdf")
    return {**_FORMS, "report-in-prose": _no_tables}.get(name, _xlsx)(rows)


def tickets_part(name: str) -> Part:
    """The list of tickets that the cell ``name`` needs; a sound one for any other name."""
    rows: Rows = [
        ["G-1", "2026-01-05 08:00", "2026-01-05 17:30", "已完成", "否", ""],
        ["G-2", "2026年1月7日9时", "2026年1月8日21时15分", "已完成", "", ""],
        ["G-3", "2026/1/20 10:00", "2026/1/21 10:00", "已完成", "否", ""],
    ]
    if name == "list-without-tickets":
        rows = []
    elif name in _TICKETS:
        rows[1][1:] = _TICKETS[name]
    heading = ("故障单号", "上报时间", "恢复时间", "状态", "不可抗力", "证明材料")
    if name == "tickets-as-photograph":
        return _photograph(rows)
    if name == "tickets-csv-gb18030":
        return Part.of("\n".join(map(",".join, [heading, *rows])).encode("gb18030"), "text/csv")
    return _xlsx(rows, heading)


_TICKETS = {
    "ticket-49h": ["2026-01-07 09:00", "2026-01-09 10:00", "已完成", "", ""],
    "tickets-of-exactly-48h": ["2026-01-07 09:00", "2026-01-09 09:00", "已完成", "", ""],
    "ticket-closed-without-recovery": ["2026-01-07 09:00", "", "已关闭", "", ""],
    "ticket-left-open": ["2026-01-07 09:00", "", "处理中", "", ""],
    "force-majeure-without-evidence": ["2026-01-07 09:00", "2026-01-12 09:00", "已完成", "是", ""],
    "force-majeure-with-evidence": ["2026-01-07 09:00", "2026-01-12 09:00", "已完成", "是", "公告"],
    "ticket-time-unclear": ["07/01/26 9:00", "2026-01-08 09:00", "已完成", "", ""],
    "repaired-before-report": ["2026-01-07 09:00", "2026-01-06 09:00", "已完成", "", ""],
}


def point_on_paper(number: int) -> str:
    """The id of a point that stands on paper only: no staged camera has it.

    What was recorded of a camera with the same id would speak for the point.
    """
    return f"610102000013299{number:05d}"


def sound_rows() -> Rows:
    """Four points in Xi'an, each with all that it must have."""
    return [
        [
            point_on_paper(number),
            f"点位{number}",
            108.94 + number / 1000,
            34.26 + number / 1000,
            3.5 + number / 2,
            ("东", "南", "西", "北")[number - 1],
            f"示范路{number}号灯杆",
            20 + number,
            ("枪机", "球机", "半球", "枪机")[number - 1],
            "2.8-12mm",
            "AC220V",
            "光纤",
            "2026年3月1日",
        ]
        for number in range(1, 5)
    ]


def _put(column: int, value: Any) -> Callable[[Rows], None]:
    def spoil(rows: Rows) -> None:
        rows[1][column] = value

    return spoil


def _swap(rows: Rows) -> None:
    for row in rows:
        row[_LONGITUDE], row[_LATITUDE] = row[_LATITUDE], row[_LONGITUDE]


def _twice(rows: Rows) -> None:
    for column in (_LONGITUDE, _LATITUDE, _DIRECTION):
        rows[2][column] = rows[1][column]


def _one_pole(rows: Rows) -> None:
    for column in (_LONGITUDE, _LATITUDE):
        rows[2][column] = rows[1][column]


def _minutes(rows: Rows) -> None:
    for number, row in enumerate(rows):
        row[_LONGITUDE], row[_LATITUDE] = f"E108°56′{24 + number}″", f"34°15'{36.5 + number}\"N"


def _as_numbers(rows: Rows) -> None:
    for row in rows:
        row[_ID] = float(row[_ID])


_SPOILT: dict[str, Callable[[Rows], None]] = {
    "field-missing": _put(_LENS, ""),
    "coordinate-outside-region": _put(_LONGITUDE, 118.94),
    "coordinates-swapped": _swap,
    "points-at-one-place": _twice,
    "height-implausible": _put(_HEIGHT, 120.0),
    "height-in-millimetres": _put(_HEIGHT, "3500"),
    "clear-space-implausible": _put(_CLEAR, "0.1 米"),
    "id-became-number": _as_numbers,
    "decimal-comma": _put(_HEIGHT, "3,5"),
    "date-unclear": _put(_DAY, "03/04/26"),
    "survey-degrees-and-minutes": _minutes,
    "survey-two-cameras-a-pole": _one_pole,
}


def _xlsx(rows: Rows, heading: Sequence[str] = _HEADINGS) -> Part:
    return workbook_part([["现场勘查报告"], list(heading), *rows])


def workbook_part(rows: Sequence[Sequence[Any]], merged: Sequence[str] = ()) -> Part:
    """A spreadsheet of ``rows``, with the ranges ``merged``."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    content = io.BytesIO()
    workbook.save(content)
    workbook.close()
    return Part.of(content.getvalue(), _XLSX)


def _merged(rows: Rows) -> Part:
    """Longitude and latitude below one heading, the others over two rows."""
    upper = [*_HEADINGS[:2], "经纬度", "", "安装", "", *_HEADINGS[6:]]
    lower = [*_HEADINGS[:2], "经度", "纬度", "高度", "朝向", *_HEADINGS[6:]]
    columns = list("ABGHIJKLM")
    merged = ["C1:D1", "E1:F1", *(f"{column}1:{column}2" for column in columns)]
    return workbook_part([upper, lower, *rows], merged)


def _word(rows: Rows) -> Part:
    document = docx.Document()
    document.add_heading("现场勘查报告", level=1)
    table = document.add_table(rows=0, cols=len(_HEADINGS))
    for row in (_HEADINGS, *rows):
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = str(value)
    return _docx(document)


def _forms(rows: Rows) -> Part:
    """A form a point: label and value side by side, two pairs a row."""
    document = docx.Document()
    for row in rows:
        pairs = list(zip(_HEADINGS, row, strict=True))
        table = document.add_table(rows=0, cols=4)
        for first, second in zip(pairs[::2], [*pairs[1::2], ("备注", "")], strict=True):
            for cell, value in zip(table.add_row().cells, (*first, *second), strict=True):
                cell.text = str(value)
    return _docx(document)


def _no_tables(rows: Rows) -> Part:
    document = docx.Document()
    for row in rows:
        document.add_paragraph("，".join(map(str, row)))
    return _docx(document)


def _docx(document: Any) -> Part:
    content = io.BytesIO()
    document.save(content)
    return Part.of(content.getvalue(), _DOCX)


def _lines(rows: Rows) -> list[str]:
    content = io.StringIO()
    csv.writer(content).writerows([_HEADINGS, *rows])
    return content.getvalue().splitlines(keepends=True)


def _gb18030(rows: Rows) -> Part:
    return Part.of("".join(_lines(rows)).encode("gb18030"), "text/csv")


def _mixed(rows: Rows) -> Part:
    heading, *lines = _lines(rows)
    return Part.of(heading.encode("utf-8") + "".join(lines).encode("gb18030"), "text/csv")


def _photograph(_rows: Rows) -> Part:
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(content, "JPEG")
    return Part.of(content.getvalue(), "image/jpeg")


_FORMS: dict[str, Callable[[Rows], Part]] = {
    "mixed-encodings": _mixed,
    "docx-without-tables": _no_tables,
    "photograph-of-the-report": _photograph,
    "survey-docx-list": _word,
    "survey-docx-forms": _forms,
    "survey-csv-gb18030": _gb18030,
    "survey-merged-headings": _merged,
    "survey-english-headings": lambda rows: _xlsx(rows, _ENGLISH),
}
