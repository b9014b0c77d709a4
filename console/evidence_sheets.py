"""Checklists to print: a page for the site, one a model, one a point with the QR code of its id."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import docx
import qrcode
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from console.evidence_missing import asked_of
from console.route import Stop
from messages import text
from standard.catalogue import Catalogue, ChecklistItem, Requirement
from targets.site import Point

Line = tuple[Requirement, ChecklistItem]
_COLUMNS = ("requirement", "item", "expects", "result", "remark")
_WIDTHS_CM = (1.8, 7.2, 1.6, 2.6, 4.0)
_MARGIN_CM = 1.8
_FONT, _SIZE_PT = "宋体", 9.5
_BOUNDS = {"at_most": "≤", "at_least": "≥"}


def write_sheets(
    file: Path, site: str, stops: Sequence[Stop], catalogue: Catalogue, lang: str
) -> None:
    """Write the checklists of ``site`` as a Word document, the points in the order of ``stops``.

    Raises:
        OSError: the file cannot be written.
    """
    document = _empty_document()
    lines = [(one, item) for one in catalogue if one.checklist for item in one.checklist]
    document.add_heading(text("evidence.sheet-of-site", lang, site=site), level=1)
    _table(document, (line for line in lines if line[1].scope == "site"), lang)
    of_models = [line for line in lines if line[1].scope in ("model", "firmware")]
    for model, names in _models(stops).items():
        document.add_page_break()
        title = model or text("evidence.model-unknown", lang)
        document.add_heading(text("evidence.sheet-of-model", lang, model=title), level=1)
        document.add_paragraph("、".join(names))
        _table(document, of_models, lang)
    of_points = [line for line in lines if line[1].scope == "point"]
    for number, stop in enumerate(stops, start=1):
        document.add_page_break()
        _head_of_point(document, number, len(stops), stop.point)
        wanted = (line for line in of_points if asked_of(line[0], stop.point))
        _table(document, wanted, lang)
    document.save(str(file))


def _empty_document() -> Any:
    """A4 with narrow margins: what is asked of a point stands on one page."""
    document: Any = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Cm(_MARGIN_CM))
    style = document.styles["Normal"]
    style.font.size = Pt(_SIZE_PT)
    style.paragraph_format.space_after = Pt(2)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)
    return document


def _models(stops: Sequence[Stop]) -> dict[str, list[str]]:
    """The names of the points by the model of their device."""
    found: dict[str, list[str]] = {}
    for stop in stops:
        found.setdefault(stop.point.declared.get("model", ""), []).append(stop.point.name)
    return found


def _head_of_point(document: Any, number: int, count: int, point: Point) -> None:
    document.add_heading(f"{number}/{count}  {point.name}", level=1)
    table = document.add_table(rows=1, cols=2)
    words, code = table.rows[0].cells
    words.width, code.width = Cm(13.5), Cm(3.7)
    place = "" if point.longitude is None else f"{point.longitude:.6f}, {point.latitude:.6f}"
    for line in (point.id, point.location, place, point.declared.get("model", "")):
        if line:
            words.add_paragraph(line)
    code.paragraphs[0].add_run().add_picture(_code(point.id), width=Cm(3))


def _code(identifier: str) -> io.BytesIO:
    content = io.BytesIO()
    qrcode.make(identifier).save(content)
    content.seek(0)
    return content


def _table(document: Any, lines: Iterable[Line], lang: str) -> None:
    table = document.add_table(rows=1, cols=len(_COLUMNS), style="Table Grid")
    table.autofit = False
    _fill(table.rows[0], [text(f"evidence.column-{name}", lang) for name in _COLUMNS])
    for requirement, item in lines:
        words = item.zh if lang == "zh" else item.en
        limit = "" if item.limit is None else f" {_BOUNDS[item.limit.bound]} {item.limit.value:g}"
        unit = "" if item.limit is None else f" {item.limit.unit}"
        expects = text(f"evidence.expects-{item.expects}", lang)
        said = (requirement.id, f"{words}{limit}{unit} ({item.item})", expects)
        _fill(table.add_row(), [*said, text("evidence.tick", lang), ""])
    document.add_paragraph()
    document.add_paragraph(text("evidence.signature", lang))


def _fill(row: Any, values: Sequence[str]) -> None:
    for cell, value, width in zip(row.cells, values, _WIDTHS_CM, strict=True):
        cell.width = Cm(width)
        cell.text = value
