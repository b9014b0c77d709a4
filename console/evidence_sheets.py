"""Checklists to print: one page for the site and one a point, with the QR code of its id."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import docx
import qrcode
from docx.shared import Cm

from messages import text
from standard.catalogue import Catalogue, Requirement
from targets.site import Point

_COLUMNS = ("requirement", "item", "expects", "result", "remark")


def write_sheets(
    file: Path, site: str, points: Sequence[Point], catalogue: Catalogue, lang: str
) -> None:
    """Write the checklists of ``site`` as a Word document.

    Raises:
        OSError: the file cannot be written.
    """
    document: Any = docx.Document()
    listed = [one for one in catalogue if one.checklist]
    of_site = [one for one in listed if one.subject != "camera"]
    document.add_heading(text("evidence.sheet-of-site", lang, site=site), level=1)
    _table(document, of_site, lang)
    for point in points:
        document.add_page_break()
        document.add_heading(f"{point.name} {point.id}", level=1)
        document.add_picture(_code(point.id), width=Cm(3))
        document.add_paragraph(point.location)
        _table(document, [one for one in listed if one.subject == "camera"], lang)
    document.save(str(file))


def _code(identifier: str) -> io.BytesIO:
    content = io.BytesIO()
    qrcode.make(identifier).save(content)
    content.seek(0)
    return content


def _table(document: Any, requirements: Iterable[Requirement], lang: str) -> None:
    table = document.add_table(rows=1, cols=len(_COLUMNS), style="Table Grid")
    for cell, name in zip(table.rows[0].cells, _COLUMNS, strict=True):
        cell.text = text(f"evidence.column-{name}", lang)
    for requirement in requirements:
        for item in requirement.checklist:
            expects = text(f"evidence.expects-{item.expects}", lang)
            words = item.zh if lang == "zh" else item.en
            row = (requirement.id, f"{words} ({item.item})", expects, "", "")
            for cell, value in zip(table.add_row().cells, row, strict=True):
                cell.text = value
    document.add_paragraph(text("evidence.signature", lang))
