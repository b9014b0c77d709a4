"""Tables of a document that a person wrote: xlsx, docx and csv, as plain rows of values.

A merged cell gives its value to every place that it covers, so that a heading over several
columns stands above each of them. Nothing is converted: what a spreadsheet program kept as a
number stays a number, and whoever needs a text of digits there sees that it was lost.
"""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import docx
import openpyxl
from docx.table import Table as WordTable
from openpyxl.worksheet.worksheet import Worksheet

from assessment.reason import Reason

#: What a cell may hold; a point in time is told by its day and hour, without a zone.
Value = str | int | float | bool | datetime.datetime | datetime.date | datetime.time | None
Row = tuple[Value, ...]

_MAXIMUM_BYTES = 32 * 1024 * 1024
_MAXIMUM_UNPACKED = 512 * 1024 * 1024
_MAXIMUM_ROWS = 20_000
_MAXIMUM_COLUMNS = 200
_MAXIMUM_MERGED = 2_000
_MAXIMUM_TABLES = 2_000
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Table:
    """One table: ``name`` says where it stands, ``rows`` are numbered from 1 for people."""

    name: str
    rows: tuple[Row, ...]


class TablesError(Exception):
    """The document gives no tables; ``code`` and ``parameters`` say why."""

    def __init__(self, code: str, **parameters: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.parameters = parameters

    def reason(self, prefix: str) -> Reason:
        """As a reason whose code begins with ``prefix``."""
        return Reason(f"{prefix}.{self.code}", dict(self.parameters))


def read_tables(content: bytes) -> tuple[Table, ...]:
    """Every table of ``content`` that holds anything; its kind is told by the bytes themselves.

    Raises:
        TablesError: ``too-large``; ``old-format`` (doc, xls); ``not-a-table-file`` (a picture, a
            pdf); ``unreadable``; ``mixed-encodings`` (a csv with lines in UTF-8 and others in GB
            18030); ``no-table``.
    """
    if len(content) > _MAXIMUM_BYTES:
        raise TablesError("too-large", limit=_MAXIMUM_BYTES)
    tables = tuple(table for table in _tables(content) if any(map(_any_value, table.rows)))
    if not tables:
        raise TablesError("no-table")
    return tables


def read_words(content: bytes) -> tuple[str, ...]:
    """Every piece of text of ``content``: cells of tables, and a Word document's paragraphs.

    Raises:
        TablesError: as ``read_tables``, except that a document need not hold a table.
    """
    if len(content) > _MAXIMUM_BYTES:
        raise TablesError("too-large", limit=_MAXIMUM_BYTES)
    cells = [value for table in _tables(content) for row in table.rows for value in row]
    words = [str(value).strip() for value in cells if value is not None]
    return tuple(dict.fromkeys(word for word in (*words, *_paragraphs(content)) if word))


def _paragraphs(content: bytes) -> Iterator[str]:
    """What stands in a Word document outside its tables."""
    if not content.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if "word/document.xml" not in archive.namelist():
            return
    document = docx.Document(io.BytesIO(content))
    for section in document.sections:
        yield from (one.text.strip() for one in section.header.paragraphs)
    yield from (one.text.strip() for one in document.paragraphs[:_MAXIMUM_ROWS])


def _any_value(row: Row) -> bool:
    return any(value not in (None, "") for value in row)


def _tables(content: bytes) -> Iterator[Table]:
    if content.startswith(_OLD_OFFICE):
        raise TablesError("old-format")
    if not content.startswith(b"PK"):
        yield Table("csv", tuple(_csv_rows(content)))
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {one.filename for one in archive.infolist()}
            if sum(one.file_size for one in archive.infolist()) > _MAXIMUM_UNPACKED:
                raise TablesError("too-large", limit=_MAXIMUM_UNPACKED)
        if "xl/workbook.xml" in names:
            yield from _sheets(content)
        elif "word/document.xml" in names:
            yield from _word_tables(content)
        else:
            raise TablesError("not-a-table-file")
    except TablesError:
        raise
    except Exception as error:  # libraries raise anything on a damaged document
        raise TablesError("unreadable", detail=type(error).__name__) from error


def _sheets(content: bytes) -> Iterator[Table]:
    workbook = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    try:
        for sheet in workbook.worksheets:
            if sheet.max_row > _MAXIMUM_ROWS:
                raise TablesError("too-many-rows", limit=_MAXIMUM_ROWS)
            yield Table(sheet.title, _sheet_rows(sheet))
    finally:
        workbook.close()


def _sheet_rows(sheet: Worksheet) -> tuple[Row, ...]:
    rows: list[list[Value]] = [
        [_plain(value) for value in row]
        for row in sheet.iter_rows(
            values_only=True, max_col=min(sheet.max_column, _MAXIMUM_COLUMNS)
        )
    ]
    for merged in list(sheet.merged_cells.ranges)[:_MAXIMUM_MERGED]:
        if merged.min_row > len(rows) or merged.min_col > len(rows[0]):
            continue
        value = rows[merged.min_row - 1][merged.min_col - 1]
        for row in rows[merged.min_row - 1 : merged.max_row]:
            last = min(merged.max_col, len(row))
            row[merged.min_col - 1 : last] = [value] * (last - merged.min_col + 1)
    return tuple(map(tuple, rows))


def _plain(value: object) -> Value:
    known = (str, int, float, bool, datetime.datetime, datetime.date, datetime.time)
    return value if value is None or isinstance(value, known) else str(value)


def _word_tables(content: bytes) -> Iterator[Table]:
    document = docx.Document(io.BytesIO(content))
    for number, table in enumerate(document.tables, start=1):
        if number > _MAXIMUM_TABLES:
            raise TablesError("too-many-rows", limit=_MAXIMUM_TABLES)
        yield Table(f"#{number}", tuple(_word_rows(table)))


def _word_rows(table: WordTable) -> Iterator[Row]:
    for number, row in enumerate(table.rows):
        if number >= _MAXIMUM_ROWS:
            raise TablesError("too-many-rows", limit=_MAXIMUM_ROWS)
        yield tuple(cell.text.strip() for cell in row.cells[:_MAXIMUM_COLUMNS])


def _csv_rows(content: bytes) -> Iterator[Row]:
    text = decoded_text(content)
    if not _readable(text):
        raise TablesError("not-a-table-file")
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text))):
            if number >= _MAXIMUM_ROWS:
                raise TablesError("too-many-rows", limit=_MAXIMUM_ROWS)
            yield tuple(value.strip() for value in row[:_MAXIMUM_COLUMNS])
    except csv.Error as error:
        raise TablesError("unreadable", detail="csv") from error


def _readable(text: str) -> bool:
    """Whether everything that cannot be printed is white space."""
    return all(one.isprintable() or one.isspace() or one == "\ufeff" for one in text)


def decoded_text(content: bytes) -> str:
    """The text of a csv in UTF-8, UTF-16 with its mark, or GB 18030; never a mixture.

    Raises:
        TablesError: ``mixed-encodings``, ``not-a-table-file``.
    """
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    foreign = [line for line in content.split(b"\n") if not line.isascii()]
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.isascii() and _is_utf8(line) and not all(map(_is_utf8, foreign)):
            raise TablesError("mixed-encodings", line=number)
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise TablesError("not-a-table-file") from error


def _is_utf8(line: bytes) -> bool:
    """Whether a line with letters beyond ASCII is UTF-8 beyond chance: three bytes a letter."""
    try:
        return any(ord(one) > 0x7FF for one in line.decode("utf-8"))
    except UnicodeDecodeError:
        return False
