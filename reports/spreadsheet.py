"""A workbook that inspectors may edit, sign and send: requirements, cameras, measurements."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill

from messages import text
from reports.plain import plain
from reports.views import camera_table, settling

#: A sheet holds 1,048,576 rows at most; nobody edits more than these.
_MOST_ROWS = 100_000
_FILLS = {
    "pass": "D7EFE0",
    "fail": "F6D3D5",
    "inconclusive": "F9E0C8",
    "pending": "DDDDF7",
    "error": "E9D5F0",
    "advisory": "F3EBCB",
}


def workbook(results: Mapping[str, Any], lang: str) -> bytes:
    """The content of ``records.xlsx``; its last columns are left for remarks and signatures."""
    book = Workbook(write_only=True)
    _sheet(
        book, "requirements", _requirements(results, lang), (12, 44, 8, 12, 50, 40, 24, 16), lang
    )
    _sheet(book, "cameras", _cameras(results, lang), (24, 24, *[12] * 40), lang)
    if results["declarations"]:
        declared_widths = (24, 24, 24, 28, 14, 10, 16, 16, 16, 16, 16)
        _sheet(book, "declarations", _declarations(results, lang), declared_widths, lang)
    widths = (12, 24, 24, 12, 24, 14, 14, 14, 8, 30, 50)
    _sheet(book, "measurements", _measurements(results, lang), widths, lang)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _requirements(results: Mapping[str, Any], lang: str) -> Iterator[Sequence[Any]]:
    columns = (
        "requirement",
        "title",
        "obligation",
        "verdict",
        "reason",
        "settle",
        "remark",
        "signed",
    )
    yield [text(f"sheet.{column}", lang) for column in columns]
    for one in results["requirements"]:
        ways = "\n".join(str(way[lang]) for way in settling(one))
        yield (
            one["id"],
            one[lang],
            text(f"obligation.{one['obligation']}", lang),
            _Verdict(one["verdict"], lang),
            one["reason"][lang],
            ways,
        )


def _cameras(results: Mapping[str, Any], lang: str) -> Iterator[Sequence[Any]]:
    table = camera_table(results)
    yield [text("report.camera", lang), text("sheet.id", lang), *table["columns"]]
    for row in table["rows"]:
        cells = [
            _Verdict(row["cells"][column], lang) if column in row["cells"] else ""
            for column in table["columns"]
        ]
        yield [row["point"]["name"], row["point"]["id"], *cells]


def _declarations(results: Mapping[str, Any], lang: str) -> Iterator[Sequence[Any]]:
    names = {point["id"]: point["name"] for point in results["points"]}
    columns = ("camera", "id", "declaration", "ability", "requirement", "obligation")
    yield [
        text(f"sheet.{one}", lang) for one in (*columns, "declared", "observed", "by", "outcome")
    ] + [text("sheet.verdict", lang)]
    for one in results["declarations"]:
        for line in one["lines"]:
            yield (
                names.get(one["subject"], ""),
                one["subject"],
                one["file"],
                line[lang],
                line["requirement"] or "",
                text(f"obligation.{line['obligation']}", lang) if line["obligation"] else "",
                line["declared_name"][lang],
                line["observed_name"][lang],
                text(f"declared.by-{line['by']}", lang) if line["by"] else "",
                text(f"declared.{line['outcome']}", lang),
                _Verdict(line["verdict"], lang) if line["verdict"] else "",
            )


def _measurements(results: Mapping[str, Any], lang: str) -> Iterator[Sequence[Any]]:
    names = {point["id"]: point["name"] for point in results["points"]}
    columns = ("requirement", "camera", "id", "verdict", "quantity", "value", "lower", "upper")
    yield [text(f"sheet.{one}", lang) for one in (*columns, "unit", "limit", "reason")]
    for requirement in results["requirements"]:
        for finding in requirement["findings"]:
            for one in finding["measurements"]:
                yield (
                    requirement["id"],
                    names.get(finding["subject"], ""),
                    finding["subject"],
                    _Verdict(finding["verdict"], lang),
                    one["quantity_name"][lang],
                    one["value_name"][lang] if one["value_name"] else one["value"],
                    one["lower"],
                    one["upper"],
                    one["unit"],
                    one["limit"][lang] if one["limit"] else "",
                    (one["spoilt"] or finding["reason"])[lang],
                )


class _Verdict:
    """A cell that is coloured by its verdict."""

    def __init__(self, verdict: str, lang: str) -> None:
        self.word = text(f"verdict.{verdict}", lang)
        self.fill = _FILLS.get(verdict)


def _sheet(
    book: Any, name: str, rows: Iterator[Sequence[Any]], widths: Sequence[int], lang: str
) -> None:
    sheet = book.create_sheet(text(f"sheet.{name}", lang))
    sheet.freeze_panes = "C2"
    for index, width in enumerate(widths):
        sheet.column_dimensions[_letters(index)].width = width
    for number, row in enumerate(rows):
        if number > _MOST_ROWS:
            break
        sheet.append([_cell(sheet, value, heading=number == 0) for value in row])


def _cell(sheet: Any, value: Any, *, heading: bool) -> Any:
    """One cell; text of a device is never taken for a formula."""
    shown = value.word if isinstance(value, _Verdict) else value
    if isinstance(shown, str):
        cell = WriteOnlyCell(sheet, plain(shown))
        cell.data_type = "s"
    else:
        cell = WriteOnlyCell(sheet, shown)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if heading:
        cell.font = Font(bold=True)
    elif isinstance(value, _Verdict) and value.fill:
        cell.fill = PatternFill("solid", fgColor=value.fill)
    return cell


def _letters(index: int) -> str:
    return (chr(64 + index // 26) if index >= 26 else "") + chr(65 + index % 26)
